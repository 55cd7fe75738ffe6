"""Normalisation over the channels of each place."""

from __future__ import annotations

import torch
from torch import nn


class ChannelNorm(nn.Module):
    """LayerNorm over the channels of each place of a map, with a learned scale and shift.

    ("Layer Normalization", arXiv 1607.06450, in the form of ConvNeXt.)

    Args:
        channels: In and out.
        bias: Whether it shifts as well.
        eps: Added to the variance.
    """

    def __init__(self, channels: int, *, bias: bool = True, eps: float = 1e-6) -> None:
        """Begin with scale 1 and shift 0."""
        super().__init__()
        self.norm = nn.LayerNorm(channels, eps=eps, bias=bias)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, C, H, W] for [B, C, H, W]."""
        normed: torch.Tensor = self.norm(x.permute(0, 2, 3, 1))
        return normed.permute(0, 3, 1, 2)
