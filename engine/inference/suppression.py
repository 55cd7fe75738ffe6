"""Suppression again and again of one picture's candidates, as a slider moves.

What the candidates overlap by does not depend on the thresholds: it is worked out once, and moving
a slider only compares. The outcome is that of `candidates.choose`, to the last candidate.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.inference.candidates import choose
from engine.inference.nms import gaussians, probabilistic_iou
from engine.types import Candidates

# Overlaps take time and memory by the square of this.
MOST = 3000
_BLOCK = 256


class _Pairs(NamedTuple):
    """Pairs of candidates of one class that overlap, ordered by the better one.

    Two boxes overlap by more than an IoU where `common > iou * union`.
    """

    better: NDArray[np.intp]
    worse: NDArray[np.intp]
    common: NDArray[np.float64]
    union: NDArray[np.float64]


class Suppression:
    """The candidates of one picture, ready to be chosen from."""

    def __init__(self, candidates: Candidates) -> None:
        """Work out the overlaps of candidates, which are given best first."""
        self._candidates = candidates
        self._pairs: _Pairs | None = None
        if not candidates.suppressed and len(candidates) <= MOST:
            self._pairs = _pairs(candidates)
            count = len(candidates)
            self._starts = np.searchsorted(self._pairs.better, np.arange(count + 1)).tolist()

    def choose(
        self,
        *,
        confidence: float,
        iou: float,
        classes: Sequence[int] | None = None,
        most: int = 300,
    ) -> NDArray[np.intp]:
        """Return what `candidates.choose` returns at these thresholds."""
        pairs, known = self._pairs, self._candidates
        if pairs is None:
            return choose(known, confidence=confidence, iou=iou, classes=classes, most=most)
        alive = known.scores > confidence
        if classes is not None:
            alive &= np.isin(known.classes, np.asarray(list(classes), np.int32))
        close = pairs.common > iou * pairs.union
        if known.angles is not None:
            # A better box drops others whether or not it is itself dropped.
            alive[pairs.worse[close & alive[pairs.better]]] = False
            return np.flatnonzero(alive)[:most]
        kept: list[int] = []
        for position in np.flatnonzero(alive).tolist():
            if len(kept) == most:
                break
            if alive[position]:
                kept.append(position)
                start, stop = self._starts[position], self._starts[position + 1]
                alive[pairs.worse[start:stop][close[start:stop]]] = False
        return np.array(kept, np.intp)


def _pairs(candidates: Candidates) -> _Pairs:
    """Return the pairs that some IoU from 0 to 1 could tell apart."""
    found = []
    for group in np.unique(candidates.classes):
        members = np.flatnonzero(candidates.classes == group)
        if candidates.angles is None:
            shapes = candidates.boxes[members].astype(np.float64).T
        else:
            shapes = gaussians(candidates.boxes[members], candidates.angles[members])
        for start in range(0, len(members), _BLOCK):
            part, rest = shapes[:, start : start + _BLOCK], shapes[:, start:]
            if candidates.angles is None:
                common, union = _overlaps(part, rest)
            else:
                common = probabilistic_iou(part, rest)
                union = np.ones_like(common)
            # Boxes inside out can cover less than nothing together, which any overlap exceeds.
            row, column = np.nonzero(np.triu((common > 0) | (union < 0), k=1))
            better, worse = members[start + row], members[start + column]
            found.append(_Pairs(better, worse, common[row, column], union[row, column]))
    if not found:
        nothing = np.zeros(0, np.intp)
        return _Pairs(nothing, nothing, np.zeros(0), np.zeros(0))
    better, worse, common, union = (np.concatenate(column) for column in zip(*found, strict=True))
    order = np.argsort(better, kind="stable")
    return _Pairs(better[order], worse[order], common[order], union[order])


def _overlaps(
    first: NDArray[np.float64], second: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the areas [N, M] that boxes [4, N] and [4, M] have in common and cover together."""
    x1, y1, x2, y2 = first[:, :, None]
    u1, v1, u2, v2 = second[:, None, :]
    width = np.minimum(x2, u2) - np.maximum(x1, u1)
    height = np.minimum(y2, v2) - np.maximum(y1, v1)
    common: NDArray[np.float64] = np.maximum(width, 0) * np.maximum(height, 0)
    union: NDArray[np.float64] = (x2 - x1) * (y2 - y1) + (u2 - u1) * (v2 - v1) - common
    return common, union
