"""A form for the settings of a config, made from their declarations in `engine.config`."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any, cast

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtWidgets import QGridLayout, QLabel, QToolButton, QWidget

from desktop import icons
from desktop.widgets.setting_field import Field, create_field
from engine.config import declarations
from engine.i18n import translate as _

FIELD_WIDTH = 104
ROW_HEIGHT = 28


class ConfigForm(QWidget):
    """Fields for some settings, each with its label; what differs from the defaults stands out.

    Args:
        kind: The config, whose fields all have defaults.
        names: Of the settings to show, in order.
        automatic: For settings whose default is None: a number to step to from there.
        parent: The owner.

    Signals:
        edited: Name and new value of a setting that a person changed.
    """

    edited = pyqtSignal(str, object)

    def __init__(
        self,
        kind: type,
        names: Iterable[str],
        *,
        automatic: Mapping[str, object] | None = None,
        parent: QWidget | None = None,
    ) -> None:
        """Show the defaults."""
        super().__init__(parent)
        declared = declarations(kind)
        self._defaults = {each.name: each.default for each in dataclasses.fields(kind)}
        self._fields: dict[str, QWidget] = {}
        self._labels: dict[str, QLabel] = {}
        self._resets: dict[str, QToolButton] = {}
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(4)
        grid.setVerticalSpacing(8)
        grid.setColumnStretch(0, 1)
        grid.setColumnMinimumWidth(2, FIELD_WIDTH)
        for row, name in enumerate(names):
            setting = declared[name]
            field = create_field(setting, self._defaults[name], (automatic or {}).get(name))
            field.setObjectName(name)
            field.setFixedWidth(FIELD_WIDTH)
            field.setToolTip(_(setting.help))
            field.setAccessibleName(_(setting.label))
            cast(Any, field).changed.connect(partial(self._on_edited, name))
            label = QLabel(_(setting.label))
            label.setWordWrap(True)
            label.setMinimumHeight(ROW_HEIGHT)
            label.setToolTip(_(setting.help))
            label.setBuddy(field)
            reset = self._reset_button(name, _(setting.label))
            grid.addWidget(label, row, 0)
            grid.addWidget(reset, row, 1)
            grid.addWidget(field, row, 2, Qt.AlignmentFlag.AlignRight)
            self._fields[name], self._labels[name], self._resets[name] = field, label, reset
            self._field(name).show_value(self._defaults[name])

    def show_config(self, config: object) -> None:
        """Show the values of a config."""
        for name in self._fields:
            self._field(name).show_value(getattr(config, name))
            self._mark(name)

    def changed(self) -> list[str]:
        """Return the names of the settings that differ from their defaults."""
        return [name for name in self._fields if self._is_changed(name)]

    def field(self, name: str) -> QWidget:
        """Return the widget of a setting."""
        return self._fields[name]

    def set_usable(self, name: str, usable: bool) -> None:
        """Enable or disable a setting that others leave without a meaning."""
        self._fields[name].setEnabled(usable)

    def _field(self, name: str) -> Field:
        return cast(Field, self._fields[name])

    def _is_changed(self, name: str) -> bool:
        return self._field(name).value() != self._defaults[name]

    def _mark(self, name: str) -> None:
        changed = self._is_changed(name)
        label = self._labels[name]
        font = label.font()
        font.setBold(changed)
        label.setFont(font)
        self._resets[name].setVisible(changed)

    def _reset_button(self, name: str, words: str) -> QToolButton:
        button = QToolButton()
        button.setIcon(icons.icon("refresh", "muted"))
        tip = _("Back to the default: {name}").format(name=words)
        button.setToolTip(tip)
        button.setAccessibleName(tip)
        button.clicked.connect(partial(self._on_reset, name))
        button.hide()
        return button

    def _on_edited(self, name: str) -> None:
        self._mark(name)
        self.edited.emit(name, self._field(name).value())

    def _on_reset(self, name: str, checked: bool = False) -> None:
        self._field(name).show_value(self._defaults[name])
        self._fields[name].setFocus()
        self._on_edited(name)
