"""LKA: a large kernel in three cheap steps weights each place of each channel."""

from __future__ import annotations

import torch
from torch import nn

from engine.models.parts.depthwise import depthwise
from engine.models.registry import register


@register(
    "lka",
    slot="attention",
    family="VAN",
    paper="Visual Attention Network, Computational Visual Media 2023",
    year=2022,
    arxiv="2202.09741",
    origin="https://github.com/Visual-Attention-Network/VAN-Classification",
    licence="Apache-2.0; written from the paper",
)
class LargeKernelAttention(nn.Module):
    """x ⊙ W dwd(dw(x)), section 3.1; the weights have no bounds.

    A K×K kernel is a (2d - 1)×(2d - 1) depthwise one, a ⌈K/d⌉×⌈K/d⌉ depthwise one with dilation d
    and a 1×1 convolution. The convolutions, the GELU and the sum around it belong to VAN's blocks.

    Args:
        channels: In and out.
        kernel: K; with d it has to give an odd second kernel.
        dilation: d.
    """

    def __init__(self, channels: int, *, kernel: int = 21, dilation: int = 3) -> None:
        """Take the kernel apart."""
        super().__init__()
        if dilation < 1 or kernel < 1:
            raise ValueError(f"the kernel {kernel} with dilation {dilation} is none")
        self.near = depthwise(channels, 2 * dilation - 1)
        self.far = depthwise(channels, -(-kernel // dilation), dilation=dilation)
        self.mix = nn.Conv2d(channels, channels, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, C, H, W] for [B, C, H, W]."""
        weight: torch.Tensor = self.mix(self.far(self.near(x)))
        return x * weight
