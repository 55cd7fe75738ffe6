"""Polylines as single lines: thinned to what can be seen, or cut into dashes."""

from __future__ import annotations

import numpy as np

from desktop.widgets.plot import Values

_DENSE = 2


def segments(x: Values, y: Values) -> Values:
    """Return the lines between points, [N - 1, 4]: x and y of both ends.

    Args:
        x: [N] in pixels.
        y: [N] likewise.
    """
    return np.stack((x[:-1], y[:-1], x[1:], y[1:]), axis=1)


def thinned(x: Values, y: Values, left: float, right: float) -> tuple[Values, Values]:
    """Return the points between two edges, of many in a column of pixels the outermost.

    Args:
        x: [N] in pixels, ascending.
        y: [N] likewise.
        left: The left edge.
        right: The right edge.
    """
    # The neighbours outside, so that lines go up to the edges.
    first = max(int(np.searchsorted(x, left)) - 1, 0)
    last = int(np.searchsorted(x, right, "right")) + 1
    x, y = x[first:last], y[first:last]
    columns = max(int(right - left), 1)
    if len(x) <= _DENSE * columns:
        return x, y
    size = -(-len(x) // columns)
    whole = len(x) // size * size
    groups = y[:whole].reshape(-1, size)
    places = np.arange(0, whole, size)
    outermost = np.stack((places + groups.argmin(axis=1), places + groups.argmax(axis=1)), axis=1)
    kept = np.concatenate((np.sort(outermost, axis=1).ravel(), np.arange(whole, len(x))))
    # Where a line begins and ends is never left out.
    kept = np.unique(np.concatenate((kept, [0, len(x) - 1])))
    return x[kept], y[kept]


def dashed(x: Values, y: Values, lengths: tuple[float, float]) -> Values:
    """Return the dashes along a polyline, [M, 4] as of `segments`.

    Args:
        x: [N] in pixels.
        y: [N] likewise.
        lengths: Of a dash and of the gap after it.
    """
    along = np.concatenate(([0.0], np.cumsum(np.hypot(np.diff(x), np.diff(y)))))
    period = sum(lengths)
    begins = np.arange(0.0, along[-1], period)
    # All places where something begins or ends, corners of the line among them.
    cuts = np.unique(np.concatenate((along, begins, np.minimum(begins + lengths[0], along[-1]))))
    middles = (cuts[:-1] + cuts[1:]) / 2
    lines = segments(np.interp(cuts, along, x), np.interp(cuts, along, y))
    return np.asarray(lines[middles % period < lengths[0]], np.float64)
