"""The definition of multi-scale deformable attention."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from ops.bilinear_gather import bilinear_gather
from ops.tracing import tracing


def ms_deform_attn(
    value: torch.Tensor,
    shapes: Sequence[tuple[int, int]],
    locations: torch.Tensor,
    weights: torch.Tensor,
) -> torch.Tensor:
    """Return for each query and head the weighted sum of what is at a few places of every level.

    The inner sums of "Deformable DETR", arXiv 2010.04159, equation 3: without the projections
    before and after. Outside of a level is 0.

    Args:
        value: [B, S, M, D] with M heads; S runs over the pixels of the levels, row by row, one
            level after another in the order of `shapes`.
        shapes: Height and width of each of L levels.
        locations: [B, Q, M, L, P, 2], right and down, from 0 at the outer edge of the first pixel
            to 1 at that of the last one.
        weights: [B, Q, M, L, P].

    Returns:
        [B, Q, M · D].

    Raises:
        ValueError: The levels have another number of pixels than `value`.
    """
    sizes = [height * width for height, width in shapes]
    if not tracing() and (sum(sizes) != value.shape[1] or len(sizes) != locations.shape[3]):
        raise ValueError(
            f"{len(sizes)} levels of {sum(sizes)} pixels are not what {value.shape[1]} values and"
            f" {locations.shape[3]} levels of places need"
        )
    exact = torch.promote_types(value.dtype, torch.float32)
    batch, heads, depth = value.shape[0], value.shape[2], value.shape[3]
    queries, points = locations.shape[1], locations.shape[4]
    # Heads beside pictures, so that one map is one head of one level.
    placed = locations.to(exact).permute(3, 0, 2, 1, 4, 5).flatten(1, 2)
    weighed = weights.permute(3, 0, 2, 1, 4).flatten(1, 2)[:, :, None]
    total = value.new_zeros((batch * heads, depth, queries))
    for level, (part, (height, width)) in enumerate(
        zip(torch.split(value, sizes, 1), shapes, strict=True)
    ):
        maps = part.permute(0, 2, 3, 1).reshape(batch * heads, depth, height, width)
        places = placed[level].reshape(batch * heads, queries, points, 2)
        sampled = bilinear_gather(maps, places[..., 1] * height - 0.5, places[..., 0] * width - 0.5)
        total = total + (sampled * weighed[level]).sum(-1)
    return total.reshape(batch, heads * depth, queries).transpose(1, 2)
