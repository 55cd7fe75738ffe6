"""ScConv: what a map says twice is rebuilt, over places and then over channels."""

from __future__ import annotations

import torch
from torch import nn
from ultralytics.nn.modules import Conv

from engine.models.catalogue.block.csp import Csp
from engine.models.parts.widths import each_of
from engine.models.registry import register


class SpatialReconstruction(nn.Module):
    """A map parted by how much each value says, and joined crosswise: SRU of the paper.

    The scales of a group normalisation, as shares of their sum, weigh its output; a sigmoid makes
    gates of it. Gates above the threshold become 1 in the informative part and 0 in the other one,
    the others stay what they are in both, as in the authors' code. Halves of the channels of both
    parts are added crosswise.

    Args:
        channels: In and out, a multiple of 2 and of `groups`.
        groups: Of the normalisation.
        threshold: Above which a gate is open.
    """

    def __init__(self, channels: int, groups: int = 4, threshold: float = 0.5) -> None:
        """Make the normalisation."""
        super().__init__()
        each_of(groups, channels)
        each_of(2, channels)
        self.norm = nn.GroupNorm(groups, channels)
        self.threshold = threshold

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, C, H, W] for [B, C, H, W]."""
        share = self.norm.weight / self.norm.weight.sum()
        gate = (self.norm(x) * share[:, None, None]).sigmoid()
        opened = gate > self.threshold
        informative = x * torch.where(opened, torch.ones_like(gate), gate)
        redundant = x * torch.where(opened, torch.zeros_like(gate), gate)
        first, second = informative.chunk(2, 1)
        third, fourth = redundant.chunk(2, 1)
        return torch.cat((first + fourth, second + third), 1)


class ChannelReconstruction(nn.Module):
    """One share of the channels convolved richly, the other cheaply, fused by attention.

    CRU of the paper: both shares are squeezed; the upper one goes through a grouped 3×3 and a 1×1
    convolution that are added, the lower one through a 1×1 convolution beside itself. A softmax
    between both of their means, for each channel, weighs their sum.

    Args:
        channels: In and out.
        alpha: Share of the channels that is convolved richly, above 0 and below 1.
        squeeze: By how much both shares are squeezed.
        groups: Of the 3×3 convolution.
    """

    def __init__(
        self, channels: int, alpha: float = 0.5, squeeze: int = 2, groups: int = 2
    ) -> None:
        """Make the convolutions."""
        super().__init__()
        upper = int(channels * alpha)
        lower = channels - upper
        if squeeze < 1 or min(upper, lower) < squeeze:
            raise ValueError(f"{alpha} of {channels} channels squeezed {squeeze} times leaves none")
        high, low = upper // squeeze, lower // squeeze
        each_of(groups, high)
        self.split = [upper, lower]
        self.squeeze_upper = nn.Conv2d(upper, high, 1, bias=False)
        self.squeeze_lower = nn.Conv2d(lower, low, 1, bias=False)
        self.near = nn.Conv2d(high, channels, 3, padding=1, groups=groups)
        self.point = nn.Conv2d(high, channels, 1, bias=False)
        self.cheap = nn.Conv2d(low, channels - low, 1, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, C, H, W] for [B, C, H, W]."""
        upper, lower = torch.split(x, self.split, 1)
        high, low = self.squeeze_upper(upper), self.squeeze_lower(lower)
        both = torch.stack(
            (self.near(high) + self.point(high), torch.cat((self.cheap(low), low), 1))
        )
        weight = both.mean((3, 4), keepdim=True).softmax(0)
        return (both * weight).sum(0)


class ScConvBlock(nn.Module):
    """x + W2 channels(spatial(W1 x)): a bottleneck whose 3×3 convolution is ScConv.

    "SCConv: Spatial and Channel Reconstruction Convolution for Feature Redundancy". W1 and W2 are
    1×1 convolutions with normalisation and, for W1, activation; the middle is as wide as the
    block.

    Args:
        channels: In and out, a multiple of 8.
        groups: See `SpatialReconstruction`.
        threshold: See `SpatialReconstruction`.
        alpha: See `ChannelReconstruction`.
    """

    def __init__(
        self, channels: int, groups: int = 4, threshold: float = 0.5, alpha: float = 0.5
    ) -> None:
        """Make the bottleneck."""
        super().__init__()
        self.work = nn.Sequential(
            Conv(channels, channels, 1),
            SpatialReconstruction(channels, groups, threshold),
            ChannelReconstruction(channels, alpha),
            Conv(channels, channels, 1, act=False),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, C, H, W] for [B, C, H, W]."""
        added: torch.Tensor = self.work(x)
        return x + added


@register(
    "scconv",
    slot="block",
    family="SCConv (spatial and channel reconstruction)",
    paper="SCConv: Spatial and Channel Reconstruction Convolution for Feature Redundancy,"
    " CVPR 2023",
    year=2023,
    licence="not verified; written from the paper",
)
class CspScConv(Csp):
    """Bottlenecks with ScConv in the frame of C3k2.

    Args:
        c_in: Channels in.
        c_out: Channels out.
        repeats: Number of blocks.
        expansion: Channels of a half as a share of `c_out`.
        groups: See `SpatialReconstruction`.
        threshold: See `SpatialReconstruction`.
        alpha: See `ChannelReconstruction`.
    """

    def __init__(
        self,
        c_in: int,
        c_out: int,
        repeats: int,
        expansion: float,
        *,
        groups: int = 4,
        threshold: float = 0.5,
        alpha: float = 0.5,
    ) -> None:
        """Put the blocks into the frame."""
        super().__init__(
            c_in,
            c_out,
            repeats,
            expansion,
            lambda c: ScConvBlock(c, groups, threshold, alpha),
        )
