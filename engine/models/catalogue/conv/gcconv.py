"""GCNet's golden cudgel block: longer and more branches in training, one convolution afterwards."""

from __future__ import annotations

from typing import cast

import torch
from torch import nn
from ultralytics.nn.modules import Conv

from engine.models.parts import reparam
from engine.models.registry import register


@register(
    "gcconv",
    slot="conv",
    family="GCNet",
    paper="Golden Cudgel Network for Real-Time Semantic Segmentation, CVPR 2025",
    year=2025,
    arxiv="2503.03325",
    origin="https://github.com/gyyang23/GCNet",
    licence="MIT; written from the paper",
)
class GoldenCudgel(nn.Module):
    """Two times 3×3 then 1×1, once 1×1 then 1×1 and, where channels stay, identity; their sum.

    Each convolution and the identity are normalised; the sum is activated. The number of paths and
    their lengths are those of the authors' code. There ReLU follows, here the network's
    activation.

    Args:
        c_in: Channels in.
        c_out: Channels out.
    """

    def __init__(self, c_in: int, c_out: int) -> None:
        """Make the paths."""
        super().__init__()
        self.paths = nn.ModuleList(
            nn.Sequential(
                Conv(c_in, c_out, kernel, act=False),
                Conv(c_out, c_out, 1, act=False),
            )
            for kernel in (3, 3, 1)
        )
        self.same = nn.BatchNorm2d(c_in) if c_in == c_out else None
        self.act = Conv.default_act

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, c_out, H, W] for [B, c_in, H, W]."""
        summed = torch.stack([path(x) for path in self.paths]).sum(0)
        if self.same is not None:
            summed = summed + self.same(x)
        made: torch.Tensor = self.act(summed)
        return made

    def fold(self) -> nn.Sequential:
        """Return one convolution and the activation."""
        merged = []
        for path in self.paths:
            first, second = cast("nn.Sequential", path)
            merged.append(reparam.chained(reparam.of(first), reparam.of(second)))
        if self.same is not None:
            still = reparam.unchanging(self.same.num_features, self.same.weight)
            merged.append(reparam.normed(still, self.same))
        return reparam.plain(reparam.added(*merged), self.act)
