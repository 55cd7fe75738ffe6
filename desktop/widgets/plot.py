"""Lines over a shared axis, or bars side by side."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PyQt6.QtCore import QPointF, Qt
from PyQt6.QtGui import QColor
from PyQt6.QtWidgets import QLabel, QWidget

from desktop import theme
from desktop.figures import number
from desktop.widgets.plot_base import BasePlot
from desktop.widgets.plot_files import data_uri
from desktop.widgets.swatch import outline
from engine.colours import Colour

LINE, EDGE = 2.0, 3.5
HEADROOM = 1.08
LEGEND_NAME_PX = 80
Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Line:
    """One line.

    Attributes:
        name: In the legend and the exports.
        values: [N], NaN where there is nothing to draw.
        colour: Of its class, None for the accent.
    """

    name: str
    values: Values
    colour: Colour | None = None


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar.

    Attributes:
        name: Of what it counts.
        value: Its height.
        colour: Of its class, None for the accent.
    """

    name: str
    value: float
    colour: Colour | None = None


class Plot(BasePlot):
    """One plot, drawn only while it is on screen.

    Args:
        name: What it shows, for screen readers and file names.
        across: What stands along the lower axis, with its unit.
        up: What stands along the left axis, with its unit.
        parent: The owner.

    Signals:
        failed: EngineError, a file could not be written.
    """

    def __init__(
        self, *, name: str, across: str, up: str, parent: QWidget | None = None
    ) -> None:
        """Show nothing yet."""
        super().__init__(name=name, across=across, up=up, parent=parent)
        self._across: Values = np.zeros(0)
        self._span: tuple[float, float] | None = None
        self._lines: tuple[Line, ...] = ()
        self._bars: tuple[Bar, ...] = ()
        self._edges: tuple[float, float] | None = None
        self._items: list[Any] = []
        self._legend = QLabel()
        self._legend.setProperty("role", "caption")
        self._legend.setTextFormat(Qt.TextFormat.RichText)
        self._legend.setWordWrap(True)
        self._legend.hide()
        self._layout.addWidget(self._legend)

    def set_lines(self, across: Values, lines: Sequence[Line], span: tuple[float, float]) -> None:
        """Show lines.

        Args:
            across: [N] where the values lie on the lower axis.
            lines: The lines.
            span: From where to where the lower axis goes.
        """
        self._across, self._lines, self._span = across, tuple(lines), span
        self._bars = ()
        self._change()

    def set_bars(self, bars: Sequence[Bar], edges: tuple[float, float] | None = None) -> None:
        """Show bars side by side.

        Args:
            bars: From left to right.
            edges: Where the first begins and the last ends on an axis of numbers; None for bars
                that are named under the axis.
        """
        self._bars, self._edges, self._lines = tuple(bars), edges, ()
        self._change()

    def table(self) -> list[list[str]]:
        """Return what is shown as rows of texts, a header first."""
        if self._bars or not self._lines:
            rows = [[bar.name, f"{bar.value:g}"] for bar in self._bars]
            return [[self._labels["bottom"], self._labels["left"]], *rows]
        columns = [self._across, *(line.values for line in self._lines)]
        head = [self._labels["bottom"], *(line.name for line in self._lines)]
        rows = [
            ["" if math.isnan(value) else f"{value:.3f}" for value in row]
            for row in zip(*(column.tolist() for column in columns), strict=True)
        ]
        return [head, *rows]

    def _fill(self) -> None:
        self._plot.showGrid(x=False, y=True, alpha=1.0)
        self._cursor = self._pg.InfiniteLine(pen=self._pg.mkPen(theme.colour("control"), width=1))
        self._reading = self._pg.TextItem(color=theme.colour("text"), fill=theme.colour("surface"))
        self._reading.setFont(self._font)
        for item in (self._cursor, self._reading):
            item.setZValue(10)
            item.hide()
            self._plot.addItem(item, ignoreBounds=True)

    def _draw(self) -> None:
        self._changed = False
        for item in self._items:
            self._plot.removeItem(item)
        self._items = []
        highest = self._draw_bars() if self._bars else self._draw_lines()
        self._show_legend()
        step = nice_step(highest / 4, whole=bool(self._bars))
        self._plot.getAxis("left").setTickSpacing(levels=[(step, 0)])
        self._plot.setYRange(0, max(highest * HEADROOM, step), padding=0)

    def _show_legend(self) -> None:
        """Name the lines above the plot, where they cannot lie over it."""
        metrics, parts = self._legend.fontMetrics(), []
        for line in self._lines if len(self._lines) > 1 else ():
            name = metrics.elidedText(line.name, Qt.TextElideMode.ElideRight, LEGEND_NAME_PX)
            square = f'<img src="{data_uri(_colour(line.colour).rgb())}" width="10" height="10">'
            parts.append(f"<nobr>{square}&nbsp;{html.escape(name)}</nobr>")
        self._legend.setText(" &nbsp; ".join(parts))
        self._legend.setVisible(bool(parts))

    def _draw_lines(self) -> float:
        light = theme.current() is theme.LIGHT
        for line in self._lines:
            pens = [self._pg.mkPen(_colour(line.colour), width=LINE)]
            if light and line.colour is not None:
                # Yellow on white cannot be seen without an edge.
                pens.insert(0, self._pg.mkPen(outline(line.colour), width=EDGE))
            for pen in pens:
                curve = self._pg.PlotCurveItem(
                    self._across, line.values, pen=pen, connect="finite"
                )
                self._plot.addItem(curve)
                self._items.append(curve)
        if self._span is not None:
            self._plot.setXRange(*self._span, padding=0)
        self._plot.getAxis("bottom").setTicks(None)
        values = [line.values[np.isfinite(line.values)] for line in self._lines]
        return float(max((part.max(initial=0) for part in values), default=0))

    def _draw_bars(self) -> float:
        count = len(self._bars)
        first, last = self._edges or (-0.5, count - 0.5)
        width = (last - first) / count
        self._across = np.asarray(first + width * (np.arange(count) + 0.5), np.float64)
        bars = self._pg.BarGraphItem(
            x=self._across,
            height=[bar.value for bar in self._bars],
            width=width * (1.0 if self._edges else 0.7),
            brushes=[_colour(bar.colour) for bar in self._bars],
            pens=[
                theme.colour("surface") if bar.colour is None else outline(bar.colour)
                for bar in self._bars
            ],
        )
        self._plot.addItem(bars)
        self._items.append(bars)
        self._plot.setXRange(first, last, padding=0)
        names = None
        if self._edges is None:
            names = [self._ticks(count)]
        self._plot.getAxis("bottom").setTicks(names)
        return max(bar.value for bar in self._bars)

    def _ticks(self, count: int) -> list[tuple[float, str]]:
        """Return the names under the bars, shortened to the room there is for each."""
        room = max(self.width() - 60, 60) / count - 4
        metrics = self.fontMetrics()
        return [
            (place, metrics.elidedText(bar.name, Qt.TextElideMode.ElideRight, int(room)))
            for place, bar in zip(self._across.tolist(), self._bars, strict=True)
        ]

    def _on_mouse(self, at: QPointF) -> None:
        box = self._plot.getViewBox()
        inside = len(self._across) > 0 and box.sceneBoundingRect().contains(at)
        self._cursor.setVisible(inside)
        self._reading.setVisible(inside)
        if not inside:
            return
        place = box.mapSceneToView(at).x()
        nearest = int(np.abs(self._across - place).argmin())
        self._cursor.setPos(self._across[nearest])
        self._reading.setText(self._words(nearest))
        (left, right), (low, high) = box.viewRange()
        on_right = self._across[nearest] > (left + right) / 2
        self._reading.setAnchor((1 if on_right else 0, 0))
        self._reading.setPos(self._across[nearest], high)

    def _words(self, at: int) -> str:
        """Return the figures at a place of the lower axis."""
        if self._bars:
            bar = self._bars[at]
            return f"{bar.name}: {number(bar.value)}"
        lines = [
            f"{line.name}: {number(float(line.values[at]), 1)}"
            for line in self._lines
            if math.isfinite(line.values[at])
        ]
        return "\n".join([f"{number(float(self._across[at]))} s", *lines])


def nice_step(least: float, *, whole: bool = False) -> float:
    """Return the smallest of 1, 2 and 5 times a power of ten that is not below a number.

    Args:
        least: The number.
        whole: Never below 1.
    """
    if least <= 0 or (whole and least <= 1):
        return 1.0
    power = 10.0 ** math.floor(math.log10(least))
    return next(step * power for step in (1.0, 2.0, 5.0, 10.0) if step * power >= least * 0.999)


def _colour(colour: Colour | None) -> QColor:
    return theme.colour("accent") if colour is None else QColor(*colour)
