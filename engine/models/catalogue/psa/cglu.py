"""C2PSA with a gate that sees its neighbours in the place of its feed-forward."""

from __future__ import annotations

from torch import nn
from ultralytics.nn.modules.block import Attention

from engine.models.catalogue.psa.frame import PsaFrame, Residuals
from engine.models.parts.glu import ConvolutionalGlu
from engine.models.parts.heads import heads_of
from engine.models.registry import register


@register(
    "cglu",
    slot="psa",
    family="TransNeXt",
    paper="TransNeXt: Robust Foveal Visual Perception for Vision Transformers, CVPR 2024",
    year=2023,
    arxiv="2311.17132",
    origin="https://github.com/DaiShiResearch/TransNeXt",
    licence="Apache-2.0; written from the paper",
)
class PsaCglu(PsaFrame):
    """C2PSA's attention, then `ConvolutionalGlu`, section 3.3.

    TransNeXt normalises the channels of each place before it; here it is over the batch, as
    everywhere in C2PSA. The attention is not TransNeXt's.

    Args:
        c_in: Channels in.
        c_out: Channels out.
        repeats: Number of units.
        ratio: See `ConvolutionalGlu`; 2 is that of C2PSA's feed-forward.
    """

    def __init__(self, c_in: int, c_out: int, repeats: int, *, ratio: float = 2.0) -> None:
        """Put the units into the frame."""

        def unit(channels: int) -> nn.Module:
            return Residuals(
                attn=Attention(channels, heads_of(channels, 64)),
                ffn=nn.Sequential(nn.BatchNorm2d(channels), ConvolutionalGlu(channels, ratio)),
            )

        super().__init__(c_in, c_out, repeats, unit)
