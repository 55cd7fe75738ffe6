"""What the MetaFormer family shares: token mixers and the block around them.

"MetaFormer Is Actually What You Need for Vision", arXiv 2111.11418, and "MetaFormer Baselines for
Vision", arXiv 2210.13452.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from einops import rearrange
from torch import nn

from engine.models.catalogue.act.starrelu import StarRelu
from engine.models.parts.glu import Mlp
from engine.models.parts.heads import heads_of
from engine.models.parts.norms import ChannelNorm
from engine.models.parts.scale import Scale
from engine.models.parts.stages import by_stage

DEEP = 4
"""From this level on, the paper's third stage, attention and random mixing are used."""
GRIDS = (14, 14, 14, 7)
"""Sides of the maps in the paper's stages that mix at random, for its pictures of 224 pixels."""

Make = Callable[[int], nn.Module]


class SepConv(nn.Module):
    """W2 dw7x7(starrelu(W1 x)), MobileNetV2's convolution with a large kernel.

    Args:
        channels: In and out.
        kernel: Side of the depth-wise convolution, odd.
        ratio: Channels in the middle as a multiple of `channels`.
    """

    def __init__(self, channels: int, kernel: int = 7, ratio: float = 2.0) -> None:
        """Make the three convolutions."""
        super().__init__()
        if kernel < 1 or kernel % 2 == 0:
            raise ValueError(f"the kernel {kernel} is not odd")
        middle = int(channels * ratio)
        self.wide = nn.Conv2d(channels, middle, 1, bias=False)
        self.act = StarRelu()
        self.near = nn.Conv2d(
            middle, middle, kernel, padding=kernel // 2, groups=middle, bias=False
        )
        self.narrow = nn.Conv2d(middle, channels, 1, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, C, H, W] for [B, C, H, W]."""
        mixed: torch.Tensor = self.narrow(self.near(self.act(self.wide(x))))
        return mixed


class Attention(nn.Module):
    """softmax(q kᵀ / √d) v over the whole map, without biases.

    Args:
        channels: In and out.
        head: Channels of a head; heads are wider where it does not divide the channels.
    """

    def __init__(self, channels: int, head: int = 32) -> None:
        """Make q, k and v in one convolution."""
        super().__init__()
        self.heads = heads_of(channels, head)
        self.qkv = nn.Conv2d(channels, 3 * channels, 1, bias=False)
        self.join = nn.Conv2d(channels, channels, 1, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, C, H, W] for [B, C, H, W]."""
        height, width = x.shape[-2:]
        q, k, v = rearrange(
            self.qkv(x), "b (three n d) h w -> three b n (h w) d", three=3, n=self.heads
        )
        seen = nn.functional.scaled_dot_product_attention(q, k, v)
        joined: torch.Tensor = self.join(
            rearrange(seen, "b n (h w) d -> b (n d) h w", h=height, w=width)
        )
        return joined


class Pooling(nn.Module):
    """mean of the 3×3 around minus x, so that the block's residual leaves the mean.

    Args:
        channels: In and out.
    """

    def __init__(self, channels: int) -> None:
        """Nothing of it depends on the channels."""
        super().__init__()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, C, H, W] for [B, C, H, W]."""
        return nn.functional.avg_pool2d(x, 3, 1, 1, count_include_pad=False) - x


class RandomMixing(nn.Module):
    """softmax(R) x over the places with a random R that never learns.

    The paper's R is for one size of map. Here R is for a map of `grid` × `grid` places and is
    interpolated to the size of the map that comes, in its rows and in its columns, before the
    softmax. At `grid` × `grid` it is the paper's.

    Args:
        channels: In and out.
        grid: Side of the map that R is for.
    """

    logits: torch.Tensor

    def __init__(self, channels: int, grid: int) -> None:
        """Draw R from 0 to 1."""
        super().__init__()
        self.grid = grid
        # To, then from.
        self.register_buffer("logits", torch.rand(grid**2, grid**2))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, C, H, W] for [B, C, H, W]."""
        height, width = x.shape[-2:]
        mixed = self.weights(height, width) @ rearrange(x, "b c h w -> b (h w) c")
        return rearrange(mixed, "b (h w) c -> b c h w", h=height, w=width)

    def weights(self, height: int, width: int) -> torch.Tensor:
        """Return what each place takes from each, [H · W, H · W]; rows add up to 1."""
        logits = self.logits
        if (height, width) != (self.grid, self.grid):
            for _ in range(2):
                # What a place takes is a map; so is, turned around, what takes from a place.
                maps = rearrange(logits, "to (h w) -> 1 to h w", h=self.grid)
                maps = nn.functional.interpolate(maps, (height, width), mode="bilinear")
                logits = rearrange(maps, "1 to h w -> (h w) to")
        return logits.softmax(1)


