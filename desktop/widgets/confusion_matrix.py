"""A confusion matrix: what was found where something is labelled."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PyQt6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PyQt6.QtGui import QColor, QFont, QImage, QMouseEvent, QPainter, QPaintEvent
from PyQt6.QtWidgets import QWidget

from desktop import theme
from desktop.figures import count, number, tabular
from desktop.widgets.savable import Savable
from engine.colours import text_colour
from engine.i18n import translate as _

FONT_PX = 12
WIDEST_NAME = 96
_TITLE, _GAP = 20, 6
# Cells are wider than high as far as this.
_ASPECT = 2.4
_LEAST_WITH_NAME, _LEAST_WITH_VALUE, _LEAST_WIDTH_WITH_VALUE = 15, 18, 30


class ConfusionMatrix(Savable):
    """Counts by what was found (rows) and what is labelled (columns).

    Args:
        parent: The owner.

    Signals:
        failed: EngineError, a file could not be written.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        """Show no counts yet."""
        super().__init__(name=_("Confusion matrix"), parent=parent)
        self._names: tuple[str, ...] = ()
        self._counts: NDArray[np.int64] = np.zeros((0, 0), np.int64)
        self._shares: NDArray[np.float64] = np.zeros((0, 0))
        self._normalised = False
        self._cell: tuple[int, int] | None = None
        font = QFont(self.font())
        font.setPixelSize(FONT_PX)
        self.setFont(tabular(font))
        self.setMouseTracking(True)

    def set_counts(self, names: Sequence[str], counts: NDArray[np.int64]) -> None:
        """Show counts.

        Args:
            names: Of the classes; the background is added where there are more rows.
            counts: [N, N] by what was found and what is labelled.
        """
        size = len(counts)
        background = [_("background")] * (size - len(names))
        self._names = (*names[:size], *background)
        self._counts = counts
        total = counts.sum(axis=0, keepdims=True)
        self._shares = counts / np.maximum(total, 1)
        self._point(None)
        self.update()

    def set_normalised(self, on: bool) -> None:
        """Show shares of what is labelled instead of counts."""
        self._normalised = on
        self.update()

    def table(self) -> list[list[str]]:
        """Return what is shown as rows of texts, a header first."""
        values = self._shares if self._normalised else self._counts
        rows = [
            [name, *(f"{value:.4g}" for value in row)]
            for name, row in zip(self._names, values.tolist(), strict=True)
        ]
        return [[_("found / labelled"), *self._names], *rows]

    def words(self, row: int, column: int) -> str:
        """Return what a cell says."""
        said = _("{labelled} found as {found}: {count} ({share} %)")
        return said.format(
            found=self._names[row],
            labelled=self._names[column],
            count=count(int(self._counts[row, column])),
            share=number(100 * float(self._shares[row, column]), 1),
        )

    def cell_at(self, at: QPointF) -> tuple[int, int] | None:
        """Return row and column under a place, None outside of all."""
        room, size = self._room(), len(self._names)
        if not size or not room.contains(at):
            return None
        column = int((at.x() - room.left()) / room.width() * size)
        row = int((at.y() - room.top()) / room.height() * size)
        return min(row, size - 1), min(column, size - 1)

    def sizeHint(self) -> QSize:
        """Return a small matrix."""
        return QSize(260, 200)

    def minimumSizeHint(self) -> QSize:
        """Return the least that can be read."""
        return QSize(140, 120)

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:
        """Read out the cell under the pointer."""
        if event is not None:
            self._point(self.cell_at(event.position()))

    def leaveEvent(self, event: QEvent | None) -> None:
        """Read out nothing."""
        self._point(None)

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Paint cells and names."""
        size = len(self._names)
        if not size:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        room = self._room()
        width, height = room.width() / size, room.height() / size
        painter.drawImage(room, self._cells())
        if width > _LEAST_WIDTH_WITH_VALUE and height >= _LEAST_WITH_VALUE:
            grounds = self._grounds()
            for row in range(size):
                for column in range(size):
                    left, top = room.left() + column * width, room.top() + row * height
                    painter.setPen(QColor(*text_colour(tuple(grounds[row, column].tolist()))))
                    self._paint_value(painter, QRectF(left, top, width, height), row, column)
        painter.setPen(theme.colour("control"))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(room)
        if self._cell is not None:
            row, column = self._cell
            painter.setPen(theme.colour("text"))
            left, top = room.left() + column * width, room.top() + row * height
            painter.drawRect(QRectF(left, top, width, height))
        self._paint_names(painter, room, width, height)

    def _cells(self) -> QImage:
        """Return the grounds of all cells, a pixel each."""
        rgb = np.ascontiguousarray(self._grounds())
        height, width, depth = rgb.shape
        return QImage(
            rgb.tobytes(), width, height, depth * width, QImage.Format.Format_RGB888
        ).copy()

    def _grounds(self) -> NDArray[np.uint8]:
        """Return the colour of each cell, [N, N, 3]: the accent where all of a class is found."""
        none, whole = (
            np.array((each.red(), each.green(), each.blue()), np.float64)
            for each in (theme.colour("surface"), theme.colour("accent"))
        )
        mixed = none + (whole - none) * self._shares[:, :, None]
        return np.asarray(np.round(mixed), np.uint8)

    def _paint_value(self, painter: QPainter, place: QRectF, row: int, column: int) -> None:
        # Where nothing was confused, nothing stands.
        if self._counts[row, column] or row == column:
            text = count(int(self._counts[row, column]))
            if self._normalised:
                text = number(float(self._shares[row, column]), 2)
            painter.drawText(place, Qt.AlignmentFlag.AlignCenter, text)

    def _paint_names(self, painter: QPainter, room: QRectF, width: float, height: float) -> None:
        metrics = painter.fontMetrics()
        painter.setPen(theme.colour("text"))
        for place, name in enumerate(self._names):
            if height >= _LEAST_WITH_NAME:
                side = self._side()
                said = metrics.elidedText(name, Qt.TextElideMode.ElideMiddle, side)
                left = QRectF(room.left() - _GAP - side, room.top() + place * height, side, height)
                painter.drawText(left, _RIGHT, said)
            if width >= 40:
                said = metrics.elidedText(name, Qt.TextElideMode.ElideMiddle, int(width) - 4)
                below = QRectF(room.left() + place * width, room.bottom() + 2, width, _TITLE)
                painter.drawText(below, Qt.AlignmentFlag.AlignCenter, said)
        painter.setPen(theme.colour("muted"))
        foot = QRectF(0, self.height() - _TITLE, self.width(), _TITLE)
        if self._cell is None:
            foot.setLeft(room.left())
            foot.setRight(room.right())
            painter.drawText(foot, Qt.AlignmentFlag.AlignCenter, _("labelled"))
        else:
            painter.setPen(theme.colour("text"))
            painter.drawText(foot, Qt.AlignmentFlag.AlignCenter, self.words(*self._cell))
            painter.setPen(theme.colour("muted"))
        painter.save()
        painter.translate(room.left() - _GAP - self._side() - _TITLE, room.bottom())
        painter.rotate(-90)
        painter.drawText(
            QRectF(0, 0, room.height(), _TITLE), Qt.AlignmentFlag.AlignCenter, _("found")
        )
        painter.restore()

    def _room(self) -> QRectF:
        """Return where the cells are."""
        left = _TITLE + self._side() + _GAP
        room = QRectF(left, 4, self.width() - left - 8, self._height())
        room.setWidth(min(room.width(), room.height() * _ASPECT))
        spare = self.width() - 8 - room.right()
        return room.translated(spare / 2, 0)

    def _height(self) -> int:
        """Return how high all cells are together."""
        return self.height() - 2 * _TITLE - 10

    def _side(self) -> int:
        """Return the width of the names beside the cells, 0 where those are too low for names."""
        if self._height() < _LEAST_WITH_NAME * len(self._names):
            return 0
        metrics = self.fontMetrics()
        longest = max((metrics.horizontalAdvance(each) for each in self._names), default=0)
        return min(longest, WIDEST_NAME) + 2

    def _point(self, cell: tuple[int, int] | None) -> None:
        if cell != self._cell:
            self._cell = cell
            self.update()


_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
