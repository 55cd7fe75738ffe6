"""The definition of bilinear gather, the core of all operators that sample."""

from __future__ import annotations

import torch


def bilinear_gather(x: torch.Tensor, rows: torch.Tensor, columns: torch.Tensor) -> torch.Tensor:
    """Return the values of maps at places between their pixels.

    Each value is the mean of the four pixels around a place, weighted by how near they are. Pixels
    outside of the map are 0. Places and weights are computed in at least 32 bits.

    Args:
        x: [N, C, H, W].
        rows: [N, P, Q] in pixels; 0 is the middle of the first row. Any value.
        columns: [N, P, Q], likewise.

    Returns:
        [N, C, P, Q] of the type of `x`.
    """
    height, width = x.shape[-2:]
    exact = torch.promote_types(x.dtype, torch.float32)
    across = (2 * columns.to(exact) + 1) / width - 1
    down = (2 * rows.to(exact) + 1) / height - 1
    sampled = torch.nn.functional.grid_sample(
        x.to(exact),
        torch.stack((across, down), -1),
        mode="bilinear",
        padding_mode="zeros",
        align_corners=False,
    )
    return sampled.to(x.dtype)
