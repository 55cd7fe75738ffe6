"""MDTA: channels attend to each other, after each has looked around."""

from __future__ import annotations

import torch
from einops import rearrange
from torch import nn

from engine.models.catalogue.psa.frame import PsaFrame, Residuals, feed_forward
from engine.models.parts.attention import cross_covariance
from engine.models.parts.heads import heads_of
from engine.models.parts.norms import ChannelNorm
from engine.models.registry import register


class TransposedAttention(nn.Module):
    """W softmax(τ Q̂ K̂ᵀ) V with Q, K and V from a 1×1 and a depthwise 3×3 convolution, equation 1.

    Args:
        channels: In and out.
    """

    def __init__(self, channels: int) -> None:
        """Make the projections, without biases."""
        super().__init__()
        self.heads = heads_of(channels, 64)
        self.qkv = nn.Sequential(
            nn.Conv2d(channels, 3 * channels, 1, bias=False),
            nn.Conv2d(3 * channels, 3 * channels, 3, padding=1, groups=3 * channels, bias=False),
        )
        self.temperature = nn.Parameter(torch.ones(self.heads, 1, 1))
        self.proj = nn.Conv2d(channels, channels, 1, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, C, H, W] for [B, C, H, W]."""
        height, width = x.shape[-2:]
        query, key, value = rearrange(
            self.qkv(x), "b (kind head c) h w -> kind b head c (h w)", kind=3, head=self.heads
        ).unbind(0)
        seen = cross_covariance(query, key, value, self.temperature)
        seen = rearrange(seen, "b head c (h w) -> b (head c) h w", h=height, w=width)
        projected: torch.Tensor = self.proj(seen)
        return projected


@register(
    "mdta",
    slot="psa",
    family="Restormer",
    paper="Restormer: Efficient Transformer for High-Resolution Image Restoration, CVPR 2022",
    year=2021,
    arxiv="2111.09881",
    origin="https://github.com/swz30/Restormer",
    licence="not verified; written from the paper",
)
class PsaMdta(PsaFrame):
    """`TransposedAttention` after normalisation of each place, in the frame of C2PSA.

    Section 3.1. The feed-forward is that of C2PSA instead of the paper's gated one.

    Args:
        c_in: Channels in.
        c_out: Channels out.
        repeats: Number of units.
    """

    def __init__(self, c_in: int, c_out: int, repeats: int) -> None:
        """Put the units into the frame."""

        def unit(channels: int) -> nn.Module:
            return Residuals(
                attn=nn.Sequential(ChannelNorm(channels), TransposedAttention(channels)),
                ffn=feed_forward(channels),
            )

        super().__init__(c_in, c_out, repeats, unit)
