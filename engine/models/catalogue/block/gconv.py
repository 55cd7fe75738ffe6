"""gUNet's block: a depth-wise convolution, gated."""

from __future__ import annotations

import torch
from torch import nn

from engine.models.catalogue.block.csp import Csp
from engine.models.parts.borders import repeated
from engine.models.parts.reach import reach_of
from engine.models.registry import register


class GConvBlock(nn.Module):
    """x + W3 (dw(W1 y) σ(W2 y)) with y = BN(x).

    "Rethinking Performance Gains in Image Dehazing Networks", its gConv block. Edges are repeated
    where the original mirrors them, which a map of two pixels cannot be, and weights begin as
    torch's convolutions do, as the original's depend on the depth of its own network.

    Args:
        channels: In and out.
        kernel: Side of the depth-wise kernel, odd.
    """

    def __init__(self, channels: int, kernel: int = 5) -> None:
        """Make value, gate and projection."""
        super().__init__()
        self.norm = nn.BatchNorm2d(channels)
        self.reach = reach_of(kernel)
        self.value = nn.Conv2d(channels, channels, 1)
        self.near = nn.Conv2d(channels, channels, kernel, groups=channels)
        self.gate = nn.Conv2d(channels, channels, 1)
        self.project = nn.Conv2d(channels, channels, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, C, H, W] for [B, C, H, W]."""
        y = self.norm(x)
        value = self.near(repeated(self.value(y), self.reach, self.reach))
        added: torch.Tensor = self.project(value * self.gate(y).sigmoid())
        return x + added


@register(
    "gconv",
    slot="block",
    family="gUNet",
    paper="Rethinking Performance Gains in Image Dehazing Networks",
    year=2022,
    arxiv="2209.11448",
    origin="https://github.com/IDKiro/gUNet",
    licence="GPL-3.0; written from the paper",
)
class CspGConv(Csp):
    """gUNet's blocks in the frame of C3k2.

    Args:
        c_in: Channels in.
        c_out: Channels out.
        repeats: Number of blocks.
        expansion: Channels of a half as a share of `c_out`.
        kernel: See `GConvBlock`.
    """

    def __init__(
        self, c_in: int, c_out: int, repeats: int, expansion: float, *, kernel: int = 5
    ) -> None:
        """Put the blocks into the frame."""
        super().__init__(c_in, c_out, repeats, expansion, lambda c: GConvBlock(c, kernel))
