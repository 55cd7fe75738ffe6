"""How far what another library computes is from torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from engine.types import Float32

_SCORE = 4
_SURER, _HALF_SURER = 1e-3, 0.5
"""Objects are compared that are surer than the last one by this share of its score."""


@dataclass(frozen=True, slots=True)
class Trial:
    """An input and what torch makes of it.

    Attributes:
        pictures: [N, 3, H, W] float32, 0 to 1.
        outputs: Of the network, in their order.
    """

    pictures: Float32
    outputs: tuple[Float32, ...]


def difference(wanted: Trial, found: list[Any], *, end_to_end: bool, half: bool = False) -> float:
    """Return the largest difference of outputs, relative to values above 1.

    Args:
        wanted: What torch gave.
        found: What another library gave for the same input.
        end_to_end: The first output has a row an object. Objects as sure as one another may come in
            another order, and the last ones may be others.
        half: The other library computes with 16 bits a number, by which more of them become others.
    """
    if len(found) != len(wanted.outputs):
        return float("inf")
    worst = 0.0
    for index, (one, two) in enumerate(zip(wanted.outputs, found, strict=True)):
        if one.shape != np.shape(two):
            return float("inf")
        other = np.asarray(two, np.float32)
        if end_to_end and index == 0:
            each = [
                _of_rows(a, b, _HALF_SURER if half else _SURER)
                for a, b in zip(one, other, strict=True)
            ]
        else:
            each = [_relative(one, other)]
        worst = max(worst, *each)
    return worst


def _relative(one: Float32, two: Float32) -> float:
    return float(_apart(one, two).max(initial=0.0))


def _apart(one: Float32, two: Float32) -> Float32:
    """Return the difference of each value; what is no number is infinitely far."""
    apart: Float32 = np.abs(one - two) / np.maximum(1, np.abs(one))
    apart[np.isnan(apart)] = np.inf
    return apart


def _of_rows(one: Float32, two: Float32, surer: float) -> float:
    """Compare the objects of one picture, [N, 6 + E] each, without regard to their order."""
    worst = 0.0
    for rows, others in ((one, two), (two, one)):
        sure = rows[rows[:, _SCORE] > rows[:, _SCORE].min(initial=np.inf) * (1 + surer)]
        for row in sure:
            worst = max(worst, float(_apart(row, others).max(axis=1).min()))
    return worst
