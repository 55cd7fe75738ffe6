"""NAM: a channel counts as its normalisation scales it."""

from __future__ import annotations

import torch
from torch import nn

from engine.models.registry import register


@register(
    "nam",
    slot="attention",
    family="NAM",
    paper="NAM: Normalization-based Attention Module, NeurIPS 2021 workshop",
    year=2021,
    arxiv="2111.12419",
    origin="https://github.com/Christian-lyc/NAM",
    licence="not verified; written from the paper",
)
class Nam(nn.Module):
    """x σ(W BN(x)) with W = |γ| / Σ|γ| of that normalisation's own scales, equation 2.

    Of the paper's two parts this is the one for channels, which the authors use as well: the other
    has a scale for each place and so fits one size of picture only. The penalty on γ that the
    paper adds to the loss (equation 4) is left out, as a layer has no part in the loss.

    Args:
        channels: In and out.
    """

    def __init__(self, channels: int) -> None:
        """Make the normalisation."""
        super().__init__()
        self.norm = nn.BatchNorm2d(channels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, C, H, W] for [B, C, H, W]."""
        scale = self.norm.weight.abs()
        share = scale / scale.sum().clamp_min(1e-6)
        weight: torch.Tensor = (self.norm(x) * share[:, None, None]).sigmoid()
        return x * weight
