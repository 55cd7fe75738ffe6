"""Drawing lines and zones over a picture, and changing those that are there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from PyQt6.QtCore import QEvent, QObject, QPoint, QPointF, Qt, pyqtSignal
from PyQt6.QtGui import QContextMenuEvent, QKeyEvent, QMouseEvent, QPainter
from PyQt6.QtWidgets import QApplication, QMenu, QWidget

from desktop.widgets import counter_shape as shapes
from desktop.widgets.camera import Camera
from desktop.widgets.counter_shape import LINE, ZONE, CounterShape, Point
from engine.i18n import translate as _

_DECIMALS = 1
_CLOSE_BY = 10.0
_DRAWING_KEYS = (Qt.Key.Key_Escape, Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Backspace)
_REMOVING_KEYS = (Qt.Key.Key_Delete, Qt.Key.Key_Backspace)


@dataclass(frozen=True, slots=True)
class _Hit:
    """What a point of the view is on: a shape, and one of its handles or its name."""

    index: int
    handle: int | None = None
    name: bool = False


@dataclass(frozen=True, slots=True)
class _Grip:
    """A hand on a shape: what it holds, since where, and how the shape was before."""

    hit: _Hit
    start: QPointF
    before: CounterShape


class CounterTool(QObject):
    """Takes the events of a view that are about lines and zones and leaves it all others.

    Args:
        view: Whose events it sees first.
        camera: From the picture to the view.

    Attributes:
        shown: Whether the shapes are to be seen and touched.

    Signals:
        drawn: Kind and points in pixels of the picture, of a new shape.
        changed: Position of a shape, and its new points.
        removed: Position of a shape that is to go.
        rename_requested: Position of a shape that is to have another name.
        selected: Position of the selected shape, or None.
        mode_changed: The kind that is being drawn, empty for none.
    """

    drawn = pyqtSignal(str, object)
    changed = pyqtSignal(int, object)
    removed = pyqtSignal(int)
    rename_requested = pyqtSignal(int)
    selected = pyqtSignal(object)
    mode_changed = pyqtSignal(str)

    def __init__(self, view: QWidget, camera: Camera) -> None:
        """Show no shapes."""
        super().__init__(view)
        self._view = view
        self._camera = camera
        self.shown = True
        self._shapes: list[CounterShape] = []
        self._selected: int | None = None
        self._kind = ""
        self._points: list[QPointF] = []
        self._tip: QPointF | None = None
        self._grip: _Grip | None = None
        # The second press of a double click that ended a shape means nothing any more.
        self._ended_by_press = False
        view.installEventFilter(self)

    def set_shapes(self, counters: Sequence[CounterShape]) -> None:
        """Show shapes; the one under a hand stays where that holds it."""
        held = self._grip
        former, self._shapes = self._shapes, list(counters)
        if self._selected is not None and self._selected >= len(counters):
            self.select(None)
        if held is not None:
            index = held.hit.index
            if index < len(counters) and counters[index].kind == held.before.kind:
                points = former[index].points
                self._shapes[index] = replace(counters[index], points=points)
            else:
                self._grip = None
        self._view.update()

    def begin(self, kind: str) -> None:
        """Begin to draw a line or a zone."""
        self.select(None)
        self._grip = None
        self._set_mode(kind)
        self._view.setFocus(Qt.FocusReason.OtherFocusReason)

    def cancel(self) -> None:
        """Draw nothing."""
        if self._kind:
            self._set_mode("")

    def select(self, index: int | None) -> None:
        """Mark a shape by its position."""
        if index != self._selected:
            self._selected = index
            self._view.update()
            self.selected.emit(index)

    def click(self, at: QPointF) -> bool:
        """Select what is at a point of the view; tell whether there is something."""
        hit = self._hit(at)
        self.select(None if hit is None else hit.index)
        return hit is not None

    def cursor_at(self, at: QPointF | None) -> Qt.CursorShape | None:
        """Return the cursor that says what a press would do, None where that is not ours."""
        if self._kind:
            return Qt.CursorShape.CrossCursor
        hit = None if at is None else self._hit(at)
        if hit is None:
            return None
        mine = hit.index == self._selected
        return Qt.CursorShape.SizeAllCursor if mine else Qt.CursorShape.PointingHandCursor

    def paint(self, painter: QPainter) -> None:
        """Paint the shapes, the selected one last, and what is being drawn."""
        order = sorted(range(len(self._shapes)), key=lambda each: each == self._selected)
        for index in order if self.shown else ():
            shape, marked = self._shapes[index], index == self._selected
            points, view = self._in_view(shape.points), self._camera.view
            shapes.paint(painter, shape, points, view, marked=marked)
        if self._kind and self._points:
            drawn = [*self._points, *([] if self._tip is None else [self._tip])]
            seen = [self._camera.transform.map(each) for each in drawn]
            draft = CounterShape(self._kind, "", ())
            view = self._camera.view
            shapes.paint(painter, draft, seen, view, marked=True, closed=False)

    def paint_hint(self, painter: QPainter) -> None:
        """Say how to draw, while something is being drawn."""
        if self._kind:
            shapes.paint_hint(painter, self._hint(), self._camera.view)

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        """Take what is about shapes."""
        if not (self._shapes or self._kind or self._ended_by_press):
            return False
        if isinstance(event, QMouseEvent):
            return self._draw(event) if self._kind else self._edit(event)
        if isinstance(event, QKeyEvent):
            return self._on_key(event)
        if isinstance(event, QContextMenuEvent):
            return self._on_menu(event)
        return False

    def _draw(self, event: QMouseEvent) -> bool:
        """Draw by presses and drags; the middle button still pans."""
        middle = Qt.MouseButton.MiddleButton
        if event.button() == middle or event.buttons() & middle:
            return False
        kind, place = event.type(), self._clipped(event.position())
        left = event.button() == Qt.MouseButton.LeftButton
        self._tip = place
        if kind == QEvent.Type.MouseButtonDblClick and self._kind == ZONE and left:
            self._close()
        elif kind in (QEvent.Type.MouseButtonPress, QEvent.Type.MouseButtonDblClick) and left:
            self._press(event.position(), place)
        elif kind == QEvent.Type.MouseButtonRelease and left and self._kind == LINE:
            self._release(event.position(), place)
        self._view.update()
        return True

    def _press(self, at: QPointF, place: QPointF) -> None:
        self._ended_by_press = False
        if self._kind == LINE:
            self._points = self._points or [place]
        elif len(self._points) >= shapes.CORNERS[ZONE] and self._near(self._points[0], at):
            self._close()
        elif not self._points or place != self._points[-1]:
            self._points.append(place)

    def _release(self, at: QPointF, place: QPointF) -> None:
        """End the line, unless that was the click on its beginning."""
        ends = [*self._points, place]
        if self._points and not self._near(ends[0], at) and shapes.is_sound(LINE, _rounded(ends)):
            self._finish(ends)

    def _close(self) -> None:
        """End the zone, if it is one."""
        if shapes.is_sound(ZONE, _rounded(self._points)):
            self._finish(self._points)

    def _finish(self, points: Sequence[QPointF]) -> None:
        kind, result = self._kind, _rounded(points)
        self._set_mode("")
        self._ended_by_press = True
        self.drawn.emit(kind, result)

    def _set_mode(self, kind: str) -> None:
        self._kind, self._points, self._tip = kind, [], None
        self._ended_by_press = False
        self._view.update()
        self.mode_changed.emit(kind)

    def _edit(self, event: QMouseEvent) -> bool:
        """Move what is selected; everything else is left to the view."""
        kind, at = event.type(), event.position()
        left = event.button() == Qt.MouseButton.LeftButton
        if kind == QEvent.Type.MouseButtonDblClick and left:
            return self._double_click(at)
        if kind == QEvent.Type.MouseButtonPress and left:
            self._ended_by_press = False
            hit = self._hit(at)
            if hit is not None and hit.index == self._selected:
                self._grip = _Grip(hit, at, self._shapes[hit.index])
        elif kind == QEvent.Type.MouseMove and self._grip is not None:
            self._drag(self._grip, at)
        elif kind == QEvent.Type.MouseButtonRelease and left and self._grip is not None:
            self._let_go(self._grip)
            return True
        return self._grip is not None

    def _double_click(self, at: QPointF) -> bool:
        hit = self._hit(at)
        if hit is not None and hit.name:
            self.rename_requested.emit(hit.index)
        ended, self._ended_by_press = self._ended_by_press, False
        return ended or hit is not None

    def _drag(self, grip: _Grip, at: QPointF) -> None:
        moved = (at - grip.start).manhattanLength() >= QApplication.startDragDistance()
        index, before = grip.hit.index, grip.before
        if not moved and self._shapes[index].points == before.points:
            return
        points = [QPointF(*each) for each in before.points]
        by = self._camera.to_picture(at) - self._camera.to_picture(grip.start)
        if grip.hit.handle is not None:
            points[grip.hit.handle] = self._inside(points[grip.hit.handle] + by)
        else:
            by = self._room(points, by)
            points = [each + by for each in points]
        self._show(index, _rounded(points))

    def _let_go(self, grip: _Grip) -> None:
        self._grip = None
        points, index = self._shapes[grip.hit.index].points, grip.hit.index
        if points == grip.before.points:
            return
        if shapes.is_sound(grip.before.kind, points):
            self.changed.emit(index, points)
        else:
            self._show(index, grip.before.points)

    def _show(self, index: int, points: tuple[Point, ...]) -> None:
        self._shapes[index] = replace(self._shapes[index], points=points)
        self._view.update()

    def _on_key(self, event: QKeyEvent) -> bool:
        held = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        if held or not self._is_ours(event.key()):
            return False
        if event.type() == QEvent.Type.ShortcutOverride:
            event.accept()
        elif event.type() == QEvent.Type.KeyPress:
            self._obey(event.key())
        return True

    def _is_ours(self, key: int) -> bool:
        if self._kind:
            return key in _DRAWING_KEYS
        if self._grip is not None:
            return key == Qt.Key.Key_Escape
        if self._selected is None or not self.shown:
            return False
        is_line = self._shapes[self._selected].kind == LINE
        return key in _REMOVING_KEYS or (key == Qt.Key.Key_F and is_line)

    def _obey(self, key: int) -> None:
        if self._kind:
            if key == Qt.Key.Key_Escape:
                self.cancel()
            elif key == Qt.Key.Key_Backspace:
                self._points = self._points[:-1]
                self._view.update()
            elif self._kind == ZONE:
                self._close()
                self._ended_by_press = False
        elif self._grip is not None:
            grip, self._grip = self._grip, None
            self._show(grip.hit.index, grip.before.points)
        elif self._selected is not None:
            act = self._flip if key == Qt.Key.Key_F else self._remove
            act(self._selected)

    def _on_menu(self, event: QContextMenuEvent) -> bool:
        """Offer what can be done with a shape; its own tools draw without a menu."""
        if self._kind:
            return True
        if event.reason() == QContextMenuEvent.Reason.Keyboard:
            index = self._selected
        else:
            hit = self._hit(QPointF(event.pos()))
            index = None if hit is None else hit.index
        if index is None:
            return False
        self.select(index)
        self._menu(index).popup(self._menu_place(event, index))
        return True

    def _menu(self, index: int) -> QMenu:
        menu = QMenu(self._view)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction(_("Rename…"), lambda: self.rename_requested.emit(index))
        if self._shapes[index].kind == LINE:
            menu.addAction(_("Reverse direction"), lambda: self._flip(index))
        menu.addAction(_("Delete"), lambda: self._remove(index))
        return menu

    def _menu_place(self, event: QContextMenuEvent, index: int) -> QPoint:
        if event.reason() != QContextMenuEvent.Reason.Keyboard:
            return event.globalPos()
        first = self._in_view(self._shapes[index].points)[0]
        return self._view.mapToGlobal(first.toPoint())

    def _flip(self, index: int) -> None:
        if index < len(self._shapes):
            self._show(index, self._shapes[index].points[::-1])
            self.changed.emit(index, self._shapes[index].points)

    def _remove(self, index: int) -> None:
        self.select(None)
        self.removed.emit(index)

    def _hit(self, at: QPointF) -> _Hit | None:
        """Return what a point of the view is on; what is selected comes first."""
        if not self.shown:
            return None
        order = sorted(range(len(self._shapes)), key=lambda each: (each != self._selected, -each))
        for index in order:
            shape = self._shapes[index]
            points = self._in_view(shape.points)
            handle = shapes.handle_at(points, at) if index == self._selected else None
            if handle is not None:
                return _Hit(index, handle)
            place = shapes.tab(shape, points, self._camera.view)
            if place is not None and place.contains(at):
                return _Hit(index, name=True)
            if shapes.touches(shape.kind, points, at):
                return _Hit(index)
        return None

    def _hint(self) -> str:
        if self._kind == LINE:
            return _(
                "Drag from one end of the line to the other. What goes the way of the arrow is "
                "counted as in. Esc cancels."
            )
        if len(self._points) < shapes.CORNERS[ZONE]:
            return _("Click the corners of the zone. Backspace takes one back, Esc cancels.")
        return _("Double click, Enter or a click on the first corner closes the zone.")

    def _in_view(self, points: Sequence[Point]) -> list[QPointF]:
        transform = self._camera.transform
        return [transform.map(QPointF(x, y)) for x, y in points]

    def _near(self, point: QPointF, at: QPointF) -> bool:
        apart = self._camera.transform.map(point) - at
        return apart.manhattanLength() < _CLOSE_BY

    def _clipped(self, at: QPointF) -> QPointF:
        """Return the point of the picture that is nearest to a point of the view."""
        return self._inside(self._camera.to_picture(at))

    def _inside(self, point: QPointF) -> QPointF:
        size = self._camera.picture
        x, y = min(max(point.x(), 0.0), size.width()), min(max(point.y(), 0.0), size.height())
        return QPointF(x, y)

    def _room(self, points: Sequence[QPointF], by: QPointF) -> QPointF:
        """Return how far points can go together without leaving the picture."""
        size = self._camera.picture
        left, right = min(p.x() for p in points), max(p.x() for p in points)
        top, bottom = min(p.y() for p in points), max(p.y() for p in points)
        return QPointF(
            min(max(by.x(), -left), size.width() - right),
            min(max(by.y(), -top), size.height() - bottom),
        )


def _rounded(points: Sequence[QPointF]) -> tuple[Point, ...]:
    return tuple((round(each.x(), _DECIMALS), round(each.y(), _DECIMALS)) for each in points)
