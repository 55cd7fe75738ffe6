"""CloFormer's attention as a layer of its own: a gate from what is near, means of what is far."""

from __future__ import annotations

import torch
from torch import nn

from engine.models.parts.clo import CloAttention
from engine.models.registry import register


@register(
    "cloatt",
    slot="attention",
    family="CloFormer",
    paper="Rethinking Local Perception in Lightweight Vision Transformer, arXiv 2023",
    year=2023,
    arxiv="2303.17803",
    origin="https://github.com/qhfan/CloFormer",
    licence="MIT; written from the paper",
)
class CloLayer(nn.Module):
    """x + attention(norm(x)): the first half of CloFormer's block, section 3.

    CloFormer's kernels are 3, 5, 7 and 9 and its windows 8, 4, 2 and 1 by stage; here they are the
    same at every place, by default those of its second stage.

    Args:
        channels: In and out, a multiple of 4.
        kernel: Side of the local convolutions, odd.
        window: Side of the windows whose means are looked at, in pixels of the map.
    """

    def __init__(self, channels: int, *, kernel: int = 5, window: int = 4) -> None:
        """Make the attention."""
        super().__init__()
        self.norm = nn.GroupNorm(1, channels)
        self.attention = CloAttention(channels, kernel, window)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, C, H, W] for [B, C, H, W]."""
        seen: torch.Tensor = self.attention(self.norm(x))
        return x + seen
