"""SPP: what is largest within 5, 9 and 13 pixels, side by side."""

from __future__ import annotations

import torch
from torch import nn
from ultralytics.nn.modules import Conv

from engine.models.registry import register

SIDES = (5, 9, 13)
"""Of the windows, as YOLOv3-SPP has them."""


class Pools(nn.Module):
    """A map and its maxima in three windows around each pixel, side by side.

    Args:
        sides: Of the windows, odd.
    """

    def __init__(self, sides: tuple[int, ...] = SIDES) -> None:
        """Make the windows."""
        super().__init__()
        self.pools = nn.ModuleList(nn.MaxPool2d(side, 1, side // 2) for side in sides)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, 4C, H, W] for [B, C, H, W]."""
        return torch.cat((x, *(pool(x) for pool in self.pools)), 1)


@register(
    "spp",
    slot="context",
    family="SPPNet",
    paper="Spatial Pyramid Pooling in Deep Convolutional Networks for Visual Recognition,"
    " ECCV 2014",
    year=2014,
    arxiv="1406.4729",
    origin="https://github.com/ShaoqingRen/SPP_net",
    licence="not verified; written from the papers",
)
class Spp(nn.Sequential):
    """Three convolutions, maxima in windows of 5, 9 and 13 and the map itself, three convolutions.

    The paper pools into grids of fixed size and gives a vector. This is the form that keeps the
    map, of YOLOv3-SPP (arXiv 1903.08589) and YOLOv4 (arXiv 2004.10934): 1×1, 3×3 and
    1×1 convolutions before and after it. Their activation is leaky, here it is the network's.
    YOLO11's SPPF makes the same three windows out of one, between one convolution and another.

    Args:
        c_in: Channels in.
        c_out: Channels out.
    """

    def __init__(self, c_in: int, c_out: int) -> None:
        """Make the layers."""
        middle = c_out // 2
        super().__init__(
            Conv(c_in, middle, 1),
            Conv(middle, c_out, 3),
            Conv(c_out, middle, 1),
            Pools(),
            Conv(4 * middle, middle, 1),
            Conv(middle, c_out, 3),
            Conv(c_out, c_out, 1),
        )
