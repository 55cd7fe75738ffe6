"""MSCA of SegNeXt: strips of three lengths see narrow and wide things."""

from __future__ import annotations

import torch
from torch import nn

from engine.models.parts.depthwise import depthwise, strips
from engine.models.registry import register

NEAR, LENGTHS = 5, (7, 11, 21)
"""Side of the first kernel and lengths of the strips, section 3.1."""


class Scales(nn.Module):
    """The sum of dw5×5(x) and of it through each pair of depthwise strips.

    Args:
        channels: In and out.
    """

    def __init__(self, channels: int) -> None:
        """Make the branches."""
        super().__init__()
        self.near = depthwise(channels, NEAR)
        self.branches = nn.ModuleList(strips(channels, length) for length in LENGTHS)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, C, H, W] for [B, C, H, W]."""
        near: torch.Tensor = self.near(x)
        total = near
        for branch in self.branches:
            total = total + branch(near)
        return total


@register(
    "msca",
    slot="attention",
    family="SegNeXt",
    paper="SegNeXt: Rethinking Convolutional Attention Design for Semantic Segmentation,"
    " NeurIPS 2022",
    year=2022,
    arxiv="2209.08575",
    origin="https://github.com/Visual-Attention-Network/SegNeXt",
    licence="Apache-2.0; written from the paper",
)
class MultiScaleConvAttention(nn.Module):
    """x ⊙ W Σ scaleᵢ(dw(x)), equations 1 and 2; the weights have no bounds.

    scale₀ is the identity, the others are strips of 7, 11 and 21. The convolutions, the GELU and
    the sum around it belong to SegNeXt's blocks.

    Args:
        channels: In and out.
    """

    def __init__(self, channels: int) -> None:
        """Make the scales."""
        super().__init__()
        self.scales = Scales(channels)
        self.mix = nn.Conv2d(channels, channels, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, C, H, W] for [B, C, H, W]."""
        weight: torch.Tensor = self.mix(self.scales(x))
        return x * weight
