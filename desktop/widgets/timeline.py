"""Counts over time under a video: where it stands, what was found when, and a click to go there."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PyQt6.QtCore import QEvent, QPoint, QPointF, QSize, QSizeF, Qt, pyqtSignal
from PyQt6.QtGui import (
    QFocusEvent,
    QFont,
    QFontMetricsF,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPixmap,
    QResizeEvent,
    QWheelEvent,
)
from PyQt6.QtWidgets import QFileDialog, QMenu, QSizePolicy, QWidget

from desktop import theme
from desktop.background import Job, start
from desktop.figures import number, tabular
from desktop.widgets import timeline_picture as picture
from desktop.widgets.canvas import KEYS_BROUGHT, paint_focus
from desktop.widgets.counts import Counts, Float64, reduce
from desktop.widgets.plot_base import FONT_PX
from desktop.widgets.plot_files import save_image, save_table
from engine.colours import Colour
from engine.i18n import translate as _

LEAST_SPAN_S = 1.0
"""No less than this is seen, however far it is zoomed in."""
_ZOOM = 1.25
_NOTCH = 120
_GRIP = 5
# What a press of a key asks for, alone and with Shift.
_KEY_S, _FAST_KEY_S = 1.0, 10.0
# A cursor that leaves the view is shown again at this share of it.
_LEAD = 0.1
_KEYS = (Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Home, Qt.Key.Key_End)


class Timeline(QWidget):
    """Counts by class over the time of a video; a click or a drag asks for a time.

    The wheel zooms about the pointer, with Shift it goes along; so does dragging with the middle
    button. A double click shows all. Keys: arrows seek a second, with Shift ten; Home and End
    seek the ends; + and - zoom, 0 shows all.

    Signals:
        seek_requested: float, seconds.
        failed: EngineError, a file could not be written.
    """

    seek_requested = pyqtSignal(float)
    failed = pyqtSignal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        """Show no counts."""
        super().__init__(parent)
        self._counts = Counts()
        self._view: tuple[float, float] | None = None
        self._position: float | None = None
        self._pointer: float | None = None
        self._seeking = False
        self._focus_ring = False
        self._panned: float | None = None
        self._still: QPixmap | None = None
        self._columns: dict[int, Float64] = {}
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.setAccessibleName(_("Counts over time"))
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(self._on_menu)

    def set_counts(
        self,
        times: NDArray[np.float64],
        counts: Mapping[int, NDArray[Any]],
        names: Sequence[str],
        colours: Sequence[Colour],
        duration: float | None,
    ) -> None:
        """Show counts; while a run goes on, all so far.

        Args:
            times: [N] seconds, ascending. Neither this nor the counts may be changed afterwards.
            counts: [N] of each class by its index.
            names: Of the classes by index.
            colours: Of the classes by index.
            duration: Of the video in seconds, None where unknown.
        """
        counted = Counts(times, dict(counts), tuple(names), tuple(colours))
        end = float(times[-1]) + counted.interval if len(times) else 0.0
        length = max(duration or 0.0, end)
        self._counts = Counts(times, counted.series, counted.names, counted.colours, length)
        self.setAccessibleDescription(
            ", ".join(
                f"{self._counts.name(each)}: {number(float(values.max(initial=0)))}"
                for each, values in counted.series.items()
            )
        )
        self._forget()

    def set_time(self, time_s: float | None) -> None:
        """Show where the video stands, in seconds, unless a hand is seeking."""
        if self._seeking or time_s == self._position:
            return
        former, self._position = self._position, time_s
        first, last = self.span
        was_seen = former is not None and first <= former <= last
        # Go along with a cursor that was in view, and leave a person's view alone otherwise.
        if was_seen and time_s is not None and not first <= time_s <= last:
            self._look(time_s - _LEAD * (last - first), last - first)
        self.update()

    def reset(self) -> None:
        """Show all of the time."""
        self._view = None
        self._forget()

    @property
    def span(self) -> tuple[float, float]:
        """The seconds that are seen, from and to."""
        return self._view or (0.0, max(self._counts.duration, LEAST_SPAN_S))

    def table(self) -> list[list[str]]:
        """Return all counts as rows of texts, a header first."""
        return _table(self._counts, [_("Time (s)")])

    def save_png(self, path: Path) -> None:
        """Write what is seen as a picture."""
        self._pointer = None
        image = self.grab().toImage()
        self._write(lambda: save_image(image, path))

    def save_csv(self, path: Path) -> None:
        """Write all counts, UTF-8 with a mark that spreadsheets know."""
        counts, head = self._counts, [_("Time (s)")]
        self._write(lambda: save_table(_table(counts, head), path))

    def sizeHint(self) -> QSize:
        """Return a low strip."""
        return QSize(480, 132)

    def minimumSizeHint(self) -> QSize:
        """Return the least that can be read."""
        return QSize(160, 96)

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Paint what is kept, then the cursor and what is under the pointer."""
        axes = self._axes()
        if self._still is None or self._still.devicePixelRatio() != self.devicePixelRatioF():
            self._still = self._paint_still(axes)
        painter = QPainter(self)
        painter.setFont(self._font())
        painter.drawPixmap(0, 0, self._still)
        if self._position is not None:
            picture.paint_cursor(painter, axes, self._position)
        if self._pointer is not None and self._columns and len(self._counts.times):
            picture.paint_reading(painter, axes, self._counts, self._columns, self._pointer)
        if self._focus_ring:
            paint_focus(painter, QSizeF(self.size()))

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """Reduce the counts to the new columns."""
        self._forget()

    def changeEvent(self, event: QEvent | None) -> None:
        """Paint anew in another theme or font."""
        super().changeEvent(event)
        kinds = (QEvent.Type.PaletteChange, QEvent.Type.StyleChange, QEvent.Type.FontChange)
        if event is not None and event.type() in kinds:
            self._forget()

    def event(self, event: QEvent | None) -> bool:
        """Keep the keys of the timeline from the shortcuts of the window."""
        if (
            isinstance(event, QKeyEvent)
            and event.type() == QEvent.Type.ShortcutOverride
            and event.key() in _KEYS
        ):
            event.accept()
            return True
        return super().event(event)

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        """Go to a time, or begin to go along."""
        if event is None:
            return
        if event.button() == Qt.MouseButton.MiddleButton:
            self._panned = event.position().x()
        elif event.button() == Qt.MouseButton.LeftButton and self._counts.duration > 0:
            self._seeking = True
            self._seek(event.position())

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:
        """Seek or go along while a button is down; read out what is there."""
        if event is None:
            return
        axes, x = self._axes(), event.position().x()
        if self._panned is not None:
            first, last = self.span
            self._look(first - (axes.time(x) - axes.time(self._panned)), last - first)
            self._panned = x
        elif self._seeking:
            self._seek(event.position())
        inside = axes.area.left() <= x < axes.area.right()
        self._pointer = x if inside and not self._seeking else None
        near = self._position is not None and abs(axes.x(self._position) - x) <= _GRIP
        self.setCursor(
            Qt.CursorShape.SizeHorCursor
            if near or self._seeking
            else Qt.CursorShape.PointingHandCursor
        )
        self.update()

    def mouseReleaseEvent(self, event: QMouseEvent | None) -> None:
        """Let go."""
        self._seeking, self._panned = False, None

    def mouseDoubleClickEvent(self, event: QMouseEvent | None) -> None:
        """Show all."""
        self.reset()

    def focusInEvent(self, event: QFocusEvent | None) -> None:
        """Show that keys come here, where it was a key that brought them."""
        self._focus_ring = event is not None and event.reason() in KEYS_BROUGHT
        self.update()

    def focusOutEvent(self, event: QFocusEvent | None) -> None:
        """Show that keys go elsewhere."""
        self._focus_ring = False
        self.update()

    def leaveEvent(self, event: QEvent | None) -> None:
        """Take away what was read out."""
        self._pointer = None
        self.update()

    def wheelEvent(self, event: QWheelEvent | None) -> None:
        """Zoom about the pointer; sideways or with Shift, go along."""
        if event is None:
            return
        along = event.angleDelta().x()
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            along = along or event.angleDelta().y()
        first, last = self.span
        if along:
            self._look(first - along / _NOTCH * (last - first) * _LEAD, last - first)
        else:
            about = self._axes().time(event.position().x())
            self._zoom(_ZOOM ** (event.angleDelta().y() / _NOTCH), about)
        event.accept()

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        """Seek and zoom by keys."""
        if event is None:
            return
        key, end = event.key(), self._counts.duration
        shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        step, now = _FAST_KEY_S if shift else _KEY_S, self._position or 0.0
        goals = dict(zip(_KEYS, (now - step, now + step, 0.0, end), strict=True))
        if key in _KEYS and end > 0:
            self.seek_requested.emit(min(max(goals[Qt.Key(key)], 0.0), end))
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal, Qt.Key.Key_Minus):
            first, last = self.span
            about = now if first <= now <= last else (first + last) / 2
            self._zoom(1 / _ZOOM if key == Qt.Key.Key_Minus else _ZOOM, about)
        elif key == Qt.Key.Key_0:
            self.reset()
        else:
            event.ignore()

    def _axes(self) -> picture.Axes:
        metrics = QFontMetricsF(self._font())
        return picture.Axes.of(QSizeF(self.size()), self._counts, *self.span, metrics)

    def _font(self) -> QFont:
        font = tabular(self.font())
        font.setPixelSize(FONT_PX)
        return font

    def _paint_still(self, axes: picture.Axes) -> QPixmap:
        ratio = self.devicePixelRatioF()
        still = QPixmap((QSizeF(self.size()) * ratio).toSize().expandedTo(QSize(1, 1)))
        still.setDevicePixelRatio(ratio)
        still.fill(theme.colour("surface"))
        painter = QPainter(still)
        painter.setFont(self._font())
        columns = max(1, int(axes.area.width()))
        self._columns = reduce(self._counts, axes.start, axes.stop, columns)
        picture.paint(painter, axes, self._counts, self._columns)
        painter.end()
        return still

    def _forget(self) -> None:
        self._still = None
        self.update()

    def _seek(self, point: QPointF) -> None:
        first, last = self.span
        time_s = min(max(self._axes().time(point.x()), first), min(last, self._counts.duration))
        if time_s != self._position:
            self._position = time_s
            self.seek_requested.emit(time_s)
            self.update()

    def _zoom(self, factor: float, about: float) -> None:
        first, last = self.span
        whole = max(self._counts.duration, LEAST_SPAN_S)
        length = min(max((last - first) / factor, LEAST_SPAN_S), whole)
        share = (about - first) / (last - first)
        self._look(about - share * length, length)

    def _look(self, first: float, length: float) -> None:
        """Look at a part of the time, as far as there is some."""
        whole = max(self._counts.duration, LEAST_SPAN_S)
        first = min(max(first, 0.0), whole - length)
        self._view = None if length >= whole else (first, first + length)
        self._forget()

    def _write(self, write: Callable[[], None]) -> None:
        def work(job: Job) -> None:
            write()

        start(self, work, failed=self.failed.emit)

    def _on_menu(self, at: QPoint) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction(_("Save PNG…"), lambda: self._ask(".png", _("Picture (*.png)")))
        menu.addAction(_("Save CSV…"), lambda: self._ask(".csv", _("CSV table (*.csv)")))
        menu.popup(self.mapToGlobal(at))

    def _ask(self, suffix: str, kinds: str) -> None:
        dialog = QFileDialog(self, self.accessibleName())
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilter(kinds)
        dialog.setDefaultSuffix(suffix.removeprefix("."))
        save = self.save_png if suffix == ".png" else self.save_csv
        dialog.fileSelected.connect(lambda path: save(Path(path)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()


def _table(counts: Counts, head: list[str]) -> list[list[str]]:
    columns = [values.tolist() for values in counts.series.values()]
    rows = zip(counts.times.tolist(), *columns, strict=True)
    head = head + [counts.name(each) for each in counts.series]
    return [head, *([f"{time:.3f}", *(f"{value:g}" for value in rest)] for time, *rest in rows)]
