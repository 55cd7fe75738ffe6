"""LSKA: the kernels of LKA in rows and columns."""

from __future__ import annotations

import torch
from torch import nn

from engine.models.parts.depthwise import strips
from engine.models.registry import register

DILATIONS = {7: 2, 11: 2, 23: 3, 35: 3, 41: 3, 53: 3}
"""Of the kernels of the paper."""


@register(
    "lska",
    slot="attention",
    family="LSKA",
    paper="Large Separable Kernel Attention: Rethinking the Large Kernel Attention Design in CNN,"
    " Expert Systems with Applications 2024",
    year=2023,
    arxiv="2309.01439",
    origin="https://github.com/StevenLauHKHK/Large-Separable-Kernel-Attention",
    licence="not verified; written from the paper",
)
class LargeSeparableKernelAttention(nn.Module):
    """x ⊙ W Z with Z from 1×(2d - 1), (2d - 1)×1, 1×⌊k/d⌋ and ⌊k/d⌋×1, section 3.

    All four are depthwise, the last two with dilation d. The weights have no bounds. What stands
    around it in the blocks of VAN is left out.

    Args:
        channels: In and out.
        kernel: k, one of 7, 11, 23, 35, 41 and 53; d is 2 for the first two and 3 for the others.
    """

    def __init__(self, channels: int, *, kernel: int = 23) -> None:
        """Take the kernel apart."""
        super().__init__()
        if kernel not in DILATIONS:
            known = ", ".join(map(str, DILATIONS))
            raise ValueError(f"the kernel {kernel} is not one of {known}")
        dilation = DILATIONS[kernel]
        self.near = strips(channels, 2 * dilation - 1)
        self.far = strips(channels, kernel // dilation, dilation=dilation)
        self.mix = nn.Conv2d(channels, channels, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, C, H, W] for [B, C, H, W]."""
        weight: torch.Tensor = self.mix(self.far(self.near(x)))
        return x * weight
