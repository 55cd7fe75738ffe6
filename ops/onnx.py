"""How networks with operators become ONNX files of standard operators.

    torch.onnx.export(network, inputs, dynamo=True, custom_translation_table=TRANSLATIONS)

It needs the package onnxscript. Where nothing compiled computes an operator, its plain torch form
is exported instead, which this table has nothing to do with.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from ops.bilinear_gather import onnx as bilinear_gather
from ops.deform_conv2d import onnx as deform_conv2d
from ops.ms_deform_attn import onnx as ms_deform_attn
from ops.selective_scan import onnx as selective_scan

TRANSLATIONS: dict[Callable[..., Any], Callable[..., Any]] = {
    torch.ops.labsight.bilinear_gather.default: bilinear_gather.translate,
    torch.ops.labsight.deform_conv2d.default: deform_conv2d.translate,
    torch.ops.labsight.ms_deform_attn.default: ms_deform_attn.translate,
    torch.ops.labsight.selective_scan.default: selective_scan.translate,
}
