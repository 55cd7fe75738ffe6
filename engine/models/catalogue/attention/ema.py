"""EMA: two branches of each group tell one another which places matter."""

from __future__ import annotations

import torch
from einops import rearrange
from torch import nn

from engine.models.parts.widths import each_of
from engine.models.registry import register


@register(
    "ema",
    slot="attention",
    family="EMA",
    paper="Efficient Multi-Scale Attention Module with Cross-Spatial Learning, ICASSP 2023",
    year=2023,
    arxiv="2305.13563",
    origin="https://github.com/YOLOonMe/EMA-attention-module",
    licence="not verified; written from the paper",
)
class Ema(nn.Module):
    """x σ(softmax(avgpool(u)) v + softmax(avgpool(v)) u) in each group, section 3.

    u is GN(x σ(rows) σ(columns)), where the means of rows and columns went through one 1×1
    convolution together; v is a 3×3 convolution of x. The softmax is over the channels of a group
    and its product with the other branch is a weight for each place. Groups share all parameters.
    It has nothing to do with averages of weights, which go by the same three letters.

    Args:
        channels: In and out.
        groups: A divisor of `channels`, by default as in the authors' repository.
    """

    def __init__(self, channels: int, *, groups: int = 32) -> None:
        """Make what a group has."""
        super().__init__()
        each = each_of(groups, channels)
        self.groups = groups
        self.joint = nn.Conv2d(each, each, 1)
        self.norm = nn.GroupNorm(each, each)
        self.near = nn.Conv2d(each, each, 3, padding=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, C, H, W] for [B, C, H, W]."""
        height = x.shape[2]
        x = rearrange(x, "b (g c) h w -> (b g) c h w", g=self.groups)
        down, across = x.mean(3, keepdim=True), x.mean(2, keepdim=True)
        both = self.joint(torch.cat((down, across.transpose(2, 3)), 2)).sigmoid()
        rows, columns = both[:, :, :height], both[:, :, height:].transpose(2, 3)
        u, v = self.norm(x * rows * columns), self.near(x)
        weight = (_summary(u) * v + _summary(v) * u).sum(1, keepdim=True).sigmoid()
        weighted: torch.Tensor = rearrange(x * weight, "(b g) c h w -> b (g c) h w", g=self.groups)
        return weighted


def _summary(x: torch.Tensor) -> torch.Tensor:
    """Return [B, C, 1, 1] that sum to one over the channels."""
    return x.mean((2, 3), keepdim=True).softmax(1)
