"""A place that scrolls up and down where what is in it does not fit."""

from __future__ import annotations

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QScrollArea, QWidget


def scrolled(widget: QWidget, width: int) -> QScrollArea:
    """Return a widget that scrolls up and down where it does not fit.

    Args:
        widget: What scrolls.
        width: The least width of both.
    """
    area = QScrollArea()
    area.setMinimumWidth(width)
    area.setWidget(widget)
    area.setWidgetResizable(True)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    return area
