"""HWD: halve height and width by Haar's wavelets, which lose nothing."""

from __future__ import annotations

import torch
from torch import nn
from ultralytics.nn.modules import Conv

from engine.models.parts.slices import slices
from engine.models.registry import register


@register(
    "hwd",
    slot="down",
    family="HWD",
    paper="Haar Wavelet Downsampling: A Simple but Effective Downsampling Module for Semantic"
    " Segmentation, Pattern Recognition 2023",
    year=2023,
    origin="https://github.com/apple1986/HWD",
    licence="not verified; written from the paper",
)
class HaarDown(nn.Module):
    """Means and differences of each 2×2 pixels as four channels, then a 1×1 convolution.

    The transform is orthonormal. Where the paper has ReLU this has the network's
    activation. An odd side gets its last pixel twice; the original takes zeros.

    Args:
        c_in: Channels in.
        c_out: Channels out.
    """

    def __init__(self, c_in: int, c_out: int) -> None:
        """Make the convolution."""
        super().__init__()
        self.conv = Conv(4 * c_in, c_out, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, c_out, H / 2, W / 2], rounded up, for [B, c_in, H, W]."""
        halved: torch.Tensor = self.conv(haar(x))
        return halved


def haar(x: torch.Tensor) -> torch.Tensor:
    """Return [B, 4C, H / 2, W / 2]: sums, differences across, down and along the diagonals."""
    above_left, above_right, below_left, below_right = (each / 2 for each in slices(x))
    above, below = above_left + above_right, below_left + below_right
    tilt_above, tilt_below = above_left - above_right, below_left - below_right
    bands = (above + below, tilt_above + tilt_below, above - below, tilt_above - tilt_below)
    return torch.cat(bands, 1)
