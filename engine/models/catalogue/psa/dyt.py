"""DyT: a tanh in the place of normalisation."""

from __future__ import annotations

import torch
from einops import rearrange
from torch import nn

from engine.models.catalogue.psa.frame import PsaFrame, Residuals
from engine.models.parts.attention import attend
from engine.models.parts.glu import Mlp
from engine.models.parts.heads import heads_of
from engine.models.registry import register


class DynamicTanh(nn.Module):
    """γ tanh(α x) + β, section 4, with γ and β for each channel and one α.

    Args:
        channels: In and out.
        alpha: α at the start.
    """

    def __init__(self, channels: int, alpha: float = 0.5) -> None:
        """Begin with γ 1 and β 0."""
        super().__init__()
        self.alpha = nn.Parameter(torch.full((1,), float(alpha)))
        self.weight = nn.Parameter(torch.ones(channels, 1, 1))
        self.bias = nn.Parameter(torch.zeros(channels, 1, 1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, C, H, W] for [B, C, H, W]."""
        return self.weight * torch.tanh(self.alpha * x) + self.bias


class BareAttention(nn.Module):
    """C2PSA's attention without normalisation: softmax(Q Kᵀ / √d) V + dwconv3x3(V), projected.

    Args:
        channels: In and out.
    """

    def __init__(self, channels: int) -> None:
        """Make the projections; queries and keys have half as many channels as values."""
        super().__init__()
        self.heads = heads_of(channels, 64)
        key = max(1, channels // self.heads // 2)
        self.split = [key, key, channels // self.heads]
        self.qkv = nn.Conv2d(channels, self.heads * sum(self.split), 1)
        self.pe = nn.Conv2d(channels, channels, 3, padding=1, groups=channels)
        self.proj = nn.Conv2d(channels, channels, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, C, H, W] for [B, C, H, W]."""
        height, width = x.shape[-2:]
        made = rearrange(self.qkv(x), "b (head c) h w -> b head (h w) c", head=self.heads)
        query, key, value = torch.split(made, self.split, -1)
        shape = "b head (h w) c -> b (head c) h w"
        seen = rearrange(attend(query, key, value), shape, h=height, w=width)
        near = self.pe(rearrange(value, shape, h=height, w=width))
        projected: torch.Tensor = self.proj(seen + near)
        return projected


@register(
    "dyt",
    slot="psa",
    family="DyT",
    paper="Transformers without Normalization, CVPR 2025",
    year=2025,
    arxiv="2503.10622",
    origin="https://github.com/jiachenzhu/DyT",
    licence="MIT; written from the paper",
)
class PsaDyt(PsaFrame):
    """C2PSA's units with `DynamicTanh` before attention and before feed-forward.

    The paper puts it where a transformer has LayerNorm, before each part. C2PSA has BatchNorm
    behind each convolution instead; inside the units there is none of that here, and the two
    convolutions of the frame keep theirs.

    Args:
        c_in: Channels in.
        c_out: Channels out.
        repeats: Number of units.
        alpha: See `DynamicTanh`.
    """

    def __init__(self, c_in: int, c_out: int, repeats: int, *, alpha: float = 0.5) -> None:
        """Put the units into the frame."""

        def unit(channels: int) -> nn.Module:
            return Residuals(
                attn=nn.Sequential(DynamicTanh(channels, alpha), BareAttention(channels)),
                ffn=nn.Sequential(DynamicTanh(channels, alpha), Mlp(channels, 2.0, nn.SiLU)),
            )

        super().__init__(c_in, c_out, repeats, unit)
