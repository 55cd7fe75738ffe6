"""A perceptron whose middle sees its neighbours."""

from __future__ import annotations

import torch
from torch import nn

from engine.models.parts.depthwise import depthwise


class ConvFfn(nn.Module):
    """W2 (u + gelu(dw3x3(u))) with u = gelu(W1 x), where W1 and W2 are 1×1 convolutions.

    Args:
        channels: In and out.
        ratio: Channels in the middle as a multiple of `channels`.
    """

    def __init__(self, channels: int, ratio: float) -> None:
        """Make the three convolutions."""
        super().__init__()
        middle = int(channels * ratio)
        if middle < 1:
            raise ValueError(f"{ratio} times {channels} channels leaves none in the middle")
        self.widen = nn.Conv2d(channels, middle, 1)
        self.near = depthwise(middle, 3)
        self.narrow = nn.Conv2d(middle, channels, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, C, H, W] for [B, C, H, W]."""
        wide = nn.functional.gelu(self.widen(x))
        found: torch.Tensor = self.narrow(wide + nn.functional.gelu(self.near(wide)))
        return found
