"""RFD's deep downsampling: a convolution, the highest pixels and all of them, fused."""

from __future__ import annotations

import math

import torch
from torch import nn
from ultralytics.nn.modules import Conv

from engine.models.parts.slices import even, slices
from engine.models.registry import register


@register(
    "drfd",
    slot="down",
    family="RFD",
    paper="A Robust Feature Downsampling Module for Remote-Sensing Visual Tasks, TGRS 2023",
    year=2023,
    licence="not verified; written from the paper",
)
class DeepRfd(nn.Module):
    """Three ways to half the size, each of all channels, and a 1×1 convolution that fuses them.

    A grouped 3×3 convolution makes the channels. From them a depth-wise 3×3 with stride, GELU and
    normalisation; and 2×2 maxima, normalised. From the input the four pixels of each 2×2 and a
    normalised 1×1. Nothing follows the fusion, as in the original. That has twice as many channels
    out as in; here the groups are as many as both numbers allow. An odd side gets its last pixel
    twice.

    Args:
        c_in: Channels in.
        c_out: Channels out.
    """

    def __init__(self, c_in: int, c_out: int) -> None:
        """Make the three ways."""
        super().__init__()
        self.spread = nn.Conv2d(c_in, c_out, 3, padding=1, groups=math.gcd(c_in, c_out))
        self.strided = nn.Sequential(
            nn.Conv2d(c_out, c_out, 3, 2, 1, groups=c_out), nn.GELU(), nn.BatchNorm2d(c_out)
        )
        self.highest = nn.Sequential(nn.MaxPool2d(2), nn.BatchNorm2d(c_out))
        self.cut = Conv(4 * c_in, c_out, 1, act=False)
        self.fuse = nn.Conv2d(3 * c_out, c_out, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, c_out, H / 2, W / 2], rounded up, for [B, c_in, H, W]."""
        x = even(x)
        spread = self.spread(x)
        cut = self.cut(torch.cat(slices(x), 1))
        ways = (cut, self.strided(spread), self.highest(spread))
        fused: torch.Tensor = self.fuse(torch.cat(ways, 1))
        return fused
