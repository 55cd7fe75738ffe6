"""Keypoints: which of them are seen, and the limbs between those of a person."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.colours import OKABE_ITO, Colour
from engine.types import Float32

# Sides of a body, so that left and right can be told apart at a glance.
_RIGHT, _LEFT, _, _CENTRE = OKABE_ITO[:4]

COCO_LIMBS: tuple[tuple[int, int, Colour], ...] = (
    (15, 13, _LEFT),
    (13, 11, _LEFT),
    (16, 14, _RIGHT),
    (14, 12, _RIGHT),
    (11, 12, _CENTRE),
    (5, 11, _LEFT),
    (6, 12, _RIGHT),
    (5, 6, _CENTRE),
    (5, 7, _LEFT),
    (7, 9, _LEFT),
    (6, 8, _RIGHT),
    (8, 10, _RIGHT),
    (0, 1, _LEFT),
    (0, 2, _RIGHT),
    (1, 3, _LEFT),
    (2, 4, _RIGHT),
    (3, 5, _LEFT),
    (4, 6, _RIGHT),
)
"""Limbs of COCO's 17 keypoints: both ends and the colour of the side."""


def seen(keypoints: Float32, min_visibility: float = 0.5) -> NDArray[np.bool_]:
    """Tell which keypoints [K, 2 or 3] of an object are there to be drawn, [K] bool."""
    found = np.asarray(np.isfinite(keypoints[:, :2]).all(axis=1))
    if keypoints.shape[1] > 2:
        return found & (keypoints[:, 2] >= min_visibility)
    # A model without visibility puts points it does not see at the origin.
    return found & keypoints[:, :2].any(axis=1)


def limbs(points: int) -> tuple[tuple[int, int, Colour], ...]:
    """Return the limbs between so many keypoints: those of a person in COCO, else none."""
    return COCO_LIMBS if points == 17 else ()
