"""The definition of multi-scale deformable attention."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from ops.bilinear_gather.reference import bilinear_gather, check_kinds, named_shapes
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
        [B, Q, M · D] of the type of `value`.

    Raises:
        ValueError: The shapes do not belong together, or the tensors lie on several devices.
        TypeError: They are not real numbers.
    """
    sizes = [height * width for height, width in shapes]
    if not tracing():
        check(value, shapes, locations, weights)
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
    return total.to(value.dtype).reshape(batch, heads * depth, queries).transpose(1, 2)


def check(
    value: torch.Tensor,
    shapes: Sequence[tuple[int, int]],
    locations: torch.Tensor,
    weights: torch.Tensor,
) -> None:
    """Raise ValueError or TypeError where arguments do not belong together."""
    named = {"value": value, "locations": locations, "weights": weights}
    check_kinds(named)
    fit = value.ndim == 4 and locations.ndim == 6 and weights.ndim == 5
    fit = fit and locations.shape[:5] == weights.shape and locations.shape[5] == 2
    if not fit or (value.shape[0], value.shape[2]) != (locations.shape[0], locations.shape[2]):
        raise ValueError(f"{named_shapes(named)} do not belong together")
    pixels, levels = sum(height * width for height, width in shapes), locations.shape[3]
    if pixels != value.shape[1] or len(shapes) != levels:
        raise ValueError(
            f"{len(shapes)} levels of {pixels} pixels are not what {value.shape[1]} values and"
            f" {levels} levels of places need"
        )
    if any(min(size) < 1 for size in shapes):
        raise ValueError(f"levels of {[tuple(size) for size in shapes]} have no pixels")
