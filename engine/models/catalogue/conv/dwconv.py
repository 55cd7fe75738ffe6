"""A depth-wise 3×3 convolution alone, which leaves mixing channels to what is around it."""

from __future__ import annotations

from ultralytics.nn.modules import DWConv

from engine.models.registry import register


@register(
    "dwconv",
    slot="conv",
    family="MobileNets",
    paper="MobileNets: Efficient Convolutional Neural Networks for Mobile Vision Applications",
    year=2017,
    arxiv="1704.04861",
    licence="no repository of the paper; the class is ultralytics' own, AGPL-3.0",
)
class DepthWise(DWConv):  # type: ignore[misc] # ultralytics is not typed
    """The first half of MobileNets' layer, equation 3, normalised and activated.

    With as many channels out as in, each is convolved for itself. Otherwise it is a convolution in
    as many groups as both numbers allow. Channels meet only in the 1×1 convolutions of the block.

    Args:
        c_in: Channels in.
        c_out: Channels out.
    """

    def __init__(self, c_in: int, c_out: int) -> None:
        """Choose the groups."""
        super().__init__(c_in, c_out, 3)
