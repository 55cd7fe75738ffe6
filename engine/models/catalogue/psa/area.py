"""Area attention in the place of C2PSA's."""

from __future__ import annotations

from torch import nn

from engine.models.catalogue.block.a2c2f import HEAD, AreaBlock
from engine.models.catalogue.psa.frame import PsaFrame
from engine.models.registry import register


@register(
    "area",
    slot="psa",
    family="YOLOv12",
    paper="YOLOv12: Attention-Centric Real-Time Object Detectors",
    year=2025,
    arxiv="2502.12524",
    origin="https://github.com/sunsmarterjie/yolov12",
    licence="AGPL-3.0; written from the paper",
)
class PsaArea(PsaFrame):
    """YOLOv12's `AreaBlock` in the frame of C2PSA, for which half of `c_out` is whole heads.

    Section 3.2, without R-ELAN, which is YOLOv12's own frame. There maps of a sixteenth of the
    picture have four areas, and those of a thirty-second, where this stands, a single one.

    Args:
        c_in: Channels in.
        c_out: Channels out, a multiple of 64.
        repeats: Number of units.
        area: Number of areas.
        ratio: Channels in the middle of the feed-forward as a multiple of those around it; the
            paper has 2 in small networks and 1.2 in large ones.
    """

    def __init__(
        self, c_in: int, c_out: int, repeats: int, *, area: int = 4, ratio: float = 2.0
    ) -> None:
        """Put the units into the frame."""

        def unit(channels: int) -> nn.Module:
            if channels % HEAD:
                raise ValueError(f"{channels} channels are not whole heads of {HEAD}")
            return AreaBlock(channels, area, ratio)

        super().__init__(c_in, c_out, repeats, unit)
