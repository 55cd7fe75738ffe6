"""GSConv: half of the channels dense, half of them cheap."""

from __future__ import annotations

import torch
from torch import nn
from ultralytics.nn.modules import Conv

from engine.models.parts.reach import reach_of
from engine.models.parts.shuffle import shuffled
from engine.models.parts.widths import each_of
from engine.models.registry import register


@register(
    "gsconv",
    slot="conv",
    family="GSConv",
    paper="Slim-neck by GSConv: A Lightweight-Design for Real-Time Detector Architectures,"
    " Journal of Real-Time Image Processing 2024",
    year=2022,
    arxiv="2206.02424",
    origin="https://github.com/AlanLi1997/slim-neck-by-gsconv",
    licence="not verified; written from the paper",
)
class GsConv(nn.Module):
    """y = shuffle(dense(x), depthwise5x5(dense(x))), section 3.1.

    A 3×3 convolution makes half of the channels, a depthwise one the other half from those; both
    are normalised and activated. The shuffle takes channels of both in turn as in ShuffleNet; the
    authors' code takes the even ones of both, then the odd ones, which the next layer cannot tell
    apart but by the order of its weights.

    Args:
        c_in: Channels in.
        c_out: Channels out, even.
        kernel: Of the depthwise convolution, odd.
    """

    def __init__(self, c_in: int, c_out: int, *, kernel: int = 5) -> None:
        """Make both halves."""
        super().__init__()
        half = each_of(2, c_out)
        self.dense = Conv(c_in, half, 3)
        self.cheap = Conv(half, half, kernel, p=reach_of(kernel), g=half)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, c_out, H, W] for [B, c_in, H, W]."""
        dense = self.dense(x)
        return shuffled(torch.cat((dense, self.cheap(dense)), 1), 2)
