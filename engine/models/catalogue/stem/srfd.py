"""The robust stem of RFD: a convolution and the pixels themselves, fused."""

from __future__ import annotations

import torch
from torch import nn
from ultralytics.nn.modules import Conv

from engine.models.parts.slices import even, slices
from engine.models.registry import register


@register(
    "srfd",
    slot="stem",
    family="RFD",
    paper="A Robust Feature Downsampling Module for Remote-Sensing Visual Tasks, TGRS 2023",
    year=2023,
    licence="not verified; written from the paper",
)
class ShallowRfd(nn.Module):
    """The first of the two halvings of SRFD, whose second one is what `down=drfd` does.

    A 7×7 convolution makes half the channels. From them a depth-wise pair of 3×3, the second with
    stride and normalised, and the four pixels of each 2×2 with a normalised 1×1 both make all
    channels; a 1×1 fuses the two. There is no activation, as in the original, whose stem goes to a
    quarter of the size at once. An odd side gets its last pixel twice.

    Args:
        c_in: Channels in.
        c_out: Channels out, even.
    """

    def __init__(self, c_in: int, c_out: int) -> None:
        """Make both ways."""
        super().__init__()
        if c_out % 2:
            raise ValueError(f"{c_out} channels cannot be halved")
        half = c_out // 2
        self.start = nn.Conv2d(c_in, half, 7, padding=3)
        self.spread = nn.Conv2d(half, c_out, 3, padding=1, groups=half)
        self.strided = Conv(c_out, c_out, 3, 2, g=c_out, act=False)
        self.cut = Conv(4 * half, c_out, 1, act=False)
        self.fuse = nn.Conv2d(2 * c_out, c_out, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, c_out, H / 2, W / 2], rounded up, for [B, c_in, H, W]."""
        x = self.start(even(x))
        cut = self.cut(torch.cat(slices(x), 1))
        fused: torch.Tensor = self.fuse(torch.cat((self.strided(self.spread(x)), cut), 1))
        return fused
