"""SMPConv in the place of a convolution."""

from __future__ import annotations

from torch import nn
from ultralytics.nn.modules import Conv

from engine.models.parts.smp import SmpCnn
from engine.models.registry import register


@register(
    "smpconv",
    slot="conv",
    family="SMPConv",
    paper="SMPConv: Self-moving Point Representations for Continuous Convolution, CVPR 2023",
    year=2023,
    arxiv="2304.02330",
    origin="https://github.com/sangnekim/SMPConv",
    licence="MIT; written from the paper",
)
class SmpPointwise(nn.Sequential):
    """SMPCNN, which is depthwise, activated as in SMPNet, and a 1×1 convolution that mixes.

    The paper has it between two 1×1 convolutions; in a block of YOLO another layer stands before.

    Args:
        c_in: Channels in.
        c_out: Channels out.
        kernel: Side, odd, at least 5.
    """

    def __init__(self, c_in: int, c_out: int, *, kernel: int = 13) -> None:
        """Make the layers."""
        super().__init__(SmpCnn(c_in, kernel), nn.ReLU(inplace=True), Conv(c_in, c_out, 1))
