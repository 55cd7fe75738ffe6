"""Curves that grow, with a legend of their values, a crosshair and zoom.

The wheel zooms around the pointer, dragging moves, a double click shows all again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from PyQt6.QtCore import QEvent, QPoint, QPointF, QRect, Qt, pyqtSignal
from PyQt6.QtGui import QColor, QPen
from PyQt6.QtWidgets import QMenu, QWidget

from desktop import theme
from desktop.figures import number
from desktop.widgets.curve import NONE, Curve, Points
from desktop.widgets.legend import Cell, Legend, Sample
from desktop.widgets.plot import HEADROOM, Values, nice_step
from desktop.widgets.plot_base import BasePlot
from engine.i18n import translate as _

_INSET = 8
# With more of the plot under it the legend hides what it names.
_LARGEST_SHARE = 0.75
_MARK_AT = 0.965
# The words at the mark are worth so many values under the legend.
_WORDS_OF_MARK = 10
# Room for each figure at an axis, in pixels.
_FIGURE_WIDTH, _FIGURE_HEIGHT = 56, 28


class Curves(BasePlot):
    """A plot of curves.

    Args:
        name: What it shows, for screen readers and file names.
        across: What stands along the lower axis.
        up: What stands along the upright axis.
        side: Of the upright axis, "left" or "right".
        fixed: From where to where the upright axis goes; None for what the values need, from 0.
        reading: Words for a place on the lower axis.
        figure: Words for a value.
        whole: Whether places on the lower axis are whole numbers.
        low_legend: Whether the legend rather stands below than above.
        parent: The owner.

    Signals:
        failed: EngineError, a file could not be written.
        pointed: float, the place on the lower axis that the pointer is at; None when it left.
        viewed: (low, high) of the lower axis that a person chose to see; None for all of it.
    """

    pointed = pyqtSignal(object)
    viewed = pyqtSignal(object)

    def __init__(
        self,
        *,
        name: str,
        across: str,
        up: str,
        side: str = "left",
        fixed: tuple[float, float] | None = None,
        reading: Callable[[float], str] = lambda place: number(place, 2),
        figure: Callable[[float], str] = lambda value: number(value, 3),
        whole: bool = False,
        low_legend: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        """Show nothing yet."""
        super().__init__(name=name, across=across, up=up, side=side, parent=parent)
        self._fixed, self._reading, self._figure = fixed, reading, figure
        self._whole, self._low = whole, low_legend
        self._curves: tuple[Curve, ...] = ()
        self._points: Mapping[str, Points] = {}
        self._resting: tuple[str, Mapping[str, float]] | None = None
        self._span = (0.0, 1.0)
        self._reached: float | None = None
        self._mark: tuple[float, str] | None = None
        self._place: float | None = None
        self._view: tuple[float, float] | None = None
        self._own_height = False
        self._items: dict[str, Any] = {}
        self._legend = Legend(parent=self)
        self._legend.hide()

    def set_curves(self, curves: Sequence[Curve]) -> None:
        """Show other curves; nothing happens where they are the same."""
        if tuple(curves) == self._curves:
            return
        self._curves = tuple(curves)
        listed = [curve for curve in curves if curve.listed]
        rows = dict.fromkeys(curve.row for curve in listed)
        columns = dict.fromkeys(curve.column for curve in listed)
        samples = {(each.row, each.column): Sample(each.shade, each.dashed) for each in listed}
        self._legend.set_lines(tuple(rows), tuple(columns), samples)
        if self._widget is not None:
            self._make_items()
        self._change()

    def set_points(
        self,
        points: Mapping[str, Points],
        span: tuple[float, float],
        *,
        reached: float | None = None,
        resting: tuple[str, Mapping[str, float]] | None = None,
    ) -> None:
        """Show values.

        Args:
            points: By key of the curve; those that are no number are left out.
            span: From where to where the lower axis goes.
            reached: Up to where there can be values by now; what follows is shaded.
            resting: What the legend says while nothing is pointed at, a title and values by key;
                by default the last values.
        """
        self._points, self._span = points, span
        self._reached, self._resting = reached, resting
        self._change()

    def set_heights(self, fixed: tuple[float, float] | None) -> None:
        """Let the upright axis go from where to where; None for what the values need."""
        self._fixed = fixed
        self._change()

    def set_mark(self, place: float | None, text: str = "") -> None:
        """Mark a place of the lower axis with a dashed line, None for none."""
        mark = None if place is None else (place, text)
        if mark != self._mark:
            self._mark = mark
            self._change()

    def set_place(self, place: float | None) -> None:
        """Point at a place of the lower axis, None for none."""
        self._place = place
        if self._widget is None:
            return
        self._cursor.setVisible(place is not None)
        if place is not None:
            self._cursor.setPos(place)
        self._fill_legend()

    def set_view(self, view: tuple[float, float] | None) -> None:
        """Show a part of the lower axis, None for all."""
        self._view = view
        if view is None:
            self._own_height = False
        if self._widget is not None:
            self._show_ranges()

    def show_all(self) -> None:
        """Undo all zooming."""
        self.set_view(None)
        self.viewed.emit(None)

    def table(self) -> list[list[str]]:
        """Return the values as rows of texts, a header first."""
        given = [(curve, *self._finite(curve.key)) for curve in self._curves]
        places = np.unique(np.concatenate([x for _curve, x, _y in given] or [np.zeros(0)]))
        columns = []
        for _curve, x, y in given:
            column = np.full(len(places), np.nan)
            column[np.searchsorted(places, x)] = y
            columns.append(column.tolist())
        rows = [
            [f"{place:g}", *("" if np.isnan(value) else f"{value:.6g}" for value in row)]
            for place, *row in zip(places.tolist(), *columns, strict=True)
        ]
        return [[self._labels["bottom"], *(curve.title for curve in self._curves)], *rows]

    def menu(self) -> QMenu:
        """Return what can be done with it."""
        menu = super().menu()
        menu.addSeparator()
        everything = menu.addAction(_("Show all"), self.show_all)
        assert everything is not None
        everything.setEnabled(self._view is not None or self._own_height)
        return menu

    def leaveEvent(self, event: QEvent | None) -> None:
        """Point at nothing."""
        self._point(None)

    def _fill(self) -> None:
        pg = self._pg
        self._plot.showGrid(x=True, y=True, alpha=1.0)
        self._plot.setMouseEnabled(True, True)
        box = self._plot.getViewBox()
        box.sigRangeChangedManually.connect(self._on_moved)
        box.sigRangeChanged.connect(self._on_range)
        box.sigResized.connect(self._on_range)
        self._widget.scene().sigMouseClicked.connect(self._on_click)
        rest = theme.colour("sunken")
        rest.setAlpha(110)
        self._rest = pg.LinearRegionItem(movable=False, brush=rest, pen=pg.mkPen(None))
        self._cursor = pg.InfiniteLine(pen=self._pen(theme.colour("control"), 1.0))
        self._line = pg.InfiniteLine(pen=self._pen(theme.colour("muted"), 1.0, [4, 4]))
        # Beside the line, on the side where there is room.
        self._said = pg.InfLineLabel(
            self._line, "", position=_MARK_AT, anchors=[(0, 0.5), (1, 0.5)],
            color=theme.colour("text"),
        )  # fmt: skip
        self._said.setFont(self._font)
        for item, height in ((self._rest, -20), (self._line, 5), (self._cursor, 10)):
            item.setZValue(height)
            item.hide()
            self._plot.addItem(item, ignoreBounds=True)
        self._make_items()

    def _make_items(self) -> None:
        for item in self._items.values():
            self._plot.removeItem(item)
        self._items = {}
        for curve in self._curves:
            item = self._ours.CurveItem(curve)
            self._plot.addItem(item, ignoreBounds=True)
            self._items[curve.key] = item

    def _pen(self, colour: QColor, width: float, dash: list[float] | None = None) -> QPen:
        # Its pens are as many pixels of the screen wide, whatever the screen's scale.
        pen: QPen = self._pg.mkPen(colour, width=width * self.devicePixelRatioF(), dash=dash)
        return pen

    def _draw(self) -> None:
        self._changed = False
        # What was made later lies above.
        self._legend.raise_()
        for key, item in self._items.items():
            item.set_points(*self._finite(key))
        self._rest.setVisible(self._reached is not None and self._reached < self._span[1])
        if self._reached is not None:
            self._rest.setRegion((self._reached, self._span[1]))
        self._line.setVisible(self._mark is not None)
        if self._mark is not None:
            self._line.setPos(self._mark[0])
            if self._said.format != self._mark[1]:
                self._said.setText(self._mark[1])
        self._show_ranges()
        self._fill_legend()

    def _show_ranges(self) -> None:
        low, high = self._heights()
        box = self._plot.getViewBox()
        box.setLimits(xMin=self._span[0], xMax=self._span[1], yMin=low, yMax=high)
        box.setXRange(*(self._view or self._span), padding=0)
        if not self._own_height:
            box.setYRange(low, high, padding=0)

    def _heights(self) -> tuple[float, float]:
        if self._fixed is not None:
            return self._fixed
        values = [self._finite(curve.key)[1] for curve in self._curves]
        highest = max((float(each.max(initial=0)) for each in values), default=0.0)
        lowest = min((float(each.min(initial=0)) for each in values), default=0.0)
        return lowest * HEADROOM, (highest * HEADROOM) or 1.0

    def _finite(self, key: str) -> Points:
        x, y = self._points.get(key, (NONE, NONE))
        known = np.isfinite(y)
        return (x, y) if known.all() else (x[known], y[known])

    def _fill_legend(self) -> None:
        """Say the values at the place that is pointed at, else the last ones."""
        values: dict[Cell, str] = {}
        last = -np.inf
        for curve in self._curves:
            if not curve.listed:
                continue
            x, y = self._finite(curve.key)
            value = self._value(curve.key, x, y)
            if value is not None:
                values[curve.row, curve.column] = self._figure(value)
            last = max(last, x[-1] if len(x) else -np.inf)
        place = self._place
        if place is None and self._resting is None and np.isfinite(last):
            place = float(last)
        head = "" if self._resting is None else self._resting[0]
        self._legend.set_values(head if place is None else self._reading(place), values)
        self._place_legend()

    def _value(self, key: str, x: Values, y: Values) -> float | None:
        if self._place is None:
            if self._resting is not None:
                return self._resting[1].get(key)
            return float(y[-1]) if len(y) else None
        if not len(x):
            return None
        at = int(np.abs(x - self._place).argmin())
        near = 0.5 if self._whole else (self._span[1] - self._span[0]) / 100
        return float(y[at]) if abs(x[at] - self._place) <= near else None

    def _place_legend(self) -> None:
        """Put the legend into the corner where it hides least, rather on the right."""
        self._legend.resize(self._legend.sizeHint())
        scene = self._plot.getViewBox().sceneBoundingRect()
        room = self._widget.mapFromScene(scene).boundingRect().translated(self._widget.pos())
        size = self._legend.size()
        small = size.height() > room.height() * _LARGEST_SHARE or size.width() > room.width() * 0.6
        self._legend.setVisible(bool(self._curves) and not small)
        upper, lower = room.top() + _INSET, room.bottom() - size.height() - _INSET
        heights = (lower, upper) if self._low else (upper, lower)
        corners = [
            QRect(QPoint(x, y), size)
            for x in (room.right() - size.width() - _INSET, room.left() + _INSET)
            for y in heights
        ]
        best = min(corners, key=lambda corner: self._hidden(corner, room))
        self._legend.move(best.topLeft())

    def _hidden(self, corner: QRect, room: QRect) -> int:
        """Return how many values, or what is worth as many, would lie under the legend."""
        (left, right), (low, high) = self._plot.viewRange()
        if not room.width() or not room.height():
            return 0
        across = (right - left) / room.width()
        upright = (high - low) / room.height()
        first, last = (
            left + (side - room.left()) * across for side in (corner.left(), corner.right())
        )
        top = high - (corner.top() - room.top()) * upright
        bottom = high - (corner.bottom() - room.top()) * upright
        found = 0
        if self._mark is not None and self._mark[1] and corner.center().y() < room.center().y():
            # The words stand on the side of the line where there is room.
            place, text = self._mark
            long = self.fontMetrics().horizontalAdvance(text) * across
            begin = place - long if place > (left + right) / 2 else place
            found += _WORDS_OF_MARK * (begin < last and begin + long > first)
        for curve in self._curves:
            x, y = self._finite(curve.key)
            y = y[np.searchsorted(x, first) : np.searchsorted(x, last, "right")]
            found += int(np.count_nonzero((y >= bottom) & (y <= top)))
        return found

    def _on_range(self, *_: object) -> None:
        (left, right), (low, high) = self._plot.viewRange()
        room = self._plot.getViewBox().size()
        across = (right - left) / max(room.width() / _FIGURE_WIDTH, 2.0)
        upright = (high - low) / max(room.height() / _FIGURE_HEIGHT, 2.0)
        for side, step in (
            ("bottom", nice_step(across, whole=self._whole)),
            (self._side, nice_step(upright)),
        ):
            self._plot.getAxis(side).setTickSpacing(levels=[(step, 0)])
        if not self._changed:
            self._place_legend()

    def _on_moved(self) -> None:
        low, high = self._plot.viewRange()[0]
        self._view, self._own_height = (low, high), True
        self.viewed.emit(self._view)

    def _on_click(self, event: Any) -> None:  # noqa: ANN401 - pyqtgraph's
        if event.double() and event.button() == Qt.MouseButton.LeftButton:
            self.show_all()

    def _on_mouse(self, at: QPointF) -> None:
        box = self._plot.getViewBox()
        longest = max((self._finite(c.key)[0] for c in self._curves), key=len, default=NONE)
        if not len(longest) or not box.sceneBoundingRect().contains(at):
            self._point(None)
            return
        place = box.mapSceneToView(at).x()
        self._point(float(longest[np.abs(longest - place).argmin()]))

    def _point(self, place: float | None) -> None:
        if place != self._place:
            self.set_place(place)
            self.pointed.emit(place)
