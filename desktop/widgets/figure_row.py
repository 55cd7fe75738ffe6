"""Figures with their names on one line; those for which there is no room are left out."""

from __future__ import annotations

from collections.abc import Sequence

from PyQt6.QtCore import QRectF, QSize, Qt
from PyQt6.QtGui import QPainter, QPaintEvent
from PyQt6.QtWidgets import QSizePolicy, QWidget

from desktop import theme
from desktop.figures import tabular

_INSIDE, _BETWEEN = 5, 16


class FigureRow(QWidget):
    """Pairs of a name and a figure, the most important first.

    Args:
        parent: The owner.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        """Show no figures yet."""
        super().__init__(parent)
        self._figures: tuple[tuple[str, str], ...] = ()
        self.setFont(tabular(self.font()))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    @property
    def text(self) -> str:
        """All figures as a sentence."""
        return ", ".join(f"{name} {figure}" for name, figure in self._figures)

    def set_figures(self, figures: Sequence[tuple[str, str]]) -> None:
        """Show names and figures."""
        if tuple(figures) != self._figures:
            self._figures = tuple(figures)
            self.setToolTip("\n".join(f"{name} {figure}" for name, figure in figures))
            self.setAccessibleName(self.text)
            self.update()

    def sizeHint(self) -> QSize:
        """Return one line."""
        return QSize(200, self.fontMetrics().height() + 2)

    def minimumSizeHint(self) -> QSize:
        """Return one line of any width."""
        return QSize(0, self.fontMetrics().height() + 2)

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Paint what fits."""
        painter, metrics = QPainter(self), self.fontMetrics()
        left = 0.0
        for name, figure in self._figures:
            first = metrics.horizontalAdvance(name) + _INSIDE
            second = metrics.horizontalAdvance(figure)
            if left + first + second > self.width():
                break
            painter.setPen(theme.colour("muted"))
            painter.drawText(QRectF(left, 0, first, self.height()), _MIDDLE, name)
            painter.setPen(theme.colour("text"))
            # A pixel more, as figures may be wider than they are said to be.
            room = QRectF(left + first, 0, second + 1, self.height())
            painter.drawText(room, _MIDDLE, figure)
            left += first + second + _BETWEEN


_MIDDLE = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
