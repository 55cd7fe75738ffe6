"""How much memory the application holds, as a figure and a short trace."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from PyQt6.QtCore import QRectF, QSize, QTimer
from PyQt6.QtGui import QPainter, QPaintEvent
from PyQt6.QtWidgets import QWidget

from desktop import theme
from engine.i18n import translate as _

if TYPE_CHECKING:
    import psutil

FIRST_MS, EVERY_MS = 400, 2000
BARS = 12
BAR, GAP = 3, 1


class MemoryGauge(QWidget):
    """Resident memory of this process, looked at every two seconds."""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Begin to look."""
        super().__init__(parent)
        self._process: psutil.Process | None = None
        self._bytes: deque[int] = deque([0], maxlen=BARS)
        self._timer = QTimer(self)
        self._timer.setInterval(FIRST_MS)
        self._timer.timeout.connect(self._look)
        self._timer.start()
        self.setToolTip(_("Memory that LabSight holds"))

    def sizeHint(self) -> QSize:
        """Return room for the figure and the trace."""
        width = self.fontMetrics().horizontalAdvance(self._text()) + 12 + BARS * (BAR + GAP)
        return QSize(width + 8, 20)

    def minimumSizeHint(self) -> QSize:
        """Return the same: half a figure is worse than none."""
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Paint the figure, then a bar for each look; nothing before the first."""
        if self._process is None:
            return
        painter = QPainter(self)
        painter.setPen(theme.colour("text"))
        text = self._text()
        width = self.fontMetrics().horizontalAdvance(text)
        painter.drawText(0, 0, width, self.height(), 0x0080, text)
        most = max(1, *self._bytes)
        for place, value in enumerate(self._bytes):
            height = max(1.0, 12 * value / most)
            left = width + 8 + place * (BAR + GAP)
            bottom = self.height() / 2 + 6
            painter.fillRect(QRectF(left, bottom - height, BAR, height), theme.colour("control"))

    def _text(self) -> str:
        return f"RAM {self._bytes[-1] / 1e9:.1f} GB"

    def _look(self) -> None:
        if self._process is None:
            # Not before the window is there: the import takes its time.
            import psutil

            self._process = psutil.Process()
            self._bytes.clear()
            self._timer.setInterval(EVERY_MS)
        self._bytes.append(self._process.memory_info().rss)
        self.setAccessibleName(self._text())
        self.update()
