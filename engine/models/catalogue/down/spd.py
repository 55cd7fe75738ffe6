"""SPD-Conv: halve height and width without leaving pixels out."""

from __future__ import annotations

import torch
from torch import nn
from ultralytics.nn.modules import Conv

from engine.models.registry import register


@register(
    "spd",
    slot="down",
    family="SPD-Conv",
    paper="No More Strided Convolutions or Pooling: A New CNN Building Block for Low-Resolution"
    " Images and Small Objects, ECML PKDD 2022",
    year=2022,
    arxiv="2208.03641",
    origin="https://github.com/LabSAINT/SPD-Conv",
    licence="MIT; written from the paper",
)
class SpaceToDepth(nn.Module):
    """Each 2×2 pixels become four channels, then a 3×3 convolution without stride.

    Args:
        c_in: Channels in.
        c_out: Channels out.
    """

    def __init__(self, c_in: int, c_out: int) -> None:
        """Make the convolution."""
        super().__init__()
        self.conv = Conv(4 * c_in, c_out, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, c_out, H / 2, W / 2] for [B, c_in, H, W] of even sides."""
        halved: torch.Tensor = self.conv(nn.functional.pixel_unshuffle(x, 2))
        return halved
