"""Strip R-CNN's block: depth-wise strips across and down weigh the map."""

from __future__ import annotations

import torch
from torch import nn

from engine.models.catalogue.block.csp import Csp
from engine.models.parts.depthwise import depthwise, strips
from engine.models.parts.scale import Scale
from engine.models.registry import register


class StripAttention(nn.Module):
    """x times W dw(k×1) dw(1×k) dw5x5(x): large strips one after the other.

    Args:
        channels: In and out.
        kernel: Length of the strips, odd.
    """

    def __init__(self, channels: int, kernel: int = 19) -> None:
        """Make the strips."""
        super().__init__()
        self.weigh = nn.Sequential(
            depthwise(channels, 5),
            strips(channels, kernel),
            nn.Conv2d(channels, channels, 1),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, C, H, W] for [B, C, H, W]."""
        weighed: torch.Tensor = x * self.weigh(x)
        return weighed


class StripBlock(nn.Module):
    """x = x + γ1 (y + W2 strips(gelu(W1 y))) with y = BN(x), then x = x + γ2 mlp(BN(x)).

    "Strip R-CNN: Large Strip Convolution for Remote Sensing Object Detection". The perceptron has
    a 3×3 depth-wise convolution in front of its activation; the scales begin with 0.01. Dropout
    and stochastic depth are left out.

    Args:
        channels: In and out.
        kernel: See `StripAttention`.
        ratio: Channels in the perceptron's middle as a multiple of `channels`.
    """

    def __init__(self, channels: int, kernel: int = 19, ratio: int = 4) -> None:
        """Make both halves."""
        super().__init__()
        if ratio < 1:
            raise ValueError(f"the ratio {ratio} is not above 0")
        middle = ratio * channels
        self.norm1 = nn.BatchNorm2d(channels)
        self.attention = nn.Sequential(
            nn.Conv2d(channels, channels, 1),
            nn.GELU(),
            StripAttention(channels, kernel),
            nn.Conv2d(channels, channels, 1),
        )
        self.scale1 = Scale(channels, 0.01)
        self.mlp = nn.Sequential(
            nn.BatchNorm2d(channels),
            nn.Conv2d(channels, middle, 1),
            depthwise(middle, 3),
            nn.GELU(),
            nn.Conv2d(middle, channels, 1),
            Scale(channels, 0.01),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, C, H, W] for [B, C, H, W]."""
        y = self.norm1(x)
        x = x + self.scale1(y + self.attention(y))
        mixed: torch.Tensor = self.mlp(x)
        return x + mixed


@register(
    "strip",
    slot="block",
    family="Strip R-CNN",
    paper="Strip R-CNN: Large Strip Convolution for Remote Sensing Object Detection",
    year=2025,
    arxiv="2501.03775",
    origin="https://github.com/HVision-NKU/Strip-R-CNN",
    licence="not verified; written from the paper",
)
class CspStrip(Csp):
    """Strip R-CNN's blocks in the frame of C3k2.

    Args:
        c_in: Channels in.
        c_out: Channels out.
        repeats: Number of blocks.
        expansion: Channels of a half as a share of `c_out`.
        kernel: See `StripAttention`.
        ratio: See `StripBlock`.
    """

    def __init__(
        self,
        c_in: int,
        c_out: int,
        repeats: int,
        expansion: float,
        *,
        kernel: int = 19,
        ratio: int = 4,
    ) -> None:
        """Put the blocks into the frame."""
        super().__init__(c_in, c_out, repeats, expansion, lambda c: StripBlock(c, kernel, ratio))
