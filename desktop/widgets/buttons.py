"""Buttons with an icon and a word, and those that do what an action does."""

from __future__ import annotations

from PyQt6.QtCore import Qt
from PyQt6.QtGui import QAction, QKeySequence
from PyQt6.QtWidgets import QPushButton, QToolButton

from desktop import icons


def beside(text: str) -> str:
    """Return a text that does not touch the icon before it: Qt leaves no room between them."""
    return f" {text}"


def text_button(icon: str, text: str, *, role: str = "") -> QPushButton:
    """Return a button with an icon and a word.

    Args:
        icon: Of `resources/icons`.
        text: Already translated.
        role: Of the style sheet, empty for a quiet button.
    """
    token = "on_accent" if role == "primary" else "text"
    button = QPushButton(icons.icon(icon, token), beside(text))
    button.setAccessibleName(text)
    if role:
        button.setProperty("role", role)
    return button


def quiet_button(icon: str, text: str) -> QToolButton:
    """Return a button with an icon and a word that has no border of its own.

    Args:
        icon: Of `resources/icons`.
        text: Already translated.
    """
    button = QToolButton()
    button.setIcon(icons.icon(icon))
    button.setText(beside(text))
    button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
    button.setProperty("bare", "true")
    button.setAccessibleName(text)
    return button


def action_button(action: QAction, icon: str, *, role: str = "") -> QPushButton:
    """Return a button that does what an action does, enabled when it is."""
    button = text_button(icon, action.text(), role=role)
    keys = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
    button.setToolTip(f"{action.text()} ({keys})" if keys else action.text())
    button.setEnabled(action.isEnabled())
    button.clicked.connect(lambda checked=False: action.trigger())
    # A method of the button, so that the connection ends with it.
    action.enabledChanged.connect(button.setEnabled)
    return button
