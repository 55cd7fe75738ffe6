"""The definition of what a snake convolution reads."""

from __future__ import annotations

from typing import Literal

import torch

from ops.bilinear_gather import bilinear_gather


def snake_gather(x: torch.Tensor, steps: torch.Tensor, axis: Literal["x", "y"]) -> torch.Tensor:
    """Return for each pixel what lies along a chain through it.

    The chain has one tap in each column (or row) from K // 2 before the pixel to K // 2 after it.
    From the pixel outward, each tap lies one step further up or down (left or right) than the one
    before: "Dynamic Snake Convolution", arXiv 2307.08388, equations 3 and 4. Between pixels it is
    `bilinear_gather`.

    Args:
        x: [B, C, H, W].
        steps: [B, K - 1, H, W] in pixels, K odd: of the taps before the pixel in the order of the
            columns, then of those after it. The tap in the middle has none.
        axis: Along what the chain lies: "x" has one tap a column.

    Returns:
        [B, C, K, H, W], taps in the order of the columns (or rows).

    Raises:
        ValueError: The number of steps is odd.
    """
    reach = steps.shape[1] // 2
    if steps.shape[1] != 2 * reach:
        raise ValueError(f"{steps.shape[1]} steps are not the same number on both sides")
    height, width = x.shape[-2:]
    exact = torch.promote_types(x.dtype, torch.float32)
    before, after = torch.split(steps.to(exact), reach, 1)
    aside = torch.cat(
        (before.flip(1).cumsum(1).flip(1), torch.zeros_like(steps[:, :1]), after.cumsum(1)), 1
    )
    along = torch.arange(-reach, reach + 1, device=x.device, dtype=exact)[:, None, None]
    rows = torch.arange(height, device=x.device, dtype=exact)[:, None]
    columns = torch.arange(width, device=x.device, dtype=exact)
    still = torch.zeros_like(aside)
    rows = rows + (aside if axis == "x" else still + along)
    columns = columns + (still + along if axis == "x" else aside)
    sampled = bilinear_gather(x, rows.flatten(2), columns.flatten(2))
    return sampled.reshape(x.shape[0], x.shape[1], 2 * reach + 1, height, width)
