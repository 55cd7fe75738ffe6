"""SMPNet's blocks: large kernels of a few points that move."""

from __future__ import annotations

from torch import nn

from engine.models.catalogue.block.csp import Csp
from engine.models.parts.smp import SmpBlock, SmpConvFfn
from engine.models.registry import register

_KERNELS = {2: 31, 3: 29, 4: 27, 5: 13}
"""Of SMPNet, by level; 13 at all others."""


@register(
    "smp",
    slot="block",
    family="SMPConv",
    paper="SMPConv: Self-moving Point Representations for Continuous Convolution, CVPR 2023",
    year=2023,
    arxiv="2304.02330",
    origin="https://github.com/sangnekim/SMPConv",
    licence="MIT; written from the paper",
)
class CspSmp(Csp):
    """SMPNet's pair, a block with a large kernel and a perceptron, in the frame of C3k2.

    Args:
        c_in: Channels in.
        c_out: Channels out.
        repeats: Number of pairs.
        expansion: See `Csp`.
        level: Of the map, for SMPNet's kernels: 31, 29, 27 and 13 at levels 2 to 5.
        kernel: Side at every level, odd, at least 5; 0 for SMPNet's.
        ratio: See `SmpConvFfn`.
    """

    def __init__(
        self,
        c_in: int,
        c_out: int,
        repeats: int,
        expansion: float,
        level: int,
        *,
        kernel: int = 0,
        ratio: float = 4.0,
    ) -> None:
        """Put the pairs into the frame."""
        side = kernel or _KERNELS.get(level, min(_KERNELS.values()))
        super().__init__(
            c_in,
            c_out,
            repeats,
            expansion,
            lambda c: nn.Sequential(SmpBlock(c, side), SmpConvFfn(c, ratio)),
        )
