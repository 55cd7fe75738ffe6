"""YOLOv7's MP: what a convolution with stride finds, beside what is highest."""

from __future__ import annotations

import torch
from torch import nn
from ultralytics.nn.modules import Conv

from engine.models.parts.slices import even
from engine.models.registry import register


@register(
    "mp",
    slot="down",
    family="YOLOv7",
    paper="YOLOv7: Trainable Bag-of-Freebies Sets New State-of-the-Art for Real-Time Object"
    " Detectors, CVPR 2023",
    year=2022,
    arxiv="2207.02696",
    origin="https://github.com/WongKinYiu/yolov7",
    licence="GPL-3.0; written from the paper",
)
class PoolAndConv(nn.Module):
    """1×1 then 3×3 with stride 2, and 2×2 maxima then 1×1; each makes half of the channels.

    The paper names no channels; these are those of the backbone in the authors' settings.

    Args:
        c_in: Channels in.
        c_out: Channels out, 2 or more.
    """

    def __init__(self, c_in: int, c_out: int) -> None:
        """Make both ways."""
        super().__init__()
        half = c_out // 2
        if not half:
            raise ValueError(f"{c_out} channels cannot be halved")
        self.narrow = Conv(c_in, half, 1)
        self.strided = Conv(half, half, 3, 2)
        self.pool = nn.MaxPool2d(2)
        self.pooled = Conv(c_in, c_out - half, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, c_out, H / 2, W / 2], rounded up, for [B, c_in, H, W]."""
        return torch.cat((self.strided(self.narrow(x)), self.pooled(self.pool(even(x)))), 1)
