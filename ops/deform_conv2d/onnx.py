"""Deformable convolution as ONNX has it: its operator `DeformConv`, of opset 19 and later."""

from __future__ import annotations

from collections.abc import Sequence

from onnxscript import FLOAT
from onnxscript import opset19 as op
from onnxscript.onnx_types import TensorType


def translate(
    x: TensorType,
    offset: TensorType,
    weight: TensorType,
    bias: TensorType | None,
    mask: TensorType | None,
    stride: Sequence[int],
    padding: Sequence[int],
    dilation: Sequence[int],
    groups: int,
) -> TensorType:
    """Return what `torch.ops.labsight.deform_conv2d` does.

    Batch, height and width may be symbols in the graph, all other sizes are numbers.
    """
    kernel = [weight.shape[2], weight.shape[3]]
    found = op.DeformConv(
        *(_exact(each) for each in (x, weight, offset, bias, mask)),
        kernel_shape=kernel,
        strides=list(stride),
        pads=[*padding, *padding],
        dilations=list(dilation),
        group=groups,
        offset_group=offset.shape[1] // (2 * kernel[0] * kernel[1]),
    )
    return op.Cast(found, to=x.dtype)


def _exact(each: TensorType | None) -> TensorType | None:
    return None if each is None else op.Cast(each, to=FLOAT.dtype)
