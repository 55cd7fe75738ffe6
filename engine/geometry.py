"""On which side of a line a point is, without rounding; for what has to be counted exactly."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

Point = tuple[float, float]

# Rounding changes the difference of the two products by less than this share of their sum
# (Shewchuk, https://people.eecs.berkeley.edu/~jrs/papers/robustr.pdf).
_DOUBT = 4e-16


def side(start: Point, end: Point, point: Point) -> int:
    """Return on which side of a directed line a point is, with y pointing down.

    Args:
        start: Where the line begins.
        end: Where it leads to.
        point: The point.

    Returns:
        -1 to the left as seen from `start` towards `end`, 1 to the right, 0 on the line.
    """
    first = (end[0] - start[0]) * (point[1] - start[1])
    second = (end[1] - start[1]) * (point[0] - start[0])
    turn = first - second
    if abs(turn) > _DOUBT * (abs(first) + abs(second)):
        return 1 if turn > 0 else -1
    (ax, ay), (bx, by), (px, py) = (tuple(map(Fraction, each)) for each in (start, end, point))
    exact = (bx - ax) * (py - ay) - (by - ay) * (px - ax)
    return (exact > 0) - (exact < 0)


def distance(start: Point, end: Point, point: Point) -> float:
    """Return how far a point is from the piece of a line between two others."""
    along = end[0] - start[0], end[1] - start[1]
    reach = point[0] - start[0], point[1] - start[1]
    square = along[0] ** 2 + along[1] ** 2
    share = (along[0] * reach[0] + along[1] * reach[1]) / square if square else 0.0
    share = min(max(share, 0.0), 1.0)
    return math.hypot(reach[0] - share * along[0], reach[1] - share * along[1])


def contains(points: Sequence[Point], point: Point) -> bool:
    """Tell whether a point is in a polygon or on its border, by the even-odd rule.

    Args:
        points: The corners of the polygon, three or more.
        point: The point.
    """
    x, y = point
    inside = False
    start = points[-1]
    for end in points:
        (ax, ay), (bx, by) = start, end
        if min(ay, by) <= y <= max(ay, by):
            turn = side(start, end, point)
            if turn == 0 and min(ax, bx) <= x <= max(ax, bx):
                return True
            # The lower end of an edge belongs to it, the upper one to the next edge.
            if (ay > y) != (by > y) and (turn > 0) == (ay > by):
                inside = not inside
        start = end
    return inside
