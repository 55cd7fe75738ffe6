"""Attention among places, and among channels."""

from __future__ import annotations

import torch
from torch.nn import functional

SMALLEST = 1e-6
"""Of a length that something is divided by; half precision knows it."""


def attend(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, bias: torch.Tensor | None = None
) -> torch.Tensor:
    """Return softmax(Q Kᵀ / √d + bias) V.

    ("Attention Is All You Need", arXiv 1706.03762, equation 1.)

    Args:
        query: [..., N, d].
        key: [..., M, d].
        value: [..., M, v].
        bias: Of anything that fits [..., N, M].
    """
    scores = (query * query.shape[-1] ** -0.5) @ key.transpose(-2, -1)
    if bias is not None:
        scores = scores + bias
    seen: torch.Tensor = scores.softmax(-1) @ value
    return seen


def cross_covariance(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, temperature: torch.Tensor
) -> torch.Tensor:
    """Return softmax(τ Q̂ K̂ᵀ) V among channels, with rows of Q and K made of length one.

    ("XCiT", arXiv 2106.09681, equation 2, and "Restormer", arXiv 2111.09881, equation 1.)

    Args:
        query: [..., c, N], with N places.
        key: The same.
        value: The same.
        temperature: τ, of anything that fits [..., c, c]; it multiplies, as in the authors' code.
    """
    query = functional.normalize(query, dim=-1, eps=SMALLEST)
    key = functional.normalize(key, dim=-1, eps=SMALLEST)
    return (query @ key.transpose(-2, -1) * temperature).softmax(-1) @ value
