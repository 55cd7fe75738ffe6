"""Means over grids of any size, and what normalisation needs of small maps."""

from __future__ import annotations

import torch


def averaging(length: int, bins: int, like: torch.Tensor) -> torch.Tensor:
    """Return the matrix [bins, length] that makes a line of pixels the mean of each bin.

    Bin i goes from floor(i length / bins) to ceil((i + 1) length / bins), so that bins overlap
    where they do not divide the line and repeat pixels where there are more bins than pixels.

    Args:
        length: Number of pixels.
        bins: Number of bins.
        like: Has the type and the device.
    """
    first = torch.arange(bins, device=like.device)[:, None] * length
    pixel = torch.arange(length, device=like.device) * bins
    inside = ((pixel + bins > first) & (pixel < first + length)).to(like.dtype)
    return inside / inside.sum(1, keepdim=True)


def grid_mean(x: torch.Tensor, bins: int) -> torch.Tensor:
    """Return [B, C, bins, bins] with the means of [B, C, H, W] over a grid.

    The same as torch's adaptive pooling, which cannot be exported for sides that `bins` does not
    divide.
    """
    height, width = x.shape[-2:]
    return averaging(height, bins, x) @ x @ averaging(width, bins, x).T


def enough(x: torch.Tensor, training: bool) -> torch.Tensor:
    """Return a map that batch normalisation can learn from, also where the batch is one picture.

    It refuses a single value for each channel. Two equal ones have the same mean and variance, and
    enlarged they are the same constant.
    """
    if training and x.shape[2] * x.shape[3] == 1:
        x = x.expand(-1, -1, 1, 2)
    return x


def enlarged(x: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
    """Return a map at the height and width of another one, bilinear between pixels' middles."""
    return torch.nn.functional.interpolate(
        x, size=like.shape[-2:], mode="bilinear", align_corners=False
    )
