"""A window to drag files out of: `python drag_source.py X Y FILE…`, a press begins the drag."""

from __future__ import annotations

import sys

from PyQt6.QtCore import QMimeData, Qt, QTimer, QUrl
from PyQt6.QtGui import QDrag, QMouseEvent
from PyQt6.QtWidgets import QApplication, QLabel

SIDE = 80


class Source(QLabel):
    """Hands over its files to whatever they are dropped on."""

    def __init__(self, files: list[str]) -> None:
        super().__init__("drag me")
        self._files = files
        self.setWindowTitle("drag source")
        self.setFixedSize(SIDE, SIDE)
        self.setWindowFlags(Qt.WindowType.FramelessWindowHint | Qt.WindowType.Window)

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:
        data = QMimeData()
        data.setUrls([QUrl.fromLocalFile(path) for path in self._files])
        drag = QDrag(self)
        drag.setMimeData(data)
        drag.exec(Qt.DropAction.CopyAction)
        # Whoever the files were dropped on still asks for their names.
        QTimer.singleShot(1000, QApplication.quit)


if __name__ == "__main__":
    app = QApplication(["drag source"])
    source = Source(sys.argv[3:])
    source.move(int(sys.argv[1]), int(sys.argv[2]))
    source.show()
    sys.exit(app.exec())
