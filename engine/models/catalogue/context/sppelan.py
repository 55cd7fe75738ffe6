"""SPPELAN: pooling one after another, all of it joined."""

from __future__ import annotations

from ultralytics.nn.modules import SPPELAN

from engine.models.registry import register


@register(
    "sppelan",
    slot="context",
    family="YOLOv9",
    paper="YOLOv9: Learning What You Want to Learn Using Programmable Gradient Information,"
    " ECCV 2024",
    year=2024,
    arxiv="2402.13616",
    origin="https://github.com/WongKinYiu/yolov9",
    licence="GPL-3.0; the class is ultralytics' own, AGPL-3.0",
)
class SppElan(SPPELAN):  # type: ignore[misc] # ultralytics is not typed
    """Ultralytics' SPPELAN with half the output's channels inside, as YOLOv9 has it.

    Where as many channels come in as go out, as in YOLO11, it is the same function as SPPF.

    Args:
        c_in: Channels in.
        c_out: Channels out.
        kernel: Side of the pooling, odd.
    """

    def __init__(self, c_in: int, c_out: int, *, kernel: int = 5) -> None:
        """Choose the channels inside."""
        if kernel % 2 == 0 or kernel < 1:
            raise ValueError(f"the kernel {kernel} is not odd")
        super().__init__(c_in, c_out, c_out // 2, kernel)
