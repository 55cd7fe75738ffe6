"""Dynamic snake convolution: chains of taps that follow thin, curved things."""

from __future__ import annotations

from typing import Literal

import torch
from torch import nn
from ultralytics.nn.modules import Conv

from engine.models.parts.reach import reach_of
from engine.models.registry import register
from ops.snake_gather import snake_gather


class SnakeConv(nn.Module):
    """A 1×K or K×1 convolution whose taps bend, normalised and activated: DSConv.

    Steps of at most a pixel come from a 3×3 convolution, BatchNorm and tanh, and add up from the
    middle outward (equations 3 and 4). The authors' layer finds 2K of them and uses K - 1; here
    those that it uses are all there are. Their first version leaves the outermost taps where they
    are and learns nothing through the sum; as in their later one, both are right here, and what
    lies outside of the map is 0. The group normalisation has four channels a group where they
    divide.

    Args:
        c_in: Channels in.
        c_out: Channels out.
        axis: "x" for a chain with a tap in each column, "y" for one in each row.
        kernel: Number of taps, odd, at least 3.
    """

    def __init__(self, c_in: int, c_out: int, axis: Literal["x", "y"], kernel: int = 9) -> None:
        """Make the steps and the convolution of what lies on the chain."""
        super().__init__()
        reach_of(kernel, 1)
        self.axis = axis
        self.steps = nn.Conv2d(c_in, kernel - 1, 3, padding=1)
        self.steps_norm = nn.BatchNorm2d(kernel - 1)
        self.conv = nn.Conv2d(c_in * kernel, c_out, 1)
        self.norm = nn.GroupNorm(_groups(c_out), c_out)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, c_out, H, W] for [B, c_in, H, W]."""
        steps = self.steps_norm(self.steps(x)).tanh()
        read = snake_gather(x, steps, self.axis).flatten(1, 2)
        activated: torch.Tensor = self.relu(self.norm(self.conv(read)))
        return activated


@register(
    "dysnake",
    slot="conv",
    family="DSCNet",
    paper="Dynamic Snake Convolution based on Topological Geometric Constraints for Tubular"
    " Structure Segmentation, ICCV 2023",
    year=2023,
    arxiv="2307.08388",
    origin="https://github.com/YaoleiQi/DSCNet",
    licence="MIT; written from the paper",
    operators=("snake_gather",),
)
class DySnakeConv(nn.Module):
    """A 3×3 convolution, a snake along x and a snake along y side by side, reduced to c_out.

    The paper joins the three in each stage of its network and convolves them 3×3 there; here a 1×1
    convolution reduces them. Its loss of persistent homology is not part of this.

    Args:
        c_in: Channels in.
        c_out: Channels out.
        kernel: Taps of each snake, odd, at least 3.
    """

    def __init__(self, c_in: int, c_out: int, *, kernel: int = 9) -> None:
        """Make the three and what reduces them."""
        super().__init__()
        self.straight = Conv(c_in, c_out, 3)
        self.along_x = SnakeConv(c_in, c_out, "x", kernel)
        self.along_y = SnakeConv(c_in, c_out, "y", kernel)
        self.join = Conv(3 * c_out, c_out, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, c_out, H, W] for [B, c_in, H, W]."""
        parts = (self.straight(x), self.along_x(x), self.along_y(x))
        joined: torch.Tensor = self.join(torch.cat(parts, 1))
        return joined


def _groups(channels: int) -> int:
    """Return the largest number of equal groups of at least four channels, at least one."""
    return max(n for n in range(1, max(1, channels // 4) + 1) if channels % n == 0)
