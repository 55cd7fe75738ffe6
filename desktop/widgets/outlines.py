"""Outlines of masks as they are seen, kept while the view looks at the same place."""

from __future__ import annotations

from typing import NamedTuple

from PyQt6.QtCore import Qt
from PyQt6.QtGui import QColor, QPainterPath, QPainterPathStroker, QPen, QTransform

LINE = 2.0
"""Width of lines on screen."""
_MOST = 5000


class Outline(NamedTuple):
    """The outline of a mask in the view: what is inside, and the line around it as a shape."""

    inside: QPainterPath
    line: QPainterPath


class OutlineCache:
    """Outlines as they are seen from one place, for overlays that have most of them in common.

    A slider that is dragged changes which masks are there but not where they are.
    """

    def __init__(self) -> None:
        """Start empty."""
        self._transform = QTransform()
        self._known: dict[int, tuple[QPainterPath, Outline]] = {}
        self._stroker = QPainterPathStroker(pen_of(QColor(), LINE))

    def seen(self, outline: QPainterPath, transform: QTransform) -> Outline:
        """Return the outline of a mask, given in pixels of the picture, in the view."""
        if transform != self._transform or len(self._known) > _MOST:
            self._transform = QTransform(transform)
            self._known.clear()
        known = self._known.get(id(outline))
        if known is None:
            inside = transform.map(outline)
            # The outline itself is kept too, so that no other one can get its number.
            known = outline, Outline(inside, self._stroker.createStroke(inside))
            self._known[id(outline)] = known
        return known[1]


def pen_of(colour: QColor, width: float) -> QPen:
    """Return the pen of all lines around objects, with sharp corners."""
    pen = QPen(colour, width)
    pen.setJoinStyle(Qt.PenJoinStyle.MiterJoin)
    return pen
