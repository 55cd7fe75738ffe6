"""Multi-scale deformable attention as ONNX has it: its operator `GridSample` for each level."""

from __future__ import annotations

from collections.abc import Sequence

from onnxscript import FLOAT
from onnxscript import opset18 as op
from onnxscript.onnx_types import TensorType

from ops.bilinear_gather.onnx import sampled


def translate(
    value: TensorType, shapes: Sequence[int], locations: TensorType, weights: TensorType
) -> TensorType:
    """Return what `torch.ops.labsight.ms_deform_attn` does.

    Batch and queries may be symbols in the graph, all other sizes are numbers.
    """
    heads, depth, points = value.shape[2], value.shape[3], locations.shape[4]
    sizes = list(zip(shapes[::2], shapes[1::2], strict=True))
    # [B, M, D, S] and [B, M, Q, L, P, 2]. A size of 0 is that of the input.
    maps = op.Transpose(op.Cast(value, to=FLOAT.dtype), perm=[0, 2, 3, 1])
    grid = op.Sub(op.Mul(op.Transpose(locations, perm=[0, 2, 1, 3, 4, 5]), 2.0), 1.0)
    begin, read = 0, []
    for level, (height, width) in enumerate(sizes):
        end = begin + height * width
        pixels = op.Reshape(op.Slice(maps, [begin], [end], [3]), [-1, depth, height, width])
        places = op.Flatten(op.Slice(grid, [level], [level + 1], [3]), axis=2)
        read.append(sampled(pixels, op.Reshape(places, [0, -1, points, 2])))
        begin = end
    weighed = op.Flatten(op.Transpose(weights, perm=[0, 2, 1, 3, 4]), axis=2)
    weighed = op.Reshape(weighed, [0, 1, -1, len(sizes) * points])
    summed = op.ReduceSum(op.Mul(op.Concat(*read, axis=3), weighed), [3], keepdims=0)
    result = op.Transpose(op.Reshape(summed, [-1, heads * depth, 0]), perm=[0, 2, 1])
    return op.Cast(result, to=value.dtype)
