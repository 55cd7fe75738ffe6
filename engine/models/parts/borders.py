"""Borders around a map, joined to it: what pads by itself is not exported without a warning."""

from __future__ import annotations

import torch


def framed(x: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
    """Return a map [B, C, H, W] with a border of one pixel that has a value per channel, [C]."""
    value = value[:, None, None]
    row = value.expand(len(x), -1, 1, x.shape[3])
    x = torch.cat((row, x, row), 2)
    column = value.expand(len(x), -1, x.shape[2], 1)
    return torch.cat((column, x, column), 3)


def repeated(x: torch.Tensor, before: int, after: int) -> torch.Tensor:
    """Return a map [B, C, H, W] whose outermost pixels stand there so often more on each side."""
    x = torch.cat([x[:, :, :1]] * before + [x] + [x[:, :, -1:]] * after, 2)
    return torch.cat([x[..., :1]] * before + [x] + [x[..., -1:]] * after, 3)
