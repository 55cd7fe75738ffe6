"""CGNet's block that halves the map: 3×3 with stride 2, then both features and the weighting."""

from __future__ import annotations

import torch
from torch import nn

from engine.models.parts.context_guided import ContextGuided, rectified
from engine.models.registry import register


@register(
    "cg",
    slot="down",
    family="CGNet",
    paper="CGNet: A Light-weight Context Guided Network for Semantic Segmentation, TIP 2021",
    year=2018,
    arxiv="1811.08201",
    origin="https://github.com/wutianyiRosun/CGNet",
    licence="MIT; written from the paper",
)
class CgDown(nn.Module):
    """guided(prelu(norm(3×3 x))) with stride 2 and without a residual.

    Both features have all channels here; a 1×1 convolution makes one map of them.

    Args:
        c_in: Channels in.
        c_out: Channels out.
        level: Of the map that it gives.
        dilation: Of the surrounding feature; 0 for the paper's, 2 at p2 and 4 above.
        reduction: Of the channels in the weighting; 0 for the paper's, 8 at p2 and 16 above.
    """

    def __init__(
        self, c_in: int, c_out: int, level: int = 3, *, dilation: int = 0, reduction: int = 0
    ) -> None:
        """Make both parts."""
        super().__init__()
        self.halve = rectified(c_in, c_out, 3, 2)
        self.guided = ContextGuided(c_out, c_out, level, dilation, reduction)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, c_out, ⌈H / 2⌉, ⌈W / 2⌉] for [B, c_in, H, W]."""
        made: torch.Tensor = self.guided(self.halve(x))
        return made
