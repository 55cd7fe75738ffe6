"""RFAConv: attention over what each place of a kernel sees."""

from __future__ import annotations

import torch
from einops import rearrange
from torch import nn
from ultralytics.nn.modules import Conv

from engine.models.parts.reach import reach_of
from engine.models.registry import register


@register(
    "rfaconv",
    slot="conv",
    family="RFAConv",
    paper="RFAConv: Innovating Spatial Attention and Standard Convolutional Operation, arXiv",
    year=2023,
    arxiv="2304.03198",
    origin="https://github.com/Liuchen1997/RFAConv",
    licence="not verified; written from the paper",
)
class RfaConv(nn.Module):
    """F = softmax(g1x1(avgpool(x))) ⊙ relu(norm(gkxk(x))) and a k×k convolution of F, equation 6.

    Each channel becomes k² features at each place, one for each tap, by convolutions g of that
    channel alone. The softmax is over the taps. Laid out as k×k pixels they make a map k times as
    high and wide, which the last convolution reads in steps of k: no two windows share a weight.

    Args:
        c_in: Channels in.
        c_out: Channels out.
        kernel: k, odd.
    """

    def __init__(self, c_in: int, c_out: int, *, kernel: int = 3) -> None:
        """Make attention, features and the convolution."""
        super().__init__()
        reach, taps = reach_of(kernel), c_in * kernel**2
        self.kernel = kernel
        self.attention = nn.Sequential(
            nn.AvgPool2d(kernel, 1, reach), nn.Conv2d(c_in, taps, 1, groups=c_in, bias=False)
        )
        self.features = nn.Sequential(
            nn.Conv2d(c_in, taps, kernel, padding=reach, groups=c_in, bias=False),
            nn.BatchNorm2d(taps),
            nn.ReLU(inplace=True),
        )
        self.conv = Conv(c_in, c_out, kernel, kernel, 0)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, c_out, H, W] for [B, c_in, H, W]."""
        taps = "b (c k) h w -> b c k h w"
        share = rearrange(self.attention(x), taps, c=x.shape[1]).softmax(2)
        weighed = share * rearrange(self.features(x), taps, c=x.shape[1])
        large = rearrange(
            weighed, "b c (down right) h w -> b c (h down) (w right)", down=self.kernel
        )
        convolved: torch.Tensor = self.conv(large)
        return convolved
