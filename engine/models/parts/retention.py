"""RMT's attention: what is far away counts less, by rows and columns or all at once."""

from __future__ import annotations

import torch
from einops import rearrange
from torch import nn


def decay(
    heads: int, span: float, start: float = 2.0, device: torch.device | None = None
) -> torch.Tensor:
    """Return log γ of each head, γ = 1 − 2^(−start − span · head / heads), float32 [heads]."""
    head = torch.arange(heads, dtype=torch.float32, device=device)
    return torch.log(1 - 2.0 ** (-start - span * head / heads))


def apart(length: int, device: torch.device | None = None) -> torch.Tensor:
    """Return |n − m| of the places of a line, float32 [length, length]."""
    place = torch.arange(length, dtype=torch.float32, device=device)
    return (place[:, None] - place).abs()


def manhattan(height: int, width: int, device: torch.device | None = None) -> torch.Tensor:
    """Return |yₙ − yₘ| + |xₙ − xₘ| of the places of a map, float32 [H · W, H · W]."""
    rows, columns = apart(height, device), apart(width, device)
    return rearrange(rows[:, None, :, None] + columns[None, :, None], "a b c d -> (a b) (c d)")


def turned(x: torch.Tensor) -> torch.Tensor:
    """Turn each pair of channels by the place in the map times the pair's frequency.

    Places are counted row by row; frequencies fall from 1 to 1 / 10000. Products of two turned
    vectors tell how far apart they are in this order.

    Args:
        x: [B, heads, H, W, D], D even.
    """
    height, width, channels = x.shape[-3:]
    pairs = channels // 2
    pair = torch.arange(pairs, dtype=torch.float32, device=x.device)
    frequency = 10000.0 ** (-pair / max(1, pairs - 1))
    # In float32, since half precision cannot count to the end of a map.
    place = torch.arange(height * width, dtype=torch.float32, device=x.device)
    angle = place.view(height, width, 1) * frequency
    sine, cosine = angle.sin().to(x.dtype), angle.cos().to(x.dtype)
    even, odd = x[..., ::2], x[..., 1::2]
    return torch.stack((even * cosine - odd * sine, odd * cosine + even * sine), -1).flatten(-2)


class ManhattanAttention(nn.Module):
    """softmax(q kᵀ / √d + distance · log γ) v + dw5x5(v), and a 1×1 convolution.

    "RMT: Retentive Networks Meet Vision Transformers", arXiv 2309.11523, section 3. The decomposed
    form does the same along rows and then along columns, with γ to the power of the distance in
    the row or column: what is left of a value after both is γ to the Manhattan distance, as in the
    full form, for the cost of two lines instead of the map.

    The paper's text multiplies softmax(q kᵀ) by γ to the distance. The authors' networks have the
    form above, in which the weights of a place still add up to one. Queries and keys are turned by
    their places first, see `turned`.

    Args:
        channels: In and out.
        heads: They divide the channels into parts of even width.
        span: How much log2(1 − γ) differs between the first head and one after the last.
        decomposed: Along rows and columns.
    """

    def __init__(self, channels: int, heads: int, span: float, *, decomposed: bool) -> None:
        """Make the convolutions."""
        super().__init__()
        if channels % heads or channels // heads % 2:
            raise ValueError(f"{channels} channels cannot be split into {heads} heads of pairs")
        self.heads, self.span, self.decomposed = heads, span, decomposed
        self.q = nn.Conv2d(channels, channels, 1)
        self.k = nn.Conv2d(channels, channels, 1)
        self.v = nn.Conv2d(channels, channels, 1)
        self.near = nn.Conv2d(channels, channels, 5, padding=2, groups=channels)
        self.join = nn.Conv2d(channels, channels, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, C, H, W] for [B, C, H, W]."""
        values = self.v(x)
        q, k, v = (
            rearrange(each, "b (n d) h w -> b n h w d", n=self.heads)
            for each in (self.q(x), self.k(x), values)
        )
        attend = self._lines if self.decomposed else self._whole
        seen = rearrange(attend(turned(q), turned(k), v), "b n h w d -> b (n d) h w")
        joined: torch.Tensor = self.join(seen + self.near(values))
        return joined

    def _lines(self, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
        height, width = q.shape[2:4]
        attend = nn.functional.scaled_dot_product_attention
        v = attend(q, k, v, attn_mask=self._mask(apart(width, q.device), q)[:, None])
        q, k, v = (each.transpose(2, 3) for each in (q, k, v))
        return attend(q, k, v, attn_mask=self._mask(apart(height, q.device), q)[:, None]).transpose(
            2, 3
        )

    def _whole(self, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
        height, width = q.shape[2:4]
        mask = self._mask(manhattan(height, width, q.device), q)
        q, k, v = (each.flatten(2, 3) for each in (q, k, v))
        seen = nn.functional.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        return rearrange(seen, "b n (h w) d -> b n h w d", h=height)

    def _mask(self, distance: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
        faded = decay(self.heads, self.span, device=like.device)[:, None, None] * distance
        return faded.to(like)
