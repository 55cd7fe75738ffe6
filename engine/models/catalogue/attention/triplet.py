"""Triplet attention: the map seen from each of its three sides."""

from __future__ import annotations

import torch
from torch import nn

from engine.models.registry import register

SIDES = (1, 2, 3)
"""Dimensions that are pooled away: channels, height and width."""


@register(
    "triplet",
    slot="attention",
    family="Triplet attention",
    paper="Rotate to Attend: Convolutional Triplet Attention Module, WACV 2021",
    year=2020,
    arxiv="2010.03045",
    origin="https://github.com/landskape-ai/triplet-attention",
    licence="MIT; written from the paper",
)
class Triplet(nn.Module):
    """The mean of x w₁, x w₂ and x w₃, section 3.

    Each w is σ(BN(k×k convolution of maximum and mean over one dimension)): of the channels, which
    leaves height and width, of the height, which leaves channels and width, and of the width.
    Pooling any dimension where it is stands for the paper's rotations; the kernels are those of
    the rotated maps, one of them transposed.

    Args:
        channels: In and out; the layer is the same for any number of them.
        kernel: Side of the convolutions, odd.
    """

    def __init__(self, channels: int, *, kernel: int = 7) -> None:
        """Make the three convolutions."""
        super().__init__()
        if kernel % 2 == 0 or kernel < 1:
            raise ValueError(f"the kernel {kernel} is not odd")
        self.gates = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(2, 1, kernel, padding=kernel // 2, bias=False), nn.BatchNorm2d(1)
            )
            for _ in SIDES
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, C, H, W] for [B, C, H, W]."""
        weight = torch.zeros_like(x)
        for side, gate in zip(SIDES, self.gates, strict=True):
            pooled = torch.stack((x.amax(side), x.mean(side)), 1)
            weight = weight + gate(pooled)[:, 0].sigmoid().unsqueeze(side)
        return x * weight / len(SIDES)
