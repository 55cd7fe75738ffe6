"""Non-maximum suppression in numpy, equal to that of ultralytics."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.types import Float32, Int32

_TINY = 1e-7
_BLOCK = 512


def keep_boxes(boxes: Float32, classes: Int32, iou: float, most: int) -> NDArray[np.intp]:
    """Greedy suppression within each class.

    Args:
        boxes: [N, 4] x1, y1, x2, y2, best first.
        classes: [N] class indices.
        iou: A box that overlaps a better kept one of its class by more than this is dropped.
        most: Stop after this many.

    Returns:
        Positions kept, ascending.
    """
    x1, y1, x2, y2 = boxes.astype(np.float64).T
    areas = (x2 - x1) * (y2 - y1)
    alive = np.ones(len(boxes), bool)
    kept: list[int] = []
    position = 0
    while position < len(boxes) and len(kept) < most:
        kept.append(position)
        rest = np.flatnonzero(alive[position + 1 :]) + position + 1
        rest = rest[classes[rest] == classes[position]]
        if len(rest):
            width = np.minimum(x2[position], x2[rest]) - np.maximum(x1[position], x1[rest])
            height = np.minimum(y2[position], y2[rest]) - np.maximum(y1[position], y1[rest])
            common = np.maximum(width, 0) * np.maximum(height, 0)
            union = areas[position] + areas[rest] - common
            # Multiplied out, so that two boxes without area do not divide by zero.
            alive[rest[common > iou * union]] = False
        following = np.flatnonzero(alive[position + 1 :])
        if not len(following):
            break
        position += 1 + int(following[0])
    return np.array(kept, np.intp)


def keep_rotated(
    boxes: Float32, angles: Float32, classes: Int32, iou: float
) -> NDArray[np.intp]:
    """Suppress rotated boxes by their probabilistic IoU, in one step.

    A box is dropped when any better box of its class overlaps it by more than `iou`, whether or
    not that one is itself dropped (Fast NMS, https://arxiv.org/abs/1904.02689).

    Args:
        boxes: [N, 4] x1, y1, x2, y2 before rotation, best first.
        angles: [N] radians.
        classes: [N] class indices.
        iou: Largest overlap allowed.

    Returns:
        Positions kept, ascending.
    """
    dropped = np.zeros(len(boxes), bool)
    for group in np.unique(classes):
        members = np.flatnonzero(classes == group)
        shapes = gaussians(boxes[members], angles[members])
        for start in range(0, len(members), _BLOCK):
            stop = start + _BLOCK
            overlap = probabilistic_iou(shapes[:, :stop], shapes[:, start:stop])
            worse = np.any(np.triu(overlap > iou, k=1 - start), axis=0)
            dropped[members[start:stop][worse]] = True
    return np.flatnonzero(~dropped)


def gaussians(boxes: Float32, angles: Float32) -> NDArray[np.float64]:
    """Return rotated boxes as Gaussians: [5, N] mean x, y and covariance xx, yy, xy."""
    x1, y1, x2, y2 = boxes.astype(np.float64).T
    a, b = (x2 - x1) ** 2 / 12, (y2 - y1) ** 2 / 12
    cos, sin = np.cos(angles.astype(np.float64)), np.sin(angles.astype(np.float64))
    covariance = a * cos**2 + b * sin**2, a * sin**2 + b * cos**2, (a - b) * cos * sin
    return np.stack(((x1 + x2) / 2, (y1 + y2) / 2, *covariance))


def probabilistic_iou(
    first: NDArray[np.float64], second: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the [N, M] overlap of two sets of `gaussians`.

    One minus the Hellinger distance of the two (https://arxiv.org/abs/2106.06072).
    """
    x, y, xx, yy, xy = first[:, :, None]
    u, v, uu, vv, uv = second[:, None, :]
    sxx, syy, sxy = xx + uu, yy + vv, xy + uv
    determinant = sxx * syy - sxy**2
    own, other = np.maximum(xx * yy - xy**2, 0), np.maximum(uu * vv - uv**2, 0)
    distance = (sxx * (y - v) ** 2 + syy * (x - u) ** 2) / 4 - sxy * (x - u) * (y - v) / 2
    distance /= determinant + _TINY
    # Rounding can make the determinant of two needles negative: they then overlap with nothing.
    with np.errstate(invalid="ignore"):
        distance += np.log(determinant / (4 * np.sqrt(own * other) + _TINY) + _TINY) / 2
    overlap: NDArray[np.float64] = np.sqrt(1 - np.exp(-np.clip(distance, _TINY, 100)) + _TINY)
    return 1 - overlap
