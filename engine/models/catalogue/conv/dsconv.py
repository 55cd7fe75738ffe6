"""MobileNets' separable convolution in the place of a full 3×3."""

from __future__ import annotations

from engine.models.parts.separable import Separable
from engine.models.registry import register


@register(
    "dsconv",
    slot="conv",
    family="MobileNets",
    paper="MobileNets: Efficient Convolutional Neural Networks for Mobile Vision Applications",
    year=2017,
    arxiv="1704.04861",
    licence="no repository of the paper; written from the paper",
)
class DepthWiseSeparable(Separable):
    """A depth-wise 3×3 and a 1×1 convolution, see `Separable`.

    Args:
        c_in: Channels in.
        c_out: Channels out.
    """

    def __init__(self, c_in: int, c_out: int) -> None:
        """Keep height and width."""
        super().__init__(c_in, c_out)
