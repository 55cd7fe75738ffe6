"""The bar under a video: play, step, seek, speed, loop, and whether it detects while it plays."""

from __future__ import annotations

import re
from functools import partial

from PyQt6.QtCore import QEvent, QLocale, QObject, QSignalBlocker, QSize, Qt, pyqtSignal
from PyQt6.QtGui import QActionGroup, QFont, QFontMetrics, QKeyEvent, QResizeEvent
from PyQt6.QtWidgets import (
    QCheckBox,
    QHBoxLayout,
    QLabel,
    QMenu,
    QToolButton,
    QWidget,
)

from desktop import icons
from desktop.figures import tabular
from desktop.widgets.clock import clock
from desktop.widgets.seek_slider import FASTER, SeekSlider
from engine.i18n import translate as _

HEIGHT = 40
SPEEDS = (0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
_LEAST_SLIDER, _GOOD_SLIDER = 72, 120
_HOUR = 3600
# Room is kept for so many where nobody knows how many there are.
_FRAMES_FORESEEN = 9999
# Without the number of frames, seeking is by milliseconds.
_TICKS_A_SECOND = 1000
_STEPS = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}
_KEYS = (*_STEPS, Qt.Key.Key_Space, Qt.Key.Key_Home, Qt.Key.Key_End)


