"""SEAM of YOLO-FaceV2: what is seen of a hidden thing is raised, by up to e."""

from __future__ import annotations

import torch
from torch import nn

from engine.models.parts.depthwise import depthwise
from engine.models.parts.pooled import PooledNorm
from engine.models.parts.squeeze import squeezed
from engine.models.registry import register

PATCHES = (6, 7, 8)
"""Sides of the patches."""


class PatchNorm(PooledNorm):
    """BatchNorm that a batch of a single patch does not stop."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, C, H, W] for [B, C, H, W]."""
        single = x.shape[2] * x.shape[3] == 1
        return super().forward(x) if single else nn.BatchNorm2d.forward(self, x)


class Separated(nn.Module):
    """W(x + dw3×3(x)), with GELU and normalisation after each convolution.

    Args:
        channels: In and out.
    """

    def __init__(self, channels: int) -> None:
        """Make both convolutions."""
        super().__init__()
        self.places = nn.Sequential(depthwise(channels, 3), nn.GELU(), PatchNorm(channels))
        self.channels = nn.Sequential(
            nn.Conv2d(channels, channels, 1), nn.GELU(), PatchNorm(channels)
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, C, H, W] for [B, C, H, W]."""
        mixed: torch.Tensor = self.channels(x + self.places(x))
        return mixed


class Patches(nn.Module):
    """One vector for each patch of a map; patches over its edge see zeros there.

    Args:
        channels: In and out.
        side: Of the patches.
    """

    def __init__(self, channels: int, side: int) -> None:
        """Make the convolution."""
        super().__init__()
        self.side = side
        self.embed = nn.Sequential(
            nn.Conv2d(channels, channels, side, side), nn.GELU(), PatchNorm(channels)
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, C, ⌈H / side⌉, ⌈W / side⌉] for [B, C, H, W]."""
        height, width = x.shape[-2:]
        x = nn.functional.pad(x, (0, -width % self.side, 0, -height % self.side))
        embedded: torch.Tensor = self.embed(x)
        return embedded


def _blocks(channels: int, depth: int) -> nn.Sequential:
    if depth < 1:
        raise ValueError(f"the depth {depth} is below 1")
    return nn.Sequential(*(Separated(channels) for _ in range(depth)))


@register(
    "seam",
    slot="attention",
    family="YOLO-FaceV2",
    paper="YOLO-FaceV2: A scale and occlusion aware face detector, Pattern Recognition 2024",
    year=2022,
    arxiv="2208.02019",
    origin="https://github.com/Krasjet-Yu/YOLO-FaceV2",
    licence="not verified; written from the paper",
)
class Seam(nn.Module):
    """x ⊙ exp(σ(mlp(avgpool(blocks(x))))): the module of the paper without its patches.

    The blocks are depthwise convolutions with a sum and 1×1 ones; the weights are from 1 to e. The
    authors' code has this light form beside that of the paper, which is `multiseam`.

    Args:
        channels: In and out.
        depth: Number of blocks.
        ratio: The channels in the middle of the perceptron are `channels` / `ratio`.
    """

    def __init__(self, channels: int, *, depth: int = 1, ratio: int = 16) -> None:
        """Make the blocks and the perceptron."""
        super().__init__()
        self.blocks = _blocks(channels, depth)
        self.weigh = squeezed(channels, ratio, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, C, H, W] for [B, C, H, W]."""
        seen = self.blocks(x).mean((2, 3), keepdim=True)
        weight: torch.Tensor = self.weigh(seen).sigmoid().exp()
        return x * weight


@register(
    "multiseam",
    slot="attention",
    family="YOLO-FaceV2",
    paper="YOLO-FaceV2: A scale and occlusion aware face detector, Pattern Recognition 2024",
    year=2022,
    arxiv="2208.02019",
    origin="https://github.com/Krasjet-Yu/YOLO-FaceV2",
    licence="not verified; written from the paper",
    stability="experimental",
)
class MultiSeam(nn.Module):
    """x ⊙ exp(σ(mlp(mean of what patches of three sides and the map itself give))).

    This is the separated and enhancement attention module of the paper. A map whose sides are no
    multiples of the patches is continued with zeros, where the authors' code leaves a rest out. The
    patches have 149 `channels`² parameters, far more than a small network around them.

    Args:
        channels: In and out.
        depth: Number of blocks for each side of patches.
        ratio: The channels in the middle of the perceptron are `channels` / `ratio`.
    """

    def __init__(self, channels: int, *, depth: int = 1, ratio: int = 16) -> None:
        """Make the branches and the perceptron."""
        super().__init__()
        self.branches = nn.ModuleList(
            nn.Sequential(Patches(channels, side), _blocks(channels, depth)) for side in PATCHES
        )
        self.weigh = squeezed(channels, ratio, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, C, H, W] for [B, C, H, W]."""
        seen = x.mean((2, 3), keepdim=True)
        for branch in self.branches:
            seen = seen + branch(x).mean((2, 3), keepdim=True)
        seen = seen / (1 + len(self.branches))
        weight: torch.Tensor = self.weigh(seen).sigmoid().exp()
        return x * weight
