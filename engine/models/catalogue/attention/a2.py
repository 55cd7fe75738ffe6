"""Double attention: gather what the picture holds, then give each place what it asks for."""

from __future__ import annotations

import torch
from torch import nn

from engine.models.parts.widths import reduced
from engine.models.registry import register


@register(
    "a2",
    slot="attention",
    family="A2-Nets",
    paper="A2-Nets: Double Attention Networks, NeurIPS 2018",
    year=2018,
    arxiv="1810.11579",
    licence="no repository known; written from the paper",
)
class DoubleAttention(nn.Module):
    """x + W [φ(x) softmax(θ(x))ᵀ] softmax(ρ(x)), sections 3.1 to 3.3.

    φ, θ, ρ and W are 1×1 convolutions. The first softmax is over the places, so that each of θ's
    channels gathers one descriptor of the whole map; the second is over these descriptors at each
    place. Copies of this block that take both over the places are not the paper's.

    Args:
        channels: In and out.
        ratio: Descriptors, and the channels that they have, are `channels` / `ratio` each, at
            least one.
    """

    def __init__(self, channels: int, *, ratio: int = 4) -> None:
        """Make the four convolutions."""
        super().__init__()
        middle = reduced(channels, ratio)
        self.features = nn.Conv2d(channels, middle, 1)
        self.gather = nn.Conv2d(channels, middle, 1)
        self.distribute = nn.Conv2d(channels, middle, 1)
        self.widen = nn.Conv2d(middle, channels, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, C, H, W] for [B, C, H, W]."""
        features = self.features(x)
        gathering = self.gather(x).flatten(2).softmax(2)
        descriptors = features.flatten(2) @ gathering.transpose(1, 2)
        given = descriptors @ self.distribute(x).flatten(2).softmax(1)
        added: torch.Tensor = self.widen(given.view_as(features))
        return x + added
