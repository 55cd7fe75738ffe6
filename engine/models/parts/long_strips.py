"""Strips of any length that also run in half precision on a processor."""

from __future__ import annotations

import torch
from torch import nn

from engine.models.parts.depthwise import depthwise


class Across(nn.Conv2d):
    """A 1×k depthwise convolution that keeps height and width.

    On a processor in half precision it is computed as k×1 of the turned map: torch 2.13 does not
    come back from one of 1×15 or longer there.

    Args:
        channels: In and out.
        kernel: Its length, odd.
    """

    def __init__(self, channels: int, kernel: int) -> None:
        """Make the kernel."""
        super().__init__(channels, channels, (1, kernel), padding=(0, kernel // 2), groups=channels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, C, H, W] for [B, C, H, W]."""
        if x.dtype is not torch.float16 or x.device.type != "cpu":
            return super().forward(x)
        weight, reach = self.weight.transpose(2, 3), self.kernel_size[1] // 2
        turned = nn.functional.conv2d(
            x.transpose(2, 3), weight, self.bias, padding=(reach, 0), groups=self.groups
        )
        return turned.transpose(2, 3)


def long_strips(channels: int, kernel: int) -> nn.Sequential:
    """Return a 1×k and a k×1 depthwise convolution, one after the other.

    Args:
        channels: In and out.
        kernel: Length of both, odd.
    """
    down = depthwise(channels, (kernel, 1))
    return nn.Sequential(Across(channels, kernel), down)
