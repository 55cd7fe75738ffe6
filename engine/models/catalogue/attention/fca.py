"""FcaNet: channels are summed up by frequencies of the cosine transform, not by the mean alone."""

from __future__ import annotations

import math

import torch
from torch import nn

from engine.models.parts.pooling import grid_mean
from engine.models.parts.squeeze import squeezed
from engine.models.registry import register

SIDE = 7
"""Of the grid on which the frequencies stand."""
ORDER = (
    *((0, 0), (0, 1), (6, 0), (0, 5), (0, 2), (1, 0), (1, 2), (4, 0)),
    *((5, 0), (1, 6), (3, 0), (0, 4), (0, 6), (0, 3), (3, 5), (2, 2)),
    *((4, 6), (6, 3), (3, 3), (5, 3), (5, 5), (2, 1), (6, 1), (5, 2)),
    *((5, 4), (3, 2), (3, 1), (4, 1), (2, 3), (2, 0), (6, 5), (1, 3)),
)
"""Frequencies by what each alone gave on ImageNet, best first; from the authors' code."""


def basis(frequency: int, size: int) -> torch.Tensor:
    """Return [size]: one wave of the orthonormal cosine transform.

    Args:
        frequency: Half waves along the size.
        size: Number of places.
    """
    wave = torch.cos(math.pi * frequency * (torch.arange(size) + 0.5) / size)
    return wave * math.sqrt((2 if frequency else 1) / size)


@register(
    "fca",
    slot="attention",
    family="FcaNet",
    paper="FcaNet: Frequency Channel Attention Networks, ICCV 2021",
    year=2020,
    arxiv="2012.11879",
    origin="https://github.com/cfzd/FcaNet",
    licence="MIT; written from the paper",
)
class FrequencyChannelAttention(nn.Module):
    """x ⊙ σ(mlp(freq)) with a frequency of the cosine transform of each channel, section 3.2.

    The channels are in as many parts as there are frequencies. The map is pooled to 7×7 first, at
    every level; the authors keep the sizes of ResNet's maps on 224×224 pictures for the early ones
    and multiply the frequencies accordingly. With one frequency it is SE with 7 times the mean.

    Args:
        channels: In and out, a multiple of `frequencies`.
        frequencies: 1 to 32, the best ones of the paper.
        ratio: The channels in the middle of the perceptron are `channels` / `ratio`.
    """

    waves: torch.Tensor

    def __init__(self, channels: int, *, frequencies: int = 16, ratio: int = 16) -> None:
        """Lay out the frequencies."""
        super().__init__()
        if not 1 <= frequencies <= len(ORDER):
            raise ValueError(f"{frequencies} frequencies are not from 1 to {len(ORDER)}")
        if channels % frequencies:
            raise ValueError(f"{channels} channels are no multiple of {frequencies} frequencies")
        pairs = [torch.outer(basis(u, SIDE), basis(v, SIDE)) for u, v in ORDER[:frequencies]]
        waves = torch.stack(pairs).repeat_interleave(channels // frequencies, 0)
        self.register_buffer("waves", waves)
        self.weigh = squeezed(channels, ratio, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, C, H, W] for [B, C, H, W]."""
        found = (grid_mean(x, SIDE) * self.waves).sum((2, 3), keepdim=True)
        weight: torch.Tensor = self.weigh(found).sigmoid()
        return x * weight
