"""YOLOv9's block GELAN: two CSP blocks of re-parameterised bottlenecks, everything joined."""

from __future__ import annotations

from ultralytics.nn.modules import RepNCSPELAN4

from engine.models.registry import register


@register(
    "repncspelan4",
    slot="block",
    family="YOLOv9",
    paper="YOLOv9: Learning What You Want to Learn Using Programmable Gradient Information,"
    " ECCV 2024",
    year=2024,
    arxiv="2402.13616",
    origin="https://github.com/WongKinYiu/yolov9",
    licence="GPL-3.0; the class is ultralytics' own, AGPL-3.0",
)
class RepElan(RepNCSPELAN4):  # type: ignore[misc] # ultralytics is not typed
    """Ultralytics' RepNCSPELAN4: each half as wide as the frame of C3k2 would have it.

    With an expansion of 0.5 the inner widths are those of YOLOv9-T and -S, with 0.25 those of
    YOLOv9-C. The 3×3 and 1×1 branches in its bottlenecks fold into one convolution.

    Args:
        c_in: Channels in.
        c_out: Channels out.
        repeats: Number of bottlenecks in each CSP block.
        expansion: Channels of a half as a share of `c_out`.
    """

    def __init__(self, c_in: int, c_out: int, repeats: int, expansion: float) -> None:
        """Choose the channels inside."""
        half = int(c_out * expansion)
        super().__init__(c_in, c_out, 2 * half, half, repeats)
