"""CBAM's first half: which channels matter."""

from __future__ import annotations

import torch
from torch import nn

from engine.models.parts.squeeze import squeezed
from engine.models.registry import register


@register(
    "channelatt",
    slot="attention",
    family="CBAM",
    paper="CBAM: Convolutional Block Attention Module, ECCV 2018",
    year=2018,
    arxiv="1807.06521",
    origin="https://github.com/Jongchan/attention-module",
    licence="MIT; written from the paper",
)
class ChannelAtt(nn.Module):
    """x Mc(x) with Mc = σ(W1 relu(W0 avgpool(x)) + W1 relu(W0 maxpool(x))), equation 2.

    Args:
        channels: In and out.
        ratio: The channels in the middle of W0 and W1 are `channels` / `ratio`, at least one.
    """

    def __init__(self, channels: int, *, ratio: int = 16) -> None:
        """Make the perceptron."""
        super().__init__()
        self.perceptron = squeezed(channels, ratio)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, C, H, W] for [B, C, H, W]."""
        mean, highest = x.mean((2, 3), keepdim=True), x.amax((2, 3), keepdim=True)
        weight: torch.Tensor = (self.perceptron(mean) + self.perceptron(highest)).sigmoid()
        return x * weight
