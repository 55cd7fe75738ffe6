"""What stands where there is nothing yet: an icon, a sentence, a button or two."""

from __future__ import annotations

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from desktop import icons

ICON = 48
WIDEST = 420


class EmptyState(QWidget):
    """A hint in the middle of an empty part of the window.

    Args:
        icon: Of `resources/icons`.
        text: One sentence, already translated.
        hint: What else there is to know, may be empty.
        primary: Words of the button, empty for none.
        secondary: Words of a link below it, empty for none.
        parent: The owner.

    Signals:
        pressed: `primary` or `secondary`.
    """

    pressed = pyqtSignal(str)

    def __init__(
        self,
        *,
        icon: str,
        text: str,
        hint: str = "",
        primary: str = "",
        secondary: str = "",
        parent: QWidget | None = None,
    ) -> None:
        """Show the hint."""
        super().__init__(parent)
        # The sentences need the width of their column to know how many lines they take.
        column = QWidget()
        column.setMaximumWidth(WIDEST)
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 16, 16, 16)
        row.addStretch(1)
        row.addWidget(column, 8)
        row.addStretch(1)
        layout = QVBoxLayout(column)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(12)
        layout.addStretch(1)
        picture = QLabel()
        picture.setPixmap(icons.pixmap(icon, ICON, "muted", self.devicePixelRatioF()))
        picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
        layout.addWidget(picture)
        for words, role in ((text, "state"), (hint, "muted")):
            if words:
                layout.addWidget(_sentence(words, role))
        for name, words, role in (
            ("primary", primary, "primary"),
            ("secondary", secondary, "link"),
        ):
            if words:
                button = QPushButton(words)
                button.setProperty("role", role)
                button.clicked.connect(lambda checked=False, name=name: self.pressed.emit(name))
                layout.addWidget(button, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addStretch(1)


def _sentence(words: str, role: str) -> QLabel:
    label = QLabel(words)
    label.setProperty("role", role)
    label.setWordWrap(True)
    label.setAlignment(Qt.AlignmentFlag.AlignCenter)
    return label
