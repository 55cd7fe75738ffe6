"""ASPP: convolutions with holes of several sizes, and the mean of the picture."""

from __future__ import annotations

import torch
from torch import nn
from ultralytics.nn.modules import Conv

from engine.models.parts.pooling import enlarged, enough
from engine.models.registry import register


@register(
    "aspp",
    slot="context",
    family="DeepLab",
    paper="Rethinking Atrous Convolution for Semantic Image Segmentation, arXiv 2017",
    year=2017,
    arxiv="1706.05587",
    origin="https://github.com/tensorflow/models/tree/master/research/deeplab",
    licence="Apache-2.0; written from the paper",
)
class Aspp(nn.Module):
    """A 1×1 convolution, three 3×3 ones that dilate and the mean of the map, joined by a 1×1 one.

    Section 3.3. All have normalisation and ReLU. The rates are those for a map of a sixteenth of
    the picture; where it is a thirty-second, half of them reach as far in the picture. Each branch
    has 256 of 2048 channels there and half of those that come out here.

    Args:
        c_in: Channels in.
        c_out: Channels out.
        rate: The rates are this, twice and three times this.
    """

    def __init__(self, c_in: int, c_out: int, *, rate: int = 6) -> None:
        """Make the branches."""
        super().__init__()
        if rate < 1:
            raise ValueError(f"the rate {rate} is below 1")
        inside, relu = c_out // 2, nn.ReLU(inplace=True)
        self.point = Conv(c_in, inside, 1, act=relu)
        self.wide = nn.ModuleList(
            Conv(c_in, inside, 3, d=times * rate, act=relu) for times in (1, 2, 3)
        )
        self.mean = Conv(c_in, inside, 1, act=relu)
        self.join = Conv(5 * inside, c_out, 1, act=relu)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, c_out, H, W] for [B, c_in, H, W]."""
        mean = self.mean(enough(x.mean((2, 3), keepdim=True), self.training))
        parts = [self.point(x), *(wide(x) for wide in self.wide), enlarged(mean, x)]
        joined: torch.Tensor = self.join(torch.cat(parts, 1))
        return joined