class Transport(QWidget):
    """Shows where a video stands and asks for another place in it.

    While the keyboard is in the bar: Space plays and pauses, or presses the button that it is on;
    Left and Right step, with Shift ten frames; Home and End go to the first and last frame.

    Signals:
        play_pressed, pause_pressed: What the button shows.
        seek_requested: int, a frame from 0, where their number is known.
        time_requested: float, seconds, where only the length is known.
        step_requested: int, frames forward, negative backward.
        speed_chosen: float, one of `SPEEDS`.
        loop_toggled: bool, whether to begin again at the end.
        detect_toggled: bool, whether to detect while it plays.
    """

    play_pressed = pyqtSignal()
    pause_pressed = pyqtSignal()
    seek_requested = pyqtSignal(int)
    time_requested = pyqtSignal(float)
    step_requested = pyqtSignal(int)
    speed_chosen = pyqtSignal(float)
    loop_toggled = pyqtSignal(bool)
    detect_toggled = pyqtSignal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        """Show no video."""
        super().__init__(parent)
        self.setObjectName("transport")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedHeight(HEIGHT)
        self._playing = False
        self._count: int | None = None
        self._duration: float | None = None
        self._length: tuple[int | None, float | None] | None = None
        self._rooms = (0, 0)
        self._back = _tool("step-back", _("Previous frame"))
        self._play = _tool("play", _("Play"))
        self._forward = _tool("step-forward", _("Next frame"))
        self._time, self._total, self._frame = _Figures(), _Figures(), _Figures()
        self._time.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        for label in (self._total, self._frame):
            label.setProperty("role", "muted")
        self._slider = SeekSlider(self._tip_at)
        self._slider.setMinimumWidth(_LEAST_SLIDER)
        self._slider.setAccessibleName(_("Place in the video"))
        self._speed = self._speed_button()
        self._loop = _tool("loop", _("Loop"))
        self._loop.setCheckable(True)
        self._detect = QCheckBox()
        self._detect.setToolTip(_("Detect objects in the frames that are played"))
        self._detect.setAccessibleName(_("Detect while playing"))
        layout = QHBoxLayout(self)
        layout.setContentsMargins(8, 0, 12, 0)
        layout.setSpacing(8)
        for button in (self._back, self._play, self._forward):
            layout.addWidget(button)
        layout.addSpacing(4)
        layout.addWidget(self._time)
        layout.addWidget(self._slider, 1)
        for widget in (self._total, self._frame, self._speed, self._loop, self._detect):
            layout.addWidget(widget)
        self._listen()
        self.show_status()

    def show_status(
        self,
        *,
        playing: bool = False,
        index: int | None = None,
        frames: int | None = None,
        time_s: float | None = None,
        duration_s: float | None = None,
        speed: float = 1.0,
        loop: bool = False,
        detecting: bool = False,
    ) -> None:
        """Show where the video stands; as often as the screen is drawn.

        Args:
            playing: Whether it plays.
            index: The frame on screen, from 0; None where there is none.
            frames: How many the video has, None where unknown.
            time_s: Of the frame on screen, in seconds.
            duration_s: Length of the video in seconds, None where unknown.
            speed: Times the speed of the video.
            loop: Whether it begins again at the end.
            detecting: Whether it detects while it plays.
        """
        self._set_playing(playing)
        if (frames, duration_s) != self._length:
            self._set_length(frames, duration_s)
        self._time.setText("–" if time_s is None else clock(time_s, hours=self._hours))
        self._frame.setText(self._frame_text(index))
        place = index if self._count else _ticks(time_s)
        self._slider.follow(place or 0)
        self._speed.setText(_speed_text(speed))
        for action in self._speeds.actions():
            action.setChecked(action.data() == speed)
        for toggle, on in ((self._loop, loop), (self._detect, detecting)):
            with QSignalBlocker(toggle):
                toggle.setChecked(on)
        rooms = self._time.sizeHint().width(), self._frame.sizeHint().width()
        if rooms != self._rooms:
            self._rooms = rooms
            self._fit()

    def minimumSizeHint(self) -> QSize:
        """Return the width at which nothing that is left is cut."""
        return QSize(self._needed(short=True, slider=_LEAST_SLIDER), HEIGHT)

    def sizeHint(self) -> QSize:
        """Return room for everything."""
        least = self._needed(short=False, slider=_GOOD_SLIDER, parts=(self._total, self._frame))
        return QSize(least, HEIGHT)

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """Leave out what matters less where there is no room for it."""
        self._fit()

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        """Play, step and seek by keys."""
        if event is not None and not self._on_key(event):
            event.ignore()

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        """Take the keys of the bar before its parts and the shortcuts of the window do."""
        if isinstance(event, QKeyEvent) and self._is_ours(event, watched):
            if event.type() == QEvent.Type.ShortcutOverride:
                event.accept()
                return True
            if event.type() == QEvent.Type.KeyPress:
                return self._on_key(event)
        return super().eventFilter(watched, event)

    @property
    def _hours(self) -> bool:
        return self._duration is not None and self._duration >= _HOUR

    def _listen(self) -> None:
        self._play.clicked.connect(self._on_play)
        self._back.clicked.connect(partial(self._step, -1))
        self._forward.clicked.connect(partial(self._step, 1))
        self._slider.sought.connect(self._on_sought)
        self._slider.stepped.connect(self.step_requested)
        self._loop.toggled.connect(self.loop_toggled)
        self._detect.toggled.connect(self.detect_toggled)
        for part in (self._back, self._play, self._forward, self._slider, self._speed,
                     self._loop, self._detect):  # fmt: skip
            part.installEventFilter(self)
            if part is not self._slider:
                # A click must not take the arrow keys away from the slider.
                part.setFocusPolicy(Qt.FocusPolicy.TabFocus)

    def _speed_button(self) -> QToolButton:
        button = QToolButton()
        button.setToolTip(_("Speed"))
        button.setAccessibleName(_("Speed"))
        button.setProperty("menu", "true")
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        button.setFont(tabular(button.font()))
        menu = QMenu(button)
        self._speeds = QActionGroup(menu)
        for speed in SPEEDS:
            action = menu.addAction(_speed_text(speed))
            assert action is not None
            action.setCheckable(True)
            action.setData(speed)
            action.triggered.connect(partial(self._on_speed, speed))
            self._speeds.addAction(action)
        button.setMenu(menu)
        widest = max(_width(button.font(), _speed_text(speed)) for speed in SPEEDS)
        button.setMinimumWidth(widest + 36)
        return button

    def _set_playing(self, playing: bool) -> None:
        self._playing = playing
        text = _("Pause") if playing else _("Play")
        if self._play.accessibleName() != text or self._play.icon().isNull():
            self._play.setIcon(icons.icon("pause" if playing else "play"))
            self._play.setAccessibleName(text)
            self._play.setToolTip(text)

    def _set_length(self, count: int | None, duration: float | None) -> None:
        """Set up the slider and the room for figures."""
        self._length = count, duration
        self._rooms = (0, 0)
        self._count = count if count else None
        self._duration = duration if duration and duration > 0 else None
        last = self._count - 1 if self._count else _ticks(self._duration)
        self._slider.setRange(0, last)
        self._slider.setEnabled(last > 0)
        self._slider.setToolTip(
            "" if last > 0 else _("The length of this video is not known; it cannot be searched.")
        )
        self._total.setText("" if self._duration is None else clock(self._duration))
        longest = clock(0 if self._duration is None else self._duration, hours=self._hours)
        self._time.reserve(longest)
        self._total.reserve(self._total.text())
        last_frame = self._count - 1 if self._count else _FRAMES_FORESEEN
        self._frame.reserve(self._frame_text(last_frame))

    def _frame_text(self, index: int | None) -> str:
        if index is None:
            return ""
        if self._count is None:
            return _("frame {number}").format(number=index + 1)
        return _("frame {number} of {count}").format(number=index + 1, count=self._count)

    def _tip_at(self, value: int) -> str:
        """Return what there is at a place of the slider."""
        if self._count is None:
            return clock(value / _TICKS_A_SECOND)
        return self._frame_text(value)

    def _fit(self) -> None:
        """Shorten a word and then hide parts until there is room: the number of the frame last."""
        frame, total = self._frame, self._total
        both = (total, frame)
        choices = ((both, False), (both, True), ((frame,), True), ((), True))
        parts, short = next((choice for choice in choices if self._fits(*choice)), choices[-1])
        for part in (total, frame):
            part.setVisible(part in parts and bool(part.text()))
        self._detect.setText(_detect_text(short))
        layout = self.layout()
        if layout is not None:
            # The texts are new; without this a frame would be painted with the old widths.
            layout.activate()

    def _fits(self, parts: tuple[QLabel, ...], short: bool) -> bool:
        return self._needed(short=short, slider=_GOOD_SLIDER, parts=parts) <= self.width()

    def _needed(self, *, short: bool, slider: int, parts: tuple[QLabel, ...] = ()) -> int:
        """Return the width that the bar needs with these parts."""
        layout = self.layout()
        assert layout is not None
        margins, gap = layout.contentsMargins(), layout.spacing()
        always = (self._back, self._play, self._forward, self._time, self._speed, self._loop)
        shown = [each for each in parts if each.text()]
        widths = [each.sizeHint().width() for each in (*always, *shown)]
        metrics, box = self._detect.fontMetrics(), self._detect
        around_text = box.sizeHint().width() - metrics.horizontalAdvance(box.text())
        widths += [slider, around_text + metrics.horizontalAdvance(_detect_text(short))]
        around = margins.left() + margins.right() + 4 + gap
        return sum(widths) + gap * (len(widths) - 1) + around

    def _on_key(self, event: QKeyEvent) -> bool:
        key = event.key()
        if key == Qt.Key.Key_Space:
            self._on_play()
        elif key in _STEPS:
            fast = event.modifiers() & Qt.KeyboardModifier.ShiftModifier
            self._step(_STEPS[Qt.Key(key)] * (FASTER if fast else 1))
        elif key == Qt.Key.Key_Home:
            self.seek_requested.emit(0)
        elif key == Qt.Key.Key_End and self._slider.isEnabled():
            self._on_sought(self._slider.maximum())
        else:
            return False
        return True

    def _is_ours(self, event: QKeyEvent, watched: QObject | None) -> bool:
        held = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        if event.key() not in _KEYS or held & ~Qt.KeyboardModifier.ShiftModifier:
            return False
        # On another button Space presses that button.
        return event.key() != Qt.Key.Key_Space or watched in (self, self._slider)

    def _on_play(self) -> None:
        (self.pause_pressed if self._playing else self.play_pressed).emit()

    def _step(self, frames: int, checked: bool = False) -> None:
        self.step_requested.emit(frames)

    def _on_sought(self, value: int) -> None:
        if self._count is not None:
            self.seek_requested.emit(value)
        else:
            self.time_requested.emit(value / _TICKS_A_SECOND)

    def _on_speed(self, speed: float, checked: bool = False) -> None:
        self.speed_chosen.emit(speed)


