"""CBAM: which channels matter, then which places."""

from __future__ import annotations

import torch
from torch import nn

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
    """x' = Mc(x) x and then Ms(x') x', equations 1 to 3.

    Mc = σ(W1 relu(W0 avgpool(x)) + W1 relu(W0 maxpool(x))) over the whole map;
    Ms = σ(k×k convolution of mean and maximum over the channels).

    Args:
        channels: In and out.
        ratio: The channels in the middle of W0 and W1 are `channels` / `ratio`, at least one.
        kernel: Side of the convolution, odd.
    """

    def __init__(self, channels: int, *, ratio: int = 16, kernel: int = 7) -> None:
        """Make both attentions."""
        super().__init__()
        if kernel % 2 == 0 or kernel < 1:
            raise ValueError(f"the kernel {kernel} is not odd")
        if ratio < 1:
            raise ValueError(f"the ratio {ratio} is below 1")
        middle = max(1, channels // ratio)
        self.channels = nn.Sequential(
            nn.Conv2d(channels, middle, 1), nn.ReLU(inplace=True), nn.Conv2d(middle, channels, 1)
        )
        self.places = nn.Conv2d(2, 1, kernel, padding=kernel // 2, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, C, H, W] for [B, C, H, W]."""
        mean, highest = x.mean((2, 3), keepdim=True), x.amax((2, 3), keepdim=True)
        x = x * (self.channels(mean) + self.channels(highest)).sigmoid()
        seen = torch.cat((x.mean(1, keepdim=True), x.amax(1, keepdim=True)), 1)
        weight: torch.Tensor = self.places(seen).sigmoid()
        return x * weight
