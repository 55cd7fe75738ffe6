"""Lines and zones over a picture: what they are, where a point touches them, how they look.

Everything is of one size on screen at every zoom. A white line on a dark one is seen on light and
on dark pictures, and is no colour of a class.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from PyQt6.QtCore import QPointF, QRectF, QSizeF, Qt
from PyQt6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPainterPath, QPen, QPolygonF

from desktop import theme
from desktop.widgets import labels

LINE, ZONE = "line", "zone"
CORNERS = {LINE: 2, ZONE: 3}
"""The least number of points of each kind."""
HANDLE = 9.0
REACH = 7.0
"""So near to a line or a handle a point touches it."""
_INNER, _MARKED_INNER, _EDGE, _MARKED_EDGE = 2.0, 3.0, 5.0, 6.0
_DARKNESS, _TAB_DARKNESS, _TINT = 0.75, 0.87, 0.16
_ARROW, _HEAD = 26.0, 7.0
_HEIGHT, _PADDING, _BETWEEN, _WIDEST, _BESIDE, _RADIUS = 20.0, 7.0, 8.0, 260.0, 8.0, 3.0
_LEAST_AREA = 1.0
_HINT_WIDEST, _HINT_TOP, _HINT_PADDING = 460.0, 12.0, 8.0

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class CounterShape:
    """A line or zone at which objects are counted.

    What goes over a line from its left to its right, seen from its first point to its second,
    goes in: on a line drawn from left to right that is downward.

    Attributes:
        kind: `line` or `zone`.
        name: A person's name for it.
        points: In pixels of the picture: two of a line, three or more of a zone.
        totals: What was counted, already in words, or empty.
    """

    kind: str
    name: str
    points: tuple[Point, ...]
    totals: str = ""


def tab(shape: CounterShape, points: Sequence[QPointF], view: QSizeF) -> QRectF | None:
    """Return where the name of a shape stands, None where the shape is out of sight.

    Args:
        shape: The shape.
        points: Its points in the view.
        view: Size of the view.
    """
    if len(points) < CORNERS[shape.kind] or not shape.name:
        return None
    window = QRectF(QPointF(0, 0), view)
    bounds = QPolygonF(points).boundingRect().adjusted(-1, -1, 1, 1)
    if not bounds.intersects(window):
        return None
    width = min(_WIDEST, 2 * _PADDING + sum(_widths(shape)))
    if shape.kind == LINE:
        inward = _inward(points)
        away = _BESIDE + abs(inward.x()) * width / 2 + abs(inward.y()) * _HEIGHT / 2
        centre = _middle(points) - inward * away
    else:
        highest = min(points, key=QPointF.y)
        centre = highest - QPointF(0, _BESIDE + _HEIGHT / 2)
    left = min(max(centre.x() - width / 2, 4.0), view.width() - 4 - width)
    top = min(max(centre.y() - _HEIGHT / 2, 4.0), view.height() - 4 - _HEIGHT)
    return QRectF(round(left), round(top), round(width), _HEIGHT)


def handle_at(points: Sequence[QPointF], at: QPointF) -> int | None:
    """Return which of the points of a shape is under a point of the view."""
    near = [(_distance(each, at), place) for place, each in enumerate(points)]
    distance, place = min(near)
    return place if distance <= REACH + 2 else None


def touches(kind: str, points: Sequence[QPointF], at: QPointF) -> bool:
    """Tell whether a point of the view is on the line of a shape."""
    ends = [*points[1:], points[0]] if kind == ZONE else points[1:]
    pairs = zip(points, ends, strict=False)
    return any(_to_segment(at, start, end) <= REACH for start, end in pairs)


def is_sound(kind: str, points: Sequence[Point]) -> bool:
    """Tell whether points make a line with a length or a zone with an area."""
    if len(points) < CORNERS[kind]:
        return False
    if kind == LINE:
        return points[0] != points[1]
    pairs = zip(points, [*points[1:], *points[:1]], strict=True)
    return abs(sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in pairs)) / 2 >= _LEAST_AREA


def paint(
    painter: QPainter,
    shape: CounterShape,
    points: Sequence[QPointF],
    view: QSizeF,
    *,
    marked: bool = False,
    closed: bool = True,
) -> None:
    """Paint a shape with its name.

    Args:
        painter: Of the view.
        shape: The shape.
        points: Its points in the view; of one that is being drawn, those so far.
        view: Size of the view.
        marked: Whether it is selected and shows its handles.
        closed: False for a zone that is being drawn.
    """
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    path = QPainterPath()
    path.addPolygon(QPolygonF(points))
    if shape.kind == ZONE:
        if closed:
            path.closeSubpath()
        tint = theme.colour("accent")
        tint.setAlphaF(_TINT)
        painter.fillPath(path, tint)
    elif len(points) == CORNERS[LINE]:
        _add_arrow(path, points)
    white, accent = QColor(Qt.GlobalColor.white), theme.colour("accent")
    if marked:
        painter.strokePath(path, _pen(white, _MARKED_EDGE))
        painter.strokePath(path, _pen(accent, _MARKED_INNER))
        painter.setPen(QPen(accent, 2.0))
        painter.setBrush(white)
        for point in points:
            painter.drawRect(_square(point))
    else:
        painter.strokePath(path, _pen(_dark(_DARKNESS), _EDGE))
        painter.strokePath(path, _pen(white, _INNER))
    place = tab(shape, points, view)
    if place is not None:
        _paint_tab(painter, shape, place, marked)
    painter.restore()


def paint_hint(painter: QPainter, text: str, view: QSizeF) -> None:
    """Paint a sentence at the top of the view."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
    room = min(_HINT_WIDEST, view.width() - 4 * _HINT_PADDING)
    metrics = QFontMetricsF(painter.font())
    words = metrics.boundingRect(QRectF(0, 0, room, view.height()), int(flags), text)
    width = math.ceil(words.width()) + 2 * _HINT_PADDING + 2
    card = QRectF(
        round((view.width() - width) / 2), _HINT_TOP, width, words.height() + 2 * _HINT_PADDING
    )
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(_dark(_TAB_DARKNESS))
    painter.drawRoundedRect(card, _RADIUS * 2, _RADIUS * 2)
    painter.setPen(QColor(Qt.GlobalColor.white))
    painter.drawText(card.adjusted(_HINT_PADDING, 0, -_HINT_PADDING, 0), int(flags), text)
    painter.restore()


