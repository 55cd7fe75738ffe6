"""MetaFormer's block with TransNeXt's gated perceptron in the place of a plain one."""

from __future__ import annotations

from functools import partial

from engine.models.catalogue.block.csp import Csp
from engine.models.catalogue.block.metaformer import DEEP, MetaFormerBlock, mixer_of
from engine.models.parts.glu import ConvolutionalGlu
from engine.models.registry import register


@register(
    "metaformercglu",
    slot="block",
    family="TransNeXt",
    paper="TransNeXt: Robust Foveal Visual Perception for Vision Transformers, CVPR 2024",
    year=2023,
    arxiv="2311.17132",
    origin="https://github.com/DaiShiResearch/TransNeXt",
    licence="Apache-2.0; written from the paper",
)
class CspMetaFormerCglu(Csp):
    """Blocks of the MetaFormer baselines with `ConvolutionalGlu`, in the frame of C3k2.

    TransNeXt has the same perceptron behind an attention of its own; any mixer of the baselines
    stands there here.

    Args:
        c_in: Channels in.
        c_out: Channels out.
        repeats: Number of blocks.
        expansion: Channels of a half as a share of `c_out`.
        level: Of the map, see `mixer_of`.
        mixer: sepconv, attention, pooling, identity or random, see `mixer_of`.
        ratio: See `ConvolutionalGlu`.
    """

    def __init__(
        self,
        c_in: int,
        c_out: int,
        repeats: int,
        expansion: float,
        level: int = 3,
        *,
        mixer: str = "sepconv",
        ratio: float = 4.0,
    ) -> None:
        """Put the blocks into the frame."""
        unit = partial(
            MetaFormerBlock,
            mixer=mixer_of(mixer, level),
            mlp=partial(ConvolutionalGlu, ratio=ratio),
            kept=level >= DEEP,
        )
        super().__init__(c_in, c_out, repeats, expansion, unit)
