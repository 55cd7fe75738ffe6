"""Sub-pixel convolution: four channels of a small map become one of the large map."""

from __future__ import annotations

from torch import nn

from engine.models.registry import register


@register(
    "pixelshuffle",
    slot="up",
    family="ESPCN",
    paper="Real-Time Single Image and Video Super-Resolution Using an Efficient Sub-Pixel"
    " Convolutional Neural Network, CVPR 2016",
    year=2016,
    arxiv="1609.05158",
    licence="no repository known; written from the paper",
)
class SubPixel(nn.Sequential):
    """PS(W x + b) with a convolution to four times the channels, equations 3 and 4.

    The whole layer is linear, as the last one there.

    Args:
        channels: In and out.
        kernel: Side of the convolution, odd. 1 has a ninth of the weights of 3.
    """

    def __init__(self, channels: int, *, kernel: int = 3) -> None:
        """Make the convolution."""
        if kernel % 2 == 0 or kernel < 1:
            raise ValueError(f"the kernel {kernel} is not odd")
        super().__init__(
            nn.Conv2d(channels, 4 * channels, kernel, padding=kernel // 2), nn.PixelShuffle(2)
        )
