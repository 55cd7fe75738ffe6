"""The bar under a video: what it asks for under hands and keys, and that nothing in it jumps."""

from __future__ import annotations

import gettext

import pytest
from PyQt6.QtCore import QPoint, QPointF, Qt
from PyQt6.QtGui import QAction, QKeySequence, QWheelEvent
from PyQt6.QtWidgets import QApplication, QCheckBox, QMainWindow, QSlider, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from desktop.widgets.clock import clock
from desktop.widgets.transport import SPEEDS, Transport
from tests.helpers.widgets import Doubled, cut_off, translated_by

LEFT = Qt.MouseButton.LeftButton


class Asked:
    """Everything that a bar asked for, in order."""

    def __init__(self, bar: Transport) -> None:
        self.list: list[tuple[object, ...]] = []
        for name in (
            "play_pressed",
            "pause_pressed",
            "seek_requested",
            "time_requested",
            "step_requested",
            "speed_chosen",
            "loop_toggled",
            "detect_toggled",
        ):
            signal = getattr(bar, name)
            signal.connect(lambda *values, name=name: self.list.append((name, *values)))

    def take(self) -> list[tuple[object, ...]]:
        taken, self.list = self.list, []
        return taken


@pytest.fixture
def bar(qtbot: QtBot) -> Transport:
    """Return a bar in which a video of 1001 frames and 100 seconds stands at frame 100."""
    bar = Transport()
    qtbot.addWidget(bar)
    bar.resize(1000, bar.height())
    bar.show_status(index=100, frames=1001, time_s=10.0, duration_s=100.0)
    bar.show()
    qtbot.waitExposed(bar)
    return bar


def slider(bar: Transport) -> QSlider:
    return bar.findChild(QSlider)


def button(bar: Transport, name: str) -> QToolButton:
    return next(b for b in bar.findChildren(QToolButton) if b.accessibleName() == name)


