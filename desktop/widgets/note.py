"""One sentence in the middle of an empty place, with a button where there is something to do."""

from __future__ import annotations

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtWidgets import QLabel, QPushButton, QVBoxLayout, QWidget


class Note(QWidget):
    """A sentence instead of content.

    Args:
        text: The sentence.
        button: Words of the button, empty for none.
        parent: The owner.

    Signals:
        pressed: The button was.
    """

    pressed = pyqtSignal()

    def __init__(self, text: str = "", button: str = "", parent: QWidget | None = None) -> None:
        """Show a sentence."""
        super().__init__(parent)
        self._label = QLabel(text)
        self._label.setProperty("role", "muted")
        self._label.setWordWrap(True)
        self._label.setAlignment(Qt.AlignmentFlag.AlignCenter)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 8, 16, 8)
        layout.setSpacing(8)
        layout.addStretch(1)
        layout.addWidget(self._label)
        if button:
            act = QPushButton(button)
            act.clicked.connect(self.pressed)
            layout.addWidget(act, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addStretch(1)

    @property
    def text(self) -> str:
        """The sentence."""
        return self._label.text()

    def set_text(self, text: str) -> None:
        """Show another sentence."""
        self._label.setText(text)
