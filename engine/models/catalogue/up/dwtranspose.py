"""A depth-wise transposed convolution that begins as bilinear interpolation."""

from __future__ import annotations

import torch
from torch import nn

from engine.models.registry import register


@register(
    "dwtranspose",
    slot="up",
    family="FCN",
    paper="Fully Convolutional Networks for Semantic Segmentation, CVPR 2015",
    year=2014,
    arxiv="1411.4038",
    origin="https://github.com/shelhamer/fcn.berkeleyvision.org",
    licence="not verified; written from the paper",
)
class DepthWiseTransposed(nn.ConvTranspose2d):
    """A 4×4 kernel with stride 2 for each channel, at first the bilinear one (section 4.2).

    The paper's kernels begin without weights between channels; here there are none. At the
    border zeros count as neighbours, so that the outermost pixels begin darker than those of an
    interpolation.

    Args:
        channels: In and out.
    """

    def __init__(self, channels: int) -> None:
        """Begin as interpolation."""
        super().__init__(channels, channels, 4, 2, 1, groups=channels, bias=False)
        row = torch.tensor([0.25, 0.75, 0.75, 0.25])
        with torch.no_grad():
            self.weight.copy_(torch.outer(row, row))
