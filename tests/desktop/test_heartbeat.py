"""The window never stands still, however fast results come and however slowly it paints."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PyQt6.QtCore import Qt, QTimer
from PyQt6.QtGui import QPaintEvent
from PyQt6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from desktop.app import Application
from desktop.verbs import runs
from desktop.widgets.image_view import ImageView
from engine.session import Request
from engine.types import Frame
from tests.helpers.tour import start

RATE_HZ, SECONDS, PAINT_S = 500, 3, 0.010
LONGEST_GAP_S = 0.100
ATTEMPTS = 3


class Torrent:
    """Frames of 1280 × 720 at five hundred a second."""

    total_frames = None

    def __init__(self, items: tuple[Path, ...]) -> None:
        self.items = items
        self._pictures = [np.full((720, 1280, 3), shade, np.uint8) for shade in (40, 120, 200)]

    def __iter__(self) -> Iterator[Frame]:
        began = time.monotonic()
        for index in range(RATE_HZ * SECONDS):
            time.sleep(max(0.0, began + index / RATE_HZ - time.monotonic()))
            yield Frame(self._pictures[index % 3], index, index / RATE_HZ, "torrent.mp4")


@pytest.fixture
def painted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[bool]:
    """Let every painting of the picture take its time, and count them."""
    painted: list[bool] = []
    paint = ImageView.paintEvent

    def slow_paint(view: ImageView, event: QPaintEvent | None) -> None:
        paint(view, event)
        time.sleep(PAINT_S)
        painted.append(True)

    monkeypatch.setattr(ImageView, "paintEvent", slow_paint)
    monkeypatch.setattr("engine.sources.listing.SourceList", Torrent)
    monkeypatch.setattr(runs, "Request", lambda **values: Request(**values | {"media": False}))
    monkeypatch.setenv("LABSIGHT_HOME", str(tmp_path / "sessions"))
    return painted


def longest_gap(qtbot: QtBot, application: Application) -> float:
    """Run the torrent once and return the longest time between two ticks of the window."""
    state, controller = application.state, application.controller
    ticks: list[float] = []
    beat = QTimer()
    beat.setTimerType(Qt.TimerType.PreciseTimer)
    beat.timeout.connect(lambda: ticks.append(time.perf_counter()))
    with qtbot.waitSignal(controller.current.runs.run_ended, timeout=60_000):
        controller.detect()
        qtbot.waitUntil(lambda: bool(state.outcomes), timeout=30_000)
        beat.start(5)
    beat.stop()
    assert len(ticks) > 50
    return float(np.diff(ticks).max())


def test_no_gap_while_results_rush_in(
    qtbot: QtBot, qapp: QApplication, tmp_path: Path, painted: list[bool]
) -> None:
    application = start(qapp, tmp_path / "settings.ini")
    state = application.state
    qtbot.waitUntil(lambda: state.model is not None and not state.model_busy, timeout=30_000)
    # What is made once after the start is no part of a run.
    qtbot.wait(1500)
    state.change(sources=(Path("torrent.mp4"),))
    gaps: list[float] = []
    # A window that stands still does so every time; another program on the machine does not.
    while len(gaps) < ATTEMPTS and min(gaps, default=1.0) >= LONGEST_GAP_S:
        painted.clear()
        gaps.append(longest_gap(qtbot, application))
        # Everything was found and stored, though the screen showed a small part of it.
        assert state.outcomes["torrent.mp4"].total == 6 * RATE_HZ * SECONDS
        assert 20 < len(painted) < RATE_HZ * SECONDS / 2
    application.close()
    assert min(gaps) < LONGEST_GAP_S, gaps
