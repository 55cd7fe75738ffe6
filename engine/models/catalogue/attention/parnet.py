"""ParNet's block: two convolutions and a weighted skip side by side instead of depth."""

from __future__ import annotations

import torch
from torch import nn
from ultralytics.nn.modules import RepConv

from engine.models.registry import register


@register(
    "parnet",
    slot="attention",
    family="ParNet",
    paper="Non-deep Networks, NeurIPS 2022",
    year=2021,
    arxiv="2110.07641",
    origin="https://github.com/imankgoyal/NonDeepNetworks",
    licence="BSD-3-Clause; written from the paper",
)
class ParNetAttention(nn.Module):
    """silu(bn(conv3×3 x) + bn(conv1×1 x) + y ⊙ σ(W avgpool(y))) with y = bn(x), section 3.1.

    The last term is "skip-squeeze-excitation". Both convolutions fold into one 3×3, which `fuse` of
    the network does.

    Args:
        channels: In and out.
    """

    def __init__(self, channels: int) -> None:
        """Make the branches."""
        super().__init__()
        self.near = RepConv(channels, channels, act=False)
        self.norm = nn.BatchNorm2d(channels)
        self.excite = nn.Conv2d(channels, channels, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, C, H, W] for [B, C, H, W]."""
        skip = self.norm(x)
        skip = skip * self.excite(skip.mean((2, 3), keepdim=True)).sigmoid()
        return nn.functional.silu(self.near(x) + skip)
