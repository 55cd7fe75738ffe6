"""Squared ReLU."""

from __future__ import annotations

import torch
from torch import nn

from engine.models.registry import register


@register(
    "squaredrelu",
    slot="act",
    family="Primer",
    paper="Primer: Searching for Efficient Transformers for Language Modeling, NeurIPS 2021",
    year=2021,
    arxiv="2109.08668",
    origin="https://github.com/google-research/google-research/tree/master/primer",
    licence="Apache-2.0; written from the paper",
)
class SquaredRelu(nn.Module):
    """relu(x)², found by search for the perceptrons of language models."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the same shape."""
        return nn.functional.relu(x).square()
