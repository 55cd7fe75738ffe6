"""Pinwheel-shaped convolution: four arms around a pixel."""

from __future__ import annotations

import torch
from torch import nn
from ultralytics.nn.modules import Conv

from engine.models.parts.widths import each_of
from engine.models.registry import register


@register(
    "pinwheel",
    slot="conv",
    family="Pinwheel-shaped convolution",
    paper="Pinwheel-shaped Convolution and Scale-based Dynamic Loss for Infrared Small Target"
    " Detection, AAAI 2025",
    year=2024,
    arxiv="2412.16986",
    origin="https://github.com/JN-Yang/PConv-SDloss-Data",
    licence="not verified; written from the paper",
)
class Pinwheel(nn.Module):
    """1×k and k×1 convolutions of four paddings, joined by a 2×2 convolution, equations 1 to 3.

    Each padding puts k zeros on one side and one on a side beside it, so that an arm reaches from
    the pixel to the left, right, top or bottom; maps are a pixel larger until the 2×2 convolution.
    As in the authors' code, arms of one direction share their weights; so they are cut here from
    one convolution with the zeros of both. All are normalised and activated.

    Args:
        c_in: Channels in.
        c_out: Channels out, a multiple of 4.
        kernel: k, at least 1.
    """

    def __init__(self, c_in: int, c_out: int, *, kernel: int = 3) -> None:
        """Make the arms and what joins them."""
        super().__init__()
        if kernel < 1:
            raise ValueError(f"the kernel {kernel} is below 1")
        arm = each_of(4, c_out)
        self.kernel = kernel
        self.across = Conv(c_in, arm, (1, kernel), p=(1, kernel))
        self.down = Conv(c_in, arm, (kernel, 1), p=(kernel, 1))
        self.join = Conv(c_out, c_out, 2, p=0)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, c_out, H, W] for [B, c_in, H, W]."""
        k, across, down = self.kernel, self.across(x), self.down(x)
        arms = (
            across[..., :-1, :-k],
            across[..., 1:, k:],
            down[..., :-k, 1:],
            down[..., k:, :-1],
        )
        joined: torch.Tensor = self.join(torch.cat(arms, 1))
        return joined
