"""Effective SE: squeeze and excitation without the narrow middle."""

from __future__ import annotations

import torch
from torch import nn

from engine.models.registry import register


@register(
    "ese",
    slot="attention",
    family="VoVNetV2",
    paper="CenterMask: Real-Time Anchor-Free Instance Segmentation, CVPR 2020",
    year=2019,
    arxiv="1911.06667",
    origin="https://github.com/youngwanLEE/vovnet-detectron2",
    licence="CC BY-NC 4.0; written from the paper",
)
class EffectiveSe(nn.Module):
    """x σ(W avgpool(x)) with one matrix of all channels, section 3.4.

    It weighs with the sigmoid that the paper writes; the authors' repository has its piecewise
    linear form.

    Args:
        channels: In and out.
    """

    def __init__(self, channels: int) -> None:
        """Make the matrix."""
        super().__init__()
        self.excite = nn.Conv2d(channels, channels, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, C, H, W] for [B, C, H, W]."""
        weight: torch.Tensor = self.excite(x.mean((2, 3), keepdim=True)).sigmoid()
        return x * weight
