"""How counts over time are painted: axes, lines, the cursor and what is read out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from PyQt6.QtCore import QPointF, QRectF, QSizeF, Qt
from PyQt6.QtGui import QColor, QFontMetricsF, QPainter, QPainterPath, QPen, QPolygonF

from desktop import theme
from desktop.figures import number
from desktop.widgets.clock import clock
from desktop.widgets.counts import Counts, Float64
from desktop.widgets.plot import nice_step
from desktop.widgets.swatch import SIDE, outline, swatch
from engine.i18n import translate as _

LINE, EDGE = 2.0, 4.0
READ_OUT = 8
"""So many classes are read out at most."""
_LEGEND, _TICKS, _RIGHT, _TITLE, _GAP = 26.0, 24.0, 14.0, 22.0, 6.0
_TICK_ROOM = 72.0
_FILL = 0.18
_HOUR = 3600
_TIME_STEPS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400)
_PADDING, _ROW, _RADIUS = 8.0, 18.0, 6.0
_CENTRE = Qt.AlignmentFlag.AlignCenter
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_RIGHTWARD = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


@dataclass(frozen=True, slots=True)
class Axes:
    """Where the plot lies in the widget and what it spans.

    Attributes:
        area: Of the plot, in the widget.
        start: Seconds at its left edge.
        stop: Seconds at its right edge.
        step: Between the lines of the grid.
        top: The count at its upper edge.
    """

    area: QRectF
    start: float
    stop: float
    step: float
    top: float

    @classmethod
    def of(
        cls, size: QSizeF, counts: Counts, start: float, stop: float, metrics: QFontMetricsF
    ) -> Axes:
        """Return the axes that show counts in a widget of a size."""
        step = nice_step(counts.highest / 3, whole=True)
        top = max(step, float(np.ceil(counts.highest / step)) * step)
        left = _TITLE + metrics.horizontalAdvance(number(top)) + _GAP
        width = max(1.0, size.width() - left - _RIGHT)
        height = max(1.0, size.height() - _LEGEND - _TICKS)
        return cls(QRectF(round(left), _LEGEND, round(width), height), start, stop, step, top)

    def x(self, time_s: float) -> float:
        """Return where a time is in the widget."""
        share = (time_s - self.start) / (self.stop - self.start)
        return self.area.left() + share * self.area.width()

    def time(self, x: float) -> float:
        """Return the time at a place of the widget."""
        share = (x - self.area.left()) / self.area.width()
        return self.start + share * (self.stop - self.start)

    def y(self, value: float) -> float:
        """Return where a count is in the widget."""
        return round(self.area.bottom() - value / self.top * self.area.height())


def paint(painter: QPainter, axes: Axes, counts: Counts, columns: Mapping[int, Float64]) -> None:
    """Paint all that stays while the cursor moves.

    Args:
        painter: Of the widget, with the font of the axes.
        axes: Where what lies.
        counts: What is shown.
        columns: Its counts by class, one a column of the area.
    """
    if not columns or not len(counts.times):
        painter.setPen(theme.colour("muted"))
        painter.drawText(axes.area, _CENTRE, _("No counts yet"))
        return
    _paint_grid(painter, axes)
    painter.save()
    painter.setClipRect(axes.area.adjusted(0, -LINE, 0, LINE))
    if len(columns) == 1:
        _fill(painter, axes, counts, *next(iter(columns.items())))
    light = theme.current() is theme.LIGHT
    for each, values in columns.items():
        path = _path(axes, values)
        if light:
            # Yellow on white cannot be seen without an edge.
            painter.strokePath(path, _pen(_edge(counts, each), EDGE))
        painter.strokePath(path, _pen(_colour(counts, each), LINE))
    painter.restore()
    _paint_axes(painter, axes)
    _paint_legend(painter, axes, counts, columns)


def paint_cursor(painter: QPainter, axes: Axes, time_s: float) -> None:
    """Paint where the video stands, where that is in the plot."""
    if not axes.start <= time_s <= axes.stop:
        return
    x, area = round(axes.x(time_s)), axes.area
    accent = theme.colour("accent")
    painter.fillRect(QRectF(x - 1, area.top() - 4, 2, area.height() + 4), accent)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(accent)
    top = area.top() - 10
    painter.drawPolygon(QPolygonF([QPointF(x - 6, top), QPointF(x + 6, top), QPointF(x, top + 8)]))


def reading(
    axes: Axes, counts: Counts, columns: Mapping[int, Float64], x: float
) -> list[tuple[int, str, str]]:
    """Return class, name and count at a place of the plot, the highest first."""
    column = min(max(int(x - axes.area.left()), 0), int(axes.area.width()) - 1)
    there = [(each, float(values[column])) for each, values in columns.items()]
    there = sorted((each for each in there if np.isfinite(each[1])), key=lambda e: -e[1])
    return [(each, counts.name(each), number(value)) for each, value in there[:READ_OUT]]


def paint_reading(
    painter: QPainter, axes: Axes, counts: Counts, columns: Mapping[int, Float64], x: float
) -> None:
    """Paint a line at a place of the plot, and beside it the time and the counts there.

    Args:
        painter: Of the widget, with the font of the axes.
        axes: Where what lies.
        counts: What is shown.
        columns: Its counts by class, one a column of the area.
        x: The place, in the widget.
    """
    area = axes.area
    painter.fillRect(QRectF(round(x), area.top(), 1, area.height()), theme.colour("control"))
    rows = reading(axes, counts, columns, x)
    metrics = QFontMetricsF(painter.font())
    time = clock(axes.time(x), hours=axes.stop >= _HOUR)
    figures = max((metrics.horizontalAdvance(row[2]) for row in rows), default=0.0)
    names = max((metrics.horizontalAdvance(row[1]) for row in rows), default=0.0)
    inner = max(metrics.horizontalAdvance(time), SIDE + _GAP + names + 2 * _GAP + figures)
    inner = min(inner, area.width() / 2 - 2 * _PADDING)
    size = QSizeF(inner + 2 * _PADDING, _ROW * (len(rows) + 1) + _PADDING)
    left = x + 8 if x + 8 + size.width() <= area.right() else x - 8 - size.width()
    card = QRectF(QPointF(round(left), 2), size)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(theme.colour("line"), 1.0))
    painter.setBrush(theme.colour("surface"))
    painter.drawRoundedRect(card.adjusted(0.5, 0.5, -0.5, -0.5), _RADIUS, _RADIUS)
    line = QRectF(card.left() + _PADDING, card.top() + _PADDING / 2, inner, _ROW)
    painter.setPen(theme.colour("muted"))
    painter.drawText(line, _LEFT, time)
    for each, name, value in rows:
        line.translate(0, _ROW)
        _paint_swatch(painter, counts, each, line)
        painter.setPen(theme.colour("text"))
        painter.drawText(line, _RIGHTWARD, value)
        room = inner - SIDE - 3 * _GAP - figures
        name = metrics.elidedText(name, Qt.TextElideMode.ElideRight, room + 1)
        painter.drawText(line.adjusted(SIDE + _GAP, 0, 0, 0), _LEFT, name)


def time_step(least: float) -> float:
    """Return the smallest round step of time that is not below a number of seconds."""
    days = nice_step(least / 86400, whole=True) * 86400
    return next((float(step) for step in _TIME_STEPS if step >= least * 0.999), days)


def _paint_grid(painter: QPainter, axes: Axes) -> None:
    area = axes.area
    painter.fillRect(area, theme.colour("surface"))
    metrics = QFontMetricsF(painter.font())
    for step in range(round(axes.top / axes.step) + 1):
        y = axes.y(step * axes.step)
        painter.fillRect(QRectF(area.left(), y, area.width(), 1), theme.colour("grid"))
        painter.setPen(theme.colour("muted"))
        half = metrics.height() / 2
        room = QRectF(0, y - half, area.left() - _GAP, 2 * half)
        painter.drawText(room, _RIGHTWARD, number(step * axes.step))


def _paint_axes(painter: QPainter, axes: Axes) -> None:
    area = axes.area
    painter.fillRect(QRectF(area.left(), area.bottom(), area.width(), 1), theme.colour("control"))
    painter.fillRect(QRectF(area.left(), area.top(), 1, area.height()), theme.colour("control"))
    painter.setPen(theme.colour("muted"))
    metrics = QFontMetricsF(painter.font())
    title = _("Time (min:s)") if axes.stop < _HOUR else _("Time (h:min:s)")
    title_left = area.right() - metrics.horizontalAdvance(title)
    row = QRectF(area.left(), area.bottom() + 4, area.width(), _TICKS - 6)
    painter.drawText(row, _RIGHTWARD, title)
    step = time_step((axes.stop - axes.start) * _TICK_ROOM / area.width())
    for each in range(int(np.ceil(axes.start / step)), int(axes.stop // step) + 1):
        text = clock(each * step, hours=axes.stop >= _HOUR, tenths=step < 1)
        width, x = metrics.horizontalAdvance(text), axes.x(each * step)
        left = max(0.0, x - width / 2)
        if left + width > title_left - 2 * _GAP:
            break
        painter.drawText(QRectF(left, row.top(), width + 1, row.height()), _CENTRE, text)
        painter.fillRect(QRectF(round(x), area.bottom(), 1, 4), theme.colour("control"))
    painter.save()
    painter.translate(_TITLE / 2, area.center().y())
    painter.rotate(-90)
    height = area.height() + _TICKS
    painter.drawText(QRectF(-height / 2, -_TITLE / 2, height, _TITLE), _CENTRE, _("Objects"))
    painter.restore()


def _paint_legend(
    painter: QPainter, axes: Axes, counts: Counts, columns: Mapping[int, Float64]
) -> None:
    """Name the lines above the plot; those for which there is no room are counted."""
    metrics = QFontMetricsF(painter.font())
    row = QRectF(axes.area.left(), 3, axes.area.width(), _LEGEND - 12)
    for done, each in enumerate(columns):
        name, rest = counts.name(each), f"+{len(columns) - done}"
        width = SIDE + _GAP + metrics.horizontalAdvance(name)
        last = done == len(columns) - 1
        after = 0.0 if last else 2 * _GAP + metrics.horizontalAdvance(rest)
        painter.setPen(theme.colour("muted"))
        if width + after > row.width():
            painter.drawText(row, _LEFT, rest)
            return
        _paint_swatch(painter, counts, each, row)
        painter.drawText(row.adjusted(SIDE + _GAP, 0, 0, 0), _LEFT, name)
        row.setLeft(row.left() + width + 2 * _GAP)


def _path(axes: Axes, values: Float64) -> QPainterPath:
    """Return the steps of a line; where nothing was counted it is interrupted."""
    known = np.where(np.isfinite(values), values, -1.0)
    starts = np.flatnonzero(np.diff(known, prepend=-1.0))
    stops = np.append(starts, len(values))[1:]
    path, drawing = QPainterPath(), False
    for start, stop in zip(starts.tolist(), stops.tolist(), strict=True):
        value = known[start]
        if value < 0:
            drawing = False
            continue
        x, y = axes.area.left() + start, axes.y(float(value))
        if drawing:
            path.lineTo(x, y)
        else:
            path.moveTo(x, y)
        path.lineTo(axes.area.left() + stop, y)
        drawing = True
    return path


def _fill(painter: QPainter, axes: Axes, counts: Counts, each: int, values: Float64) -> None:
    """Tint what is below a line that is alone."""
    colour = _colour(counts, each)
    colour.setAlphaF(_FILL)
    for start in np.flatnonzero(values > 0).tolist():
        top = axes.y(float(values[start]))
        column = QRectF(axes.area.left() + start, top, 1, axes.area.bottom() - top)
        painter.fillRect(column, colour)


def _paint_swatch(painter: QPainter, counts: Counts, each: int, row: QRectF) -> None:
    colour = _colour(counts, each)
    square = swatch((colour.red(), colour.green(), colour.blue()), 2 * SIDE)
    top = row.center().y() - SIDE / 2
    painter.drawPixmap(QRectF(row.left(), top, SIDE, SIDE), square, QRectF(square.rect()))


def _colour(counts: Counts, each: int) -> QColor:
    if 0 <= each < len(counts.colours):
        return QColor(*counts.colours[each])
    return theme.colour("control")


def _edge(counts: Counts, each: int) -> QColor:
    colour = _colour(counts, each)
    return outline((colour.red(), colour.green(), colour.blue()))


def _pen(colour: QColor, width: float) -> QPen:
    pen = QPen(colour, width)
    pen.setJoinStyle(Qt.PenJoinStyle.MiterJoin)
    pen.setCapStyle(Qt.PenCapStyle.FlatCap)
    return pen
