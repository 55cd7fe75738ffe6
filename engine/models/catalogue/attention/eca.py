"""ECA: channels weighted by themselves and their neighbours."""

from __future__ import annotations

import math

import torch
from torch import nn

from engine.models.registry import register


@register(
    "eca",
    slot="attention",
    family="ECA-Net",
    paper="ECA-Net: Efficient Channel Attention for Deep Convolutional Neural Networks, CVPR 2020",
    year=2019,
    arxiv="1910.03151",
    origin="https://github.com/BangguWu/ECANet",
    licence="MIT; written from the paper",
)
class Eca(nn.Module):
    """x σ(conv1d(avgpool(x))) with a kernel that grows with the channels, equations 5, 9 and 12.

    Args:
        channels: In and out.
        gamma: The kernel is (log2(channels) + b) / gamma, made odd.
        b: See `gamma`.
    """

    def __init__(self, channels: int, *, gamma: float = 2.0, b: float = 1.0) -> None:
        """Choose the kernel."""
        super().__init__()
        if gamma <= 0:
            raise ValueError(f"gamma {gamma} is not above 0")
        kernel = max(1, int(abs((math.log2(channels) + b) / gamma)))
        kernel += 1 - kernel % 2
        self.conv = nn.Conv1d(1, 1, kernel, padding=kernel // 2, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, C, H, W] for [B, C, H, W]."""
        mean = x.mean((2, 3))[:, None]
        weight: torch.Tensor = self.conv(mean).sigmoid()
        return x * weight[:, 0, :, None, None]
