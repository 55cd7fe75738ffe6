"""RFEM: one kernel at three distances."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional
from ultralytics.nn.modules import Conv

from engine.models.registry import register

RATES = (1, 2, 3)
"""Of the branches; section 3.2."""


class SharedBranches(nn.Module):
    """act(BN(x + Σ act(x + BN_d(conv3x3_d(act(BN(W1 x))))))) over rates d of 1, 2 and 3.

    The branches share both convolutions, as in TridentNet (arXiv 1901.01892), and the sum of them
    and of the map gathers them.

    Args:
        channels: In and out.
    """

    def __init__(self, channels: int) -> None:
        """Make the shared convolutions."""
        super().__init__()
        middle = max(1, channels // 2)
        self.reduce = Conv(channels, middle, 1)
        self.conv = nn.Conv2d(middle, channels, 3, bias=False)
        self.norms = nn.ModuleList(nn.BatchNorm2d(channels) for _ in RATES)
        self.norm = nn.BatchNorm2d(channels)
        self.act = nn.SiLU()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, C, H, W] for [B, C, H, W]."""
        reduced, weight, gathered = self.reduce(x), self.conv.weight, x
        for rate, norm in zip(RATES, self.norms, strict=True):
            seen = functional.conv2d(reduced, weight, padding=rate, dilation=rate)
            gathered = gathered + self.act(x + norm(seen))
        enhanced: torch.Tensor = self.act(self.norm(gathered))
        return enhanced


@register(
    "rfem",
    slot="context",
    family="YOLO-FaceV2",
    paper="YOLO-FaceV2: A Scale and Occlusion Aware Face Detector, Pattern Recognition 2024",
    year=2022,
    arxiv="2208.02019",
    origin="https://github.com/Krasjet-Yu/YOLO-FaceV2",
    licence="not verified; written from the paper",
)
class Rfem(nn.Module):
    """`SharedBranches` in one of two branches, C3RFEM of the paper's network.

    In the authors' code the three rates share their normalisation as well, whose statistics are
    then a mixture that fits none of them; here each rate has its own, which also weights them.

    Args:
        c_in: Channels in.
        c_out: Channels out.
    """

    def __init__(self, c_in: int, c_out: int) -> None:
        """Make both branches."""
        super().__init__()
        half = max(1, c_out // 2)
        self.cv1 = Conv(c_in, half, 1)
        self.cv2 = Conv(c_in, half, 1)
        self.m = SharedBranches(half)
        self.cv3 = Conv(2 * half, c_out, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, c_out, H, W] for [B, c_in, H, W]."""
        joined: torch.Tensor = self.cv3(torch.cat((self.m(self.cv1(x)), self.cv2(x)), 1))
        return joined
