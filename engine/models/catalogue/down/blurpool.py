"""BlurPool: smooth before leaving pixels out, so that a small shift changes little."""

from __future__ import annotations

import math

import torch
from torch import nn
from ultralytics.nn.modules import Conv

from engine.models.parts.borders import repeated
from engine.models.registry import register


@register(
    "blurpool",
    slot="down",
    family="BlurPool",
    paper="Making Convolutional Networks Shift-Invariant Again, ICML 2019",
    year=2019,
    arxiv="1904.11486",
    origin="https://github.com/adobe/antialiased-cnns",
    licence="CC BY-NC-SA 4.0; written from the paper",
)
class BlurPool(nn.Module):
    """A convolution without stride, its activation, then a binomial blur with stride 2.

    That is what the paper makes of a convolution with stride. The blur is the filter of `size`
    from Pascal's triangle; the paper compares 2, 3 and 5. Borders repeat the last pixel, one of the
    authors' choices, where they usually mirror it, which very small maps do not allow.

    Args:
        c_in: Channels in.
        c_out: Channels out.
        size: Side of the blur, 2 to 7.
    """

    blur: torch.Tensor

    def __init__(self, c_in: int, c_out: int, *, size: int = 3) -> None:
        """Make the convolution and the filter."""
        super().__init__()
        if not 2 <= size <= 7:
            raise ValueError(f"the size {size} is not from 2 to 7")
        self.conv = Conv(c_in, c_out, 3)
        row = torch.tensor([math.comb(size - 1, k) for k in range(size)]) / 2 ** (size - 1)
        self.register_buffer("blur", torch.outer(row, row).repeat(c_out, 1, 1, 1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, c_out, H / 2, W / 2], rounded up, for [B, c_in, H, W]."""
        size = self.blur.shape[-1]
        padded = repeated(self.conv(x), (size - 1) // 2, size // 2)
        return nn.functional.conv2d(padded, self.blur, stride=2, groups=len(self.blur))
