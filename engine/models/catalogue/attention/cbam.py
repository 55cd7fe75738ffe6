"""CBAM: which channels matter, then which places."""

from __future__ import annotations

import torch
from torch import nn

from engine.models.catalogue.attention.channelatt import ChannelAtt
from engine.models.catalogue.attention.spatialatt import SpatialAtt
from engine.models.registry import register


@register(
    "cbam",
    slot="attention",
    family="CBAM",
    paper="CBAM: Convolutional Block Attention Module, ECCV 2018",
    year=2018,
    arxiv="1807.06521",
    origin="https://github.com/Jongchan/attention-module",
    licence="MIT; written from the paper",
)
class Cbam(nn.Module):
    """x' = Mc(x) x and then Ms(x') x', equation 1, of `ChannelAtt` and `SpatialAtt`.

    Args:
        channels: In and out.
        ratio: See `ChannelAtt`.
        kernel: See `SpatialAtt`.
    """

    def __init__(self, channels: int, *, ratio: int = 16, kernel: int = 7) -> None:
        """Make both attentions."""
        super().__init__()
        self.channels = ChannelAtt(channels, ratio=ratio)
        self.places = SpatialAtt(channels, kernel=kernel)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, C, H, W] for [B, C, H, W]."""
        weighted: torch.Tensor = self.places(self.channels(x))
        return weighted
