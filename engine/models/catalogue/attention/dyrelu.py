"""Dynamic ReLU: two lines for each channel, chosen by the whole map."""

from __future__ import annotations

import torch
from einops import rearrange
from torch import nn

from engine.models.registry import register

PIECES = 2


@register(
    "dyrelu",
    slot="attention",
    family="Dynamic ReLU",
    paper="Dynamic ReLU, ECCV 2020",
    year=2020,
    arxiv="2003.10027",
    licence="not verified; written from the paper",
)
class DyRelu(nn.Module):
    """max over k of a_k x + b_k, with a and b of each channel from the mean of the map.

    Form B of the paper, for each channel and the same at all places, equations 3 to 5: Δ is
    2 σ(W2 relu(W1 mean)) − 1, a_1 = 1 + Δ, a_2 = Δ, b_k = Δ / 2. At Δ = 0 it is ReLU.

    It knows its channels, which an activation here does not, and so it stands where attention
    stands: behind a block, whose channels it weights by what is in the map.

    Args:
        channels: In and out.
        reduction: W1 gives so many times fewer channels.
    """

    start: torch.Tensor
    reach: torch.Tensor

    def __init__(self, channels: int, *, reduction: int = 8) -> None:
        """Make what chooses the lines."""
        super().__init__()
        if reduction < 1:
            raise ValueError(f"the reduction {reduction} is below 1")
        middle = max(1, channels // reduction)
        self.choose = nn.Sequential(
            nn.Conv2d(channels, middle, 1),
            nn.ReLU(inplace=True),
            nn.Conv2d(middle, 2 * PIECES * channels, 1),
        )
        # In the order of a_1, a_2, b_1 and b_2.
        self.register_buffer("start", torch.tensor([1.0, 0.0, 0.0, 0.0]).view(-1, 1, 1, 1))
        self.register_buffer("reach", torch.tensor([1.0, 1.0, 0.5, 0.5]).view(-1, 1, 1, 1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, C, H, W] for [B, C, H, W]."""
        moved = 2 * self.choose(x.mean((2, 3), keepdim=True)).sigmoid() - 1
        moved = rearrange(moved, "b (kind c) h w -> b kind c h w", kind=2 * PIECES)
        slope, other, shift, rest = (self.start + self.reach * moved).unbind(1)
        return torch.maximum(slope * x + shift, other * x + rest)
