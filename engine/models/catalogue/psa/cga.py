"""Cascaded group attention: each head has channels of its own and what the last head found."""

from __future__ import annotations

import torch
from einops import rearrange
from torch import nn
from ultralytics.nn.modules import Conv

from engine.models.catalogue.psa.frame import PsaFrame, Residuals, feed_forward
from engine.models.parts.attention import attend
from engine.models.registry import register


class CascadedGroupAttention(nn.Module):
    """X̃_j = attention(X_j + X̃_(j-1)) for the channels X_j of head j, section 3.1.

    Queries pass a depthwise convolution first. Without the biases of relative positions, which
    the authors' code learns for one size of map.

    Args:
        channels: In and out, a multiple of `heads`.
        heads: Their number.
        kernel: Side of the convolution of the queries, odd.
        keys: Channels of queries and keys of a head.
    """

    def __init__(self, channels: int, heads: int = 4, kernel: int = 5, keys: int = 16) -> None:
        """Make what each head has."""
        super().__init__()
        if heads < 1 or channels % heads:
            raise ValueError(f"{channels} channels cannot be split into {heads} heads")
        if kernel % 2 == 0 or kernel < 1:
            raise ValueError(f"the kernel {kernel} is not odd")
        each = channels // heads
        self.split = [keys, keys, each]
        self.qkv = nn.ModuleList(Conv(each, sum(self.split), 1, act=False) for _ in range(heads))
        self.near = nn.ModuleList(Conv(keys, keys, kernel, g=keys, act=False) for _ in range(heads))
        self.act = nn.ReLU()
        self.proj = Conv(channels, channels, 1, act=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, C, H, W] for [B, C, H, W]."""
        height, width = x.shape[-2:]
        found: list[torch.Tensor] = []
        parts = x.chunk(len(self.qkv), 1)
        for part, qkv, near in zip(parts, self.qkv, self.near, strict=True):
            given = part + found[-1] if found else part
            query, key, value = torch.split(qkv(given), self.split, 1)
            flat = [rearrange(each, "b c h w -> b (h w) c") for each in (near(query), key, value)]
            seen = attend(*flat)
            found.append(rearrange(seen, "b (h w) c -> b c h w", h=height, w=width))
        projected: torch.Tensor = self.proj(self.act(torch.cat(found, 1)))
        return projected


@register(
    "cga",
    slot="psa",
    family="EfficientViT",
    paper="EfficientViT: Memory Efficient Vision Transformer with Cascaded Group Attention,"
    " CVPR 2023",
    year=2023,
    arxiv="2305.07027",
    origin="https://github.com/microsoft/Cream/tree/main/EfficientViT",
    licence="MIT; written from the paper",
)
class PsaCga(PsaFrame):
    """`CascadedGroupAttention` in the frame of C2PSA, with its feed-forward.

    Without the further feed-forwards and convolutions of the paper's sandwich.

    Args:
        c_in: Channels in.
        c_out: Channels out.
        repeats: Number of units.
        heads: See `CascadedGroupAttention`.
        kernel: See `CascadedGroupAttention`.
    """

    def __init__(
        self, c_in: int, c_out: int, repeats: int, *, heads: int = 4, kernel: int = 5
    ) -> None:
        """Put the units into the frame."""

        def unit(channels: int) -> nn.Module:
            return Residuals(
                attn=CascadedGroupAttention(channels, heads, kernel), ffn=feed_forward(channels)
            )

        super().__init__(c_in, c_out, repeats, unit)
