"""YOLOv10's C2fCIB: compact inverted blocks."""

from __future__ import annotations

from ultralytics.nn.modules import C2fCIB

from engine.models.registry import register


@register(
    "c2fcib",
    slot="block",
    family="YOLOv10",
    paper="YOLOv10: Real-Time End-to-End Object Detection, NeurIPS 2024",
    year=2024,
    arxiv="2405.14458",
    origin="https://github.com/THU-MIG/yolov10",
    licence="AGPL-3.0; the class is ultralytics' own, AGPL-3.0",
)
class C2fCib(C2fCIB):  # type: ignore[misc] # ultralytics is not typed
    """Depth-wise convolutions between 1×1 ones, section 3.2, with their shortcut.

    Args:
        c_in: Channels in.
        c_out: Channels out.
        repeats: Number of compact inverted blocks.
        expansion: Channels of a half as a share of `c_out`.
        large: Whether the middle convolution is 7×7 beside a 3×3 one, which fold into one. The
            paper has it in the deep stages of its small networks.
    """

    def __init__(
        self, c_in: int, c_out: int, repeats: int, expansion: float, *, large: bool = False
    ) -> None:
        """Have the shortcut."""
        super().__init__(c_in, c_out, repeats, True, large, 1, expansion)
