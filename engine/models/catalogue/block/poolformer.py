"""PoolFormer's block: the mean of what is around mixes the places."""

from __future__ import annotations

from functools import partial

from torch import nn

from engine.models.catalogue.block.csp import Csp
from engine.models.catalogue.block.metaformer import MetaFormerBlock, Pooling
from engine.models.parts.glu import Mlp
from engine.models.registry import register

ADDED = 1e-5
"""Layer scale at the start."""


@register(
    "poolformer",
    slot="block",
    family="PoolFormer",
    paper="MetaFormer Is Actually What You Need for Vision, CVPR 2022",
    year=2021,
    arxiv="2111.11418",
    origin="https://github.com/sail-sg/poolformer",
    licence="Apache-2.0; written from the paper",
)
class CspPoolFormer(Csp):
    """PoolFormer's blocks in the frame of C3k2, see `MetaFormerBlock` and `Pooling`.

    Normalisation is over channels and places, perceptrons have GELU and biases, and layer scale
    lets each block begin close to doing nothing.

    Args:
        c_in: Channels in.
        c_out: Channels out.
        repeats: Number of blocks.
        expansion: Channels of a half as a share of `c_out`.
        ratio: Channels in the middle of the perceptrons as a multiple of those outside.
    """

    def __init__(
        self, c_in: int, c_out: int, repeats: int, expansion: float, *, ratio: float = 4.0
    ) -> None:
        """Put the blocks into the frame."""
        unit = partial(
            MetaFormerBlock,
            mixer=Pooling,
            mlp=partial(Mlp, ratio=ratio),
            norm=partial(nn.GroupNorm, 1),
            added=ADDED,
        )
        super().__init__(c_in, c_out, repeats, expansion, unit)
