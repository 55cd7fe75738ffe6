"""SHSA: one head, on a part of the channels."""

from __future__ import annotations

import torch
from einops import rearrange
from torch import nn
from ultralytics.nn.modules import Conv

from engine.models.catalogue.psa.frame import PsaFrame, Residuals
from engine.models.parts.attention import attend
from engine.models.registry import register


class SingleHead(nn.Module):
    """W relu([attention(x1), x2]) with x1 the first channels and one head.

    The map is normalised as a whole before the attention, and by batch behind each convolution.

    Args:
        channels: In and out.
        share: Channels of x1 as a share of all; 1 / 4.67 in the paper.
        keys: Channels of queries and keys.
    """

    def __init__(self, channels: int, share: float = 0.2142, keys: int = 16) -> None:
        """Split the channels."""
        super().__init__()
        worked = int(channels * share)
        if not 0 < worked <= channels:
            raise ValueError(f"{share:g} of {channels} channels leaves none or too many to attend")
        if keys < 1:
            raise ValueError(f"{keys} channels of keys are below 1")
        self.split = [worked, channels - worked]
        self.made = [keys, keys, worked]
        self.norm = nn.GroupNorm(1, worked)
        self.qkv = Conv(worked, sum(self.made), 1, act=False)
        self.act = nn.ReLU()
        self.proj = Conv(channels, channels, 1, act=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, C, H, W] for [B, C, H, W]."""
        height, width = x.shape[-2:]
        worked, kept = torch.split(x, self.split, 1)
        made = rearrange(self.qkv(self.norm(worked)), "b c h w -> b (h w) c")
        seen = attend(*torch.split(made, self.made, -1))
        seen = rearrange(seen, "b (h w) c -> b c h w", h=height, w=width)
        projected: torch.Tensor = self.proj(self.act(torch.cat((seen, kept), 1)))
        return projected


@register(
    "shsa",
    slot="psa",
    family="SHViT",
    paper="SHViT: Single-Head Vision Transformer with Memory Efficient Macro Design, CVPR 2024",
    year=2024,
    arxiv="2401.16456",
    origin="https://github.com/ysj9909/SHViT",
    licence="MIT; written from the paper",
)
class PsaShsa(PsaFrame):
    """SHViT's block in the frame of C2PSA: depthwise 3×3, `SingleHead`, feed-forward with ReLU.

    Normalisation begins with its usual weights; the authors' code begins
    with 0 in the last one of each part.

    Args:
        c_in: Channels in.
        c_out: Channels out.
        repeats: Number of units.
        share: See `SingleHead`.
        keys: See `SingleHead`.
    """

    def __init__(
        self, c_in: int, c_out: int, repeats: int, *, share: float = 0.2142, keys: int = 16
    ) -> None:
        """Put the units into the frame."""

        def unit(channels: int) -> nn.Module:
            return Residuals(
                near=Conv(channels, channels, 3, g=channels, act=False),
                attn=SingleHead(channels, share, keys),
                ffn=nn.Sequential(
                    Conv(channels, 2 * channels, 1, act=nn.ReLU(inplace=True)),
                    Conv(2 * channels, channels, 1, act=False),
                ),
            )

        super().__init__(c_in, c_out, repeats, unit)
