"""CGNet's block: local and surrounding features, weighted by the whole picture."""

from __future__ import annotations

import torch
from torch import nn

from engine.models.catalogue.block.csp import Csp
from engine.models.parts.context_guided import ContextGuided, rectified
from engine.models.registry import register


class CgBlock(nn.Module):
    """x + guided(prelu(norm(1×1 x))) with half of the channels in the middle.

    The residual is the paper's "global residual learning".

    Args:
        channels: In and out, even.
        level: Of the map.
        dilation: See `ContextGuided`.
        reduction: See `ContextGuided`.
    """

    def __init__(self, channels: int, level: int, dilation: int = 0, reduction: int = 0) -> None:
        """Make both parts."""
        super().__init__()
        if channels % 2:
            raise ValueError(f"{channels} channels cannot be halved")
        self.narrow = rectified(channels, channels // 2, 1)
        self.guided = ContextGuided(channels // 2, channels, level, dilation, reduction)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, C, H, W] for [B, C, H, W]."""
        added: torch.Tensor = self.guided(self.narrow(x))
        return x + added


@register(
    "cg",
    slot="block",
    family="CGNet",
    paper="CGNet: A Light-weight Context Guided Network for Semantic Segmentation, TIP 2021",
    year=2018,
    arxiv="1811.08201",
    origin="https://github.com/wutianyiRosun/CGNet",
    licence="MIT; written from the paper",
)
class CspCg(Csp):
    """CGNet's blocks in the frame of C3k2.

    Args:
        c_in: Channels in.
        c_out: Channels out.
        repeats: Number of blocks.
        expansion: Channels of a half as a share of `c_out`.
        level: Of the map.
        dilation: Of the surrounding feature; 0 for the paper's, 2 at p2 and 4 above.
        reduction: Of the channels in the weighting; 0 for the paper's, 8 at p2 and 16 above.
    """

    def __init__(
        self,
        c_in: int,
        c_out: int,
        repeats: int,
        expansion: float,
        level: int = 3,
        *,
        dilation: int = 0,
        reduction: int = 0,
    ) -> None:
        """Put the blocks into the frame."""
        super().__init__(
            c_in, c_out, repeats, expansion, lambda c: CgBlock(c, level, dilation, reduction)
        )
