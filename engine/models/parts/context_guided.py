"""CGNet's idea: what is here, what is around it, and one weight for each channel from both."""

from __future__ import annotations

import torch
from torch import nn
from ultralytics.nn.modules import Conv

from engine.models.parts.stages import by_stage

DILATIONS = (2, 4)
REDUCTIONS = (8, 16)
"""Of CGNet's stages at a quarter and at an eighth of the picture; deeper levels have the last."""


class ContextGuided(nn.Module):
    """prelu(norm([dw3x3(x), dilated dw3x3(x)])), weighted by itself as a whole.

    "CGNet: A Light-weight Context Guided Network for Semantic Segmentation", arXiv 1811.08201,
    section III: the local, the surrounding, the joint and the global feature. The weights are
    σ(W2 relu(W1 mean)).

    Args:
        channels: In.
        out: Channels out; twice `channels`, or fewer that a 1×1 convolution makes of them.
        level: Of the map.
        dilation: Of what is around, above 0; 0 for the paper's at this level.
        reduction: How many times fewer channels W1 gives, above 0; 0 for the paper's.
    """

    def __init__(
        self, channels: int, out: int, level: int, dilation: int = 0, reduction: int = 0
    ) -> None:
        """Make both depth-wise convolutions and the weighting."""
        super().__init__()
        if dilation < 0 or reduction < 0:
            raise ValueError(f"{min(dilation, reduction)} is below 0")
        step = dilation or by_stage(level, DILATIONS)
        middle = max(1, out // (reduction or by_stage(level, REDUCTIONS)))
        self.local = nn.Conv2d(channels, channels, 3, padding=1, groups=channels, bias=False)
        self.around = nn.Conv2d(
            channels, channels, 3, padding=step, dilation=step, groups=channels, bias=False
        )
        self.joint = nn.Sequential(nn.BatchNorm2d(2 * channels), nn.PReLU(2 * channels))
        self.reduce = (
            nn.Identity() if out == 2 * channels else nn.Conv2d(2 * channels, out, 1, bias=False)
        )
        self.whole = nn.Sequential(
            nn.Conv2d(out, middle, 1), nn.ReLU(inplace=True), nn.Conv2d(middle, out, 1)
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, out, H, W] for [B, C, H, W]."""
        joint: torch.Tensor = self.joint(torch.cat((self.local(x), self.around(x)), 1))
        joint = self.reduce(joint)
        weight: torch.Tensor = self.whole(joint.mean((2, 3), keepdim=True)).sigmoid()
        return joint * weight


def rectified(c_in: int, c_out: int, kernel: int, stride: int = 1) -> nn.Module:
    """Return a convolution with normalisation and a PReLU that has a slope for each channel."""
    made: nn.Module = Conv(c_in, c_out, kernel, stride, act=nn.PReLU(c_out))
    return made
