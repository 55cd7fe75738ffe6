"""Strip pooling: a place is weighted by the means of its row and its column."""

from __future__ import annotations

import torch
from torch import nn
from ultralytics.nn.modules import Conv

from engine.models.registry import register


@register(
    "strippool",
    slot="attention",
    family="Strip pooling",
    paper="Strip Pooling: Rethinking Spatial Pooling for Scene Parsing, CVPR 2020",
    year=2020,
    arxiv="2003.13328",
    origin="https://github.com/houqb/SPNet",
    licence="MIT; written from the paper",
)
class StripPooling(nn.Module):
    """x ⊙ σ(W relu(conv3×1(means of the rows) + conv1×3(means of the columns))), equations 1 to 4.

    This is the strip pooling module of section 3.1; both convolutions are normalised. The mixed
    pooling module of section 3.2 is not here.

    Args:
        channels: In and out.
    """

    def __init__(self, channels: int) -> None:
        """Make the convolutions."""
        super().__init__()
        self.rows = Conv(channels, channels, (3, 1), act=False)
        self.columns = Conv(channels, channels, (1, 3), act=False)
        self.mix = nn.Conv2d(channels, channels, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, C, H, W] for [B, C, H, W]."""
        rows, columns = self.rows(x.mean(3, keepdim=True)), self.columns(x.mean(2, keepdim=True))
        weight: torch.Tensor = self.mix((rows + columns).relu()).sigmoid()
        return x * weight
