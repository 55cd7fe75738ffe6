"""A slider and a spin box that are one control for a value from 0 to 1."""

from __future__ import annotations

from PyQt6.QtCore import QEvent, QObject, QSignalBlocker, Qt, pyqtSignal
from PyQt6.QtWidgets import QDoubleSpinBox, QHBoxLayout, QSlider, QWidget

STEPS = 100


class ThresholdSlider(QWidget):
    """A value from 0 to 1 in steps of 0.01; a double click puts back the default.

    Attributes:
        default: What a double click sets.

    Signals:
        value_changed: float, the new value, also while the slider is dragged.
    """

    value_changed = pyqtSignal(float)

    def __init__(
        self, value: float, *, default: float, name: str, tip: str, parent: QWidget | None = None
    ) -> None:
        """Show a value.

        Args:
            value: 0 to 1.
            default: 0 to 1.
            name: For screen readers, already translated.
            tip: One sentence, already translated.
            parent: The owner.
        """
        super().__init__(parent)
        self.default = default
        self._slider = QSlider(Qt.Orientation.Horizontal)
        self._slider.setRange(0, STEPS)
        self._slider.setPageStep(5)
        self._box = QDoubleSpinBox()
        self._box.setRange(0.0, 1.0)
        self._box.setSingleStep(1 / STEPS)
        self._box.setDecimals(2)
        self._box.setButtonSymbols(QDoubleSpinBox.ButtonSymbols.NoButtons)
        self._box.setAlignment(Qt.AlignmentFlag.AlignRight)
        self._box.setFixedWidth(56)
        self._box.setKeyboardTracking(False)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(self._slider, 1)
        layout.addWidget(self._box)
        for part in (self._slider, self._box):
            part.setAccessibleName(name)
            part.setToolTip(tip)
            part.installEventFilter(self)
        self.setFocusProxy(self._slider)
        self.set_value(value)
        self._slider.valueChanged.connect(self._on_slid)
        self._box.valueChanged.connect(self._on_typed)

    @property
    def value(self) -> float:
        """The value, 0 to 1."""
        return round(self._box.value(), 2)

    def set_value(self, value: float) -> None:
        """Show a value without saying that it changed."""
        with QSignalBlocker(self._slider), QSignalBlocker(self._box):
            self._slider.setValue(round(value * STEPS))
            self._box.setValue(value)

    def reset(self) -> None:
        """Put back the default."""
        self._box.setValue(self.default)

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        """Put back the default on a double click on the slider."""
        if (
            event is not None
            and watched is self._slider
            and event.type() == QEvent.Type.MouseButtonDblClick
        ):
            self.reset()
            return True
        return super().eventFilter(watched, event)

    def _on_slid(self, position: int) -> None:
        with QSignalBlocker(self._box):
            self._box.setValue(position / STEPS)
        self.value_changed.emit(position / STEPS)

    def _on_typed(self, value: float) -> None:
        with QSignalBlocker(self._slider):
            self._slider.setValue(round(value * STEPS))
        self.value_changed.emit(round(value, 2))
