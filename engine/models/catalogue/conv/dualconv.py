"""DualConv: grouped 3×3 and full 1×1 kernels on the same channels."""

from __future__ import annotations

import torch
from torch import nn
from ultralytics.nn.modules import Conv

from engine.models.parts.widths import each_of
from engine.models.registry import register


@register(
    "dualconv",
    slot="conv",
    family="DualConv",
    paper="DualConv: Dual Convolutional Kernels for Lightweight Deep Neural Networks, TNNLS 2022",
    year=2022,
    arxiv="2202.07481",
    licence="not verified; written from the paper",
)
class DualConv(nn.Module):
    """A 3×3 convolution in groups plus a 1×1 convolution of all channels, section 3.

    The sum is normalised and activated. The 1×1 kernels carry between the groups what the 3×3 ones
    cannot, so that no shuffle is needed.

    Args:
        c_in: Channels in.
        c_out: Channels out.
        groups: Of the 3×3 convolution; both numbers of channels are multiples of it.
    """

    def __init__(self, c_in: int, c_out: int, *, groups: int = 4) -> None:
        """Make both kernels."""
        super().__init__()
        each_of(groups, c_in)
        each_of(groups, c_out)
        self.near = nn.Conv2d(c_in, c_out, 3, padding=1, groups=groups, bias=False)
        self.across = nn.Conv2d(c_in, c_out, 1, bias=False)
        self.norm = nn.BatchNorm2d(c_out)
        self.act = Conv.default_act

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, c_out, H, W] for [B, c_in, H, W]."""
        activated: torch.Tensor = self.act(self.norm(self.near(x) + self.across(x)))
        return activated
