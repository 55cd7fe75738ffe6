"""DCNv1: taps that move."""

from __future__ import annotations

from engine.models.parts.deform import DeformableConv
from engine.models.registry import register


@register(
    "dcnv1",
    slot="conv",
    family="DCNv1",
    paper="Deformable Convolutional Networks, ICCV 2017",
    year=2017,
    arxiv="1703.06211",
    origin="https://github.com/msracver/Deformable-ConvNets",
    licence="MIT; written from the paper",
    operators=("deform_conv2d",),
)
class DcnV1(DeformableConv):
    """y(p) = Σ_k w_k x(p + p_k + Δp_k), equation 2, with offsets from a convolution of x.

    Offsets begin at zero, where it is an ordinary convolution. Normalisation and activation are
    those of YOLO.

    Args:
        c_in: Channels in.
        c_out: Channels out.
        groups: Of input channels with offsets of their own.
    """

    def __init__(self, c_in: int, c_out: int, *, groups: int = 1) -> None:
        """Have no mask."""
        super().__init__(c_in, c_out, groups, modulated=False)
