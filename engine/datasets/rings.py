"""The shape of labels: flat, crossing themselves, cut off at the picture's border."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]

# Corners nearer than this share of the picture are one, and areas below its square are none.
_NOTHING = 1e-9
# Pairs of edges that are compared at once.
_MOST_PAIRS = 4_000_000


def area(ring: Points) -> float:
    """Return the area inside a ring [N, 2], in the square of its unit."""
    x, y = ring.T
    return abs(float(np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y))) / 2


def is_flat(ring: Points) -> bool:
    """Tell whether a ring [N, 2] in shares has fewer than three corners or lies on a line."""
    if len(np.unique(np.round(ring, 9), axis=0)) < 3:
        return True
    centred = ring - ring.mean(axis=0)
    # The smaller singular value is how far the points reach away from the line through them.
    return bool(np.linalg.svd(centred, compute_uv=False)[-1] < _NOTHING**0.5 / 10)


def crosses_itself(ring: Points) -> bool:
    """Tell whether two edges of a ring [N, 2] cross; edges that only touch do not."""
    start, end = ring, np.roll(ring, -1, axis=0)
    count = len(ring)
    rows = max(1, _MOST_PAIRS // max(count, 1))
    for top in range(0, count, rows):
        a, b = start[top : top + rows, None], end[top : top + rows, None]
        first = _side(a, b, start[None]) * _side(a, b, end[None])
        second = _side(start[None], end[None], a) * _side(start[None], end[None], b)
        if bool(((first < 0) & (second < 0)).any()):
            return True
    return False


def _side(start: Points, end: Points, point: Points) -> NDArray[np.float64]:
    """Return on which side of lines points are: -1, 0 or 1; what is nearer than rounding is 0."""
    along, reach = end - start, point - start
    turn = along[..., 0] * reach[..., 1] - along[..., 1] * reach[..., 0]
    sides: NDArray[np.float64] = np.where(np.abs(turn) < _NOTHING, 0.0, np.sign(turn))
    return sides


def clipped(ring: Points) -> Points:
    """Cut a ring [N, 2] in shares off at the border of the picture.

    Returns:
        [M, 2] within 0 to 1; empty where nothing of it is inside.
    """
    for axis in (0, 1):
        for limit, keep_below in ((0.0, False), (1.0, True)):
            ring = _cut(ring, axis, limit, keep_below=keep_below)
    return np.clip(ring, 0.0, 1.0)


def _cut(ring: Points, axis: int, limit: float, *, keep_below: bool) -> Points:
    """Keep what of a ring is on one side of a line across an axis."""
    kept: list[Points] = []
    values = ring[:, axis] if keep_below else -ring[:, axis]
    bound = limit if keep_below else -limit
    for index in range(len(ring)):
        before = index - 1
        inside, was_inside = values[index] <= bound, values[before] <= bound
        if inside != was_inside:
            share = (bound - values[before]) / (values[index] - values[before])
            crossing = ring[before] + share * (ring[index] - ring[before])
            crossing[axis] = limit
            kept.append(crossing)
        if inside:
            kept.append(ring[index])
    return np.array(kept, np.float64).reshape(-1, 2)
