"""EUCB: repeat the pixels, smooth each channel, mix the channels."""

from __future__ import annotations

from torch import nn
from ultralytics.nn.modules import Conv

from engine.models.registry import register


@register(
    "eucb",
    slot="up",
    family="EMCAD",
    paper="EMCAD: Efficient Multi-scale Convolutional Attention Decoding for Medical Image"
    " Segmentation, CVPR 2024",
    year=2024,
    arxiv="2405.06880",
    origin="https://github.com/SLDGroup/EMCAD",
    licence="not verified; written from the paper",
)
class EfficientUp(nn.Sequential):
    """W relu(BN(dwconv3x3(up(x)))), the efficient up-convolution block.

    `up` repeats pixels. W is a 1×1 convolution with bias that keeps the channels here; in the
    paper it changes them to those of the next stage.

    Args:
        channels: In and out.
    """

    def __init__(self, channels: int) -> None:
        """Make the layers."""
        super().__init__(
            nn.Upsample(scale_factor=2, mode="nearest"),
            Conv(channels, channels, 3, g=channels, act=nn.ReLU(inplace=True)),
            nn.Conv2d(channels, channels, 1),
        )
