"""The picture view: the picture, what was found in it, zoom, pan, and what the pointer is on."""

from __future__ import annotations

from typing import cast

from PyQt6.QtCore import QEvent, QPointF, QSize, Qt, QTimer, pyqtSignal
from PyQt6.QtGui import (
    QFocusEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QNativeGestureEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QWheelEvent,
)
from PyQt6.QtWidgets import QApplication, QSizePolicy, QWidget

from desktop.scene import Overlay, Picture
from desktop.state import OverlayStyle
from desktop.widgets import canvas, cards
from desktop.widgets.camera import Camera
from desktop.widgets.counter_shape import CounterShape
from desktop.widgets.counter_tool import CounterTool
from desktop.widgets.stage import Stage
from engine.i18n import translate as _

STEP = 1.25
"""The zoom of a notch of the wheel or a press of a key."""
SETTLED_MS = 120
PAN_STEP = 48
_WHEEL_NOTCH = 120
_PANS = {
    Qt.Key.Key_Left: (PAN_STEP, 0),
    Qt.Key.Key_Right: (-PAN_STEP, 0),
    Qt.Key.Key_Up: (0, PAN_STEP),
    Qt.Key.Key_Down: (0, -PAN_STEP),
}


class ImageView(QWidget):
    """Shows a `Picture` and the `Overlay` of what was found in it.

    The wheel and pinching zoom about the pointer, dragging pans, a double click goes between the
    whole picture and 100 %. Keys: + and - zoom, 0 and Home fit, 1 is 100 %, arrows pan.

    Signals:
        object_clicked: Number of the object that was clicked, from 1, or None beside all of them.
        object_hovered: Number of the object under the pointer, from 1, or None.
        zoom_changed: float, device-independent pixels a picture pixel.
        scale_changed: float, device pixels a picture pixel.
        counter_drawn, counter_changed, counter_removed, counter_rename_requested,
            counter_selected, counter_mode_changed: Those of `CounterTool`.
    """

    object_clicked = pyqtSignal(object)
    object_hovered = pyqtSignal(object)
    zoom_changed = pyqtSignal(float)
    scale_changed = pyqtSignal(float)
    counter_drawn = pyqtSignal(str, object)
    counter_changed = pyqtSignal(int, object)
    counter_removed = pyqtSignal(int)
    counter_rename_requested = pyqtSignal(int)
    counter_selected = pyqtSignal(object)
    counter_mode_changed = pyqtSignal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        """Show nothing."""
        super().__init__(parent)
        self._stage = Stage()
        self._told_zoom = 0.0
        self._selected: int | None = None
        self._in_sight = True
        self._hovered: int | None = None
        self._pointer: QPointF | None = None
        self._pressed: QPointF | None = None
        self._dragged: QPointF | None = None
        self._focus_ring = False
        self._settle = QTimer(self)
        self._settle.setSingleShot(True)
        self._settle.setInterval(SETTLED_MS)
        self._settle.timeout.connect(self._on_settled)
        self._counters = CounterTool(self, self._stage.camera)
        self._counters.drawn.connect(self.counter_drawn)
        self._counters.changed.connect(self.counter_changed)
        self._counters.removed.connect(self.counter_removed)
        self._counters.rename_requested.connect(self.counter_rename_requested)
        self._counters.selected.connect(self.counter_selected)
        self._counters.mode_changed.connect(self._on_counter_mode)
        self._counters.shown = False
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName(_("Picture"))
        self._changed()

    def set_picture(self, picture: Picture | None) -> None:
        """Show a picture; one of the size of the last is seen at the same zoom and place."""
        if picture is not self._stage.picture:
            self._stage.set_picture(picture)
            self._show_counters()
            self._moved()
            self._changed()

    def set_overlay(self, overlay: Overlay | None) -> None:
        """Show what was found in the picture."""
        self._stage.set_overlay(overlay)
        self._changed()

    def set_style(self, style: OverlayStyle) -> None:
        """Show other parts of the overlay."""
        self._stage.set_style(style)
        self._show_counters()
        self._changed()

    def set_background(self, image: QImage | None) -> None:
        """Show a picture, dim, where there is none to look at."""
        self._stage.set_background(image)
        self.update()

    def select(self, number: int | None) -> None:
        """Mark an object by its number in the overlay, from 1.

        It is brought into sight once, so that a person may look elsewhere while it is selected.
        """
        position = None if number is None else number - 1
        if position != self._selected:
            self._selected = position
            self._in_sight = position is None
        if position is not None and not self._in_sight:
            self._in_sight = self._stage.bring_into_sight(position)
        self.update()

    def set_counters(self, counters: tuple[CounterShape, ...]) -> None:
        """Show lines and zones over the picture."""
        self._counters.set_shapes(counters)

    def begin_counter(self, kind: str) -> None:
        """Let a `line` or a `zone` be drawn; an empty kind ends that."""
        if kind and self._stage.picture is not None:
            self._counters.begin(kind)
        else:
            self._counters.cancel()

    def select_counter(self, index: int | None) -> None:
        """Mark a line or zone by its position."""
        self._counters.select(index)

    def fit(self) -> None:
        """Show the whole picture, and go on showing it when the view changes its size."""
        self._camera.fit()
        self._moved()

    def actual_size(self) -> None:
        """Show a picture pixel as a pixel of the screen."""
        self._zoom_to(1.0)

    def zoom_in(self) -> None:
        """Show the picture a step larger."""
        self._zoom_to(self._camera.zoom * STEP)

    def zoom_out(self) -> None:
        """Show the picture a step smaller."""
        self._zoom_to(self._camera.zoom / STEP)

    @property
    def zoom(self) -> float:
        """Device-independent pixels a picture pixel."""
        return self._camera.zoom

    @property
    def fitted(self) -> bool:
        """Whether the whole picture is shown whatever the size of the view."""
        return self._camera.fitted

    def sizeHint(self) -> QSize:
        """Ask for as much as there is."""
        return QSize(800, 600)

    def minimumSizeHint(self) -> QSize:
        """Stay usable in a small window."""
        return QSize(160, 120)

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Paint what is kept, then what follows the pointer."""
        painter = QPainter(self)
        painter.drawPixmap(0, 0, self._stage.painted(self.devicePixelRatioF(), self.font()))
        self._counters.paint(painter)
        self._stage.paint_marks(painter, self._selected, self._hovered, self._pointer)
        self._counters.paint_hint(painter)
        if self._focus_ring:
            canvas.paint_focus(painter, self._camera.view)
        if self._stage.is_draft and not self._settle.isActive():
            self._settle.start()

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """Keep the picture fitted, or what is in the middle there."""
        self._camera.set_view(self.width(), self.height())
        self._moved()

    def changeEvent(self, event: QEvent | None) -> None:
        """Paint anew in another theme or font."""
        super().changeEvent(event)
        kinds = (QEvent.Type.PaletteChange, QEvent.Type.StyleChange, QEvent.Type.FontChange)
        if event is not None and event.type() in kinds:
            self._stage.forget()

    def event(self, event: QEvent | None) -> bool:
        """Zoom by pinching on a trackpad."""
        pinched = Qt.NativeGestureType.ZoomNativeGesture
        if isinstance(event, QNativeGestureEvent) and event.gestureType() == pinched:
            self._zoom_to(self._camera.zoom * (1 + event.value()), event.position())
            return True
        return super().event(event)

    def wheelEvent(self, event: QWheelEvent | None) -> None:
        """Zoom about the pointer, as far as the wheel or the fingers moved."""
        if event is None or self._stage.picture is None:
            return
        turned = event.angleDelta().y() or event.pixelDelta().y()
        if turned:
            factor = STEP ** (turned / _WHEEL_NOTCH)
            self._zoom_to(self._camera.zoom * factor, event.position())
        event.accept()

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        """Begin a click or a drag."""
        buttons = (Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton)
        if event is None or self._stage.picture is None or event.button() not in buttons:
            return
        self._pressed = event.position()
        if event.button() == Qt.MouseButton.MiddleButton:
            self._begin_drag(event.position())

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:
        """Pan while a button is down, else tell what the pointer is on."""
        if event is None:
            return
        if self._pressed is not None and self._dragged is None:
            moved = event.position() - self._pressed
            if moved.manhattanLength() >= QApplication.startDragDistance():
                self._begin_drag(self._pressed)
        if self._dragged is not None:
            moved = event.position() - self._dragged
            self._dragged = event.position()
            self._camera.pan(moved.x(), moved.y())
            self._moved()
        elif self._pressed is None:
            self._pointer = event.position()
            self._look_under_pointer()
            self.update()

    def mouseReleaseEvent(self, event: QMouseEvent | None) -> None:
        """End a drag, or click on what is there."""
        if event is None or self._pressed is None:
            return
        clicked = self._dragged is None and event.button() == Qt.MouseButton.LeftButton
        self._pressed = self._dragged = None
        self._pointer = event.position()
        self._look_under_pointer()
        if clicked and not self._counters.click(event.position()):
            found = self._stage.object_at(event.position())
            self.object_clicked.emit(None if found is None else found + 1)

    def mouseDoubleClickEvent(self, event: QMouseEvent | None) -> None:
        """Go between the whole picture and 100 %."""
        if event is None or event.button() != Qt.MouseButton.LeftButton:
            return
        if self._camera.fitted:
            self._zoom_to(1.0, event.position())
        else:
            self.fit()

    def leaveEvent(self, event: QEvent | None) -> None:
        """Take the card away."""
        self._pointer = None
        self._look_under_pointer()
        self.update()

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        """Zoom and pan by keys; what does nothing here is left to others."""
        if event is None:
            return
        key, held = event.key(), event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        pan = _PANS.get(cast(Qt.Key, key))
        if self._stage.picture is None or held & ~Qt.KeyboardModifier.ShiftModifier:
            event.ignore()
        elif pan is not None and self._camera.pannable:
            self._camera.pan(*pan)
            self._moved()
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
            self.zoom_in()
        elif key == Qt.Key.Key_Minus:
            self.zoom_out()
        elif key in (Qt.Key.Key_0, Qt.Key.Key_Home):
            self.fit()
        elif key == Qt.Key.Key_1:
            self.actual_size()
        else:
            event.ignore()

    def focusInEvent(self, event: QFocusEvent | None) -> None:
        """Show that keys come here, where it was a key that brought them."""
        self._focus_ring = event is not None and event.reason() in canvas.KEYS_BROUGHT
        self.update()

    def focusOutEvent(self, event: QFocusEvent | None) -> None:
        """Show that keys go elsewhere."""
        self._focus_ring = False
        self.update()

    @property
    def _camera(self) -> Camera:
        return self._stage.camera

    def _look_under_pointer(self) -> None:
        found = None if self._pointer is None else self._stage.object_at(self._pointer)
        if found != self._hovered:
            self._hovered = found
            self.object_hovered.emit(None if found is None else found + 1)
            self.update()
        ours = self._counters.cursor_at(self._pointer)
        if self._dragged is not None:
            self.setCursor(Qt.CursorShape.ClosedHandCursor)
        elif ours is not None:
            self.setCursor(ours)
        elif found is not None:
            self.setCursor(Qt.CursorShape.PointingHandCursor)
        elif self._stage.picture is not None and self._camera.pannable:
            self.setCursor(Qt.CursorShape.OpenHandCursor)
        else:
            self.unsetCursor()

    def _begin_drag(self, start: QPointF) -> None:
        self._dragged = start
        self._pointer = None
        self._look_under_pointer()

    def _zoom_to(self, zoom: float, about: QPointF | None = None) -> None:
        if self._stage.picture is not None:
            self._camera.zoom_to(zoom, about)
            self._moved()

    def _moved(self) -> None:
        """Paint anew, since the view looks elsewhere or at another picture."""
        self._stage.forget()
        self._settle.stop()
        self._look_under_pointer()
        self.update()
        if self._stage.picture is not None and self._camera.zoom != self._told_zoom:
            self._told_zoom = self._camera.zoom
            self.zoom_changed.emit(self._told_zoom)
            self.scale_changed.emit(self._told_zoom * self.devicePixelRatioF())

    def _changed(self) -> None:
        """Say what is there now, since other objects are shown."""
        self._settle.stop()
        self._look_under_pointer()
        self.setAccessibleDescription(_description(self._stage.overlay))
        self.update()

    def _show_counters(self) -> None:
        """Show lines and zones over a picture, unless it is to be seen as it is."""
        there = self._stage.picture is not None
        self._counters.shown = there and self._stage.visible
        if not there:
            self._counters.cancel()

    def _on_counter_mode(self, kind: str) -> None:
        self._pointer = None
        self._look_under_pointer()
        self.counter_mode_changed.emit(kind)

    def _on_settled(self) -> None:
        self._stage.refine()
        self.update()


def _description(overlay: Overlay | None) -> str:
    """Return in words what is to be seen."""
    if overlay is None:
        return _("No results")
    ranks = cards.ranking(overlay)
    if ranks:
        return f"{ranks[0].name} {ranks[0].share:.2f}"
    return _("Objects: {count}").format(count=len(overlay.detections))
