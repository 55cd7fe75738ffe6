"""DAPPM: from small surroundings to the whole picture, each step on top of the one before."""

from __future__ import annotations

import torch
from torch import nn

from engine.models.parts.pooling import enlarged, enough
from engine.models.registry import register

POOLS = ((5, 2), (9, 4), (17, 8))
"""Side and stride of the windows, 2^i + 1 and 2^(i-1); the last scale is the whole map."""


class Activated(nn.Sequential):
    """Normalisation, ReLU and a convolution, in this order.

    Args:
        c_in: Channels in.
        c_out: Channels out.
        kernel: Side of the convolution.
        groups: Of the convolution.
    """

    def __init__(self, c_in: int, c_out: int, kernel: int = 1, groups: int = 1) -> None:
        """Make the layers."""
        super().__init__(
            nn.BatchNorm2d(c_in),
            nn.ReLU(inplace=False),
            nn.Conv2d(c_in, c_out, kernel, padding=kernel // 2, groups=groups, bias=False),
        )


class PooledScales(nn.Module):
    """The map and its means in windows of 5, 9, 17 and everywhere, each with fewer channels.

    Args:
        c_in: Channels in.
        inside: Channels of each scale.
    """

    def __init__(self, c_in: int, inside: int) -> None:
        """Make a convolution for each scale."""
        super().__init__()
        self.pools = nn.ModuleList(nn.AvgPool2d(side, step, side // 2) for side, step in POOLS)
        self.reduce = nn.ModuleList(Activated(c_in, inside) for _ in range(len(POOLS) + 2))

    def forward(self, x: torch.Tensor) -> list[torch.Tensor]:
        """Return five of [B, inside, H, W] for [B, c_in, H, W], from the smallest surroundings."""
        pooled = [*(pool(x) for pool in self.pools), x.mean((2, 3), keepdim=True)]
        first, *others = self.reduce
        found = [first(x)]
        for part, reduce in zip(pooled, others, strict=True):
            found.append(enlarged(reduce(enough(part, self.training)), x))
        return found


def inner_width(c_in: int, share: float) -> int:
    """Return the channels of a scale.

    Raises:
        ValueError: There would be none.
    """
    inside = int(c_in * share)
    if inside < 1:
        raise ValueError(f"{share} of {c_in} channels leaves none inside")
    return inside


@register(
    "dappm",
    slot="context",
    family="DDRNet",
    paper="Deep Dual-Resolution Networks for Real-Time and Accurate Semantic Segmentation of Road"
    " Scenes, IEEE TITS 2022",
    year=2021,
    arxiv="2101.06085",
    origin="https://github.com/ydhongHIT/DDRNet",
    licence="MIT; written from the paper",
)
class DeepAggregation(nn.Module):
    """y1 = C1(x), yi = C3(up(C1(pool_i(x))) + y(i-1)), all joined beside a shortcut.

    Convolutions come after normalisation and ReLU.

    Args:
        c_in: Channels in.
        c_out: Channels out.
        share: Channels of each scale as a share of `c_in`, 128 of 512 in the paper's small network.
    """

    def __init__(self, c_in: int, c_out: int, *, share: float = 0.25) -> None:
        """Make the scales."""
        super().__init__()
        inside = inner_width(c_in, share)
        self.scales = PooledScales(c_in, inside)
        self.steps = nn.ModuleList(Activated(inside, inside, 3) for _ in range(len(POOLS) + 1))
        self.join = Activated((len(POOLS) + 2) * inside, c_out)
        self.shortcut = Activated(c_in, c_out)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, c_out, H, W] for [B, c_in, H, W]."""
        first, *others = self.scales(x)
        parts = [first]
        for part, step in zip(others, self.steps, strict=True):
            parts.append(step(part + parts[-1]))
        joined: torch.Tensor = self.join(torch.cat(parts, 1)) + self.shortcut(x)
        return joined
