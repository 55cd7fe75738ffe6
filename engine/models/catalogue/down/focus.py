"""Focus at every halving, not only the first."""

from __future__ import annotations

from engine.models.catalogue.stem.focus import Focus
from engine.models.registry import register


@register(
    "focus",
    slot="down",
    family="YOLOv5",
    paper="",
    year=2020,
    origin="https://github.com/ultralytics/yolov5",
    licence="AGPL-3.0; written from its description",
)
class FocusDown(Focus):
    """`Focus` with the kernel of 1 that its class has by itself; with 3 it does what SPD-Conv does.

    Args:
        c_in: Channels in.
        c_out: Channels out.
        kernel: Side of the convolution, odd.
    """

    def __init__(self, c_in: int, c_out: int, *, kernel: int = 1) -> None:
        """Make the convolution."""
        super().__init__(c_in, c_out, kernel=kernel)
