"""The tab of videos: what stays when the window is another one, and what cannot be read."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PyQt6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from desktop.app import Application
from desktop.panels.video_tab import VideoTab
from desktop.state import Place
from desktop.widgets.transport import Transport
from engine.config import RunConfig
from engine.inference.fake import FakeDetector
from engine.player import PlayerState
from engine.session import Phase
from engine.types import Detections, Frame, Result
from tests.helpers.movies import movie
from tests.helpers.tour import LONG_MS, start

FRAMES = 30


@pytest.fixture
def video(tmp_path: Path) -> Path:
    return movie(tmp_path / "v.mp4", [index / 10 for index in range(FRAMES)])


@pytest.fixture
def application(
    qapp: QApplication, qtbot: QtBot, settings_path: Path, video: Path
) -> Iterator[Application]:
    """Return the application with a video on screen."""
    application = start(qapp, settings_path)
    videos, state = application.controller.videos, application.state
    wait(qtbot, lambda: state.model is not None and not state.model_busy)
    application.controller.open([video])
    wait(qtbot, lambda: videos.status is not None and videos.status.frames == FRAMES)
    wait(qtbot, lambda: shown(application) == Place(str(video)))
    yield application
    application.close()


def wait(qtbot: QtBot, holds: Callable[[], bool]) -> None:
    qtbot.waitUntil(holds, timeout=LONG_MS)


def tab_of(application: Application) -> VideoTab:
    assert application.window is not None
    tab = application.window._pages.tab
    assert isinstance(tab, VideoTab)
    return tab


def shown(application: Application) -> Place | None:
    """Return what is on screen."""
    picture = tab_of(application).view._stage.picture
    return None if picture is None else picture.place


def number(application: Application) -> str:
    """Return what stands under the video."""
    transport = tab_of(application).findChild(Transport)
    assert transport is not None
    return transport._frame.text()


def test_a_run_that_ends_shows_its_last_frame_though_it_was_not_painted_yet(
    qtbot: QtBot, application: Application, video: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tab = tab_of(application)
    state = application.controller.workspaces["video"].state
    state.change(phase=Phase.LOADING)
    state.change(phase=Phase.RUNNING)
    # What prepares pictures for the screen is still busy with an earlier one.
    image = np.zeros((8, 8, 3), np.uint8)
    with monkeypatch.context() as patch:
        patch.setattr(tab._presenter, "show_result", lambda result, model: None)
        for index in (3, FRAMES - 1):
            tab._on_result(Result(Frame(image, index, None, str(video)), Detections.empty()))
    state.change(phase=Phase.DONE)
    assert state.place == Place(str(video), FRAMES - 1)
    wait(qtbot, lambda: shown(application) == Place(str(video), FRAMES - 1))


def test_another_window_holds_the_frame_and_knows_where_it_stands(
    qtbot: QtBot, application: Application, video: Path
) -> None:
    application.controller.videos.seek(7)
    wait(qtbot, lambda: shown(application) == Place(str(video), 7))
    former = tab_of(application)
    application.change_preferences({"theme": "dark"})
    assert tab_of(application) is not former
    assert number(application) == "frame 8 of 30"
    wait(qtbot, lambda: shown(application) == Place(str(video), 7))


def test_another_window_lets_a_video_play_on(
    qtbot: QtBot, application: Application, video: Path
) -> None:
    videos = application.controller.videos
    videos.set_loop(True)
    videos.play()
    wait(qtbot, lambda: (shown(application) or Place("")).index > 0)
    application.change_preferences({"theme": "dark"})
    wait(qtbot, lambda: shown(application) is not None)
    first = shown(application)
    wait(qtbot, lambda: shown(application) != first)
    assert videos.status is not None
    assert videos.status.state is PlayerState.PLAYING


def test_another_window_follows_the_run_under_way(
    qtbot: QtBot, application: Application, video: Path
) -> None:
    gate = threading.Semaphore(0)

    class Gated(FakeDetector):
        def detect(self, frame: Frame, config: RunConfig) -> Result:
            assert gate.acquire(timeout=20)
            return super().detect(frame, config)

    application.controller._shelf._opener = lambda config: Gated(2)
    state = application.controller.workspaces["video"].state
    application.controller.detect()
    gate.release(3)
    wait(qtbot, lambda: shown(application) == Place(str(video), 2))
    application.change_preferences({"theme": "dark"})
    gate.release(3)
    wait(qtbot, lambda: shown(application) == Place(str(video), 5))
    assert state.phase is Phase.RUNNING
    gate.release(FRAMES)
    wait(qtbot, lambda: state.phase is Phase.DONE)


def test_a_video_that_cannot_be_read_takes_the_former_one_off_the_screen(
    qtbot: QtBot, application: Application, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_bytes((tmp_path / "v.mp4").read_bytes()[:400])
    application.controller.open([broken])
    tab = tab_of(application)
    wait(qtbot, lambda: not tab._unreadable.isHidden())
    assert shown(application) is None
    assert application.messages.last is not None
    assert "broken.mp4" in application.messages.last.text