def along(bar: Transport, share: float) -> QPoint:
    """Return the point of the slider at a share of its length."""
    part = slider(bar)
    return QPoint(round(8 + share * (part.width() - 16)), part.height() // 2)


def turn(part: QWidget, angle: int, held: Qt.KeyboardModifier) -> None:
    middle = QPointF(part.rect().center())
    event = QWheelEvent(
        middle, middle, QPoint(), QPoint(0, angle), Qt.MouseButton.NoButton, held,
        Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(part, event)


def shown_texts(bar: Transport) -> str:
    labels = [w for w in bar.findChildren(QWidget) if w.isVisible()]
    return " | ".join(w.text() for w in labels if hasattr(w, "text") and w.text())


def test_the_button_plays_and_then_pauses(qtbot: QtBot, bar: Transport) -> None:
    asked = Asked(bar)
    qtbot.mouseClick(button(bar, "Play"), LEFT)
    bar.show_status(playing=True, index=100, frames=1001, time_s=10.0, duration_s=100.0)
    qtbot.mouseClick(button(bar, "Pause"), LEFT)
    assert asked.take() == [("play_pressed",), ("pause_pressed",)]


def test_a_click_asks_for_exactly_that_frame(qtbot: QtBot, bar: Transport) -> None:
    asked = Asked(bar)
    qtbot.mouseClick(slider(bar), LEFT, pos=along(bar, 0.5))
    ((name, index),) = asked.take()
    assert (name, index) == ("seek_requested", pytest.approx(500, abs=3))
    assert slider(bar).value() == index
    qtbot.mouseClick(slider(bar), LEFT, pos=QPoint(slider(bar).width(), 10))
    assert asked.take() == [("seek_requested", 1000)]


def test_a_drag_seeks_all_along_and_the_video_does_not_pull_the_handle_back(
    qtbot: QtBot, bar: Transport
) -> None:
    asked = Asked(bar)
    qtbot.mousePress(slider(bar), LEFT, pos=along(bar, 0.2))
    for share in (0.4, 0.6, 0.8):
        qtbot.mouseMove(slider(bar), along(bar, share))
        bar.show_status(index=3, frames=1001, time_s=0.3, duration_s=100.0)
    sought = [index for name, index in asked.take() if name == "seek_requested"]
    assert sought == [pytest.approx(each, abs=3) for each in (200, 400, 600, 800)]
    assert slider(bar).value() == sought[-1]
    qtbot.mouseRelease(slider(bar), LEFT, pos=along(bar, 0.8))
    bar.show_status(index=3, frames=1001, time_s=0.3, duration_s=100.0)
    assert slider(bar).value() == 3
    qtbot.mouseMove(slider(bar), QPoint(0, 10))
    assert asked.take() == []
    assert slider(bar).toolTip() == "frame 1 of 1001"


def test_where_only_the_length_is_known_times_are_asked_for(qtbot: QtBot, bar: Transport) -> None:
    bar.show_status(index=4, time_s=5.0, duration_s=20.0)
    assert slider(bar).value() == 5000
    asked = Asked(bar)
    qtbot.mouseClick(slider(bar), LEFT, pos=along(bar, 0.5))
    qtbot.keyClick(slider(bar), Qt.Key.Key_End)
    assert asked.take() == [
        ("time_requested", pytest.approx(10.0, abs=0.1)),
        ("time_requested", 20.0),
    ]


def test_a_video_of_unknown_length_cannot_be_searched_but_stepped(
    qtbot: QtBot, bar: Transport
) -> None:
    bar.show_status(index=4, time_s=0.2)
    assert not slider(bar).isEnabled()
    assert slider(bar).toolTip()
    assert "frame 5" in shown_texts(bar)
    asked = Asked(bar)
    qtbot.mouseClick(slider(bar), LEFT, pos=along(bar, 0.5))
    button(bar, "Speed").setFocus()
    qtbot.keyClick(button(bar, "Speed"), Qt.Key.Key_End)
    qtbot.keyClick(button(bar, "Speed"), Qt.Key.Key_Home)
    qtbot.keyClick(button(bar, "Speed"), Qt.Key.Key_Right)
    assert asked.take() == [("seek_requested", 0), ("step_requested", 1)]
    bar.show_status(index=4, frames=10, time_s=0.2)
    assert (slider(bar).isEnabled(), slider(bar).toolTip()) == (True, "")


def test_the_wheel_steps_by_whole_notches(bar: Transport) -> None:
    asked, plain = Asked(bar), Qt.KeyboardModifier.NoModifier
    turn(slider(bar), 120, plain)
    turn(slider(bar), -240, plain)
    turn(slider(bar), -120, Qt.KeyboardModifier.ShiftModifier)
    turn(slider(bar), 70, plain)
    assert asked.take() == [("step_requested", n) for n in (1, -2, -10)]
    turn(slider(bar), 70, plain)
    assert asked.take() == [("step_requested", 1)]


def test_keys_play_step_and_go_to_the_ends(qtbot: QtBot, bar: Transport) -> None:
    asked, part, shift = Asked(bar), slider(bar), Qt.KeyboardModifier.ShiftModifier
    qtbot.keyClick(part, Qt.Key.Key_Space)
    qtbot.keyClick(part, Qt.Key.Key_Left)
    qtbot.keyClick(part, Qt.Key.Key_Right, shift)
    qtbot.keyClick(part, Qt.Key.Key_Home)
    qtbot.keyClick(part, Qt.Key.Key_End)
    assert asked.take() == [
        ("play_pressed",),
        ("step_requested", -1),
        ("step_requested", 10),
        ("seek_requested", 0),
        ("seek_requested", 1000),
    ]
    assert part.value() == 100


def test_space_on_a_toggle_is_for_that_toggle(qtbot: QtBot, bar: Transport) -> None:
    asked, loop = Asked(bar), button(bar, "Loop")
    qtbot.keyClick(loop, Qt.Key.Key_Space)
    qtbot.keyClick(bar.findChild(QCheckBox), Qt.Key.Key_Space)
    assert asked.take() == [("loop_toggled", True), ("detect_toggled", True)]


def test_a_click_on_a_button_leaves_the_arrow_keys_to_the_slider(
    qtbot: QtBot, bar: Transport
) -> None:
    slider(bar).setFocus()
    qtbot.mouseClick(button(bar, "Next frame"), LEFT)
    assert QApplication.focusWidget() is slider(bar)


def test_the_keys_of_the_bar_go_before_shortcuts_of_the_window(qtbot: QtBot) -> None:
    window, bar = QMainWindow(), Transport()
    qtbot.addWidget(window)
    window.setCentralWidget(bar)
    action = QAction(window)
    action.setShortcuts([QKeySequence(k) for k in ("Left", "Space", "Home", "Ctrl+P")])
    window.addAction(action)
    pressed: list[bool] = []
    action.triggered.connect(pressed.append)
    bar.show_status(index=5, frames=10)
    window.show()
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    slider(bar).setFocus()
    asked = Asked(bar)
    for key in (Qt.Key.Key_Left, Qt.Key.Key_Space, Qt.Key.Key_Home):
        qtbot.keyClick(slider(bar), key)
    assert pressed == []
    assert [name for name, *_rest in asked.take()] == [
        "step_requested", "play_pressed", "seek_requested",
    ]  # fmt: skip
    qtbot.keyClick(slider(bar), Qt.Key.Key_P, Qt.KeyboardModifier.ControlModifier)
    assert len(pressed) == 1


def test_a_speed_is_chosen_and_shown(bar: Transport) -> None:
    asked, part = Asked(bar), button(bar, "Speed")
    menu = part.menu()
    assert menu is not None
    assert [action.text() for action in menu.actions()][:2] == ["0.1×", "0.25×"]
    menu.actions()[SPEEDS.index(4.0)].trigger()
    assert asked.take() == [("speed_chosen", 4.0)]
    bar.show_status(index=0, frames=10, speed=0.25)
    assert part.text() == "0.25×"
    assert [a.data() for a in menu.actions() if a.isChecked()] == [0.25]


def test_what_is_shown_is_not_asked_for(bar: Transport) -> None:
    asked = Asked(bar)
    bar.show_status(
        playing=True, index=7, frames=50, time_s=1, duration_s=9, speed=2, loop=True, detecting=True
    )
    assert asked.take() == []
    assert button(bar, "Loop").isChecked()
    assert bar.findChild(QCheckBox).isChecked()
    assert "frame 8 of 50" in shown_texts(bar)


def test_nothing_jumps_while_it_plays(qtbot: QtBot, bar: Transport) -> None:
    def places() -> list[object]:
        qtbot.wait(1)
        return [part.geometry() for part in (*bar.findChildren(QToolButton), slider(bar))]

    bar.show_status(index=0, frames=12_000, time_s=0.0, duration_s=400.0)
    before = places()
    for index in (8, 99, 1110, 11_999):
        bar.show_status(
            playing=True, index=index, frames=12_000, time_s=index / 30, duration_s=400.0
        )
        assert places() == before


@pytest.mark.parametrize("doubled", [False, True])
@pytest.mark.parametrize("width", [1000, 700, 0])
def test_texts_are_left_out_before_they_are_cut(qtbot: QtBot, doubled: bool, width: int) -> None:
    with translated_by(Doubled() if doubled else gettext.NullTranslations()):
        bar = Transport()
        qtbot.addWidget(bar)
        bar.show_status(index=370, frames=120_400, time_s=12.4, duration_s=5063.0, speed=0.25)
        bar.resize(max(width, bar.minimumSizeHint().width()), bar.height())
        bar.show()
        qtbot.waitExposed(bar)
        assert cut_off(bar) == []
        assert slider(bar).width() >= 72
        if not doubled:
            assert bar.minimumSizeHint().width() <= 500
            assert ("frame 371" in shown_texts(bar)) == (width >= 700)
            assert ("1:24:23.0" in shown_texts(bar)) == (width == 1000)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "00:00.0"),
        (12.4, "00:12.4"),
        (59.96, "00:59.9"),
        (12.3999999, "00:12.4"),
        (63, "01:03.0"),
        (3599.9, "59:59.9"),
        (3600, "1:00:00.0"),
        (-3, "00:00.0"),
    ],
)
def test_a_clock_never_shows_sixty_seconds(seconds: float, text: str) -> None:
    assert clock(seconds) == text


def test_a_clock_can_keep_one_length() -> None:
    assert clock(5, hours=True) == "0:00:05.0"
    assert clock(5, tenths=False) == "00:05"
