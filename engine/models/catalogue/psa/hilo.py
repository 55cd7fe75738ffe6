"""HiLo: some heads look closely, the others look far and coarsely."""

from __future__ import annotations

import torch
from einops import rearrange
from torch import nn
from torch.nn import functional
from ultralytics.nn.modules import Conv

from engine.models.catalogue.psa.frame import PsaFrame, Residuals
from engine.models.parts.attention import attend
from engine.models.parts.heads import heads_of
from engine.models.parts.norms import ChannelNorm
from engine.models.registry import register


class HiLoAttention(nn.Module):
    """Heads that attend within small windows beside heads that attend to the windows' means.

    The border is repeated up to whole windows; with windows of 2 that changes neither
    a mean nor an attention within a window.

    Args:
        channels: In and out.
        alpha: Share of the heads that look far; there is at least one of each kind.
        window: Side of the windows.
    """

    def __init__(self, channels: int, alpha: float = 0.9, window: int = 2) -> None:
        """Share out the heads."""
        super().__init__()
        if not 0 <= alpha <= 1:
            raise ValueError(f"the share {alpha} is not between 0 and 1")
        if window < 1:
            raise ValueError(f"the window {window} is below 1")
        heads = max(2, heads_of(channels, 32))
        if channels % heads:
            raise ValueError(f"{channels} channels cannot be split into heads of two kinds")
        self.window, each = window, channels // heads
        self.far_heads = min(max(1, int(heads * alpha)), heads - 1)
        self.near_heads = heads - self.far_heads
        near, far = self.near_heads * each, self.far_heads * each
        self.near_qkv = nn.Conv2d(channels, 3 * near, 1)
        self.far_q = nn.Conv2d(channels, far, 1)
        self.far_kv = nn.Conv2d(channels, 2 * far, 1)
        self.near_proj = nn.Conv2d(near, near, 1)
        self.far_proj = nn.Conv2d(far, far, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, C, H, W] for [B, C, H, W]."""
        height, width = x.shape[-2:]
        lacking = (0, -width % self.window, 0, -height % self.window)
        x = functional.pad(x, lacking, mode="replicate")
        found = torch.cat((self.near(x), self.far(x)), 1)
        return found[:, :, :height, :width]

    def near(self, x: torch.Tensor) -> torch.Tensor:
        """Return what the windows find, for a map of whole windows."""
        rows, side = x.shape[-2] // self.window, self.window
        query, key, value = rearrange(
            self.near_qkv(x),
            "b (kind head c) (y dy) (x dx) -> kind b head (y x) (dy dx) c",
            kind=3,
            head=self.near_heads,
            dy=side,
            dx=side,
        ).unbind(0)
        seen = rearrange(
            attend(query, key, value),
            "b head (y x) (dy dx) c -> b (head c) (y dy) (x dx)",
            y=rows,
            dy=side,
            dx=side,
        )
        projected: torch.Tensor = self.near_proj(seen)
        return projected

    def far(self, x: torch.Tensor) -> torch.Tensor:
        """Return what all places find in the means of the windows."""
        flat = "b (head c) h w -> b head (h w) c"
        query = rearrange(self.far_q(x), flat, head=self.far_heads)
        means = functional.avg_pool2d(x, self.window)
        key, value = (
            rearrange(each, flat, head=self.far_heads) for each in self.far_kv(means).chunk(2, 1)
        )
        seen = rearrange(
            attend(query, key, value), "b head (h w) c -> b (head c) h w", h=x.shape[-2]
        )
        projected: torch.Tensor = self.far_proj(seen)
        return projected


@register(
    "hilo",
    slot="psa",
    family="LITv2",
    paper="Fast Vision Transformers with HiLo Attention, NeurIPS 2022",
    year=2022,
    arxiv="2205.13213",
    origin="https://github.com/ziplab/LITv2",
    licence="Apache-2.0; written from the paper",
)
class PsaHiLo(PsaFrame):
    """`HiLoAttention` after normalisation of each place, in the frame of C2PSA.

    The feed-forward is that of C2PSA with a depthwise 3×3 convolution in its middle; by that
    LITv2 tells places apart. 0.9 of the heads look far, as in the paper's networks.

    Args:
        c_in: Channels in.
        c_out: Channels out.
        repeats: Number of units.
        alpha: See `HiLoAttention`.
        window: See `HiLoAttention`.
    """

    def __init__(
        self, c_in: int, c_out: int, repeats: int, *, alpha: float = 0.9, window: int = 2
    ) -> None:
        """Put the units into the frame."""

        def unit(channels: int) -> nn.Module:
            middle = 2 * channels
            return Residuals(
                attn=nn.Sequential(ChannelNorm(channels), HiLoAttention(channels, alpha, window)),
                ffn=nn.Sequential(
                    Conv(channels, middle, 1, act=False),
                    Conv(middle, middle, 3, g=middle),
                    Conv(middle, channels, 1, act=False),
                ),
            )

        super().__init__(c_in, c_out, repeats, unit)
