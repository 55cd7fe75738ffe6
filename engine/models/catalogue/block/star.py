"""StarNet's block: two projections of the same map, multiplied."""

from __future__ import annotations

import torch
from torch import nn
from ultralytics.nn.modules import Conv

from engine.models.catalogue.block.csp import Csp
from engine.models.parts.depthwise import depthwise
from engine.models.registry import register


class StarBlock(nn.Module):
    """x + dw2(g(relu6(f1(y)) f2(y))) with y = dw1(x).

    "Rewrite the Stars", the block of its StarNet: dw1 and dw2 are 7×7 depth-wise convolutions, f1
    and f2 widen, g narrows. dw1 and g are normalised, f1, f2 and dw2 are not. Stochastic depth is
    left out, and so are the biases in front of a normalisation, which undoes them.

    Args:
        channels: In and out.
        ratio: Channels of the two factors as a multiple of `channels`.
    """

    def __init__(self, channels: int, ratio: int = 4) -> None:
        """Make the five convolutions."""
        super().__init__()
        if ratio < 1:
            raise ValueError(f"the ratio {ratio} is not above 0")
        middle = ratio * channels
        self.dw1 = Conv(channels, channels, 7, g=channels, act=False)
        self.f1 = nn.Conv2d(channels, middle, 1)
        self.f2 = nn.Conv2d(channels, middle, 1)
        self.g = Conv(middle, channels, 1, act=False)
        self.dw2 = depthwise(channels, 7)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, C, H, W] for [B, C, H, W]."""
        y = self.dw1(x)
        star = nn.functional.relu6(self.f1(y)) * self.f2(y)
        added: torch.Tensor = self.dw2(self.g(star))
        return x + added


@register(
    "star",
    slot="block",
    family="StarNet",
    paper="Rewrite the Stars, CVPR 2024",
    year=2024,
    arxiv="2403.19967",
    origin="https://github.com/ma-xu/Rewrite-the-Stars",
    licence="not verified; written from the paper",
)
class CspStar(Csp):
    """StarNet's blocks in the frame of C3k2.

    Args:
        c_in: Channels in.
        c_out: Channels out.
        repeats: Number of blocks.
        expansion: Channels of a half as a share of `c_out`.
        ratio: See `StarBlock`.
    """

    def __init__(
        self, c_in: int, c_out: int, repeats: int, expansion: float, *, ratio: int = 4
    ) -> None:
        """Put the blocks into the frame."""
        super().__init__(c_in, c_out, repeats, expansion, lambda c: StarBlock(c, ratio))
