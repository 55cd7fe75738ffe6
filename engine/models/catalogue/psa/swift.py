"""Efficient additive attention: one query for the whole map multiplies every key."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from engine.models.catalogue.psa.frame import PsaFrame, Residuals
from engine.models.parts.attention import SMALLEST
from engine.models.parts.glu import Mlp
from engine.models.registry import register


class AdditiveAttention(nn.Module):
    """W(T(K ⊙ q) + Q) with q = Σ α_i Q_i and α = Q w / √d, section 3.2.

    Queries and keys have length one at each place, and α has length one over the map, as in the
    authors' code; the sum in the paper would grow with the map.

    Args:
        channels: In and out.
    """

    def __init__(self, channels: int) -> None:
        """Make the projections."""
        super().__init__()
        self.query = nn.Conv2d(channels, channels, 1)
        self.key = nn.Conv2d(channels, channels, 1)
        self.score = nn.Conv2d(channels, 1, 1, bias=False)
        nn.init.normal_(self.score.weight)
        self.mix = nn.Conv2d(channels, channels, 1)
        self.proj = nn.Conv2d(channels, channels, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, C, H, W] for [B, C, H, W]."""
        query = functional.normalize(self.query(x), dim=1, eps=SMALLEST)
        key = functional.normalize(self.key(x), dim=1, eps=SMALLEST)
        score = self.score(query) * query.shape[1] ** -0.5
        alpha = functional.normalize(score.flatten(2), dim=-1, eps=SMALLEST).reshape(score.shape)
        whole = (alpha * query).sum((2, 3), keepdim=True)
        projected: torch.Tensor = self.proj(self.mix(key * whole) + query)
        return projected


@register(
    "swift",
    slot="psa",
    family="SwiftFormer",
    paper="SwiftFormer: Efficient Additive Attention for Transformer-based Real-time Mobile Vision"
    " Applications, ICCV 2023",
    year=2023,
    arxiv="2303.15446",
    origin="https://github.com/Amshaker/SwiftFormer",
    licence="not verified; written from the paper",
)
class PsaSwift(PsaFrame):
    """SwiftFormer's encoder in the frame of C2PSA.

    A depthwise 3×3 convolution with normalisation and a perceptron see the
    neighbourhood, then `AdditiveAttention`, then normalisation and a perceptron. Without its layer
    scale and stochastic depth.

    Args:
        c_in: Channels in.
        c_out: Channels out.
        repeats: Number of units.
        ratio: Channels in the middle of the last perceptron as a multiple of those around it.
    """

    def __init__(self, c_in: int, c_out: int, repeats: int, *, ratio: float = 4.0) -> None:
        """Put the units into the frame."""

        def unit(channels: int) -> nn.Module:
            return Residuals(
                near=nn.Sequential(
                    nn.Conv2d(channels, channels, 3, padding=1, groups=channels),
                    nn.BatchNorm2d(channels),
                    Mlp(channels, 1.0),
                ),
                attn=AdditiveAttention(channels),
                ffn=nn.Sequential(nn.BatchNorm2d(channels), Mlp(channels, ratio)),
            )

        super().__init__(c_in, c_out, repeats, unit)
