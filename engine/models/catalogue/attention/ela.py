"""ELA: where along the rows and where along the columns, without fewer channels."""

from __future__ import annotations

import math

import torch
from torch import nn

from engine.models.registry import register

SIZES = {"tiny": (5, 1, 32), "base": (7, 1, 16), "small": (5, 8, 16), "large": (7, 8, 16)}
"""Kernel, channels that a convolution mixes, and groups of the normalisation."""


@register(
    "ela",
    slot="attention",
    family="ELA",
    paper="ELA: Efficient Local Attention for Deep Convolutional Neural Networks, arXiv 2024",
    year=2024,
    arxiv="2403.01123",
    licence="no repository; written from the paper",
)
class EfficientLocalAttention(nn.Module):
    """x ⊙ σ(gn(conv1d(means of the rows))) ⊙ σ(gn(conv1d(means of the columns))).

    The paper writes one function for each direction; as in what is public of it, one convolution
    and one normalisation serve both. Where groups do not divide the channels there are fewer.

    Args:
        channels: In and out.
        size: "tiny", "base", "small" or "large", as ELA-T, -B, -S and -L.
    """

    def __init__(self, channels: int, *, size: str = "base") -> None:
        """Make the convolution."""
        super().__init__()
        if size not in SIZES:
            raise ValueError(f"the size {size} is not one of {', '.join(SIZES)}")
        kernel, mixed, groups = SIZES[size]
        apart = channels // math.gcd(channels, mixed)
        self.along = nn.Sequential(
            nn.Conv1d(channels, channels, kernel, padding=kernel // 2, groups=apart, bias=False),
            nn.GroupNorm(math.gcd(channels, groups), channels),
            nn.Sigmoid(),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, C, H, W] for [B, C, H, W]."""
        rows, columns = self.along(x.mean(3)), self.along(x.mean(2))
        weighted: torch.Tensor = x * rows[..., None] * columns[:, :, None]
        return weighted
