"""ConvMixer's layer: a depth-wise convolution, then a point-wise one."""

from __future__ import annotations

import torch
from torch import nn

from engine.models.catalogue.block.csp import Csp
from engine.models.parts.depthwise import depthwise
from engine.models.registry import register


class ConvMixerLayer(nn.Module):
    """BN(gelu(W y)) with y = x + BN(gelu(dw(x))).

    "Patches Are All You Need?", equations 2 and 3. The normalisation is behind the activation.

    Args:
        channels: In and out.
        kernel: Side of the depth-wise kernel, odd.
    """

    def __init__(self, channels: int, kernel: int = 9) -> None:
        """Make both convolutions."""
        super().__init__()
        self.places = nn.Sequential(
            depthwise(channels, kernel),
            nn.GELU(),
            nn.BatchNorm2d(channels),
        )
        self.channels = nn.Sequential(
            nn.Conv2d(channels, channels, 1), nn.GELU(), nn.BatchNorm2d(channels)
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, C, H, W] for [B, C, H, W]."""
        mixed: torch.Tensor = self.channels(x + self.places(x))
        return mixed


@register(
    "convmixer",
    slot="block",
    family="ConvMixer",
    paper="Patches Are All You Need?, TMLR 2023",
    year=2022,
    arxiv="2201.09792",
    origin="https://github.com/locuslab/convmixer",
    licence="MIT; written from the paper",
)
class CspConvMixer(Csp):
    """ConvMixer's layers in the frame of C3k2.

    Args:
        c_in: Channels in.
        c_out: Channels out.
        repeats: Number of layers.
        expansion: Channels of a half as a share of `c_out`.
        kernel: See `ConvMixerLayer`.
    """

    def __init__(
        self, c_in: int, c_out: int, repeats: int, expansion: float, *, kernel: int = 9
    ) -> None:
        """Put the layers into the frame."""
        super().__init__(c_in, c_out, repeats, expansion, lambda c: ConvMixerLayer(c, kernel))
