"""MobileNets' separable convolution with stride."""

from __future__ import annotations

from engine.models.parts.separable import Separable
from engine.models.registry import register


@register(
    "dsconv",
    slot="down",
    family="MobileNets",
    paper="MobileNets: Efficient Convolutional Neural Networks for Mobile Vision Applications",
    year=2017,
    arxiv="1704.04861",
    licence="no repository of the paper; written from the paper",
)
class SeparableDown(Separable):
    """A depth-wise 3×3 convolution with stride 2, then a 1×1 (table 1), see `Separable`.

    Args:
        c_in: Channels in.
        c_out: Channels out.
    """

    def __init__(self, c_in: int, c_out: int) -> None:
        """Halve height and width."""
        super().__init__(c_in, c_out, stride=2)