def _paint_tab(painter: QPainter, shape: CounterShape, place: QRectF, marked: bool) -> None:
    white = QColor(Qt.GlobalColor.white)
    painter.setPen(QPen(white, 1.0) if marked else QPen(Qt.PenStyle.NoPen))
    painter.setBrush(theme.colour("accent") if marked else _dark(_TAB_DARKNESS))
    painter.drawRoundedRect(place, _RADIUS, _RADIUS)
    painter.setPen(theme.colour("on_accent") if marked else white)
    inside = place.adjusted(_PADDING, 0, -_PADDING, 0)
    name_room = inside.width() - _widths(shape)[1]
    bold, plain = _fonts()
    painter.setFont(bold)
    name = QFontMetricsF(bold).elidedText(shape.name, Qt.TextElideMode.ElideMiddle, name_room + 1)
    left = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
    painter.drawText(inside, left, name)
    painter.setFont(plain)
    right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
    painter.drawText(inside, right, shape.totals)


def _fonts() -> tuple[QFont, QFont]:
    bold = labels.font()
    plain = QFont(bold)
    plain.setWeight(QFont.Weight.Normal)
    return bold, plain


def _widths(shape: CounterShape) -> tuple[float, float]:
    """Return the room for the name and for the totals, with what is between."""
    bold, plain = _fonts()
    name = QFontMetricsF(bold).horizontalAdvance(shape.name)
    totals = QFontMetricsF(plain).horizontalAdvance(shape.totals)
    return math.ceil(name), math.ceil(totals) + _BETWEEN if shape.totals else 0.0


def _add_arrow(path: QPainterPath, points: Sequence[QPointF]) -> None:
    """Add the arrow that points to where objects go in."""
    inward = _inward(points)
    if inward.isNull():
        return
    middle, along = _middle(points), QPointF(-inward.y(), inward.x())
    tip = middle + inward * _ARROW
    path.moveTo(middle)
    path.lineTo(tip)
    for side in (along, -along):
        path.moveTo(tip)
        path.lineTo(tip - inward * _HEAD + side * _HEAD)


def _inward(points: Sequence[QPointF]) -> QPointF:
    """Return the direction of length 1 to the right of a line; y grows downward."""
    along = points[1] - points[0]
    length = math.hypot(along.x(), along.y())
    return QPointF() if length == 0 else QPointF(-along.y(), along.x()) / length


def _middle(points: Sequence[QPointF]) -> QPointF:
    return (points[0] + points[1]) / 2


def _square(point: QPointF) -> QRectF:
    return QRectF(point.x() - HANDLE / 2, point.y() - HANDLE / 2, HANDLE, HANDLE)


def _to_segment(at: QPointF, start: QPointF, end: QPointF) -> float:
    along, there = end - start, at - start
    square = QPointF.dotProduct(along, along)
    share = 0.0 if square == 0 else QPointF.dotProduct(there, along) / square
    return _distance(at, start + along * min(max(share, 0.0), 1.0))


def _distance(first: QPointF, second: QPointF) -> float:
    apart = first - second
    return math.hypot(apart.x(), apart.y())


def _dark(opacity: float) -> QColor:
    colour = theme.colour("class_text")
    colour.setAlphaF(opacity)
    return colour


def _pen(colour: QColor, width: float) -> QPen:
    pen = QPen(colour, width)
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    return pen