class MetaFormerBlock(nn.Module):
    """r1 x + s1 mixer(norm(x)), then r2 x + s2 channels(norm(x)).

    The factors r and s of each channel are learned where they are asked for, and 1 otherwise.
    Skipping by chance is left out.

    Args:
        channels: In and out.
        mixer: From channels to what mixes places.
        mlp: From channels to what mixes channels.
        norm: From channels to the normalisation; without, it is `ChannelNorm` without a bias.
        kept: Whether there are factors r, "residual scale". They begin at 1.
        added: What the factors s, "layer scale", begin at; 0 for none.
    """

    def __init__(
        self,
        channels: int,
        mixer: Make,
        mlp: Make,
        norm: Make | None = None,
        *,
        kept: bool = False,
        added: float = 0.0,
    ) -> None:
        """Make both halves."""
        super().__init__()
        norm = norm or partial(ChannelNorm, bias=False)
        self.norm1, self.mixer = norm(channels), mixer(channels)
        self.norm2, self.mlp = norm(channels), mlp(channels)
        self.keep1, self.keep2 = (Scale(channels) if kept else nn.Identity() for _ in range(2))
        self.add1, self.add2 = (
            Scale(channels, added) if added else nn.Identity() for _ in range(2)
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, C, H, W] for [B, C, H, W]."""
        x = self.keep1(x) + self.add1(self.mixer(self.norm1(x)))
        changed: torch.Tensor = self.keep2(x) + self.add2(self.mlp(self.norm2(x)))
        return changed


def mixer_of(name: str, level: int, *, kernel: int = 7, head: int = 32) -> Make:
    """Return what mixes places in the baselines' network of this mixer.

    Args:
        name: sepconv, attention, pooling, identity or random. Attention and random mixing compare
            every place with every one, and so they begin at p4 as in the paper, with sepconv and
            identity below.
        level: Of the map.
        kernel: See `SepConv`.
        head: See `Attention`.

    Raises:
        ValueError: There is no such mixer.
    """
    mixers: dict[str, tuple[Make, Make]] = {
        "sepconv": (partial(SepConv, kernel=kernel),) * 2,
        "attention": (partial(SepConv, kernel=kernel), partial(Attention, head=head)),
        "pooling": (Pooling, Pooling),
        "identity": (nn.Identity, nn.Identity),
        "random": (nn.Identity, partial(RandomMixing, grid=by_stage(level, GRIDS))),
    }
    if name not in mixers:
        raise ValueError(f"there is no mixer {name}, but {', '.join(mixers)}")
    return mixers[name][level >= DEEP]


def baseline(channels: int, mixer: Make, level: int, ratio: float = 4.0) -> MetaFormerBlock:
    """Return a block of the baselines: StarReLU, no biases, residual scale from p4 on.

    Args:
        channels: In and out.
        mixer: See `mixer_of`.
        level: Of the map.
        ratio: Channels in the middle of the perceptron as a multiple of `channels`.
    """
    mlp = partial(Mlp, ratio=ratio, act=StarRelu, bias=False)
    return MetaFormerBlock(channels, mixer, mlp, kept=level >= DEEP)
