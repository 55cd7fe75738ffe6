"""LabSight's own window where nobody sees it, for a process of its own."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from desktop.app import Application

LOOK_EVERY_MS = 20
TICK_MS = 5
_WAIT_S = 120.0


@contextmanager
def shown_window() -> Iterator[Application]:
    """Show the window with settings and sessions in a folder that is gone afterwards."""
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    from PyQt6.QtWidgets import QApplication

    from desktop.app import Application
    from desktop.main_window import SIZE
    from desktop.settings import Settings

    with tempfile.TemporaryDirectory() as home:
        os.environ |= {"LABSIGHT_HOME": f"{home}/sessions", "LABSIGHT_DATA": f"{home}/data"}
        app = QApplication(["benchmark"])
        application = Application(app, Settings())
        application.show()
        assert application.window is not None
        # The screen that is none is smaller than the window of most people.
        application.window.resize(*SIZE)
        try:
            until(application, lambda: is_ready(application))
            yield application
        finally:
            application.close()


def is_ready(application: Application) -> bool:
    """Tell whether the weights in use were read."""
    return application.state.model is not None and not application.state.model_busy


def open_files(application: Application, path: Path) -> None:
    """Open a file or folder in the tab that it belongs to, and wait until it is on screen."""
    application.controller.open([path])

    def listed() -> bool:
        state = application.controller.current.state
        return bool(state.sources) and state.place is not None

    until(application, listed)


def until(application: Application, done: Callable[[], bool], within_s: float = _WAIT_S) -> None:
    """Let the window live until something holds.

    Raises:
        TimeoutError: It did not in time; with what the window said last.
    """
    from PyQt6.QtCore import QEventLoop, QTimer

    loop, look, last = QEventLoop(), QTimer(), time.monotonic() + within_s
    look.timeout.connect(lambda: loop.quit() if done() or time.monotonic() > last else None)
    look.start(LOOK_EVERY_MS)
    loop.exec()
    look.stop()
    if not done():
        said = application.messages.last
        raise TimeoutError(f"waited {within_s:g} s: {said.text if said else 'nothing was said'}")


def rest(application: Application, seconds: float, ended: Callable[[], bool]) -> None:
    """Let the window live for some seconds, fewer where something ends before."""
    last = time.monotonic() + seconds
    until(application, lambda: ended() or time.monotonic() >= last, seconds + _WAIT_S)


class Gaps:
    """Measures the longest times between two ticks of a timer in the UI thread.

    Args:
        stage: Returns what is under way; each stage has a longest time of its own.

    Attributes:
        longest_ms: In milliseconds by stage.
    """

    def __init__(self, stage: Callable[[], str]) -> None:
        """Tick from now on."""
        from PyQt6.QtCore import Qt, QTimer

        self.longest_ms: dict[str, float] = {}
        self._stage = stage
        self._last = time.perf_counter()
        self._timer = QTimer()
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)
        self._timer.start(TICK_MS)

    def stop(self) -> None:
        """Tick no more."""
        self._timer.stop()

    def _tick(self) -> None:
        now, stage = time.perf_counter(), self._stage()
        gap_ms = (now - self._last) * 1000
        self.longest_ms[stage] = max(self.longest_ms.get(stage, 0.0), gap_ms)
        self._last = now
