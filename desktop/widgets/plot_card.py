"""A plot with its title, and a button for what can be done with it."""

from __future__ import annotations

from PyQt6.QtCore import QPoint, Qt
from PyQt6.QtWidgets import QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from desktop import icons
from desktop.widgets.elided_label import ElidedLabel
from desktop.widgets.savable import Savable
from engine.i18n import translate as _


class PlotCard(QWidget):
    """A titled plot.

    Args:
        title: Of the plot, already translated.
        plot: The plot.
        parent: The owner.
    """

    def __init__(self, title: str, plot: Savable, parent: QWidget | None = None) -> None:
        """Show the plot under its title."""
        super().__init__(parent)
        heading = QLabel(title)
        heading.setProperty("role", "heading")
        self._caption = ElidedLabel(mode=Qt.TextElideMode.ElideRight)
        self._caption.setProperty("role", "caption")
        self._plot = plot
        self._more = QToolButton()
        self._more.setIcon(icons.icon("more", "muted"))
        self._more.setToolTip(_("Save the plot"))
        self._more.setAccessibleName(_("Save the plot"))
        self._more.clicked.connect(self._on_more)
        self._bar = QHBoxLayout()
        self._bar.setSpacing(8)
        self._bar.addWidget(heading)
        self._bar.addWidget(self._caption, 1)
        self._bar.addWidget(self._more)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addLayout(self._bar)
        layout.addWidget(plot, 1)

    def set_caption(self, text: str) -> None:
        """Say something beside the title."""
        if text != self._caption.text():
            self._caption.setText(text)

    def add_control(self, widget: QWidget) -> None:
        """Put something to choose with before the button."""
        self._bar.insertWidget(self._bar.count() - 1, widget)

    def _on_more(self) -> None:
        self._plot.menu().popup(self._more.mapToGlobal(QPoint(0, self._more.height())))
