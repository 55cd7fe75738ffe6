"""External attention: places look into two small memories instead of at one another."""

from __future__ import annotations

import torch
from torch import nn
from ultralytics.nn.modules import Conv

from engine.models.registry import register


@register(
    "external",
    slot="attention",
    family="External attention",
    paper="Beyond Self-attention: External Attention using Two Linear Layers for Visual Tasks,"
    " TPAMI 2022",
    year=2021,
    arxiv="2105.02358",
    origin="https://github.com/MenghaoGuo/EANet",
    licence="not verified; written from the paper",
)
class ExternalAttention(nn.Module):
    """x + bn(W₂ Mv norm(Mk W₁ x)), sections 3.1 and 3.2, with Mk and Mv the memories.

    The norm is the double one: softmax over the places, then shares over the memory that sum to
    one. Those shares are the softmax over the memory of the logarithm of the first one, which is
    how they are computed, so that none is divided by zero. W₁ has no bias, as the softmax over the
    places would take it out again. The sum with x and W₂ are of the authors' network; the ReLU that
    follows there would cut off half of what YOLO's layers give and is left out.

    Args:
        channels: In and out.
        memory: Rows of each memory.
    """

    def __init__(self, channels: int, *, memory: int = 64) -> None:
        """Make the memories."""
        super().__init__()
        if memory < 1:
            raise ValueError(f"a memory of {memory} rows is none")
        self.query = nn.Conv2d(channels, channels, 1, bias=False)
        self.keys = nn.Conv1d(channels, memory, 1, bias=False)
        self.values = nn.Conv1d(memory, channels, 1, bias=False)
        self.out = Conv(channels, channels, 1, act=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, C, H, W] for [B, C, H, W]."""
        shares = self.keys(self.query(x).flatten(2)).log_softmax(2).softmax(1)
        found: torch.Tensor = self.out(self.values(shares).reshape(x.shape))
        return x + found
