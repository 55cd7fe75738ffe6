"""The legend of a plot: what each line is and how it stands, as a small table over a corner."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from PyQt6.QtCore import QPointF, QRectF, QSize, Qt
from PyQt6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPaintEvent, QPen
from PyQt6.QtWidgets import QWidget

from desktop import theme
from desktop.figures import tabular

FONT_PX = 12
ROW = 16
WIDEST_NAME = 120
_PADDING, _GAP = 8, 12
_SAMPLE, _AFTER_SAMPLE = 18, 6
_RADIUS = 4.0
# What lies under it can be made out.
_ALPHA = 225
Cell = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Sample:
    """How a line looks."""

    colour: QColor
    dashed: bool = False


class Legend(QWidget):
    """Rows of names with the sample and the value of one line a column.

    It lets the pointer through to the plot below.

    Args:
        widest: The longest value that there is room for.
        parent: The plot.
    """

    def __init__(self, *, widest: str = "0.0000", parent: QWidget | None = None) -> None:
        """Name nothing yet."""
        super().__init__(parent)
        self._widest = widest
        self._rows: tuple[str, ...] = ()
        self._columns: tuple[str, ...] = ()
        self._samples: Mapping[Cell, Sample] = {}
        self._values: Mapping[Cell, str] = {}
        self._head = ""
        font = QFont(self.font())
        font.setPixelSize(FONT_PX)
        self.setFont(tabular(font))
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)

    def set_lines(
        self, rows: Sequence[str], columns: Sequence[str], samples: Mapping[Cell, Sample]
    ) -> None:
        """Name other lines.

        Args:
            rows: Names from top to bottom.
            columns: What stands above the values, from left to right.
            samples: Looks by row and column; a cell without one stays empty.
        """
        self._rows, self._columns, self._samples = tuple(rows), tuple(columns), samples
        self.resize(self.sizeHint())
        self.update()

    def set_values(self, head: str, values: Mapping[Cell, str]) -> None:
        """Show values by row and column, and above the names what they are of."""
        if (head, values) != (self._head, self._values):
            self._head, self._values = head, values
            lines = (f"{' '.join(cell)} {value}" for cell, value in values.items())
            self.setAccessibleName(", ".join((head, *lines)))
            self.update()

    def sizeHint(self) -> QSize:
        """Return the room that all rows take."""
        if not self._rows:
            return QSize(0, 0)
        width = self._name_width() + len(self._columns) * (_GAP + self._cell_width())
        return QSize(width + 2 * _PADDING, (len(self._rows) + 1) * ROW + 2 * _PADDING - 6)

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Paint the table."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        behind = theme.colour("bg")
        behind.setAlpha(_ALPHA)
        painter.setPen(QPen(theme.colour("line"), 1.0))
        painter.setBrush(behind)
        painter.drawRoundedRect(
            QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), _RADIUS, _RADIUS
        )
        metrics, width = QFontMetrics(self.font()), self._name_width()
        top = float(_PADDING - 3)
        painter.setPen(theme.colour("muted"))
        painter.drawText(QRectF(_PADDING, top, width, ROW), _LEFT, self._head)
        for place, column in enumerate(self._columns):
            painter.drawText(self._cell(place, top), _RIGHT, column)
        for row in self._rows:
            top += ROW
            name = metrics.elidedText(row, Qt.TextElideMode.ElideRight, width)
            painter.setPen(theme.colour("muted"))
            painter.drawText(QRectF(_PADDING, top, width, ROW), _LEFT, name)
            for place, column in enumerate(self._columns):
                self._paint_cell(painter, (row, column), self._cell(place, top))

    def _paint_cell(self, painter: QPainter, cell: Cell, room: QRectF) -> None:
        sample = self._samples.get(cell)
        if sample is None:
            return
        pen = QPen(sample.colour, 2.0)
        pen.setCapStyle(Qt.PenCapStyle.FlatCap)
        if sample.dashed:
            pen.setDashPattern([2.5, 1.75])
        painter.setPen(pen)
        middle = room.center().y()
        painter.drawLine(QPointF(room.left(), middle), QPointF(room.left() + _SAMPLE, middle))
        painter.setPen(theme.colour("text"))
        painter.drawText(room, _RIGHT, self._values.get(cell, "–"))

    def _cell(self, place: int, top: float) -> QRectF:
        width = self._cell_width()
        left = _PADDING + self._name_width() + _GAP + place * (width + _GAP)
        return QRectF(left, top, width, ROW)

    def _cell_width(self) -> int:
        metrics = self.fontMetrics()
        widest = max(metrics.horizontalAdvance(each) for each in (self._widest, *self._columns))
        return max(_SAMPLE + _AFTER_SAMPLE + metrics.horizontalAdvance(self._widest), widest)

    def _name_width(self) -> int:
        metrics = self.fontMetrics()
        needed = max(metrics.horizontalAdvance(each) for each in (self._head, *self._rows))
        return min(needed, WIDEST_NAME)


_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
