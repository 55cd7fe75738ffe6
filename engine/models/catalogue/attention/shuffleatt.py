"""Shuffle attention: in each group one half weighs channels, the other places."""

from __future__ import annotations

import torch
from einops import rearrange
from torch import nn

from engine.models.parts.shuffle import shuffled
from engine.models.parts.widths import each_of
from engine.models.registry import register


@register(
    "shuffleatt",
    slot="attention",
    family="SA-Net",
    paper="SA-Net: Shuffle Attention for Deep Convolutional Neural Networks, ICASSP 2021",
    year=2021,
    arxiv="2102.00240",
    origin="https://github.com/wofmanaf/SA-Net",
    licence="not verified; written from the paper",
)
class ShuffleAtt(nn.Module):
    """x₁ σ(w₁ avgpool(x₁) + b₁) and x₂ σ(w₂ GN(x₂) + b₂), equations 1 to 3, joined and shuffled.

    x₁ and x₂ are the halves of a group. Groups share w, b and the normalisation, so there are
    3 `channels` / `groups` parameters; w begin with 0 and b with 1. GN normalises each channel.

    The paper has 64 groups in networks of 256 to 2048 channels, so 4 to 32 channels each; eight
    groups give about that in the maps of YOLO11.

    Args:
        channels: In and out.
        groups: Twice their number is a divisor of `channels`.
    """

    def __init__(self, channels: int, *, groups: int = 8) -> None:
        """Make what a half has."""
        super().__init__()
        half = each_of(2 * groups, channels)
        self.groups = groups
        self.channel_weight = nn.Parameter(torch.zeros(half, 1, 1))
        self.channel_bias = nn.Parameter(torch.ones(half, 1, 1))
        self.place_weight = nn.Parameter(torch.zeros(half, 1, 1))
        self.place_bias = nn.Parameter(torch.ones(half, 1, 1))
        self.norm = nn.GroupNorm(half, half)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, C, H, W] for [B, C, H, W]."""
        first, second = rearrange(x, "b (g c) h w -> (b g) c h w", g=self.groups).chunk(2, 1)
        mean = first.mean((2, 3), keepdim=True)
        first = first * (self.channel_weight * mean + self.channel_bias).sigmoid()
        second = second * (self.place_weight * self.norm(second) + self.place_bias).sigmoid()
        joined = torch.cat((first, second), 1)
        return shuffled(rearrange(joined, "(b g) c h w -> b (g c) h w", g=self.groups), 2)
