"""Convolutions of each channel for itself."""

from __future__ import annotations

import torch
from torch import nn

from ops.depthwise_large import SMALLEST, depthwise_conv2d


class WideDepthwise(nn.Conv2d):
    """A depthwise convolution without a stride whose kernel is wide, for `depthwise` to make."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, C, H', W'] for [B, C, H, W]."""
        assert not isinstance(self.padding, str)
        return depthwise_conv2d(x, self.weight, self.bias, self.padding, self.dilation)


def depthwise(
    channels: int, kernel: int | tuple[int, int], *, dilation: int = 1, bias: bool = True
) -> nn.Conv2d:
    """Return a depthwise convolution that keeps height and width.

    Args:
        channels: In and out.
        kernel: Its side, or height and width, odd.
        dilation: Distance of the pixels that it reads.
        bias: Whether it has one.
    """
    height, width = (kernel, kernel) if isinstance(kernel, int) else kernel
    if min(height, width) < 1 or height % 2 == 0 or width % 2 == 0:
        raise ValueError(f"the kernel {height}×{width} is not odd")
    kind = WideDepthwise if width >= SMALLEST else nn.Conv2d
    return kind(
        channels,
        channels,
        (height, width),
        padding=(height // 2 * dilation, width // 2 * dilation),
        dilation=dilation,
        groups=channels,
        bias=bias,
    )


def strips(channels: int, kernel: int, *, dilation: int = 1, bias: bool = True) -> nn.Sequential:
    """Return a 1×k and a k×1 depthwise convolution, one after the other.

    Args:
        channels: In and out.
        kernel: Length of both, odd.
        dilation: Distance of the pixels that they read.
        bias: Whether they have one.
    """
    return nn.Sequential(
        depthwise(channels, (1, kernel), dilation=dilation, bias=bias),
        depthwise(channels, (kernel, 1), dilation=dilation, bias=bias),
    )
