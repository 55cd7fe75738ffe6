"""Items of pyqtgraph that are ours; importing this takes as long as importing that."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyqtgraph as pg
from PyQt6 import sip
from PyQt6.QtCore import QLineF, QPointF, QRectF, Qt
from PyQt6.QtGui import QPainter, QPen
from PyQt6.QtWidgets import QStyleOptionGraphicsItem, QWidget

from desktop.widgets.curve import NONE, Curve
from desktop.widgets.plot import Values
from desktop.widgets.polyline import dashed, segments, thinned

_OVERHANG = 16
_DOT = 3.5


class EdgeAxis(pg.AxisItem):  # type: ignore[misc] # pyqtgraph is not typed
    """An axis whose first and last figure may reach past its ends.

    Beside a grid pyqtgraph leaves those out: they lie half outside of what it draws in.
    """

    def boundingRect(self) -> QRectF:
        """Return what is drawn in, with room for the figures at the ends."""
        rect = QRectF(super().boundingRect())
        return rect.adjusted(-_OVERHANG, -_OVERHANG, _OVERHANG, _OVERHANG)


class CurveItem(pg.GraphicsObject):  # type: ignore[misc] # pyqtgraph is not typed
    """A curve that is drawn segment by segment.

    Qt strokes a wide smooth path of a thousand points in 25 ms, the same points as single lines in
    three; a plot has up to a dozen curves. Dashes are cut here, as they would begin anew with each
    segment. One point alone is a dot.

    Args:
        curve: Its look.
    """

    def __init__(self, curve: Curve) -> None:
        """Show no points yet."""
        super().__init__()
        self._curve = curve
        self._x: Values = NONE
        self._y: Values = NONE
        self._pens = [QPen(curve.shade, curve.width)]
        if curve.edge is not None:
            self._pens.insert(0, QPen(curve.edge, curve.around))
        for pen in self._pens:
            # Ends that overlap leave no seams between segments.
            pen.setCapStyle(Qt.PenCapStyle.SquareCap)

    def set_points(self, x: Values, y: Values) -> None:
        """Show other points, [N] each and all finite, from left to right."""
        self._x, self._y = x, y
        self.update()

    def viewRangeChanged(self) -> None:
        """Cover what is seen now."""
        self.prepareGeometryChange()

    def boundingRect(self) -> QRectF:
        """Return all that is seen: lines are wider than what they go through."""
        return QRectF(self.viewRect())

    def paint(
        self,
        painter: QPainter | None,
        option: QStyleOptionGraphicsItem | None,
        widget: QWidget | None = None,
    ) -> None:
        """Paint what is seen."""
        if painter is None or not len(self._x):
            return
        to_view = painter.worldTransform()
        painter.resetTransform()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        # The transform of a plot scales and moves, no more.
        x, y = self._x * to_view.m11() + to_view.dx(), self._y * to_view.m22() + to_view.dy()
        if len(x) == 1:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self._curve.shade)
            painter.drawEllipse(QPointF(float(x[0]), float(y[0])), _DOT, _DOT)
            return
        seen = to_view.mapRect(QRectF(self.viewRect()))
        x, y = thinned(x, y, seen.left(), seen.right())
        lines = dashed(x, y, self._curve.dashes) if self._curve.dashed else segments(x, y)
        if not len(lines):
            return
        drawn = _together(lines)
        for pen in self._pens:
            painter.setPen(pen)
            painter.drawLines(drawn)


def _together(ends: Values) -> Any:  # noqa: ANN401 - Qt's own array
    """Return lines as Qt paints them at one stroke, from [N, 4]: x and y of both ends."""
    # What describes the binding to Python says nothing of arrays.
    lines: Any = sip.array(QLineF, len(ends))  # type: ignore[call-arg]
    memory: Any = sip.voidptr(lines, ends.nbytes)
    np.frombuffer(memory, np.float64)[:] = ends.ravel()
    return lines
