"""SimAM: a value counts as it differs from the others of its channel."""

from __future__ import annotations

import torch
from torch import nn

from engine.models.registry import register


@register(
    "simam",
    slot="attention",
    family="SimAM",
    paper="SimAM: A Simple, Parameter-Free Attention Module for Convolutional Neural Networks,"
    " ICML 2021",
    year=2021,
    origin="https://github.com/ZjjConan/SimAM",
    licence="not verified; written from the paper",
)
class SimAm(nn.Module):
    """x σ(1 / e) with the least energy e = 4 (σ² + λ) / ((x - μ)² + 2σ² + 2λ), equations 5 and 6.

    μ and σ² are mean and variance of each channel over its M places. The variance divides by M as
    the paper's equation does; the authors' listing divides by M - 1, which a map of one place does
    not have. There is nothing to learn. Half precision is left inside, where squares could
    overflow.

    Args:
        channels: In and out; the layer is the same for any number of them.
        lam: λ, above 0.
    """

    def __init__(self, channels: int, *, lam: float = 1e-4) -> None:
        """Keep λ."""
        super().__init__()
        if lam <= 0:
            raise ValueError(f"lam {lam} is not above 0")
        self.lam = lam

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, C, H, W] for [B, C, H, W]."""
        full = x.float()
        square = (full - full.mean((2, 3), keepdim=True)).square()
        variance = square.mean((2, 3), keepdim=True)
        importance = square / (4 * (variance + self.lam)) + 0.5
        return x * importance.sigmoid().to(x.dtype)
