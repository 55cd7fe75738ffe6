"""CAS-ViT's block: attention whose queries and keys are added instead of multiplied."""

from __future__ import annotations

import torch
from torch import nn

from engine.models.catalogue.block.csp import Csp
from engine.models.parts.depthwise import depthwise
from engine.models.parts.glu import Mlp
from engine.models.registry import register


class Interaction(nn.Module):
    """x weighed by place, then by channel: the map Φ of the paper.

    Args:
        channels: In and out.
    """

    def __init__(self, channels: int) -> None:
        """Make both gates."""
        super().__init__()
        self.places = nn.Sequential(
            depthwise(channels, 3),
            nn.BatchNorm2d(channels),
            nn.ReLU(inplace=True),
            nn.Conv2d(channels, 1, 1, bias=False),
            nn.Sigmoid(),
        )
        self.channels = nn.Sequential(
            nn.AdaptiveAvgPool2d(1),
            nn.Conv2d(channels, channels, 1, bias=False),
            nn.Sigmoid(),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, C, H, W] for [B, C, H, W]."""
        x = x * self.places(x)
        weighed: torch.Tensor = x * self.channels(x)
        return weighed


class AdditiveAttention(nn.Module):
    """P(Γ(Φ(q) + Φ(k)) v), with Γ and P 3×3 depth-wise convolutions.

    Args:
        channels: In and out.
    """

    def __init__(self, channels: int) -> None:
        """Make the projections."""
        super().__init__()
        self.qkv = nn.Conv2d(channels, 3 * channels, 1, bias=False)
        self.query = Interaction(channels)
        self.key = Interaction(channels)
        self.context = depthwise(channels, 3)
        self.project = depthwise(channels, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, C, H, W] for [B, C, H, W]."""
        q, k, v = self.qkv(x).chunk(3, 1)
        found: torch.Tensor = self.project(self.context(self.query(q) + self.key(k)) * v)
        return found


class AdditiveBlock(nn.Module):
    """Three residual steps: local perception, attention of BN(x), a perceptron of BN(x).

    "CAS-ViT: Convolutional Additive Self-attention Vision Transformers". Dropout, stochastic depth
    and layer scale, which the authors' smaller networks do without, are left out.

    Args:
        channels: In and out.
        ratio: Channels in the perceptron's middle as a multiple of `channels`.
    """

    def __init__(self, channels: int, ratio: float = 4.0) -> None:
        """Make the three steps."""
        super().__init__()
        self.local = nn.Sequential(
            nn.Conv2d(channels, channels, 1),
            nn.BatchNorm2d(channels),
            depthwise(channels, 3),
            nn.ReLU(inplace=True),
            nn.Conv2d(channels, channels, 1),
        )
        self.attention = nn.Sequential(nn.BatchNorm2d(channels), AdditiveAttention(channels))
        self.mlp = nn.Sequential(nn.BatchNorm2d(channels), Mlp(channels, ratio, nn.ReLU))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, C, H, W] for [B, C, H, W]."""
        x = x + self.local(x)
        x = x + self.attention(x)
        mixed: torch.Tensor = self.mlp(x)
        return x + mixed


@register(
    "cas",
    slot="block",
    family="CAS-ViT",
    paper="CAS-ViT: Convolutional Additive Self-attention Vision Transformers for Efficient"
    " Mobile Applications",
    year=2024,
    arxiv="2408.03703",
    origin="https://github.com/Tianfang-Zhang/CAS-ViT",
    licence="not verified; written from the paper",
)
class CspAdditive(Csp):
    """CAS-ViT's blocks in the frame of C3k2.

    Args:
        c_in: Channels in.
        c_out: Channels out.
        repeats: Number of blocks.
        expansion: Channels of a half as a share of `c_out`.
        ratio: See `AdditiveBlock`.
    """

    def __init__(
        self, c_in: int, c_out: int, repeats: int, expansion: float, *, ratio: float = 4.0
    ) -> None:
        """Put the blocks into the frame."""
        super().__init__(c_in, c_out, repeats, expansion, lambda c: AdditiveBlock(c, ratio))
