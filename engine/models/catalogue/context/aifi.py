"""AIFI: a transformer's encoder on the smallest map."""

from __future__ import annotations

from torch import nn
from ultralytics.nn.modules import AIFI, Conv

from engine.models.registry import register


@register(
    "aifi",
    slot="context",
    family="RT-DETR",
    paper="DETRs Beat YOLOs on Real-time Object Detection, CVPR 2024",
    year=2023,
    arxiv="2304.08069",
    origin="https://github.com/lyuwenyu/RT-DETR",
    licence="Apache-2.0; the class is ultralytics' own, AGPL-3.0",
)
class Aifi(nn.Sequential):
    """A 1×1 convolution with normalisation, then one layer of attention among all places.

    Section 4.2: sines and cosines of the position are added to queries and keys, normalisation
    comes after each sum, and a perceptron with GELU follows. Without the authors' dropout, which
    is 0 there too.

    Args:
        c_in: Channels in.
        c_out: Channels out, a multiple of 4 and of `heads`.
        heads: Of the attention.
        hidden: Channels in the middle of the perceptron.
    """

    def __init__(self, c_in: int, c_out: int, *, heads: int = 8, hidden: int = 1024) -> None:
        """Make both layers."""
        if heads < 1 or c_out % heads or c_out % 4:
            raise ValueError(f"{c_out} channels are not a multiple of 4 and of {heads} heads")
        if hidden < 1:
            raise ValueError(f"{hidden} channels in the middle are below 1")
        super().__init__(Conv(c_in, c_out, 1, act=False), AIFI(c_out, hidden, heads))
