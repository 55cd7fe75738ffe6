"""The application as a person has it: real window, real weights, real X events."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PyQt6.QtCore import QPoint, QPointF, QProcess, QTimer
from PyQt6.QtGui import QAction
from PyQt6.QtWidgets import QApplication, QMenu, QWidget
from pytestqt.qtbot import QtBot

from desktop.app import Application
from desktop.settings import Settings
from engine.config import RunConfig
from engine.inference.detector import Detector
from engine.media import write_picture
from engine.scenes.tubes import render_tubes

HELPERS = Path(__file__).resolve().parent.parent.parent / "helpers"
LONG_MS = 60_000
PICTURES = 4
Opener = Callable[[RunConfig], Detector]
Launch = Callable[..., Application]


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with rendered pictures that the default weights find objects in."""
    folder = tmp_path_factory.mktemp("tubes")
    for number in range(PICTURES):
        image = render_tubes(900_100 + number, (960, 720)).image
        write_picture(image, folder / f"tube{number}.jpg")
    return folder


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give each scene sessions of its own."""
    monkeypatch.setenv("LABSIGHT_HOME", str(tmp_path / "LabSight"))
    monkeypatch.setenv("LABSIGHT_DATA", str(tmp_path / "data"))


@pytest.fixture
def launch(
    qapp: QApplication, qtbot: QtBot, tmp_path: Path, own_home: None
) -> Iterator[Launch]:
    """Return a function that brings up the application, with its weights read.

    It takes what opens detectors, by default the real one.
    """
    launched: list[Application] = []

    def start(opener: Opener | None = None) -> Application:
        application = Application(qapp, Settings(tmp_path / "settings.ini"), opener=opener)
        launched.append(application)
        application.show()
        window, state = application.window, application.state
        assert window is not None
        window.setGeometry(0, 0, 1440, 900)
        qtbot.waitExposed(window)
        qtbot.waitUntil(lambda: state.model is not None and not state.model_busy, timeout=LONG_MS)
        return application

    yield start
    for application in launched:
        application.close()


@pytest.fixture
def application(launch: Launch) -> Application:
    """Return the application with its window on screen and its weights read."""
    return launch()


class Hands:
    """Moves the mouse and presses keys through the X server."""

    def __init__(self, qtbot: QtBot) -> None:
        self._qtbot = qtbot

    def _do(self, *words: object) -> None:
        process = subprocess.Popen(["xdotool", *map(str, words)])
        # The window must be able to answer while the mouse moves.
        self._qtbot.waitUntil(lambda: process.poll() is not None, timeout=LONG_MS)
        assert process.returncode == 0

    def key(self, keys: str, times: int = 1) -> None:
        """Press keys by their X names, such as ctrl+t, quickly where it is several times."""
        self._do("key", "--delay", 15, *[keys] * times)

    def write(self, text: str) -> None:
        """Type a text."""
        self._do("type", "--delay", 5, text)

    def click(self, widget: QWidget, at: QPoint | QPointF | None = None) -> None:
        """Click on a widget, in its middle when no place in it is given."""
        self._point(widget, widget.rect().center() if at is None else at)
        self._do("click", 1)

    def drag(self, widget: QWidget, start: QPointF, end: QPointF) -> None:
        """Press on a place of a widget, move to another and let go there."""
        self._point(widget, start)
        self._do("mousedown", 1)
        for step in range(1, 11):
            self._point(widget, start + (end - start) * (step / 10))
        self._do("mouseup", 1)

    def choose(self, widget: QWidget, at: QPoint, menu: QMenu, action: QAction) -> None:
        """Click on what brings up a menu, and then on an entry of it."""
        look = QTimer()

        def press() -> None:
            if menu.isVisible():
                look.stop()
                place = menu.mapToGlobal(menu.actionGeometry(action).center())
                words = ["mousemove", str(place.x()), str(place.y()), "click", "1"]
                QProcess.startDetached("xdotool", words)

        # The menu has a loop of its own: the first click returns when the second one was made.
        look.timeout.connect(press)
        look.start(100)
        self.click(widget, at)

    def _point(self, widget: QWidget, at: QPoint | QPointF) -> None:
        place = widget.mapToGlobal(QPointF(at).toPoint())
        self._do("mousemove", place.x(), place.y())

    def drag_in(self, window: QWidget, *paths: Path) -> None:
        """Drag files out of another program and drop them on a window."""
        source = subprocess.Popen(
            [sys.executable, str(HELPERS / "drag_source.py"), "20", "905", *map(str, paths)]
        )
        search = ["xdotool", "search", "--sync", "--onlyvisible", "--name", "drag source"]
        subprocess.run(search, check=True, capture_output=True, timeout=30)
        target = window.mapToGlobal(window.rect().center())
        self._do("mousemove", 60, 945)
        self._do("mousedown", 1)
        for step in range(1, 21):
            x = 60 + (target.x() - 60) * step // 20
            y = 945 + (target.y() - 945) * step // 20
            self._do("mousemove", x, y)
            self.wait(20)
        # The window under the mouse says yes by a message of its own.
        self.wait(300)
        self._do("mouseup", 1)
        self._qtbot.waitUntil(lambda: source.poll() is not None, timeout=LONG_MS)

    def wait(self, milliseconds: int) -> None:
        """Let the window work for a while."""
        end = time.monotonic() + milliseconds / 1000
        self._qtbot.waitUntil(lambda: time.monotonic() >= end, timeout=LONG_MS)


@pytest.fixture
def hands(qtbot: QtBot) -> Hands:
    return Hands(qtbot)


@pytest.fixture
def until(qtbot: QtBot) -> Callable[[Callable[[], bool]], None]:
    """Return a function that lets the window work until something holds."""
    return lambda holds: qtbot.waitUntil(holds, timeout=LONG_MS)
