"""Multi-scale deformable attention and the small functions that transformer heads need with it."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import nn

from ops.ms_deform_attn import ms_deform_attn


def inverse_sigmoid(x: torch.Tensor, eps: float = 1e-5) -> torch.Tensor:
    """Return what the sigmoid makes into x, for values from 0 to 1.

    Args:
        x: Any shape; taken as 0 below it and as 1 above.
        eps: Values closer to 0 or 1 give what this distance gives.
    """
    x = x.clamp(0, 1)
    return (x.clamp(min=eps) / (1 - x).clamp(min=eps)).log()


def bias_for(probability: float) -> float:
    """Return the bias at which a sigmoid gives a probability, above 0 and below 1."""
    return -math.log((1 - probability) / probability)


def linear_begin(layer: nn.Linear) -> None:
    """Begin weights and bias of a layer of [out, in] evenly within ±1 / √out."""
    bound = 1 / math.sqrt(layer.weight.shape[0])
    nn.init.uniform_(layer.weight, -bound, bound)
    if layer.bias is not None:
        nn.init.uniform_(layer.bias, -bound, bound)


class MSDeformAttn(nn.Module):
    """Attention to a few places of every level, found by the query, equation 3 of Deformable DETR.

    "Deformable DETR: Deformable Transformers for End-to-End Object Detection", arXiv 2010.04159,
    section 4.1; section A.2 for boxes. It begins by looking at rings of places around the reference
    with equal weights: offset and attention weights are zero, the bias of the offsets has one
    direction a head and one distance a point.

    Args:
        channels: In and out, a multiple of `heads`.
        levels: Number of maps.
        heads: Number of them.
        points: Places of each head on each level.
    """

    def __init__(
        self, channels: int = 256, *, levels: int = 4, heads: int = 8, points: int = 4
    ) -> None:
        """Begin with the rings."""
        super().__init__()
        if heads < 1 or channels % heads:
            raise ValueError(f"{channels} channels cannot be split into {heads} heads")
        self.levels, self.heads, self.points = levels, heads, points
        self.offset = nn.Linear(channels, heads * levels * points * 2)
        self.attention = nn.Linear(channels, heads * levels * points)
        self.value = nn.Linear(channels, channels)
        self.output = nn.Linear(channels, channels)
        nn.init.zeros_(self.offset.weight)
        with torch.no_grad():
            self.offset.bias.copy_(self._rings().flatten())
        nn.init.zeros_(self.attention.weight)
        nn.init.zeros_(self.attention.bias)
        for layer in (self.value, self.output):
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)

    def forward(
        self,
        query: torch.Tensor,
        reference: torch.Tensor,
        value: torch.Tensor,
        shapes: Sequence[tuple[int, int]],
        padded: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Return [B, Q, C].

        Args:
            query: [B, Q, C].
            reference: Points [B, Q, L or 1, 2] or boxes [B, Q, L or 1, 4] as centre and size, right
                and down, from 0 to 1. Offsets are pixels for points, for boxes parts of half of the
                size divided by the number of points.
            value: [B, S, C], levels one after another in the order of `shapes`.
            shapes: Height and width of each level.
            padded: [B, S], true where a pixel is not to be seen.
        """
        batch, queries = query.shape[:2]
        values = self.value(value)
        if padded is not None:
            values = values.masked_fill(padded[..., None], 0)
        values = values.reshape(batch, value.shape[1], self.heads, -1)
        each = (batch, queries, self.heads, self.levels)
        offset = self.offset(query).reshape(*each, self.points, 2)
        weights = self.attention(query).reshape(*each[:3], -1).softmax(-1)
        near = reference[:, :, None, :, None]
        if reference.shape[-1] == 2:
            size = torch.tensor([(w, h) for h, w in shapes], dtype=query.dtype, device=query.device)
            locations = near + offset / size[:, None]
        else:
            locations = near[..., :2] + offset / self.points * near[..., 2:] * 0.5
        gathered = ms_deform_attn(values, shapes, locations, weights.reshape(*each, self.points))
        joined: torch.Tensor = self.output(gathered)
        return joined

    def _rings(self) -> torch.Tensor:
        """Return [heads, levels, points, 2]: point p of a head is p + 1 steps in its direction."""
        angle = torch.arange(self.heads) * (2 * math.pi / self.heads)
        direction = torch.stack((angle.cos(), angle.sin()), -1)
        direction = direction / direction.abs().amax(-1, keepdim=True)
        steps = torch.arange(1, self.points + 1)
        ring = direction[:, None, None] * steps[:, None]
        return ring.expand(self.heads, self.levels, self.points, 2)
