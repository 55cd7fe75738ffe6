"""OREPA: the branches are one kernel already while they are trained."""

from __future__ import annotations

import math

import torch
from einops import rearrange
from torch import nn
from ultralytics.nn.modules import Conv

from engine.models.parts import reparam
from engine.models.registry import register

EXPAND = 8
"""Kernels per channel of the separable branch."""
SCALES = (0.25, 0.25, 0.0, 0.5, 1.0, 0.5)
"""What the branches are scaled by at the beginning, in the order of `Orepa`."""


@register(
    "orepa",
    slot="conv",
    family="OREPA",
    paper="Online Convolutional Re-parameterization, CVPR 2022",
    year=2022,
    arxiv="2204.00826",
    origin="https://github.com/JUGGHM/OREPA_CVPR2022",
    licence="Apache-2.0; written from the paper",
)
class Orepa(nn.Module):
    """Six linear branches, each scaled by channel, squeezed into a 3×3 kernel at every call.

    The branches ("block design") are a 3×3 kernel, a 1×1 and an average, a 1×1 and waves of the
    cosine transform ("frequency prior"), a 1×1 and a 3×3, a 1×1, and a separable convolution with
    eight kernels per channel. Behind the sum stand one normalisation ("block linearization") and
    the activation. The scales begin with the numbers of the authors' code: the waves have no say
    at first, so their 1×1 learns from the second step on. The 1×1 before a 3×3 begins as the
    identity; that code learns the difference from it, this the kernel itself.

    Args:
        c_in: Channels in.
        c_out: Channels out.
    """

    waves: torch.Tensor
    middle: torch.Tensor

    def __init__(self, c_in: int, c_out: int) -> None:
        """Make the parts of the kernel."""
        super().__init__()

        def part(*shape: int) -> nn.Parameter:
            return nn.Parameter(nn.init.kaiming_uniform_(torch.empty(shape)))

        self.square = part(c_out, c_in, 3, 3)
        self.averaged = part(c_out, c_in, 1, 1)
        self.waved = part(c_out, c_in, 1, 1)
        self.first = nn.Parameter(nn.init.eye_(torch.empty(c_in, c_in)))
        self.second = part(c_out, c_in, 3, 3)
        self.point = part(c_out, c_in, 1, 1)
        self.depthwise = part(c_in * EXPAND, 1, 3, 3)
        self.pointwise = part(c_out, c_in * EXPAND, 1, 1)
        self.scales = nn.Parameter(torch.tensor(SCALES)[:, None].repeat(1, c_out))
        self.register_buffer("waves", _waves(c_out)[:, None])
        self.register_buffer("middle", reparam.centred(torch.ones(1, 1, 1, 1)))
        self.bn = nn.BatchNorm2d(c_out)
        self.act = Conv.default_act

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, c_out, H, W] for [B, c_in, H, W]."""
        made: torch.Tensor = self.act(self.bn(nn.functional.conv2d(x, self.kernel(), padding=1)))
        return made

    def kernel(self) -> torch.Tensor:
        """Return the sum of the branches, [out, in, 3, 3]."""
        depthwise = rearrange(self.depthwise, "(i m) 1 h w -> i m h w", m=EXPAND)
        pointwise = rearrange(self.pointwise, "o (i m) 1 1 -> o i m", m=EXPAND)
        branches = (
            self.square,
            (self.averaged / 9).expand(-1, -1, 3, 3),
            self.waved * self.waves,
            torch.einsum("mi,omhw->oihw", self.first, self.second),
            self.point * self.middle,
            torch.einsum("imhw,oim->oihw", depthwise, pointwise),
        )
        return torch.einsum("boihw,bo->oihw", torch.stack(branches), self.scales)

    def fold(self) -> nn.Sequential:
        """Return one convolution and the activation."""
        return reparam.plain(reparam.normed(self.kernel(), self.bn), self.act)


def _waves(channels: int) -> torch.Tensor:
    """Return [channels, 3, 3]: cosines of rising frequency, half of them down, half across."""
    number, half = torch.arange(channels), channels / 2
    upright = number < half
    frequency = torch.where(upright, number + 1, number + 1 - half)
    wave = (frequency[:, None] * (torch.arange(3) + 0.5) * (math.pi / 3)).cos()
    return torch.where(upright[:, None, None], wave[:, :, None], wave[:, None, :])
