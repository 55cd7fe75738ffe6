"""C3 with GhostNet's bottlenecks: half of every map is made cheaply from the other half."""

from __future__ import annotations

from ultralytics.nn.modules import C3Ghost

from engine.models.parts.widths import each_of
from engine.models.registry import register


@register(
    "c3ghost",
    slot="block",
    family="GhostNet",
    paper="GhostNet: More Features from Cheap Operations, CVPR 2020",
    year=2019,
    arxiv="1911.11907",
    origin="https://github.com/huawei-noah/Efficient-AI-Backbones",
    licence="not verified; the class is ultralytics' own, AGPL-3.0",
)
class CspGhost(C3Ghost):  # type: ignore[misc] # ultralytics is not typed
    """Ghost bottlenecks of stride 1 in the frame of C3.

    Unlike the paper's they narrow to half the channels in their middle instead of widening, and
    their cheap convolution is 5×5, as in YOLOv5, where this class comes from.

    Args:
        c_in: Channels in.
        c_out: Channels out.
        repeats: Number of bottlenecks.
        expansion: Channels of a half as a share of `c_out`; they are a multiple of 4.
    """

    def __init__(self, c_in: int, c_out: int, repeats: int, expansion: float) -> None:
        """See that the halves can be halved twice."""
        each_of(4, int(c_out * expansion))
        super().__init__(c_in, c_out, repeats, True, 1, expansion)
