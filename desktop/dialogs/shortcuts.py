"""The keyboard shortcuts, group by group."""

from __future__ import annotations

from collections.abc import Sequence

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QGridLayout,
    QLabel,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from engine.i18n import translate as _


class ShortcutsDialog(QDialog):
    """A list to look things up in.

    Args:
        rows: Group, words and keys of each, in order.
        parent: The owner.
    """

    def __init__(
        self, *, rows: Sequence[tuple[str, str, str]], parent: QWidget | None = None
    ) -> None:
        """Show the list."""
        super().__init__(parent)
        self.setWindowTitle(_("Keyboard shortcuts"))
        self.resize(460, 560)
        table = QWidget()
        grid = QGridLayout(table)
        grid.setContentsMargins(0, 0, 12, 0)
        grid.setHorizontalSpacing(16)
        grid.setVerticalSpacing(8)
        grid.setColumnStretch(0, 1)
        group = ""
        for name, words, keys in rows:
            if name != group:
                group = name
                title = QLabel(name)
                title.setProperty("role", "title")
                title.setContentsMargins(0, 8 if grid.rowCount() > 1 else 0, 0, 0)
                grid.addWidget(title, grid.rowCount(), 0, 1, 2)
            place = grid.rowCount()
            grid.addWidget(QLabel(words), place, 0)
            shown = QLabel(keys)
            shown.setProperty("role", "muted")
            shown.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            grid.addWidget(shown, place, 1)
        grid.setRowStretch(grid.rowCount(), 1)
        area = QScrollArea()
        area.setWidget(table)
        area.setWidgetResizable(True)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 16)
        layout.setSpacing(16)
        layout.addWidget(area, 1)
        layout.addWidget(buttons)
