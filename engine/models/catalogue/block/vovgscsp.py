"""Slim-neck's VoV-GSCSP: bottlenecks of GSConv on one of two halves."""

from __future__ import annotations

import torch
from torch import nn
from ultralytics.nn.modules import Conv

from engine.models.parts.shuffle import shuffled
from engine.models.parts.widths import each_of
from engine.models.registry import register


class HalfDepthwise(nn.Module):
    """GSConv: a convolution to half the channels, a depth-wise 5×5 one of those, shuffled.

    Channels of both halves take turns as in ShuffleNet.

    Args:
        channels: In and out, a multiple of 2.
        kernel: Side of the dense kernel, odd.
        act: Whether both convolutions are activated.
    """

    def __init__(self, channels: int, kernel: int, *, act: bool = True) -> None:
        """Make both halves."""
        super().__init__()
        half = each_of(2, channels)
        self.dense = Conv(channels, half, kernel, act=act)
        self.cheap = Conv(half, half, 5, g=half, act=act)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, C, H, W] for [B, C, H, W]."""
        dense = self.dense(x)
        return shuffled(torch.cat((dense, self.cheap(dense)), 1), 2)


class GsBottleneck(nn.Module):
    """BN(W x) + gs3x3(gs1x1(x)), the second GSConv without activation.

    Args:
        channels: In and out, a multiple of 2.
    """

    def __init__(self, channels: int) -> None:
        """Make both ways."""
        super().__init__()
        self.work = nn.Sequential(HalfDepthwise(channels, 1), HalfDepthwise(channels, 3, act=False))
        self.shortcut = Conv(channels, channels, 1, act=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, C, H, W] for [B, C, H, W]."""
        joined: torch.Tensor = self.work(x) + self.shortcut(x)
        return joined


@register(
    "vovgscsp",
    slot="block",
    family="GSConv",
    paper="Slim-neck by GSConv: A Lightweight-Design for Real-Time Detector Architectures,"
    " Journal of Real-Time Image Processing 2024",
    year=2022,
    arxiv="2206.02424",
    origin="https://github.com/AlanLi1997/slim-neck-by-gsconv",
    licence="not verified; written from the paper",
)
class VovGsCsp(nn.Module):
    """A 1×1 convolution beside bottlenecks of GSConv behind another one, joined by a third.

    The first of the three forms in the paper. Unlike the frame of C3k2 it joins the last output
    only.

    Args:
        c_in: Channels in.
        c_out: Channels out.
        repeats: Number of bottlenecks.
        expansion: Channels of a half as a share of `c_out`; they are a multiple of 2.
    """

    def __init__(self, c_in: int, c_out: int, repeats: int, expansion: float) -> None:
        """Make both ways."""
        super().__init__()
        half = int(c_out * expansion)
        self.cv1 = Conv(c_in, half, 1)
        self.cv2 = Conv(c_in, half, 1)
        self.m = nn.Sequential(*(GsBottleneck(half) for _ in range(repeats)))
        self.cv3 = Conv(2 * half, c_out, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, c_out, H, W] for [B, c_in, H, W]."""
        joined: torch.Tensor = self.cv3(torch.cat((self.cv2(x), self.m(self.cv1(x))), 1))
        return joined
