"""FasterNet's block: convolve a quarter of the channels, mix all of them."""

from __future__ import annotations

import torch
from torch import nn

from engine.models.catalogue.block.csp import Csp
from engine.models.registry import register


class PartialConv(nn.Module):
    """A 3×3 convolution of the first channels; the others pass through.

    Args:
        channels: In and out.
        share: Part of the channels that is convolved, above 0 to 1.
    """

    def __init__(self, channels: int, share: float = 0.25) -> None:
        """Split the channels."""
        super().__init__()
        worked = int(channels * share)
        if not 0 < worked <= channels:
            raise ValueError(f"{share} of {channels} channels leaves none or too many to convolve")
        self.split = [worked, channels - worked]
        self.conv = nn.Conv2d(worked, worked, 3, padding=1, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, C, H, W] for [B, C, H, W]."""
        worked, kept = torch.split(x, self.split, 1)
        return torch.cat((self.conv(worked), kept), 1)


class FasterBlock(nn.Module):
    """x + W2 relu(BN(W1 pconv(x))), with W1 and W2 1×1 convolutions.

    "Run, Don't Walk: Chasing Higher FLOPS for Faster Neural Networks", section 3.3.

    Args:
        channels: In and out.
        share: See `PartialConv`.
        ratio: Channels in the middle as a multiple of `channels`.
    """

    def __init__(self, channels: int, share: float = 0.25, ratio: float = 2.0) -> None:
        """Make the three convolutions."""
        super().__init__()
        middle = int(channels * ratio)
        if middle < 1:
            raise ValueError(f"{ratio} times {channels} channels leaves none in the middle")
        self.spatial = PartialConv(channels, share)
        self.mix = nn.Sequential(
            nn.Conv2d(channels, middle, 1, bias=False),
            nn.BatchNorm2d(middle),
            nn.ReLU(inplace=True),
            nn.Conv2d(middle, channels, 1, bias=False),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, C, H, W] for [B, C, H, W]."""
        mixed: torch.Tensor = self.mix(self.spatial(x))
        return x + mixed


@register(
    "faster",
    slot="block",
    family="FasterNet",
    paper="Run, Don't Walk: Chasing Higher FLOPS for Faster Neural Networks, CVPR 2023",
    year=2023,
    arxiv="2303.03667",
    origin="https://github.com/JierunChen/FasterNet",
    licence="MIT; written from the paper",
)
class CspFaster(Csp):
    """FasterNet's blocks in the frame of C3k2."""

    def __init__(
        self,
        c_in: int,
        c_out: int,
        repeats: int,
        expansion: float,
        *,
        share: float = 0.25,
        ratio: float = 2.0,
    ) -> None:
        """Put the blocks into the frame."""
        super().__init__(c_in, c_out, repeats, expansion, lambda c: FasterBlock(c, share, ratio))
