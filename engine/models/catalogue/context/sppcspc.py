"""SPPCSPC: pooling in one of two branches."""

from __future__ import annotations

import torch
from torch import nn
from ultralytics.nn.modules import Conv

from engine.models.catalogue.context.spp import Pools
from engine.models.registry import register


@register(
    "sppcspc",
    slot="context",
    family="YOLOv7",
    paper="YOLOv7: Trainable Bag-of-Freebies Sets New State-of-the-Art for Real-Time Object"
    " Detectors, CVPR 2023",
    year=2022,
    arxiv="2207.02696",
    origin="https://github.com/WongKinYiu/yolov7",
    licence="GPL-3.0; written from the description of its network",
)
class SppCspC(nn.Module):
    """SPP between convolutions in one branch, a 1×1 convolution in the other, both joined.

    1×1, 3×3, 1×1, maxima in windows of 5, 9 and 13, 1×1, 3×3 against 1×1. The paper names the
    layer and describes it by its network only. There both branches have as many channels as come
    out, which is `expansion` 1.

    Args:
        c_in: Channels in.
        c_out: Channels out.
        expansion: Channels of a branch as a share of `c_out`.
    """

    def __init__(self, c_in: int, c_out: int, *, expansion: float = 1.0) -> None:
        """Make both branches."""
        super().__init__()
        inside = int(c_out * expansion)
        if inside < 1:
            raise ValueError(f"{expansion} of {c_out} channels leaves none inside")
        self.long = nn.Sequential(
            Conv(c_in, inside, 1),
            Conv(inside, inside, 3),
            Conv(inside, inside, 1),
            Pools(),
            Conv(4 * inside, inside, 1),
            Conv(inside, inside, 3),
        )
        self.short = Conv(c_in, inside, 1)
        self.join = Conv(2 * inside, c_out, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, c_out, H, W] for [B, c_in, H, W]."""
        joined: torch.Tensor = self.join(torch.cat((self.long(x), self.short(x)), 1))
        return joined
