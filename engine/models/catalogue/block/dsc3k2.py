"""YOLOv13's C3k2: bottlenecks of depth-wise separable convolutions."""

from __future__ import annotations

import torch
from torch import nn
from ultralytics.nn.modules import Conv

from engine.models.catalogue.block.csp import Csp
from engine.models.parts.depthwise import depthwise
from engine.models.registry import register


class DsConv(nn.Module):
    """A depth-wise convolution, then a 1×1 one with normalisation and activation behind it.

    Args:
        channels: In and out.
        kernel: Side of the depth-wise kernel, odd.
    """

    def __init__(self, channels: int, kernel: int) -> None:
        """Make both convolutions."""
        super().__init__()
        self.places = depthwise(channels, kernel, bias=False)
        self.channels = Conv(channels, channels, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, C, H, W] for [B, C, H, W]."""
        worked: torch.Tensor = self.channels(self.places(x))
        return worked


class DsBottleneck(nn.Module):
    """x + ds_k(ds_3(x)), the second kernel larger than the first.

    "YOLOv13: Real-Time Object Detection with Hypergraph-Enhanced Adaptive Visual Perception", with
    the authors' kernels of 3 and 7.

    Args:
        channels: In and out.
        kernel: Side of the second depth-wise kernel, odd.
    """

    def __init__(self, channels: int, kernel: int = 7) -> None:
        """Make both convolutions."""
        super().__init__()
        self.first = DsConv(channels, 3)
        self.second = DsConv(channels, kernel)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, C, H, W] for [B, C, H, W]."""
        added: torch.Tensor = self.second(self.first(x))
        return x + added


@register(
    "dsc3k2",
    slot="block",
    family="YOLOv13",
    paper="YOLOv13: Real-Time Object Detection with Hypergraph-Enhanced Adaptive Visual Perception",
    year=2025,
    arxiv="2506.17733",
    origin="https://github.com/iMoonLab/yolov13",
    licence="AGPL-3.0; written from the paper",
)
class DsC3k2(Csp):
    """Separable bottlenecks in the frame of C3k2, DS-C3k2 of the paper.

    Args:
        c_in: Channels in.
        c_out: Channels out.
        repeats: Number of bottlenecks.
        expansion: Channels of a half as a share of `c_out`.
        kernel: See `DsBottleneck`.
    """

    def __init__(
        self, c_in: int, c_out: int, repeats: int, expansion: float, *, kernel: int = 7
    ) -> None:
        """Put the bottlenecks into the frame."""
        super().__init__(c_in, c_out, repeats, expansion, lambda c: DsBottleneck(c, kernel))
