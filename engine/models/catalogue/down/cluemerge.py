"""Vision clue merge: Mamba-YOLO halves without a convolution over neighbours."""

from __future__ import annotations

import torch
from torch import nn

from engine.models.parts.biased_conv import BiasedConv
from engine.models.parts.slices import slices
from engine.models.registry import register


@register(
    "cluemerge",
    slot="down",
    family="Mamba-YOLO",
    paper="Mamba YOLO: A Simple Baseline for Object Detection with State Space Model, AAAI 2025",
    year=2024,
    arxiv="2406.05835",
    origin="https://github.com/HZAI-ZJNU/Mamba-YOLO",
    licence="AGPL-3.0; written from the paper",
)
class VisionClueMerge(nn.Module):
    """Each 2×2 pixels become four channels, then a normalised 1×1 convolution with SiLU.

    Without the normalisation of what is merged that transformers have. With its kernel of 1 `focus`
    does the same, but for the bias and the order of the channels. An odd side gets its last pixel
    twice; the original takes even sides only.

    Args:
        c_in: Channels in.
        c_out: Channels out.
    """

    def __init__(self, c_in: int, c_out: int) -> None:
        """Make the convolution, with the bias that the original has."""
        super().__init__()
        self.mix = BiasedConv(4 * c_in, c_out)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, c_out, H / 2, W / 2], rounded up, for [B, c_in, H, W]."""
        merged: torch.Tensor = self.mix(torch.cat(slices(x), 1))
        return merged
