"""YOLOv10's SCDown: change the channels, then the size."""

from __future__ import annotations

from ultralytics.nn.modules import SCDown

from engine.models.registry import register


@register(
    "scdown",
    slot="down",
    family="YOLOv10",
    paper="YOLOv10: Real-Time End-to-End Object Detection, NeurIPS 2024",
    year=2024,
    arxiv="2405.14458",
    origin="https://github.com/THU-MIG/yolov10",
    licence="AGPL-3.0; the class is ultralytics' own, AGPL-3.0",
)
class DecoupledDown(SCDown):  # type: ignore[misc] # ultralytics is not typed
    """A 1×1 convolution, then a depth-wise 3×3 with stride 2 without activation (section 3.2).

    Args:
        c_in: Channels in.
        c_out: Channels out.
    """

    def __init__(self, c_in: int, c_out: int) -> None:
        """Halve height and width."""
        super().__init__(c_in, c_out, 3, 2)
