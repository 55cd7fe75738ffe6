"""A learned factor for each channel."""

from __future__ import annotations

import torch
from torch import nn


class Scale(nn.Module):
    """A learned factor for each channel: layer scale, residual scale.

    Args:
        channels: In and out.
        start: The factor at the start.
    """

    def __init__(self, channels: int, start: float = 1.0) -> None:
        """Make the factors."""
        super().__init__()
        self.factor = nn.Parameter(torch.full((channels, 1, 1), start))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, C, H, W] for [B, C, H, W]."""
        return x * self.factor
