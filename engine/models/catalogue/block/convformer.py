"""ConvFormer's block: separable convolutions mix the places."""

from __future__ import annotations

from engine.models.catalogue.block.csp import Csp
from engine.models.catalogue.block.metaformer import baseline, mixer_of
from engine.models.registry import register


@register(
    "convformer",
    slot="block",
    family="MetaFormer Baselines",
    paper="MetaFormer Baselines for Vision, TPAMI 2024",
    year=2022,
    arxiv="2210.13452",
    origin="https://github.com/sail-sg/metaformer",
    licence="Apache-2.0; written from the paper",
)
class CspConvFormer(Csp):
    """ConvFormer's blocks in the frame of C3k2, see `MetaFormerBlock` and `SepConv`.

    Args:
        c_in: Channels in.
        c_out: Channels out.
        repeats: Number of blocks.
        expansion: Channels of a half as a share of `c_out`.
        level: Of the map; residuals are scaled from p4 on.
        kernel: Side of the depth-wise convolutions, odd.
        ratio: Channels in the middle of the perceptrons as a multiple of those outside.
    """

    def __init__(
        self,
        c_in: int,
        c_out: int,
        repeats: int,
        expansion: float,
        level: int = 3,
        *,
        kernel: int = 7,
        ratio: float = 4.0,
    ) -> None:
        """Put the blocks into the frame."""
        mixer = mixer_of("sepconv", level, kernel=kernel)
        super().__init__(
            c_in, c_out, repeats, expansion, lambda c: baseline(c, mixer, level, ratio)
        )
