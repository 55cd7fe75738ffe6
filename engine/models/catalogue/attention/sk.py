"""SK: each channel chooses between a small and a large kernel."""

from __future__ import annotations

import torch
from torch import nn

from engine.models.parts.pooled import PooledNorm
from engine.models.parts.widths import each_of, reduced
from engine.models.registry import register

LEAST = 32
"""The fewest channels of the summary, L in equation 4."""


@register(
    "sk",
    slot="attention",
    family="SKNet",
    paper="Selective Kernel Networks, CVPR 2019",
    year=2019,
    arxiv="1903.06586",
    origin="https://github.com/implus/SKNet",
    licence="not verified; written from the paper",
)
class SelectiveKernel(nn.Module):
    """V = a U₁ + b U₂ with a + b = 1 for each channel, equations 1 to 6.

    U₁ is a 3×3 convolution of x and U₂ one with a dilation of 2, so 5×5, both in groups, normalised
    and activated; z = relu(BN(W avgpool(U₁ + U₂))); a and b are the softmax of A z and B z.

    The paper puts this in the place of a bottleneck's 3×3 convolution. Here it stands behind a
    layer and keeps its channels. A batch of one picture can be trained, see `PooledNorm`.

    Args:
        channels: In and out.
        ratio: z has `channels` / `ratio` channels, at least 32.
        groups: Of both convolutions; a divisor of `channels`.
    """

    def __init__(self, channels: int, *, ratio: int = 16, groups: int = 32) -> None:
        """Make both branches and what chooses."""
        super().__init__()
        each_of(groups, channels)
        self.branches = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(
                    channels, channels, 3, padding=reach, dilation=reach, groups=groups, bias=False
                ),
                nn.BatchNorm2d(channels),
                nn.ReLU(inplace=True),
            )
            for reach in (1, 2)
        )
        middle = reduced(channels, ratio, LEAST)
        self.summary = nn.Sequential(
            nn.Conv2d(channels, middle, 1, bias=False), PooledNorm(middle), nn.ReLU(inplace=True)
        )
        self.choice = nn.Conv2d(middle, 2 * channels, 1, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, C, H, W] for [B, C, H, W]."""
        near, far = (branch(x) for branch in self.branches)
        chosen = self.choice(self.summary((near + far).mean((2, 3), keepdim=True)))
        a, b = torch.stack(chosen.chunk(2, 1)).softmax(0)
        selected: torch.Tensor = a * near + b * far
        return selected
