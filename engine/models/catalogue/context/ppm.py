"""PPM: means over grids from the whole picture to a sixth of it."""

from __future__ import annotations

import torch
from torch import nn
from ultralytics.nn.modules import Conv

from engine.models.parts.pooling import enlarged, enough, grid_mean
from engine.models.registry import register

GRIDS = (1, 2, 3, 6)
"""Bins along each side; section 3.2."""


@register(
    "ppm",
    slot="context",
    family="PSPNet",
    paper="Pyramid Scene Parsing Network, CVPR 2017",
    year=2016,
    arxiv="1612.01105",
    origin="https://github.com/hszhao/PSPNet",
    licence="not verified; written from the paper",
)
class PyramidPooling(nn.Module):
    """The map beside its means over grids of 1, 2, 3 and 6 bins a side.

    Figure 3 and section 3.2: each mean has a quarter of the channels. All convolutions have
    normalisation and ReLU, and a 3×3 one joins. Without the dropout that follows it there.

    Args:
        c_in: Channels in.
        c_out: Channels out.
    """

    def __init__(self, c_in: int, c_out: int) -> None:
        """Make a convolution for each grid."""
        super().__init__()
        each, relu = max(1, c_in // len(GRIDS)), nn.ReLU(inplace=True)
        self.grids = nn.ModuleList(Conv(c_in, each, 1, act=relu) for _ in GRIDS)
        self.join = Conv(c_in + len(GRIDS) * each, c_out, 3, act=relu)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, c_out, H, W] for [B, c_in, H, W]."""
        parts = [x]
        for bins, conv in zip(GRIDS, self.grids, strict=True):
            mean = conv(enough(grid_mean(x, bins), self.training))
            parts.append(enlarged(mean, x))
        joined: torch.Tensor = self.join(torch.cat(parts, 1))
        return joined
