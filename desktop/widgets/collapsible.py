"""A part of a form that opens below its heading."""

from __future__ import annotations

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from desktop import icons


class Collapsible(QWidget):
    """A heading to press, a remark at its right, and what opens below.

    Args:
        title: Already translated.
        content: What opens.
        parent: The owner.

    Signals:
        toggled: bool, whether it is open now.
    """

    toggled = pyqtSignal(bool)

    def __init__(self, title: str, content: QWidget, parent: QWidget | None = None) -> None:
        """Show it closed."""
        super().__init__(parent)
        self._content = content
        self._heading = QToolButton()
        self._heading.setText(title)
        self._heading.setCheckable(True)
        self._heading.setProperty("role", "fold")
        self._heading.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._heading.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self._heading.toggled.connect(self._on_toggled)
        self._remark = QLabel()
        self._remark.setProperty("role", "caption")
        self._remark.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._remark.hide()
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self._heading)
        row.addStretch(1)
        row.addWidget(self._remark)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addLayout(row)
        layout.addWidget(content)
        self._on_toggled(False)

    @property
    def is_open(self) -> bool:
        """Whether the content is shown."""
        return self._heading.isChecked()

    def set_open(self, is_open: bool) -> None:
        """Show or hide the content."""
        self._heading.setChecked(is_open)

    def set_remark(self, text: str) -> None:
        """Say something at the right of the heading, nothing where it is empty."""
        self._remark.setText(text)
        self._remark.setVisible(bool(text))

    def _on_toggled(self, is_open: bool) -> None:
        self._content.setVisible(is_open)
        self._heading.setIcon(icons.icon("chevron-down" if is_open else "chevron-right", "muted"))
        self.toggled.emit(is_open)
