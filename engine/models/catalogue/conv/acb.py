"""ACNet's asymmetric convolution: the skeleton of a 3×3 kernel counts more."""

from __future__ import annotations

import torch
from torch import nn
from ultralytics.nn.modules import Conv

from engine.models.parts import reparam
from engine.models.registry import register


@register(
    "acb",
    slot="conv",
    family="ACNet",
    paper="ACNet: Strengthening the Kernel Skeletons for Powerful CNN via Asymmetric Convolution"
    " Blocks, ICCV 2019",
    year=2019,
    arxiv="1908.03930",
    origin="https://github.com/DingXiaoH/ACNet",
    licence="MIT; written from the paper",
)
class AsymmetricConv(nn.Module):
    """3×3, 1×3 and 3×1, each normalised; their sum, activated.

    They fold into one 3×3 convolution (section 3.3).

    Args:
        c_in: Channels in.
        c_out: Channels out.
    """

    def __init__(self, c_in: int, c_out: int) -> None:
        """Make the three branches."""
        super().__init__()
        sizes = ((3, 3), (1, 3), (3, 1))
        self.branches = nn.ModuleList(Conv(c_in, c_out, list(k), act=False) for k in sizes)
        self.act = Conv.default_act

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, c_out, H, W] for [B, c_in, H, W]."""
        square, flat, upright = self.branches
        summed: torch.Tensor = self.act(square(x) + flat(x) + upright(x))
        return summed

    def fold(self) -> nn.Sequential:
        """Return one convolution and the activation."""
        return reparam.plain(reparam.added(*map(reparam.of, self.branches)), self.act)
