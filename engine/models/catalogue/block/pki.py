"""PKINet's block: depth-wise kernels of five sizes, weighed by the context of long strips."""

from __future__ import annotations

from itertools import count

import torch
from torch import nn
from ultralytics.nn.modules import Conv

from engine.models.catalogue.block.csp import Csp
from engine.models.parts.depthwise import depthwise, strips
from engine.models.parts.norms import ChannelNorm
from engine.models.parts.scale import Scale
from engine.models.registry import register

KERNELS = (5, 7, 9, 11)
"""Sides of the kernels that run beside each other, behind the first one of 3."""


class ContextAnchor(nn.Module):
    """The weight of every value from averages of 7×7 and one strip of each direction.

    sigmoid(W2 dw(k×1) dw(1×k) W1 avgpool7(x)).

    Args:
        channels: In and out.
        kernel: Length of the strips, odd.
    """

    def __init__(self, channels: int, kernel: int = 11) -> None:
        """Make the strips."""
        super().__init__()
        self.weigh = nn.Sequential(
            nn.AvgPool2d(7, 1, 3),
            nn.Conv2d(channels, channels, 1),
            strips(channels, kernel),
            nn.Conv2d(channels, channels, 1),
            nn.Sigmoid(),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return weights [B, C, H, W] between 0 and 1 for [B, C, H, W]."""
        weight: torch.Tensor = self.weigh(x)
        return weight


class PolyKernel(nn.Module):
    """The poly kernel inception module with context anchor attention.

    y = pre(x); l = dw3(y); p = mix(l + Σ dw_k(l)); out = post(p + p · anchor(y)).

    Args:
        channels: In and out.
        strip: See `ContextAnchor`.
    """

    def __init__(self, channels: int, strip: int) -> None:
        """Make a convolution of each size."""
        super().__init__()
        self.pre = Conv(channels, channels, 1)
        self.small = depthwise(channels, 3, bias=False)
        self.wide = nn.ModuleList(depthwise(channels, k, bias=False) for k in KERNELS)
        self.mix = Conv(channels, channels, 1)
        self.anchor = ContextAnchor(channels, strip)
        self.post = Conv(channels, channels, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, C, H, W] for [B, C, H, W]."""
        y = self.pre(x)
        local = self.small(y)
        total = local
        for wide in self.wide:
            total = total + wide(local)
        mixed = self.mix(total)
        found: torch.Tensor = self.post(mixed + mixed * self.anchor(y))
        return found


class GatedFfn(nn.Module):
    """W2 (u sigmoid(mean of u)) with u = dw3(W1 LN(x)).

    Args:
        channels: In and out.
        ratio: Channels in the middle as a multiple of `channels`.
    """

    def __init__(self, channels: int, ratio: int) -> None:
        """Make the convolutions."""
        super().__init__()
        middle = ratio * channels
        self.widen = nn.Sequential(
            ChannelNorm(channels),
            nn.Conv2d(channels, middle, 1),
            depthwise(middle, 3),
        )
        self.narrow = nn.Conv2d(middle, channels, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, C, H, W] for [B, C, H, W]."""
        u = self.widen(x)
        found: torch.Tensor = self.narrow(u * u.mean((2, 3), keepdim=True).sigmoid())
        return found


class PkiBlock(nn.Module):
    """x = x + γ1 PolyKernel(BN(x)), then x = x + γ2 GatedFfn(BN(x)).

    "Poly Kernel Inception Network for Remote Sensing Detection". The scales γ begin with 1 as in
    the authors' configuration. Stochastic depth and dropout are left out. Of the stage around it
    only the split of channels is kept, which the frame has as well.

    Args:
        channels: In and out.
        strip: See `ContextAnchor`.
        ratio: See `GatedFfn`.
    """

    def __init__(self, channels: int, strip: int = 11, ratio: int = 4) -> None:
        """Make both halves."""
        super().__init__()
        if ratio < 1:
            raise ValueError(f"the ratio {ratio} is not above 0")
        self.norm1 = nn.BatchNorm2d(channels)
        self.mixer = PolyKernel(channels, strip)
        self.norm2 = nn.BatchNorm2d(channels)
        self.ffn = GatedFfn(channels, ratio)
        self.scale1 = Scale(channels)
        self.scale2 = Scale(channels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, C, H, W] for [B, C, H, W]."""
        x = x + self.scale1(self.mixer(self.norm1(x)))
        mixed: torch.Tensor = self.scale2(self.ffn(self.norm2(x)))
        return x + mixed


@register(
    "pki",
    slot="block",
    family="PKINet",
    paper="Poly Kernel Inception Network for Remote Sensing Detection, CVPR 2024",
    year=2024,
    arxiv="2403.06258",
    origin="https://github.com/PKINet/PKINet",
    licence="Apache-2.0; written from the paper",
)
class CspPki(Csp):
    """PKINet's blocks in the frame of C3k2; each one's strips are 2 longer than the last one's.

    Args:
        c_in: Channels in.
        c_out: Channels out.
        repeats: Number of blocks.
        expansion: Channels of a half as a share of `c_out`.
        strip: Length of the first block's strips, odd.
        ratio: See `PkiBlock`.
    """

    def __init__(
        self,
        c_in: int,
        c_out: int,
        repeats: int,
        expansion: float,
        *,
        strip: int = 11,
        ratio: int = 4,
    ) -> None:
        """Put the blocks into the frame."""
        length = count(strip, 2)
        super().__init__(
            c_in, c_out, repeats, expansion, lambda c: PkiBlock(c, next(length), ratio)
        )
