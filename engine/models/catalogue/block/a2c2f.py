"""YOLOv12's A2C2f: attention within areas, in a residual ELAN."""

from __future__ import annotations

import torch
from einops import rearrange
from torch import nn
from ultralytics.nn.modules import Conv

from engine.models.parts.scale import Scale
from engine.models.registry import register

HEAD = 32
"""Channels of a head."""
FAR = -1e4
"""What a place that is not there has as its score; in half precision it is still a number."""


class AreaAttention(nn.Module):
    """Attention of several heads within equal stretches of the map, section 3.2.

    The places, row by row, are cut into areas of the same length; each attends to its own area
    only. A 7×7 depth-wise convolution of the values tells positions. Where the areas cannot be
    equal, the last one is filled with places that nothing attends to; the original takes no such
    maps.

    Args:
        channels: In and out, a multiple of 32.
        area: Number of areas, above 0.
    """

    def __init__(self, channels: int, area: int) -> None:
        """Make the projections."""
        super().__init__()
        if area < 1:
            raise ValueError(f"{area} areas are none")
        self.area = area
        self.qkv = Conv(channels, 3 * channels, 1, act=False)
        self.position = Conv(channels, channels, 7, g=channels, act=False)
        self.project = Conv(channels, channels, 1, act=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, C, H, W] for [B, C, H, W]."""
        height, width = int(x.shape[2]), int(x.shape[3])
        q, k, v = self.qkv(x).chunk(3, 1)
        places = height * width
        missing = -places % self.area
        split = "b (n d) (a l) -> (b a) n l d"
        flat = (each.flatten(2) for each in (q, k, v))
        query, key, value = (
            rearrange(torch.cat([each] + [each[..., -1:]] * missing, 2), split, a=self.area, d=HEAD)
            for each in flat
        )
        mask = None
        if missing:
            place = torch.arange(places + missing, device=x.device)
            score = (place >= places).to(x.dtype) * FAR
            # One row of scores for each area, in turn for each picture.
            mask = score.view(self.area, 1, 1, -1).repeat(x.shape[0], 1, 1, 1)
        found = nn.functional.scaled_dot_product_attention(query, key, value, mask)
        line = rearrange(found, "(b a) n l d -> b (n d) (a l)", a=self.area)
        seen = rearrange(line[:, :, :places], "b c (h w) -> b c h w", h=height)
        projected: torch.Tensor = self.project(seen + self.position(v))
        return projected


class AreaBlock(nn.Module):
    """x = x + attention(x), then x = x + W2 silu(W1 x).

    Args:
        channels: In and out, a multiple of 32.
        area: See `AreaAttention`.
        ratio: Channels in the perceptron's middle as a multiple of `channels`.
    """

    def __init__(self, channels: int, area: int, ratio: float) -> None:
        """Make both halves."""
        super().__init__()
        middle = int(channels * ratio)
        if middle < 1:
            raise ValueError(f"{ratio} times {channels} channels leaves none in the middle")
        self.attention = AreaAttention(channels, area)
        self.mlp = nn.Sequential(Conv(channels, middle, 1), Conv(middle, channels, 1, act=False))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, C, H, W] for [B, C, H, W]."""
        x = x + self.attention(x)
        mixed: torch.Tensor = self.mlp(x)
        return x + mixed


@register(
    "a2c2f",
    slot="block",
    family="YOLOv12",
    paper="YOLOv12: Attention-Centric Real-Time Object Detectors",
    year=2025,
    arxiv="2502.12524",
    origin="https://github.com/sunsmarterjie/yolov12",
    licence="AGPL-3.0; written from the paper",
)
class A2C2f(nn.Module):
    """Residual ELAN of pairs of area attention blocks, section 3.3.

    A 1×1 convolution, pairs of blocks one after another, and a 1×1 convolution of everything; it
    is added to the input with a learned scale that begins with 0.01 where the channels in and out
    are the same, and stands alone elsewhere. The width inside is rounded up to whole heads of 32
    channels. Memory grows with the square of the places in an area: the paper has it at p4 with
    4 areas and at p5 with one.

    Args:
        c_in: Channels in.
        c_out: Channels out.
        repeats: Number of pairs of blocks.
        expansion: Channels inside as a share of `c_out`.
        area: See `AreaAttention`.
        ratio: See `AreaBlock`.
    """

    def __init__(
        self,
        c_in: int,
        c_out: int,
        repeats: int,
        expansion: float,
        *,
        area: int = 4,
        ratio: float = 2.0,
    ) -> None:
        """Make the pairs."""
        super().__init__()
        width = -(-int(c_out * expansion) // HEAD) * HEAD
        self.cv1 = Conv(c_in, width, 1)
        self.m = nn.ModuleList(
            nn.Sequential(AreaBlock(width, area, ratio), AreaBlock(width, area, ratio))
            for _ in range(repeats)
        )
        self.cv2 = Conv((1 + repeats) * width, c_out, 1)
        self.scale = Scale(c_out, 0.01) if c_in == c_out else None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, c_out, H, W] for [B, c_in, H, W]."""
        parts = [self.cv1(x)]
        for pair in self.m:
            parts.append(pair(parts[-1]))
        joined: torch.Tensor = self.cv2(torch.cat(parts, 1))
        return joined if self.scale is None else x + self.scale(joined)
