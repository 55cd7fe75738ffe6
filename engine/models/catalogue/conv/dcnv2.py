"""DCNv2: taps that move and count more or less."""

from __future__ import annotations

from engine.models.parts.deform import DeformableConv
from engine.models.registry import register


@register(
    "dcnv2",
    slot="conv",
    family="DCNv2",
    paper="Deformable ConvNets v2: More Deformable, Better Results, CVPR 2019",
    year=2018,
    arxiv="1811.11168",
    origin="https://github.com/msracver/Deformable-ConvNets",
    licence="MIT; written from the paper",
    operators=("deform_conv2d",),
)
class DcnV2(DeformableConv):
    """y(p) = Σ_k w_k x(p + p_k + Δp_k) Δm_k, equation 1, with Δm from 0 to 1.

    Offsets and masks come from one convolution of x that begins at zero: at the start it is half of
    an ordinary convolution. That convolution learns as fast as the rest; the paper lets it learn at
    a tenth of that. Normalisation and activation are those of YOLO.

    Args:
        c_in: Channels in.
        c_out: Channels out.
        groups: Of input channels with offsets and masks of their own.
    """

    def __init__(self, c_in: int, c_out: int, *, groups: int = 1) -> None:
        """Have a mask."""
        super().__init__(c_in, c_out, groups, modulated=True)
