"""SPPF-LSKA: large kernels weight what the pooling has put side by side."""

from __future__ import annotations

import torch
from torch import nn
from ultralytics.nn.modules import Conv

from engine.models.catalogue.attention.lska import LargeSeparableKernelAttention
from engine.models.catalogue.context.simsppf import ChainedPools
from engine.models.registry import register


@register(
    "sppflska",
    slot="context",
    family="LSKA",
    paper="Large Separable Kernel Attention: Rethinking the Large Kernel Attention Design in CNN,"
    " Expert Systems with Applications 2024",
    year=2023,
    arxiv="2309.01439",
    origin="https://github.com/StevenLauHKHK/Large-Separable-Kernel-Attention",
    licence="not verified; written from the paper",
)
class SppfLska(nn.Module):
    """SPPF with `LargeSeparableKernelAttention` on the four maps before they are joined.

    The attention is the paper's, its place here is the practice of those who change YOLO. Weights
    have the names of SPPF's, so that a network trained with it can be started from.

    Args:
        c_in: Channels in.
        c_out: Channels out.
        kernel: Of the attention: 7, 11, 23, 35, 41 or 53.
    """

    def __init__(self, c_in: int, c_out: int, *, kernel: int = 11) -> None:
        """Make the layers."""
        super().__init__()
        middle = c_in // 2
        self.cv1 = Conv(c_in, middle, 1)
        self.pools = ChainedPools()
        self.attention = LargeSeparableKernelAttention(4 * middle, kernel=kernel)
        self.cv2 = Conv(4 * middle, c_out, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, c_out, H, W] for [B, c_in, H, W]."""
        pooled = self.attention(self.pools(self.cv1(x)))
        joined: torch.Tensor = self.cv2(pooled)
        return joined
