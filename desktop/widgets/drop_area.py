"""Dropping files on a window: a frame with a sentence shows that they may be let go."""

from __future__ import annotations

from PyQt6.QtCore import QEvent, QObject, QRectF, Qt, pyqtSignal
from PyQt6.QtGui import QDragEnterEvent, QDropEvent, QPainter, QPaintEvent, QPen
from PyQt6.QtWidgets import QWidget

from desktop import theme

MARGIN, RADIUS = 12, 8


class DropArea(QWidget):
    """Takes files, pictures and addresses that are dropped anywhere on its parent.

    Args:
        text: What shows while something is dragged over it, already translated.
        parent: The window.

    Signals:
        dropped: QMimeData, good until the signal returns.
    """

    dropped = pyqtSignal(object)

    def __init__(self, text: str, parent: QWidget) -> None:
        """Make it, hidden."""
        super().__init__(parent)
        self._text = text
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        parent.setAcceptDrops(True)
        parent.installEventFilter(self)
        self.hide()

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        """Answer what the parent is told of a drag."""
        if isinstance(event, QDragEnterEvent):
            data = event.mimeData()
            if data is not None and (data.hasUrls() or data.hasImage()):
                event.acceptProposedAction()
                self._cover(True)
            return True
        if event is not None and event.type() == QEvent.Type.DragLeave:
            self._cover(False)
        if event is not None and event.type() == QEvent.Type.Drop:
            self._cover(False)
            if isinstance(event, QDropEvent):
                event.acceptProposedAction()
                self.dropped.emit(event.mimeData())
            return True
        return super().eventFilter(watched, event)

    def _cover(self, shown: bool) -> None:
        parent = self.parentWidget()
        if shown and parent is not None:
            self.setGeometry(parent.rect())
            self.raise_()
        self.setVisible(shown)

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Paint the frame and the sentence."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        veil = theme.colour("bg")
        veil.setAlphaF(0.8)
        painter.fillRect(self.rect(), veil)
        room = QRectF(self.rect()).adjusted(MARGIN, MARGIN, -MARGIN, -MARGIN)
        painter.setPen(QPen(theme.colour("accent"), 2, Qt.PenStyle.DashLine))
        painter.drawRoundedRect(room, RADIUS, RADIUS)
        font = self.font()
        font.setPixelSize(20)
        font.setBold(True)
        painter.setFont(font)
        painter.setPen(theme.colour("text"))
        painter.drawText(room, int(Qt.AlignmentFlag.AlignCenter), self._text)
