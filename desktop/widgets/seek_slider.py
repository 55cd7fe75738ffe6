"""A slider that jumps to where it is pressed and tells apart whose hand moved it."""

from __future__ import annotations

from collections.abc import Callable

from PyQt6.QtCore import QEvent, QPointF, Qt, pyqtSignal
from PyQt6.QtGui import QMouseEvent, QWheelEvent
from PyQt6.QtWidgets import QSlider, QStyle, QWidget

HANDLE = 16
"""Width of the handle in the style sheet, with its border."""
FASTER = 10
"""What steps are multiplied by while Shift is held."""
_NOTCH = 120


class SeekSlider(QSlider):
    """A horizontal slider over a length; what shows there moves it only while no hand does.

    Args:
        describe: What the tip says of the value under the pointer.
        parent: The owner.

    Signals:
        sought: int, the value that a press or a drag asks for.
        stepped: int, steps forward that the wheel asks for, negative backward.
    """

    sought = pyqtSignal(int)
    stepped = pyqtSignal(int)

    def __init__(self, describe: Callable[[int], str], parent: QWidget | None = None) -> None:
        """Stand at the beginning."""
        super().__init__(Qt.Orientation.Horizontal, parent)
        self._describe = describe
        self._turned = 0
        self.setMouseTracking(True)

    def follow(self, value: int) -> None:
        """Stand at a value, unless a hand holds the handle."""
        if not self.isSliderDown():
            self.setValue(value)

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        """Jump to where it is pressed, and hold on."""
        if event is None or event.button() != Qt.MouseButton.LeftButton:
            return
        self.setSliderDown(True)
        value = self._value_at(event.position())
        self.setValue(value)
        self.sought.emit(value)

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:
        """Follow the hand; say what is under the pointer."""
        if event is None:
            return
        value = self._value_at(event.position())
        if self.isSliderDown() and value != self.value():
            self.setValue(value)
            self.sought.emit(value)
        self.setToolTip(self._describe(value))

    def mouseReleaseEvent(self, event: QMouseEvent | None) -> None:
        """Let go."""
        if event is not None and event.button() == Qt.MouseButton.LeftButton:
            self.setSliderDown(False)

    def changeEvent(self, event: QEvent | None) -> None:
        """Let go where there is nothing to seek in any more."""
        super().changeEvent(event)
        if not self.isEnabled():
            self.setSliderDown(False)

    def wheelEvent(self, event: QWheelEvent | None) -> None:
        """Step once a notch, ten times while Shift is held."""
        if event is None:
            return
        # Some systems turn the wheel sideways while Shift is held.
        turned = event.angleDelta().y() or event.angleDelta().x()
        if turned * self._turned < 0:
            self._turned = 0
        self._turned += turned
        steps = int(self._turned / _NOTCH)
        self._turned -= steps * _NOTCH
        if steps:
            fast = event.modifiers() & Qt.KeyboardModifier.ShiftModifier
            self.stepped.emit(steps * FASTER if fast else steps)
        event.accept()

    def _value_at(self, point: QPointF) -> int:
        span = self.width() - HANDLE
        place = round(point.x() - HANDLE / 2)
        return QStyle.sliderValueFromPosition(self.minimum(), self.maximum(), place, span)
