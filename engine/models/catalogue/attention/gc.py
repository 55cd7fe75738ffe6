"""GC block: one context of the whole picture, added everywhere."""

from __future__ import annotations

import torch
from torch import nn

from engine.models.parts.widths import reduced
from engine.models.registry import register


@register(
    "gc",
    slot="attention",
    family="GCNet",
    paper="GCNet: Non-local Networks Meet Squeeze-Excitation Networks and Beyond, ICCVW 2019",
    year=2019,
    arxiv="1904.11492",
    origin="https://github.com/xvjiarui/GCNet",
    licence="not verified; written from the paper",
)
class GlobalContext(nn.Module):
    """x + V2 relu(LN(V1 Σ softmax(K x)ⱼ xⱼ)), the block of section 3.4.

    The softmax is over all places j, so the context is their weighted mean. V2 begins with zeros,
    as in the authors' repository: at the start the layer changes nothing, and for a step only V2
    learns.

    Args:
        channels: In and out.
        ratio: The channels between V1 and V2 are `channels` / `ratio`, at least one.
    """

    def __init__(self, channels: int, *, ratio: int = 16) -> None:
        """Make an identity."""
        super().__init__()
        middle = reduced(channels, ratio)
        self.key = nn.Conv2d(channels, 1, 1)
        last = nn.Linear(middle, channels)
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)
        self.transform = nn.Sequential(
            nn.Linear(channels, middle), nn.LayerNorm(middle), nn.ReLU(inplace=True), last
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, C, H, W] for [B, C, H, W]."""
        share = self.key(x).flatten(2).softmax(2)
        context = (x.flatten(2) @ share.transpose(1, 2))[:, :, 0]
        added: torch.Tensor = self.transform(context)
        return x + added[:, :, None, None]
