"""PAPPM: DAPPM without its order, so that all scales run at once."""

from __future__ import annotations

import torch
from torch import nn

from engine.models.catalogue.context.dappm import POOLS, Activated, PooledScales, inner_width
from engine.models.registry import register


@register(
    "pappm",
    slot="context",
    family="PIDNet",
    paper="PIDNet: A Real-Time Semantic Segmentation Network Inspired by PID Controllers,"
    " CVPR 2023",
    year=2022,
    arxiv="2206.02066",
    origin="https://github.com/XuJiacong/PIDNet",
    licence="MIT; written from the paper",
)
class ParallelAggregation(nn.Module):
    """Each scale is added to the first one, then one grouped 3×3 convolution works on all of them.

    Scales, shortcut and order of layers are those of `DeepAggregation`.

    Args:
        c_in: Channels in.
        c_out: Channels out.
        share: Channels of each scale as a share of `c_in`.
    """

    def __init__(self, c_in: int, c_out: int, *, share: float = 0.25) -> None:
        """Make the scales."""
        super().__init__()
        inside, count = inner_width(c_in, share), len(POOLS) + 1
        self.scales = PooledScales(c_in, inside)
        self.step = Activated(count * inside, count * inside, 3, groups=count)
        self.join = Activated((count + 1) * inside, c_out)
        self.shortcut = Activated(c_in, c_out)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, c_out, H, W] for [B, c_in, H, W]."""
        first, *others = self.scales(x)
        seen = self.step(torch.cat([part + first for part in others], 1))
        joined: torch.Tensor = self.join(torch.cat((first, seen), 1)) + self.shortcut(x)
        return joined
