"""Bilinear gather as ONNX has it: its operator `GridSample`."""

from __future__ import annotations

from onnxscript import FLOAT
from onnxscript import opset18 as op
from onnxscript.onnx_types import TensorType


def translate(x: TensorType, rows: TensorType, columns: TensorType) -> TensorType:
    """Return what `torch.ops.labsight.bilinear_gather` does; all sizes may be symbols."""
    places = op.Concat(op.Unsqueeze(columns, [-1]), op.Unsqueeze(rows, [-1]), axis=-1)
    size = op.Concat(op.Shape(x, start=3), op.Shape(x, start=2, end=3), axis=0)
    size = op.Cast(size, to=FLOAT.dtype)
    # From -1 at the outer edge of the first pixel to 1 at that of the last one.
    grid = op.Sub(op.Div(op.Add(op.Mul(places, 2.0), 1.0), size), 1.0)
    return op.Cast(sampled(op.Cast(x, to=FLOAT.dtype), grid), to=x.dtype)


def sampled(maps: TensorType, grid: TensorType) -> TensorType:
    """Return [N, C, P, Q] for maps [N, C, H, W] at places [N, P, Q, 2] from -1 to 1."""
    return op.GridSample(maps, grid, mode="bilinear", padding_mode="zeros", align_corners=0)
