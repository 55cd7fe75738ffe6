"""CAA of PKINet: strips carry the surroundings of a place along its row and column."""

from __future__ import annotations

import torch
from torch import nn
from ultralytics.nn.modules import Conv

from engine.models.parts.depthwise import strips
from engine.models.registry import register

POOLED = 7
"""Side of the pooling."""


@register(
    "caa",
    slot="attention",
    family="PKINet",
    paper="Poly Kernel Inception Network for Remote Sensing Detection, CVPR 2024",
    year=2024,
    arxiv="2403.06258",
    origin="https://github.com/PKINet/PKINet",
    licence="Apache-2.0; written from the paper",
)
class ContextAnchorAttention(nn.Module):
    """x ⊙ σ(W₂ dw k×1(dw 1×k(W₁ avgpool7×7(x)))), section 3.

    W₁ and W₂ are 1×1 convolutions with normalisation and SiLU. PKINet weights the output of its
    kernels with this and adds the unweighted one; here it weights what it is given. There the
    strips are 11 + 2l long in block l.

    Args:
        channels: In and out.
        kernel: Length k of the strips, odd.
    """

    def __init__(self, channels: int, *, kernel: int = 11) -> None:
        """Make the convolutions."""
        super().__init__()
        self.weigh = nn.Sequential(
            nn.AvgPool2d(POOLED, 1, POOLED // 2),
            Conv(channels, channels, 1),
            strips(channels, kernel),
            Conv(channels, channels, 1),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, C, H, W] for [B, C, H, W]."""
        weight: torch.Tensor = self.weigh(x).sigmoid()
        return x * weight
