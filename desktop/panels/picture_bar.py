"""The bar above the picture: what it is, how it is looked at, where it stands in the list."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from PyQt6.QtCore import Qt
from PyQt6.QtGui import QAction
from PyQt6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QMenu,
    QSlider,
    QToolButton,
    QWidget,
    QWidgetAction,
)

from desktop import icons
from desktop.actions import Actions
from desktop.scene import Picture
from desktop.state import AppState, OverlayStyle
from desktop.widgets.buttons import beside
from desktop.widgets.elided_label import ElidedLabel
from engine.i18n import translate as _
from engine.suffixes import VIDEO_SUFFIXES

HEIGHT = 40


class PictureBar(QWidget):
    """Name and size of the picture, tools of the view, previous and next.

    Args:
        state: Read, listened to, and told of the overlay.
        actions: Of the window; the buttons are theirs.
        parent: The owner.
    """

    def __init__(
        self, *, state: AppState, actions: Actions, parent: QWidget | None = None
    ) -> None:
        """Show no picture."""
        super().__init__(parent)
        self._state = state
        self.setObjectName("bar")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedHeight(HEIGHT)
        self._name = ElidedLabel()
        self._name.setProperty("role", "heading")
        self._size = QLabel()
        self._size.setProperty("role", "muted")
        self._warning = QLabel()
        self._warning.setPixmap(icons.pixmap("warning", 16, "warn", self.devicePixelRatioF()))
        self._warning.hide()
        self._zoom = QLabel()
        self._zoom.setProperty("role", "muted")
        self._zoom.setMinimumWidth(48)
        self._zoom.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._position = QLabel()
        self._position.setMinimumWidth(48)
        self._position.setAlignment(Qt.AlignmentFlag.AlignCenter)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(12, 0, 8, 0)
        layout.setSpacing(8)
        layout.addWidget(self._name)
        layout.addWidget(self._size)
        layout.addWidget(self._warning)
        layout.addStretch(1)
        for name in ("show_original", "fit"):
            layout.addWidget(tool_button(actions[name]))
        layout.addWidget(self._zoom)
        layout.addWidget(_rule())
        layout.addWidget(self._overlay_button(actions))
        layout.addWidget(_rule())
        layout.addWidget(tool_button(actions["previous"]))
        layout.addWidget(self._position)
        layout.addWidget(tool_button(actions["next"]))
        state.sources_changed.connect(self._on_position)
        state.place_changed.connect(self._on_position)
        state.overlay_changed.connect(self._on_overlay)
        self._on_position()
        self.show_picture(None)

    def show_picture(self, picture: Picture | None) -> None:
        """Name the picture on screen."""
        self._warning.setVisible(picture is not None and bool(picture.warning))
        if picture is None:
            self._size.clear()
            self._zoom.clear()
            return
        self._size.setText(f"{picture.width} × {picture.height} px")
        self._warning.setToolTip(picture.warning or "")
        self._warning.setAccessibleName(picture.warning or "")

    def show_zoom(self, zoom: float) -> None:
        """Say how large a picture pixel is on screen."""
        self._zoom.setText(f"{zoom * 100:.0f} %")

    def resizeEvent(self, event: object) -> None:
        """Leave the size of the picture out where there is no room for it."""
        self._size.setVisible(self.width() > 620)

    def _overlay_button(self, actions: Actions) -> QToolButton:
        button = QToolButton()
        button.setText(beside(_("Overlay")))
        button.setIcon(icons.icon("layers"))
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        button.setProperty("menu", "true")
        menu = QMenu(button)
        for name in ("show_masks", "show_boxes", "show_labels"):
            menu.addAction(actions[name])
        menu.addSeparator()
        menu.addAction(self._opacity_action(menu))
        button.setMenu(menu)
        return button

    def _opacity_action(self, menu: QMenu) -> QWidgetAction:
        row = QWidget()
        layout = QHBoxLayout(row)
        layout.setContentsMargins(12, 4, 12, 4)
        layout.setSpacing(8)
        layout.addWidget(QLabel(_("Mask opacity")))
        self._opacity = QSlider(Qt.Orientation.Horizontal)
        self._opacity.setRange(0, 100)
        self._opacity.setMinimumWidth(120)
        self._opacity.setAccessibleName(_("Mask opacity"))
        self._opacity.setValue(round(self._state.overlay.mask_opacity * 100))
        self._opacity.valueChanged.connect(
            lambda value: self._state.change(
                overlay=dataclasses.replace(self._state.overlay, mask_opacity=value / 100)
            )
        )
        layout.addWidget(self._opacity, 1)
        action = QWidgetAction(menu)
        action.setDefaultWidget(row)
        return action

    def _on_overlay(self, overlay: OverlayStyle) -> None:
        self._opacity.setValue(round(overlay.mask_opacity * 100))

    def _on_position(self) -> None:
        place, files = self._state.place, self._state.sources
        if place is None:
            self._name.setText("")
            self._position.setText("")
            return
        name = place.path.replace("\\", "/").rpartition("/")[2]
        if Path(name).suffix.lower() in VIDEO_SUFFIXES:
            name = _("{name}, frame {number}").format(name=name, number=place.index + 1)
        elif place.index:
            name = _("{name}, page {number}").format(name=name, number=place.index + 1)
        self._name.setText(name)
        self._name.setToolTip(place.path)
        row = next((row for row, path in enumerate(files) if str(path) == place.path), None)
        self._position.setText("" if row is None else f"{row + 1} / {len(files)}")


def tool_button(action: QAction) -> QToolButton:
    """Return a button with the icon of an action and its words as tip and name."""
    button = QToolButton()
    button.setDefaultAction(action)
    button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)
    button.setAccessibleName(action.text().replace("&", ""))
    return button


def _rule() -> QFrame:
    rule = QFrame()
    rule.setProperty("role", "column-rule")
    rule.setFixedHeight(20)
    return rule
