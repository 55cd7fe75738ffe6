"""Counts over time, reduced to one value a column of pixels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.colours import Colour

# Where nothing was counted for longer than this, nothing is shown.
_LEAST_GAP_S, _GAP_INTERVALS = 1.0, 5.0
# Where a count ends is often a hair after where the next column begins.
_HAIR = 1 - 1e-6
Float64 = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Counts:
    """Objects counted in the frames of a video.

    Attributes:
        times: [N] float64, seconds, ascending.
        series: [N] by class index.
        names: Of the classes by index.
        colours: Of the classes by index.
        duration: Of the video in seconds, at least as long as what was counted.
    """

    times: Float64 = field(default_factory=lambda: np.zeros(0))
    series: Mapping[int, NDArray[Any]] = field(default_factory=dict)
    names: tuple[str, ...] = ()
    colours: tuple[Colour, ...] = ()
    duration: float = 0.0

    def name(self, number: int) -> str:
        """Return the name of a class, its number where it has none."""
        return self.names[number] if 0 <= number < len(self.names) else str(number)

    @property
    def highest(self) -> float:
        """The largest count of any class."""
        return max((float(each.max(initial=0)) for each in self.series.values()), default=0.0)

    @property
    def interval(self) -> float:
        """Seconds from one frame to the next, as a rule; 0 where there are no two."""
        if len(self.times) < 2:
            return 0.0
        return float(np.median(np.diff(self.times[:1000])))

    def holds(self, positions: NDArray[np.intp]) -> Float64:
        """Return how long the counts of some frames hold, in seconds.

        Until the next frame; where that is long in coming, as long as a frame does as a rule.
        """
        interval = self.interval
        following = np.minimum(positions + 1, len(self.times) - 1)
        wait = self.times[following] - self.times[positions]
        near = (following > positions) & (wait <= max(_LEAST_GAP_S, _GAP_INTERVALS * interval))
        return np.asarray(np.where(near, wait, interval), np.float64)


def reduce(counts: Counts, start: float, stop: float, columns: int) -> dict[int, Float64]:
    """Return the highest count in each column of pixels: no peak is lost.

    A count holds until the next frame; where that is long in coming there is NaN.

    Args:
        counts: What was counted.
        start: Time of the left edge in seconds.
        stop: Time of the right edge, after `start`.
        columns: Columns of pixels, at least 1.

    Returns:
        [columns] by class index.
    """
    edges = np.linspace(start, stop, columns + 1)
    bounds = np.searchsorted(counts.times, edges)
    first, last = bounds[:-1], bounds[1:]
    empty = first == last
    # A column without a frame of its own shows the frame before it, where that is near.
    before = np.maximum(first - 1, 0)
    held = np.zeros(columns, np.bool_)
    if len(counts.times):
        since = edges[:-1] - counts.times[before]
        held = (first > 0) & (since < counts.holds(before) * _HAIR)
    reduced = {}
    for number, values in counts.series.items():
        result = np.full(columns, np.nan)
        if held.any():
            result[held] = values[before[held]]
        if not empty.all():
            # Between the columns with frames lie none, so each segment ends where the next begins.
            result[~empty] = np.maximum.reduceat(values[: last[-1]], first[~empty])
        reduced[number] = result
    return reduced
