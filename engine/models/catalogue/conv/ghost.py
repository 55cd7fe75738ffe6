"""GhostNet's convolution: make some of the channels, and the others from them cheaply."""

from __future__ import annotations

import math

import torch
from torch import nn
from ultralytics.nn.modules import Conv

from engine.models.registry import register


@register(
    "ghost",
    slot="conv",
    family="GhostNet",
    paper="GhostNet: More Features from Cheap Operations, CVPR 2020",
    year=2019,
    arxiv="1911.11907",
    origin="https://github.com/huawei-noah/Efficient-AI-Backbones",
    licence="not verified; written from the paper",
)
class GhostModule(nn.Module):
    """Equations 2 and 3: a 3×3 convolution makes 1 / ratio of the channels.

    A depth-wise convolution of these makes the rest, and both stand side by side. The paper leaves
    the side of the first kernel open (section 3.1) and has 1×1 in its own network; here it is that
    of the convolution whose place it takes. Both are normalised and activated as in that network,
    by the activation of this one. Ultralytics' GhostConv has a cheap kernel of 5.

    Args:
        c_in: Channels in.
        c_out: Channels out.
        ratio: s of the paper; 2 or more.
        kernel: d of the paper, the side of the cheap convolution; odd.
    """

    def __init__(self, c_in: int, c_out: int, *, ratio: int = 2, kernel: int = 3) -> None:
        """Share out the channels."""
        super().__init__()
        if ratio < 2:
            raise ValueError(f"the ratio {ratio} is below 2")
        if kernel < 1 or kernel % 2 == 0:
            raise ValueError(f"the kernel {kernel} is not odd")
        few = math.ceil(c_out / ratio)
        self.c_out = c_out
        self.primary = Conv(c_in, few, 3)
        self.cheap = Conv(few, few * (ratio - 1), kernel, g=few)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, c_out, H, W] for [B, c_in, H, W]."""
        made = self.primary(x)
        return torch.cat((made, self.cheap(made)), 1)[:, : self.c_out]
