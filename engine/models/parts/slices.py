"""A map as four maps of half its size: every second pixel of every second row."""

from __future__ import annotations

import torch

Four = tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]


def even(x: torch.Tensor) -> torch.Tensor:
    """Return a map with even sides; where one is odd, its last row or column is there twice."""
    x = torch.cat((x, x[..., -1:, :]), -2) if x.shape[-2] % 2 else x
    return torch.cat((x, x[..., -1:]), -1) if x.shape[-1] % 2 else x


def slices(x: torch.Tensor) -> Four:
    """Return the pixels at the top left, top right, bottom left and bottom right of each 2×2."""
    x = even(x)
    top, bottom = x[..., ::2, :], x[..., 1::2, :]
    return top[..., ::2], top[..., 1::2], bottom[..., ::2], bottom[..., 1::2]
