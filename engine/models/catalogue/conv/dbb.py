"""The Diverse Branch Block: four unlike branches in training, one convolution afterwards."""

from __future__ import annotations

import torch
from torch import nn
from ultralytics.nn.modules import Conv

from engine.models.parts import reparam
from engine.models.parts.borders import framed
from engine.models.registry import register


class PaddedNorm(nn.Module):
    """Normalisation, then a border of one pixel of what it makes of zeros.

    So the convolution behind it sees at the border what it would if the picture had been padded
    with zeros before. In training the border is of the running statistics and takes no gradient,
    as in the authors' code.

    Args:
        channels: In and out.
    """

    def __init__(self, channels: int) -> None:
        """Make the normalisation."""
        super().__init__()
        self.norm = nn.BatchNorm2d(channels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, C, H + 2, W + 2] for [B, C, H, W]."""
        norm = self.norm
        y = norm(x)
        assert norm.running_mean is not None
        assert norm.running_var is not None
        zero = norm.bias - norm.weight * norm.running_mean / (norm.running_var + norm.eps).sqrt()
        return framed(y, zero.detach())


@register(
    "dbb",
    slot="conv",
    family="DBB",
    paper="Diverse Branch Block: Building a Convolution as an Inception-like Unit, CVPR 2021",
    year=2021,
    arxiv="2103.13425",
    origin="https://github.com/DingXiaoH/DiverseBranchBlock",
    licence="Apache-2.0; written from the paper",
)
class DiverseBranch(nn.Module):
    """3×3, 1×1, 1×1 then 3×3, and 1×1 then average (section 3.3).

    Every convolution and the average are normalised; the sum is activated. The first 1×1 of the
    third branch keeps the channels and begins as the identity. The authors' code learns its
    difference from the identity, this one learns the kernel itself.

    Args:
        c_in: Channels in.
        c_out: Channels out.
    """

    def __init__(self, c_in: int, c_out: int) -> None:
        """Make the four branches."""
        super().__init__()
        self.square = Conv(c_in, c_out, 3, act=False)
        self.point = Conv(c_in, c_out, 1, act=False)
        self.first = nn.Conv2d(c_in, c_in, 1, bias=False)
        nn.init.dirac_(self.first.weight)
        self.first_norm = PaddedNorm(c_in)
        self.second = nn.Conv2d(c_in, c_out, 3, bias=False)
        self.second_norm = nn.BatchNorm2d(c_out)
        self.mix = nn.Conv2d(c_in, c_out, 1, bias=False)
        self.mix_norm = PaddedNorm(c_out)
        self.average = nn.AvgPool2d(3, 1)
        self.average_norm = nn.BatchNorm2d(c_out)
        self.act = Conv.default_act

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, c_out, H, W] for [B, c_in, H, W]."""
        chain = self.second_norm(self.second(self.first_norm(self.first(x))))
        mean = self.average_norm(self.average(self.mix_norm(self.mix(x))))
        summed: torch.Tensor = self.act(self.square(x) + self.point(x) + chain + mean)
        return summed

    def fold(self) -> nn.Sequential:
        """Return one convolution and the activation."""
        mix = reparam.normed(self.mix.weight, self.mix_norm.norm)
        average = reparam.averaging(len(mix[1]), 3, mix[0])
        merged = reparam.added(
            reparam.of(self.square),
            reparam.of(self.point),
            reparam.chained(
                reparam.normed(self.first.weight, self.first_norm.norm),
                reparam.normed(self.second.weight, self.second_norm),
            ),
            reparam.chained(mix, reparam.normed(average, self.average_norm)),
        )
        return reparam.plain(merged, self.act)
