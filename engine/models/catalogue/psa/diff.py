"""Differential attention: what two attentions have in common is noise and cancels."""

from __future__ import annotations

import math
from itertools import count

import torch
from einops import rearrange
from torch import nn
from ultralytics.nn.modules import Conv

from engine.models.catalogue.psa.frame import PsaFrame, Residuals, feed_forward
from engine.models.parts.attention import attend
from engine.models.parts.heads import heads_of
from engine.models.parts.norms import ChannelNorm
from engine.models.registry import register


class DifferentialAttention(nn.Module):
    """(softmax(Q1 K1ᵀ / √d) - λ softmax(Q2 K2ᵀ / √d)) V, normalised by head and projected.

    Equations 1 to 3, with λ = exp(λq1·λk1) - exp(λq2·λk2) + λ0 and λ0 = 0.8 - 0.6 exp(-0.3 (l - 1))
    in layer l; heads are divided by their root mean square and multiplied with 1 - λ0. For a map,
    dwconv3x3(V) tells of places as in C2PSA; the paper turns queries and keys of texts instead.

    Args:
        channels: In and out, even.
        depth: l, from 1.
    """

    def __init__(self, channels: int, depth: int) -> None:
        """Make the projections."""
        super().__init__()
        if channels % 2:
            raise ValueError(f"{channels} channels cannot be split into two attentions")
        self.heads = heads_of(channels // 2, 32)
        each = channels // self.heads // 2
        self.start = 0.8 - 0.6 * math.exp(-0.3 * (depth - 1))
        self.qkv = nn.Conv2d(channels, 3 * channels, 1, bias=False)
        self.lambdas = nn.Parameter(torch.empty(4, each))
        nn.init.normal_(self.lambdas, std=0.1)
        self.scale = nn.Parameter(torch.ones(2 * each))
        self.pe = Conv(channels, channels, 3, g=channels, act=False)
        self.proj = nn.Conv2d(channels, channels, 1, bias=False)

    def weight(self) -> torch.Tensor:
        """Return λ."""
        query_1, key_1, query_2, key_2 = self.lambdas.float().unbind(0)
        return (query_1 * key_1).sum().exp() - (query_2 * key_2).sum().exp() + self.start

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, C, H, W] for [B, C, H, W]."""
        height, width = x.shape[-2:]
        query, key, value = self.qkv(x).chunk(3, 1)
        pairs = "b (two head c) h w -> two b head (h w) c"
        query = rearrange(query, pairs, two=2, head=self.heads)
        key = rearrange(key, pairs, two=2, head=self.heads)
        shared = rearrange(value, "b (head c) h w -> b head (h w) c", head=self.heads)
        signal, noise = attend(query, key, shared).float().unbind(0)
        seen = signal - self.weight() * noise
        seen = seen * (seen.square().mean(-1, keepdim=True) + 1e-5).rsqrt() * (1 - self.start)
        seen = seen.to(x.dtype) * self.scale
        seen = rearrange(seen, "b head (h w) c -> b (head c) h w", h=height, w=width)
        projected: torch.Tensor = self.proj(seen + self.pe(value))
        return projected


@register(
    "diff",
    slot="psa",
    family="Differential Transformer",
    paper="Differential Transformer, ICLR 2025",
    year=2024,
    arxiv="2410.05258",
    origin="https://github.com/microsoft/unilm/tree/master/Diff-Transformer",
    licence="MIT; written from the paper",
)
class PsaDiff(PsaFrame):
    """`DifferentialAttention` after normalisation of each place, in the frame of C2PSA.

    The feed-forward is that of C2PSA instead of the paper's gated one. The first unit counts as
    the first layer of a network, in which λ begins at 0.2.

    Args:
        c_in: Channels in.
        c_out: Channels out.
        repeats: Number of units.
    """

    def __init__(self, c_in: int, c_out: int, repeats: int) -> None:
        """Put the units into the frame."""
        depth = count(1)

        def unit(channels: int) -> nn.Module:
            attention = DifferentialAttention(channels, next(depth))
            return Residuals(
                attn=nn.Sequential(ChannelNorm(channels), attention), ffn=feed_forward(channels)
            )

        super().__init__(c_in, c_out, repeats, unit)
