"""MixConv: several sizes of kernels in one depthwise convolution."""

from __future__ import annotations

import torch
from torch import nn
from ultralytics.nn.modules import Conv

from engine.models.parts.depthwise import depthwise
from engine.models.registry import register


class MixedDepthwise(nn.Module):
    """A depthwise convolution with kernels of 3, 5, 7, … for equal groups of channels, section 3.1.

    What does not divide goes to the smallest kernel.

    Args:
        channels: In and out, at least `groups`.
        groups: Number of sizes.
    """

    def __init__(self, channels: int, groups: int = 4) -> None:
        """Share out the channels."""
        super().__init__()
        if not 1 <= groups <= channels:
            raise ValueError(f"{channels} channels cannot have {groups} sizes of kernels")
        self.split = [channels // groups] * groups
        self.split[0] += channels % groups
        self.convs = nn.ModuleList(
            depthwise(count, 2 * size + 3, bias=False) for size, count in enumerate(self.split)
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, C, H, W] for [B, C, H, W]."""
        parts = zip(self.convs, torch.split(x, self.split, 1), strict=True)
        return torch.cat([conv(part) for conv, part in parts], 1)


@register(
    "mixconv",
    slot="conv",
    family="MixConv",
    paper="MixConv: Mixed Depthwise Convolutional Kernels, BMVC 2019",
    year=2019,
    arxiv="1907.09595",
    origin="https://github.com/tensorflow/tpu",
    licence="Apache-2.0; written from the paper",
)
class MixConv(nn.Module):
    """MixConv, normalised and activated, and a 1×1 convolution that mixes the channels.

    The paper has it between two 1×1 convolutions; in a block of YOLO another layer stands before.

    Args:
        c_in: Channels in, at least `groups`.
        c_out: Channels out.
        groups: Number of sizes of kernels, from 3 in steps of 2.
    """

    def __init__(self, c_in: int, c_out: int, *, groups: int = 4) -> None:
        """Make the layers."""
        super().__init__()
        self.near = MixedDepthwise(c_in, groups)
        self.norm = nn.BatchNorm2d(c_in)
        self.act = Conv.default_act
        self.mix = Conv(c_in, c_out, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, c_out, H, W] for [B, c_in, H, W]."""
        mixed: torch.Tensor = self.mix(self.act(self.norm(self.near(x))))
        return mixed
