"""MLCA: channels weighted as in ECA, for the whole map and for each part of a grid."""

from __future__ import annotations

import math

import torch
from einops import rearrange
from torch import nn

from engine.models.parts.pooling import averaging, grid_mean
from engine.models.registry import register


@register(
    "mlca",
    slot="attention",
    family="MLCA",
    paper="Mixed local channel attention for object detection,"
    " Engineering Applications of Artificial Intelligence 2023",
    year=2023,
    origin="https://github.com/wandahangFY/MLCA",
    licence="not verified; written from the paper",
)
class MixedLocalChannelAttention(nn.Module):
    """x ⊙ ((1 - w) σ(conv1d(global means)) + w σ(conv1d(means of a grid))), put back to the map.

    The means of the grid are one vector, place after place with all channels of each, so that the
    first and last channels of a place are weighted by those of the places beside it too; the
    global mean is that of the grid. Both are the authors'. The grid is stretched to the map by the
    means of the cells that a pixel touches.

    Args:
        channels: In and out.
        size: Rows and columns of the grid.
        share: w, 0 to 1.
        gamma: The kernel is (log2(channels) + b) / gamma, made odd, as in ECA.
        b: See `gamma`.
    """

    def __init__(
        self,
        channels: int,
        *,
        size: int = 5,
        share: float = 0.5,
        gamma: float = 2.0,
        b: float = 1.0,
    ) -> None:
        """Choose the kernel."""
        super().__init__()
        if size < 1:
            raise ValueError(f"a grid of {size} rows is none")
        if not 0 <= share <= 1:
            raise ValueError(f"the share {share} is not from 0 to 1")
        if gamma <= 0:
            raise ValueError(f"gamma {gamma} is not above 0")
        self.size, self.share = size, share
        kernel = max(1, int(abs((math.log2(channels) + b) / gamma)))
        kernel += 1 - kernel % 2
        self.whole = nn.Conv1d(1, 1, kernel, padding=kernel // 2, bias=False)
        self.local = nn.Conv1d(1, 1, kernel, padding=kernel // 2, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, C, H, W] for [B, C, H, W]."""
        height, width = x.shape[-2:]
        cells = grid_mean(x, self.size)
        whole = self.whole(cells.mean((2, 3))[:, None])[:, 0, :, None, None].sigmoid()
        local = self.local(rearrange(cells, "b c h w -> b 1 (h w c)")).sigmoid()
        local = rearrange(local, "b 1 (h w c) -> b c h w", h=self.size, w=self.size)
        weight = (1 - self.share) * whole + self.share * local
        stretched = averaging(self.size, height, x) @ weight @ averaging(self.size, width, x).T
        weighted: torch.Tensor = x * stretched
        return weighted
