"""Lines and zones on a picture, with what they have counted."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.colours import Colour
from engine.counting import Counter, CountLine
from engine.cv import cv2
from engine.fonts import printable
from engine.i18n import translate as _
from engine.labels import Anchor, Label
from engine.types import CounterTotals, UInt8

# No colour of a class; with its edge it is seen on light and on dark pictures.
_COLOUR: Colour = (0xFF, 0xFF, 0xFF)
_EDGE: Colour = (0x16, 0x18, 0x1C)

# OpenCV takes points with this many binary digits after the point.
_SHIFT = 4


class _Stroke(NamedTuple):
    """One of the strokes of a shape, drawn in turn: a dark edge, then the colour inside it."""

    colour: Colour
    width: int


def draw_counters(
    image: UInt8,
    counters: Sequence[Counter],
    totals: Sequence[CounterTotals],
    line: int,
    size_px: int,
) -> list[Label]:
    """Draw lines, with an arrow to their inner side, and the outlines of zones, in place.

    Args:
        image: [H, W, 3] uint8 RGB, contiguous.
        counters: The lines and zones.
        totals: What each has counted, or nothing.
        line: Width of lines in pixels.
        size_px: Font size.

    Returns:
        Their labels: the name, and what was counted.
    """
    labels = []
    strokes = _Stroke(_EDGE, line + 2), _Stroke(_COLOUR, line)
    for index, counter in enumerate(counters):
        points = _within(counter, image)
        for stroke in strokes:
            _draw(image, points, isinstance(counter, CountLine), stroke, size_px)
        known = totals[index] if index < len(totals) else None
        labels.append(Label(_pieces(counter, known), _EDGE, _anchor(counter, points, line)))
    return labels


def _within(counter: Counter, image: UInt8) -> NDArray[np.float64]:
    """Return the points of a counter; OpenCV counts in 32 bits, which far ones would exceed."""
    reach = 4.0 * sum(image.shape[:2])
    return np.clip(np.array(counter.points, np.float64), -reach, reach)


def _draw(
    image: UInt8, points: NDArray[np.float64], is_line: bool, stroke: _Stroke, size_px: int
) -> None:
    width, antialiased = stroke.width, cv2.LINE_AA
    cv2.polylines(image, [_fixed(points)], not is_line, stroke.colour, width, antialiased, _SHIFT)
    if not is_line:
        return
    (x1, y1), (x2, y2) = points.tolist()
    length = math.hypot(x2 - x1, y2 - y1)
    if length == 0:
        return
    middle = points.mean(axis=0)
    tip = middle + np.array((y1 - y2, x2 - x1)) * (1.5 * size_px / length)
    start, end = _fixed(np.stack((middle, tip))).tolist()
    cv2.arrowedLine(image, start, end, stroke.colour, width, antialiased, _SHIFT, 0.4)


def _fixed(points: NDArray[np.float64]) -> NDArray[np.int32]:
    """Return points as OpenCV takes them: counted from pixel centres, in sixteenths."""
    return np.round((points - 0.5) * (1 << _SHIFT)).astype(np.int32)


def _anchor(counter: Counter, points: NDArray[np.float64], line: int) -> Anchor:
    """Return where a label belongs: at the start of a line, at the highest corner of a zone."""
    if isinstance(counter, CountLine):
        x, y = points[0].tolist()
        return Anchor(x - line, y - line, x + line, y + line)
    (x1, y1), (x2, y2) = points.min(axis=0).tolist(), points.max(axis=0).tolist()
    return Anchor(x1, y1, x2, y2, float(points[np.argmin(points[:, 1]), 0]))


def _pieces(counter: Counter, totals: CounterTotals | None) -> tuple[str, ...]:
    pieces = [printable(counter.name)]
    if totals is not None:
        pieces.append(_("in {count}").format(count=totals.entered))
        pieces.append(_("out {count}").format(count=totals.left))
        if totals.inside is not None:
            pieces.append(_("now {count}").format(count=totals.inside))
    return tuple(pieces)
