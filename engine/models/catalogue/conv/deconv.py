"""DEA-Net's detail-enhanced convolution: differences of pixels beside their weighted sum."""

from __future__ import annotations

import math

import torch
from einops import rearrange
from torch import nn
from ultralytics.nn.modules import Conv

from engine.models.parts import reparam
from engine.models.registry import register

BEFORE = [3, 0, 1, 6, 4, 2, 7, 8, 5]
"""From each place of a 3×3 kernel to the one before it, clockwise around the middle."""


@register(
    "deconv",
    slot="conv",
    family="DEA-Net",
    paper="DEA-Net: Single Image Dehazing Based on Detail-Enhanced Convolution and"
    " Content-Guided Attention, TIP 2024",
    year=2023,
    arxiv="2301.04805",
    origin="https://github.com/cecret3350/DEA-Net",
    licence="MIT; written from the paper",
)
class DetailConv(nn.Module):
    """A plain 3×3 convolution and four of differences, added into one kernel.

    The differences are of each pixel from the middle one, of each from the next around the middle,
    of the left column from the right one and of the upper row from the lower one. As they are
    linear, one convolution with the sum of the kernels gives the sum of the five, in training as
    well. The original has neither normalisation nor activation; here both follow, and make the
    biases of the five superfluous. The middle weight of `around` cancels itself and never learns.

    Args:
        c_in: Channels in.
        c_out: Channels out.
    """

    differences: torch.Tensor

    def __init__(self, c_in: int, c_out: int) -> None:
        """Make the five kernels."""
        super().__init__()

        def part(*sides: int) -> nn.Parameter:
            # As nn.Conv2d begins.
            empty = torch.empty(c_out, c_in, *sides)
            return nn.Parameter(nn.init.kaiming_uniform_(empty, a=math.sqrt(5)))

        self.plain = part(3, 3)
        self.central = part(3, 3)
        self.around = part(3, 3)
        self.across = part(3)
        self.down = part(3)
        self.register_buffer("differences", _differences())
        self.bn = nn.BatchNorm2d(c_out)
        self.act = Conv.default_act

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, c_out, H, W] for [B, c_in, H, W]."""
        made: torch.Tensor = self.act(self.bn(nn.functional.conv2d(x, self.kernel(), padding=1)))
        return made

    def kernel(self) -> torch.Tensor:
        """Return the sum of the five kernels, [out, in, 3, 3]."""
        squares = (self.plain.flatten(2), self.central.flatten(2), self.around.flatten(2))
        weights = torch.cat((*squares, self.across, self.down), 2)
        return rearrange(weights @ self.differences, "o i (h w) -> o i h w", h=3)

    def fold(self) -> nn.Sequential:
        """Return one convolution and the activation."""
        return reparam.plain(reparam.normed(self.kernel(), self.bn), self.act)


def _differences() -> torch.Tensor:
    """Return [33, 9]: what each weight of the five kernels is in their sum."""
    square, column = torch.eye(9), torch.eye(3)
    middle = torch.zeros(9, 9)
    middle[:, 4] = 1
    nothing = torch.zeros(3, 3)
    across = torch.stack((column, nothing, -column), 2).flatten(1)
    down = torch.stack((column, nothing, -column), 1).flatten(1)
    return torch.cat((square, square - middle, square - square[BEFORE].T, across, down))
