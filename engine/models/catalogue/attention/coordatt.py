"""Coordinate attention: a weight for each row and one for each column."""

from __future__ import annotations

import torch
from torch import nn

from engine.models.parts.widths import reduced
from engine.models.registry import register

LEAST = 8
"""The fewest channels in the middle, as in the authors' repository."""


@register(
    "coordatt",
    slot="attention",
    family="Coordinate attention",
    paper="Coordinate Attention for Efficient Mobile Network Design, CVPR 2021",
    year=2021,
    arxiv="2103.02907",
    origin="https://github.com/houqb/CoordAttention",
    licence="MIT; written from the paper",
)
class CoordAtt(nn.Module):
    """x[i, j] σ(Fh(fh))[i] σ(Fw(fw))[j], equations 4 to 9.

    The means of rows and of columns go through one 1×1 convolution, normalisation and h-swish
    together and are then parted: f = [fh, fw] = δ(BN(F1([zh, zw]))).

    Args:
        channels: In and out.
        ratio: The channels of f are `channels` / `ratio`, at least 8.
    """

    def __init__(self, channels: int, *, ratio: int = 32) -> None:
        """Make the three convolutions."""
        super().__init__()
        middle = reduced(channels, ratio, LEAST)
        self.joint = nn.Sequential(
            nn.Conv2d(channels, middle, 1, bias=False), nn.BatchNorm2d(middle), nn.Hardswish()
        )
        self.rows = nn.Conv2d(middle, channels, 1)
        self.columns = nn.Conv2d(middle, channels, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, C, H, W] for [B, C, H, W]."""
        height = x.shape[2]
        down, across = x.mean(3, keepdim=True), x.mean(2, keepdim=True)
        both = self.joint(torch.cat((down, across.transpose(2, 3)), 2))
        rows = self.rows(both[:, :, :height]).sigmoid()
        columns = self.columns(both[:, :, height:].transpose(2, 3)).sigmoid()
        weighted: torch.Tensor = x * rows * columns
        return weighted
