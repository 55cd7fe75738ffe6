"""XCA: channels attend to each other, and places exchange what they have by convolution."""

from __future__ import annotations

import torch
from einops import rearrange
from torch import nn

from engine.models.catalogue.psa.frame import PsaFrame, Residuals, feed_forward
from engine.models.parts.attention import cross_covariance
from engine.models.parts.heads import heads_of
from engine.models.parts.norms import ChannelNorm
from engine.models.registry import register


class CrossCovariance(nn.Module):
    """W softmax(τ Q̂ K̂ᵀ) V with Q, K and V linear in x, section 3.2.

    Args:
        channels: In and out.
    """

    def __init__(self, channels: int) -> None:
        """Make the projections."""
        super().__init__()
        self.heads = heads_of(channels, 64)
        self.qkv = nn.Conv2d(channels, 3 * channels, 1)
        self.temperature = nn.Parameter(torch.ones(self.heads, 1, 1))
        self.proj = nn.Conv2d(channels, channels, 1)

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


def patch_interaction(channels: int, kernel: int = 3) -> nn.Module:
    """Return the layer by which places see their neighbours, section 3.3."""

    def depthwise() -> nn.Module:
        return nn.Conv2d(channels, channels, kernel, padding=kernel // 2, groups=channels)

    return nn.Sequential(depthwise(), nn.GELU(), nn.BatchNorm2d(channels), depthwise())


@register(
    "xca",
    slot="psa",
    family="XCiT",
    paper="XCiT: Cross-Covariance Image Transformers, NeurIPS 2021",
    year=2021,
    arxiv="2106.09681",
    origin="https://github.com/facebookresearch/xcit",
    licence="Apache-2.0; written from the paper",
)
class PsaXca(PsaFrame):
    """XCiT's layer in the frame of C2PSA: `CrossCovariance`, `patch_interaction`, feed-forward.

    Places are normalised before the first two, as in section 3.3. The feed-forward is that of
    C2PSA, there is no positional encoding of its own and no layer scale.

    Args:
        c_in: Channels in.
        c_out: Channels out.
        repeats: Number of units.
    """

    def __init__(self, c_in: int, c_out: int, repeats: int) -> None:
        """Put the units into the frame."""

        def unit(channels: int) -> nn.Module:
            return Residuals(
                attn=nn.Sequential(ChannelNorm(channels), CrossCovariance(channels)),
                near=nn.Sequential(ChannelNorm(channels), patch_interaction(channels)),
                ffn=feed_forward(channels),
            )

        super().__init__(c_in, c_out, repeats, unit)
