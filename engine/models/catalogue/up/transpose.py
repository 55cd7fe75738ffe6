"""A transposed convolution: doubling that is learnt."""

from __future__ import annotations

from ultralytics.nn.modules import ConvTranspose

from engine.models.registry import register


@register(
    "transpose",
    slot="up",
    family="FCN",
    paper="Fully Convolutional Networks for Semantic Segmentation, CVPR 2015",
    year=2014,
    arxiv="1411.4038",
    origin="https://github.com/shelhamer/fcn.berkeleyvision.org",
    licence="not verified; the class is ultralytics' own, AGPL-3.0",
)
class Transposed(ConvTranspose):  # type: ignore[misc] # ultralytics is not typed
    """Ultralytics' ConvTranspose: each pixel becomes 2×2 by a matrix for each of the four.

    The paper (section 3.3) has kernels of twice the stride, which begin as bilinear interpolation,
    and no normalisation or activation; `up=dwtranspose` is closer to it.

    Args:
        channels: In and out.
    """

    def __init__(self, channels: int) -> None:
        """Double height and width."""
        super().__init__(channels, channels, 2, 2)