class _Figures(QLabel):
    """A text with figures that keeps the room it once needed, so that nothing beside it moves."""

    def __init__(self) -> None:
        super().__init__()
        self.setFont(tabular(self.font()))
        self._room = 0

    def reserve(self, text: str) -> None:
        """Keep room for a text and no longer for what was shown before."""
        self._room = _width(self.font(), text)
        self.updateGeometry()

    def setText(self, text: str | None) -> None:
        """Show a text."""
        if text != self.text():
            super().setText(text)
            self._room = max(self._room, _width(self.font(), text or ""))

    def sizeHint(self) -> QSize:
        """Return the room that is kept."""
        return QSize(self._room, super().sizeHint().height())

    def minimumSizeHint(self) -> QSize:
        """Return the same: half a figure is worse than none."""
        return self.sizeHint()


def _width(font: QFont, text: str) -> int:
    """Return how wide a text is at most, whatever its figures are."""
    widest = re.sub(r"\d", "0", text)
    return QFontMetrics(font).horizontalAdvance(widest) + 2 if text else 0


def _ticks(seconds: float | None) -> int:
    return round((seconds or 0) * _TICKS_A_SECOND)


def _detect_text(short: bool) -> str:
    return _("Detect") if short else _("Detect while playing")


def _speed_text(speed: float) -> str:
    return f"{QLocale().toString(float(speed), 'g', 3)}×"


def _tool(icon: str, text: str) -> QToolButton:
    button = QToolButton()
    button.setIcon(icons.icon(icon))
    button.setToolTip(text)
    button.setAccessibleName(text)
    return button
