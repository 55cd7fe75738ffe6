"""GAM: channels, then places, with nothing pooled away."""

from __future__ import annotations

import torch
from torch import nn

from engine.models.parts.shuffle import shuffled
from engine.models.parts.squeeze import squeezed
from engine.models.parts.widths import each_of, reduced
from engine.models.registry import register

SIDE = 7
"""Of both convolutions over places, section 3."""


@register(
    "gam",
    slot="attention",
    family="GAM",
    paper="Global Attention Mechanism: Retain Information to Enhance Channel-Spatial Interactions,"
    " arXiv 2021",
    year=2021,
    arxiv="2112.05561",
    licence="no repository known; written from the paper",
)
class Gam(nn.Module):
    """x' = Mc(x) x and then Ms(x') x', equations 1 and 2.

    Mc is σ(W1 relu(W0 x)) over the channels at each place; Ms is σ of two 7×7 convolutions that go
    down to `channels` / `ratio` and back.

    What stands between the two convolutions is our reading: normalisation and relu, as two in a row
    would be one. The paper's form for large networks splits them into groups and shuffles the
    channels, which `groups` does, here with the shuffle between them. Without groups this is a
    heavy layer: 1.6 million parameters for 256 channels.

    Args:
        channels: In and out.
        ratio: How much narrower both middles are.
        groups: Of both 7×7 convolutions; a divisor of `channels` and of the middle.
    """

    def __init__(self, channels: int, *, ratio: int = 4, groups: int = 1) -> None:
        """Make both attentions."""
        super().__init__()
        middle = reduced(channels, ratio)
        each_of(groups, channels)
        each_of(groups, middle)
        self.groups = groups
        self.channels = squeezed(channels, ratio)
        self.narrow = nn.Sequential(
            nn.Conv2d(channels, middle, SIDE, padding=SIDE // 2, groups=groups, bias=False),
            nn.BatchNorm2d(middle),
            nn.ReLU(inplace=True),
        )
        self.widen = nn.Conv2d(middle, channels, SIDE, padding=SIDE // 2, groups=groups)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, C, H, W] for [B, C, H, W]."""
        x = x * self.channels(x).sigmoid()
        inner = self.narrow(x)
        if self.groups > 1:
            inner = shuffled(inner, self.groups)
        weight: torch.Tensor = self.widen(inner).sigmoid()
        return x * weight
