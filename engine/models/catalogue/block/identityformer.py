"""IdentityFormer's block: nothing mixes the places."""

from __future__ import annotations

from engine.models.catalogue.block.csp import Csp
from engine.models.catalogue.block.metaformer import baseline, mixer_of
from engine.models.registry import register


@register(
    "identityformer",
    slot="block",
    family="MetaFormer Baselines",
    paper="MetaFormer Baselines for Vision, TPAMI 2024",
    year=2022,
    arxiv="2210.13452",
    origin="https://github.com/sail-sg/metaformer",
    licence="Apache-2.0; written from the paper",
)
class CspIdentityFormer(Csp):
    """IdentityFormer's blocks in the frame of C3k2.

    Perceptrons at each place are all that works in them; what is around comes from the layers
    between the blocks. The paper has it as the least that a network of its kind can be.

    Args:
        c_in: Channels in.
        c_out: Channels out.
        repeats: Number of blocks.
        expansion: Channels of a half as a share of `c_out`.
        level: Of the map; residuals are scaled from p4 on.
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
        ratio: float = 4.0,
    ) -> None:
        """Put the blocks into the frame."""
        mixer = mixer_of("identity", level)
        super().__init__(
            c_in, c_out, repeats, expansion, lambda c: baseline(c, mixer, level, ratio)
        )
