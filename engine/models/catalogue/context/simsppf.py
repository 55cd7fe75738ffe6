"""SimSPPF and SimCSPSPPF: pooling one after another with ReLU, also in one of two branches."""

from __future__ import annotations

import torch
from torch import nn
from ultralytics.nn.modules import Conv

from engine.models.registry import register

PAPER = "YOLOv6 v3.0: A Full-Scale Reloading, arXiv 2023"
ORIGIN = "https://github.com/meituan/YOLOv6"
LICENCE = "GPL-3.0; written from the description of its network"


def relu_conv(c_in: int, c_out: int, kernel: int) -> nn.Module:
    """Return a convolution with normalisation and ReLU, YOLOv6's SimConv."""
    made: nn.Module = Conv(c_in, c_out, kernel, act=nn.ReLU(inplace=True))
    return made


class ChainedPools(nn.Module):
    """A map, its maxima, the maxima of these and once more, side by side.

    With windows of 5 they are the maxima in windows of 5, 9 and 13.

    Args:
        side: Of the window, odd.
    """

    def __init__(self, side: int = 5) -> None:
        """Make the window."""
        super().__init__()
        if side % 2 == 0 or side < 1:
            raise ValueError(f"the kernel {side} is not odd")
        self.pool = nn.MaxPool2d(side, 1, side // 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, 4C, H, W] for [B, C, H, W]."""
        parts = [x]
        for _ in range(3):
            parts.append(self.pool(parts[-1]))
        return torch.cat(parts, 1)


@register(
    "simsppf",
    slot="context",
    family="YOLOv6",
    paper=PAPER,
    year=2023,
    arxiv="2301.05586",
    origin=ORIGIN,
    licence=LICENCE,
)
class SimSppf(nn.Module):
    """SPPF with ReLU: half the channels, three poolings one after another, joined.

    Weights have the names of SPPF's, so that a network trained with it can be started from.

    Args:
        c_in: Channels in.
        c_out: Channels out.
        kernel: Side of the pooling, odd.
    """

    def __init__(self, c_in: int, c_out: int, *, kernel: int = 5) -> None:
        """Make the layers."""
        super().__init__()
        middle = c_in // 2
        self.cv1 = relu_conv(c_in, middle, 1)
        self.pools = ChainedPools(kernel)
        self.cv2 = relu_conv(4 * middle, c_out, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, c_out, H, W] for [B, c_in, H, W]."""
        joined: torch.Tensor = self.cv2(self.pools(self.cv1(x)))
        return joined


@register(
    "simcspsppf",
    slot="context",
    family="YOLOv6",
    paper=PAPER,
    year=2023,
    arxiv="2301.05586",
    origin=ORIGIN,
    licence=LICENCE,
)
class SimCspSppf(nn.Module):
    """The same within one of two branches, as SPPCSPC has it, with half the channels in each.

    1×1, 3×3, 1×1, three poolings, 1×1, 3×3 against 1×1, everything with ReLU.

    Args:
        c_in: Channels in.
        c_out: Channels out.
        kernel: Side of the pooling, odd.
        expansion: Channels of a branch as a share of `c_out`.
    """

    def __init__(self, c_in: int, c_out: int, *, kernel: int = 5, expansion: float = 0.5) -> None:
        """Make both branches."""
        super().__init__()
        inside = int(c_out * expansion)
        if inside < 1:
            raise ValueError(f"{expansion} of {c_out} channels leaves none inside")
        self.long = nn.Sequential(
            relu_conv(c_in, inside, 1),
            relu_conv(inside, inside, 3),
            relu_conv(inside, inside, 1),
            ChainedPools(kernel),
            relu_conv(4 * inside, inside, 1),
            relu_conv(inside, inside, 3),
        )
        self.short = relu_conv(c_in, inside, 1)
        self.join = relu_conv(2 * inside, c_out, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, c_out, H, W] for [B, c_in, H, W]."""
        joined: torch.Tensor = self.join(torch.cat((self.short(x), self.long(x)), 1))
        return joined
