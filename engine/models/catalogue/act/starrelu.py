"""StarReLU: a squared ReLU that keeps the variance of a normal input."""

from __future__ import annotations

import torch
from torch import nn

from engine.models.registry import register

SCALE = 0.8944271909999159
BIAS = -0.4472135954999579
"""s = √(4/5) and b = −s/2: of relu(x)² mean and variance are 1/2 and 5/4 for normal x."""


@register(
    "starrelu",
    slot="act",
    family="MetaFormer Baselines",
    paper="MetaFormer Baselines for Vision, TPAMI 2024",
    year=2022,
    arxiv="2210.13452",
    origin="https://github.com/sail-sg/metaformer",
    licence="Apache-2.0; written from the paper",
)
class StarRelu(nn.Module):
    """s relu(x)² + b with learned s and b that begin at the paper's √(4/5) and −√(1/5).

    Each activation of a network has its own pair. The authors' program begins at 1 and 0, from
    where variance grows with depth unless something normalises.
    """

    def __init__(self) -> None:
        """Begin at variance 1 and mean 0 for a standard normal input."""
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(SCALE))
        self.bias = nn.Parameter(torch.tensor(BIAS))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the same shape."""
        return self.scale * nn.functional.relu(x).square() + self.bias
