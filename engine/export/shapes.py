"""Shapes as label formats want them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from engine.types import Float32, ModelInfo

Points = NDArray[np.float64]

SEEN = 0.5
"""From this visibility on a keypoint counts as seen."""

# Pairs of points compared at once when two rings are joined.
_MOST_PAIRS = 4_000_000


def corners(boxes: Float32, angles: Float32) -> Points:
    """Return the corners [N, 4, 2] of rotated boxes, clockwise on screen from the first.

    Args:
        boxes: [N, 4] x1, y1, x2, y2 in pixels before rotation.
        angles: [N] radians, clockwise on screen about the centres.
    """
    low, high = boxes[:, :2].astype(np.float64), boxes[:, 2:].astype(np.float64)
    half = (high - low) / 2
    cos, sin = np.cos(angles.astype(np.float64)), np.sin(angles.astype(np.float64))
    along = half[:, :1] * np.stack((cos, sin), axis=1)
    down = half[:, 1:] * np.stack((-sin, cos), axis=1)
    offsets = np.stack((-along - down, along - down, along + down, down - along), axis=1)
    placed: Points = (low + high)[:, None] / 2 + offsets
    return placed


def visibility(keypoints: Float32) -> list[int]:
    """Return COCO's flags of keypoints [K, 2 or 3]: 2 seen, 1 placed but not seen."""
    if keypoints.shape[1] == 2:
        return [2] * len(keypoints)
    return [2 if value >= SEEN else 1 for value in keypoints[:, 2].tolist()]


def keypoint_names(model: ModelInfo) -> list[str]:
    """Return the names of a pose model's keypoints: their numbers from 1."""
    return [str(k + 1) for k in range(model.keypoint_shape[0] if model.keypoint_shape else 0)]


def one_ring(parts: Sequence[tuple[Float32, list[Float32]]]) -> Float32:
    """Join the parts of a mask and their holes into one ring by bridges of no width.

    Args:
        parts: Pairs of an outer ring [P, 2] and its holes, as of `engine.masks.rings`; not empty.

    Returns:
        [Q, 2] float32. Filled by the even-odd rule or by winding it is the mask.
    """
    whole = np.zeros((0, 2), np.float32)
    for outer, holes in parts:
        part = _turned(outer, clockwise=True)
        for hole in holes:
            part = _joined(part, _turned(hole, clockwise=False))
        whole = _joined(whole, part) if len(whole) else part
    return whole


def _turned(ring: Float32, *, clockwise: bool) -> Float32:
    x, y = ring.astype(np.float64).T
    area = float(np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y))
    return ring if (area > 0) == clockwise else ring[::-1]


def _joined(ring: Float32, other: Float32) -> Float32:
    """Walk around `ring`, cross over to `other` where they are nearest, and come back."""
    step = max(1, -(-len(ring) * len(other) // _MOST_PAIRS))
    seen = ring[::step]
    across, down = (np.subtract.outer(seen[:, axis], other[:, axis]) for axis in (0, 1))
    distances = np.square(across, out=across) + np.square(down, out=down)
    here, there = np.unravel_index(int(np.argmin(distances)), distances.shape)
    at, to = int(here) * step, int(there)
    return np.concatenate((ring[: at + 1], other[to:], other[: to + 1], ring[at:]))
