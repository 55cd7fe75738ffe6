"""DWRSeg's block: regions first, then one dilated filter for each of them."""

from __future__ import annotations

import torch
from torch import nn
from ultralytics.nn.modules import Conv

from engine.models.catalogue.block.csp import Csp
from engine.models.parts.widths import each_of
from engine.models.registry import register

BRANCHES = ((1, 2), (3, 1), (5, 1))
"""Dilation, and channels as a multiple of half the block's."""


class DwrBlock(nn.Module):
    """x + W [BN(dw_d(r)) for d in 1, 3, 5] with r = relu(BN(conv3x3(x))).

    "DWRSeg: Rethinking Efficient Acquisition of Multi-scale Contextual Information for Real-time
    Semantic Segmentation": region residualisation to half the channels, then a depth-wise 3×3
    filter of each dilation (semantic residualisation), normalised but not activated; dilation 1
    gives twice as many channels as the other two. A 1×1 convolution without normalisation makes
    the residual. The three read the same regions here.

    Args:
        channels: In and out, a multiple of 2.
    """

    def __init__(self, channels: int) -> None:
        """Make the branches."""
        super().__init__()
        half = each_of(2, channels)
        self.region = Conv(channels, half, 3, act=nn.ReLU())
        self.branches = nn.ModuleList(
            Conv(half, times * half, 3, g=half, d=dilation, act=False)
            for dilation, times in BRANCHES
        )
        self.join = nn.Conv2d(2 * channels, channels, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, C, H, W] for [B, C, H, W]."""
        region = self.region(x)
        added: torch.Tensor = self.join(torch.cat([each(region) for each in self.branches], 1))
        return x + added


@register(
    "dwr",
    slot="block",
    family="DWRSeg",
    paper="DWRSeg: Rethinking Efficient Acquisition of Multi-scale Contextual Information for"
    " Real-time Semantic Segmentation",
    year=2022,
    arxiv="2212.01173",
    licence="not verified; written from the paper",
)
class CspDwr(Csp):
    """DWRSeg's dilation-wise residual blocks in the frame of C3k2.

    Args:
        c_in: Channels in.
        c_out: Channels out.
        repeats: Number of blocks.
        expansion: Channels of a half as a share of `c_out`.
    """

    def __init__(self, c_in: int, c_out: int, repeats: int, expansion: float) -> None:
        """Put the blocks into the frame."""
        super().__init__(c_in, c_out, repeats, expansion, DwrBlock)
