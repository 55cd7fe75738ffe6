"""One field for one setting: its kind follows from the declaration and the default."""

from __future__ import annotations

import math
from typing import Any, Protocol

from PyQt6.QtCore import QEvent, QObject, QSignalBlocker, Qt, pyqtSignal
from PyQt6.QtWidgets import (
    QAbstractSpinBox,
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QLineEdit,
    QSpinBox,
    QWidget,
)

from engine.config import Setting
from engine.i18n import translate as _

DECIMALS = 7
_WHOLE_MAX = 2**31 - 1


class Field(Protocol):
    """A widget that holds the value of a setting; it says `changed` when a person changes it."""

    changed: pyqtSignal

    def value(self) -> object:
        """Return the value, None for an automatic one."""

    def show_value(self, value: Any) -> None:  # noqa: ANN401 - of the setting
        """Show a value without saying that it changed."""


class _WholeField(QSpinBox):
    """A whole number; the step below the smallest one is an automatic value where there is one."""

    changed = pyqtSignal()

    def __init__(self, declared: Setting, automatic: int | None) -> None:
        super().__init__()
        low = int(declared.low or 0)
        high = _WHOLE_MAX if declared.high is None else int(declared.high)
        step = int(declared.step or 1)
        self._automatic = automatic
        self._low = low
        self.setRange(low if automatic is None else low - step, high)
        self.setSingleStep(step)
        _prepare(self, declared, automatic is not None)
        self.valueChanged.connect(self._on_changed)

    def value(self) -> int | None:  # type: ignore[override]
        number = super().value()
        return None if self._automatic is not None and number < self._low else number

    def show_value(self, value: int | None) -> None:
        with QSignalBlocker(self):
            self.setValue(self.minimum() if value is None else value)

    def stepBy(self, steps: int) -> None:
        if self.value() is None and steps > 0:
            self.setValue(self._automatic or self._low)
        else:
            super().stepBy(steps)

    def _on_changed(self, number: int) -> None:
        if self._automatic is not None and self.minimum() < number < self._low:
            self.setValue(self._low)
            return
        self.changed.emit()


class _RealField(QDoubleSpinBox):
    """A number with as many decimals as it needs."""

    changed = pyqtSignal()

    def __init__(self, declared: Setting, automatic: float | None) -> None:
        super().__init__()
        low = declared.low or 0.0
        step = declared.step or 0.1
        self._automatic = automatic
        self._low = low
        self.setDecimals(DECIMALS)
        self.setRange(
            low if automatic is None else low - step,
            math.inf if declared.high is None else declared.high,
        )
        self.setSingleStep(step)
        _prepare(self, declared, automatic is not None)
        self.valueChanged.connect(self._on_changed)

    def value(self) -> float | None:  # type: ignore[override]
        number = super().value()
        return None if self._automatic is not None and number < self._low else number

    def show_value(self, value: float | None) -> None:
        with QSignalBlocker(self):
            self.setValue(self.minimum() if value is None else value)

    def textFromValue(self, value: float) -> str:
        """Return the number without the zeros at its end."""
        text = super().textFromValue(value)
        point = self.locale().decimalPoint()
        return text.rstrip("0").removesuffix(point) if point in text else text

    def stepBy(self, steps: int) -> None:
        if self.value() is None and steps > 0:
            self.setValue(self._automatic or self._low)
        else:
            super().stepBy(steps)

    def _on_changed(self, number: float) -> None:
        if self._automatic is not None and self.minimum() < number < self._low:
            self.setValue(self._low)
            return
        self.changed.emit()


class _SwitchField(QCheckBox):
    """On or off."""

    changed = pyqtSignal()

    def __init__(self) -> None:
        super().__init__()
        self.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
        self.toggled.connect(lambda on: self.changed.emit())

    def value(self) -> bool:
        return self.isChecked()

    def show_value(self, value: bool) -> None:
        with QSignalBlocker(self):
            self.setChecked(value)


class _ChoiceField(QComboBox):
    """One of a few words."""

    changed = pyqtSignal()

    def __init__(self, declared: Setting) -> None:
        super().__init__()
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(4)
        for choice in declared.choices:
            self.addItem(_(choice) if choice == "auto" else choice, choice)
        self.activated.connect(lambda row: self.changed.emit())

    def value(self) -> str:
        return str(self.currentData())

    def show_value(self, value: str) -> None:
        with QSignalBlocker(self):
            self.setCurrentIndex(self.findData(value))


class _TextField(QLineEdit):
    """A text, taken when it is done."""

    changed = pyqtSignal()

    def __init__(self) -> None:
        super().__init__()
        self.editingFinished.connect(self.changed)

    def value(self) -> str:
        return self.text().strip()

    def show_value(self, value: str) -> None:
        with QSignalBlocker(self):
            self.setText(value)


class _WheelGuard(QObject):
    """Leaves the wheel to the form that scrolls, unless the field has the focus."""

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        if (
            event is not None
            and event.type() == QEvent.Type.Wheel
            and isinstance(watched, QWidget)
            and not watched.hasFocus()
        ):
            event.ignore()
            return True
        return super().eventFilter(watched, event)


def create_field(declared: Setting, default: object, automatic: object = None) -> QWidget:
    """Return a field for a setting.

    Args:
        declared: How it is declared.
        default: Its value from the start, which tells what kind it is; None for an automatic one.
        automatic: For a setting whose default is None: a number to step to from the automatic
            value, which also tells what kind of number it is.
    """
    kind = automatic if default is None else default
    optional = automatic if default is None else None
    field: QWidget
    if declared.choices:
        field = _ChoiceField(declared)
    elif isinstance(kind, bool):
        field = _SwitchField()
    elif isinstance(kind, int):
        field = _WholeField(declared, optional if isinstance(optional, int) else None)
    elif isinstance(kind, float):
        field = _RealField(declared, optional if isinstance(optional, float) else None)
    else:
        field = _TextField()
    guard_wheel(field)
    return field


def guard_wheel(field: QWidget) -> None:
    """Let a field in a form that scrolls follow the wheel only while it has the focus."""
    field.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    field.installEventFilter(_WheelGuard(field))


def _prepare(box: QSpinBox | QDoubleSpinBox, declared: Setting, optional: bool) -> None:
    box.setKeyboardTracking(False)
    box.setAlignment(Qt.AlignmentFlag.AlignRight)
    box.setStepType(QAbstractSpinBox.StepType.DefaultStepType)
    if declared.unit:
        space = "" if declared.unit == "°" else " "
        box.setSuffix(f"{space}{declared.unit}")
    if optional:
        box.setSpecialValueText(_("auto"))
