"""The colour of a class as a small square, beside its name in lists and tables."""

from __future__ import annotations

from functools import lru_cache

from PyQt6.QtCore import QRectF, Qt
from PyQt6.QtGui import QColor, QIcon, QPainter, QPen, QPixmap

from engine.colours import Colour

SIDE = 12
_SIZES = (12, 18, 24, 36, 48)
_RADIUS = 3 / 12
# Yellow and sky blue would be lost on white without an edge.
_EDGE = 140


@lru_cache(maxsize=512)
def swatch_icon(colour: Colour) -> QIcon:
    """Return a square of a colour with a darker edge, sharp at every scale."""
    icon = QIcon()
    for size in _SIZES:
        square = swatch(colour, size)
        # Without its own picture a selected row would tint the colour.
        for mode in (QIcon.Mode.Normal, QIcon.Mode.Selected, QIcon.Mode.Disabled):
            icon.addPixmap(square, mode)
    return icon


def swatch(colour: Colour, size: int = SIDE) -> QPixmap:
    """Return such a square of `size` pixels a side."""
    result = QPixmap(size, size)
    result.fill(Qt.GlobalColor.transparent)
    painter = QPainter(result)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    edge = size / SIDE
    painter.setPen(QPen(outline(colour), edge))
    painter.setBrush(QColor(*colour))
    square = QRectF(edge / 2, edge / 2, size - edge, size - edge)
    painter.drawRoundedRect(square, size * _RADIUS, size * _RADIUS)
    painter.end()
    return result


def outline(colour: Colour) -> QColor:
    """Return the darker colour that goes around a colour of a class."""
    return QColor(*colour).darker(_EDGE)
