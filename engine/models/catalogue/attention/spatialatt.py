"""CBAM's second half: which places matter."""

from __future__ import annotations

import torch
from torch import nn

from engine.models.registry import register


@register(
    "spatialatt",
    slot="attention",
    family="CBAM",
    paper="CBAM: Convolutional Block Attention Module, ECCV 2018",
    year=2018,
    arxiv="1807.06521",
    origin="https://github.com/Jongchan/attention-module",
    licence="MIT; written from the paper",
)
class SpatialAtt(nn.Module):
    """x Ms(x) with Ms = σ(k×k convolution of mean and maximum over the channels), equation 3.

    Args:
        channels: In and out; the layer is the same for any number of them.
        kernel: Side of the convolution, odd.
    """

    def __init__(self, channels: int, *, kernel: int = 7) -> None:
        """Make the convolution."""
        super().__init__()
        if kernel % 2 == 0 or kernel < 1:
            raise ValueError(f"the kernel {kernel} is not odd")
        self.conv = nn.Conv2d(2, 1, kernel, padding=kernel // 2, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, C, H, W] for [B, C, H, W]."""
        seen = torch.cat((x.mean(1, keepdim=True), x.amax(1, keepdim=True)), 1)
        weight: torch.Tensor = self.conv(seen).sigmoid()
        return x * weight
