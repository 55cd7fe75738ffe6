"""Rows of a list to pick from: the value, and beside it in a quiet colour what it is."""

from __future__ import annotations

from PyQt6.QtCore import QModelIndex, QSize, Qt
from PyQt6.QtGui import QPainter
from PyQt6.QtWidgets import QStyledItemDelegate, QStyleOptionViewItem

from desktop import theme

BESIDE = Qt.ItemDataRole.UserRole + 1
"""What is painted beside the text of a row."""

GAP, MARGIN, HEIGHT = 16, 8, 26


class ChoiceDelegate(QStyledItemDelegate):
    """Paints the text beside the value at the right edge."""

    def paint(
        self, painter: QPainter | None, option: QStyleOptionViewItem, index: QModelIndex
    ) -> None:
        """Paint the row as it is, then what stands beside it."""
        super().paint(painter, option, index)
        words = index.data(BESIDE)
        if painter is None or not words:
            return
        painter.save()
        painter.setPen(theme.colour("muted"))
        room = option.rect.adjusted(MARGIN, 0, -MARGIN, 0)
        painter.drawText(
            room, int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter), words
        )
        painter.restore()

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex) -> QSize:
        """Return room for both."""
        size = super().sizeHint(option, index)
        words = index.data(BESIDE) or ""
        beside = option.fontMetrics.horizontalAdvance(words) + GAP if words else 0
        return QSize(size.width() + beside + 2 * MARGIN, max(size.height(), HEIGHT))
