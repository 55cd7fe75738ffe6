"""The video on screen: opened, sought in, detected in, and given up for a run."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PyQt6.QtCore import QObject
from pytestqt.qtbot import QtBot

from desktop.messages import Message, Messages
from desktop.settings import Settings
from desktop.state import AppState, Place, Values
from desktop.verbs.videos import VideoVerbs
from desktop.workspace import Workspace
from engine.config import RunConfig
from engine.errors import WeightsError
from engine.inference.detector import Detector
from engine.inference.fake import FakeDetector
from engine.inference.shelf import DetectorShelf
from engine.player import PlayerState, PlayerStatus
from engine.store import SessionReader
from engine.types import Frame, Result
from tests.helpers.movies import movie

FRAMES = 12
LONG_MS = 20_000


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("videos") / "v.mp4"
    return movie(path, [index / 10 for index in range(FRAMES)])


@pytest.fixture
def state() -> AppState:
    return AppState(Values(kind="video"))


@pytest.fixture
def shelf() -> DetectorShelf:
    return DetectorShelf(lambda config: FakeDetector(3))


@pytest.fixture
def workspace(
    state: AppState, settings: Settings, messages: Messages, shelf: DetectorShelf
) -> Iterator[Workspace]:
    owner = QObject()
    workspace = Workspace.of(
        state,
        settings=settings,
        messages=messages,
        shelf=shelf,
        window=lambda: None,
        parent=owner,
    )
    yield workspace
    workspace.close()


@pytest.fixture
def verbs(
    workspace: Workspace, messages: Messages, shelf: DetectorShelf
) -> Iterator[VideoVerbs]:
    verbs = VideoVerbs(workspace=workspace, messages=messages, shelf=shelf)
    yield verbs
    verbs.close()


@pytest.fixture
def came(verbs: VideoVerbs) -> list[Result]:
    """Return the results that come."""
    came: list[Result] = []
    verbs.result_came.connect(came.append)
    return came


def known(verbs: VideoVerbs) -> PlayerStatus:
    """Return how the player is."""
    assert verbs.status is not None
    return verbs.status


def wait(qtbot: QtBot, condition: Callable[[], bool]) -> None:
    qtbot.waitUntil(condition, timeout=LONG_MS)


def test_a_video_opens_at_its_first_frame_and_is_sought_in(
    qtbot: QtBot, verbs: VideoVerbs, came: list[Result], video: Path
) -> None:
    assert verbs.status is None
    verbs.show(Place(str(video)))
    wait(qtbot, lambda: bool(came))
    assert (came[0].frame.origin, came[0].frame.index) == (str(video), 0)
    assert len(came[0].detections) == 0
    verbs.seek(7)
    wait(qtbot, lambda: came[-1].frame.index == 7)
    verbs.step_back()
    wait(qtbot, lambda: came[-1].frame.index == 6)
    verbs.step_on()
    wait(qtbot, lambda: came[-1].frame.index == 7)
    verbs.seek_time(0.31)
    wait(qtbot, lambda: came[-1].frame.index == 3)
    wait(qtbot, lambda: known(verbs).frames == FRAMES)
    assert known(verbs).state is PlayerState.PAUSED


def test_another_place_of_the_video_on_screen_is_sought_by_the_same_player(
    qtbot: QtBot, verbs: VideoVerbs, came: list[Result], video: Path
) -> None:
    verbs.show(Place(str(video), 5))
    wait(qtbot, lambda: bool(came) and came[-1].frame.index == 5)
    player = verbs._player
    verbs.show(Place(str(video), 0))
    wait(qtbot, lambda: came[-1].frame.index == 0)
    assert verbs._player is player


def test_showing_a_frame_holds_it_and_leaves_out_what_was_on_its_way(
    qtbot: QtBot, verbs: VideoVerbs, came: list[Result], video: Path
) -> None:
    verbs.show(Place(str(video)))
    wait(qtbot, lambda: bool(came))
    stale = came[0]
    verbs.set_loop(True)
    verbs.play()
    wait(qtbot, lambda: known(verbs).state is PlayerState.PLAYING)
    verbs.show(Place(str(video), 5))
    assert not verbs._is_wanted(stale, known(verbs))
    came.clear()
    wait(qtbot, lambda: bool(came))
    assert came[0].frame.index == 5
    wait(qtbot, lambda: known(verbs).state is PlayerState.PAUSED)
    assert verbs._is_wanted(stale, known(verbs))


def test_a_frame_beyond_the_end_is_the_last_one_from_which_playing_begins_anew(
    qtbot: QtBot, verbs: VideoVerbs, came: list[Result], video: Path
) -> None:
    verbs.show(Place(str(video)))
    wait(qtbot, lambda: bool(came) and known(verbs).frames == FRAMES)
    verbs.show(Place(str(video), FRAMES + 5))
    wait(qtbot, lambda: came[-1].frame.index == FRAMES - 1)
    came.clear()
    verbs.set_speed(0.1)
    verbs.play()
    wait(qtbot, lambda: bool(came))
    assert came[0].frame.index == 0
    assert known(verbs).state is PlayerState.PLAYING


def test_it_plays_to_the_end_and_holds_by_the_same_button(
    qtbot: QtBot, verbs: VideoVerbs, came: list[Result], video: Path
) -> None:
    verbs.set_speed(0.1)
    verbs.toggle()
    assert verbs.status is None
    verbs.show(Place(str(video)))
    wait(qtbot, lambda: bool(came))
    verbs.set_speed(0.1)
    verbs.toggle()
    wait(qtbot, lambda: known(verbs).state is PlayerState.PLAYING)
    verbs.toggle()
    wait(qtbot, lambda: known(verbs).state is PlayerState.PAUSED)
    verbs.set_speed(16.0)
    verbs.play()
    wait(qtbot, lambda: known(verbs).state is PlayerState.ENDED)
    wait(qtbot, lambda: came[-1].frame.index == FRAMES - 1)


def test_frames_are_detected_in_only_while_that_is_wanted(
    qtbot: QtBot, verbs: VideoVerbs, came: list[Result], video: Path
) -> None:
    verbs.set_detecting(True)
    assert verbs.detecting
    verbs.show(Place(str(video)))
    wait(qtbot, lambda: bool(came) and len(came[-1].detections) > 0)
    verbs.set_speed(16.0)
    verbs.play()
    wait(qtbot, lambda: came[-1].frame.index == FRAMES - 1)
    assert len(came[-1].detections) > 0
    verbs.set_detecting(False)
    verbs.seek(2)
    wait(qtbot, lambda: came[-1].frame.index == 2 and not len(came[-1].detections))


def test_a_run_closes_the_player_and_works_through_all_frames(
    qtbot: QtBot, verbs: VideoVerbs, workspace: Workspace, state: AppState, came: list[Result],
    video: Path,
) -> None:  # fmt: skip
    verbs.process()
    assert not state.engaged
    state.change(sources=(video,))
    verbs.show(Place(str(video)))
    wait(qtbot, lambda: bool(came))
    with qtbot.waitSignal(workspace.runs.run_ended, timeout=LONG_MS):
        verbs.process()
        assert verbs.status is None
        verbs.show(Place(str(video)))
        assert verbs.status is None
    assert state.session is not None
    with SessionReader.open(state.session) as reader:
        assert reader.frame_count() == FRAMES
    verbs.show(Place(str(video)))
    assert verbs.status is not None


def test_a_file_that_cannot_be_read_says_so_once(
    qtbot: QtBot, verbs: VideoVerbs, messages: Messages, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"no video at all" * 50)
    told: list[Message] = []
    messages.came.connect(told.append)
    verbs.show(Place(str(broken)))
    wait(qtbot, lambda: bool(told))
    assert known(verbs).state is PlayerState.FAILED
    assert str(broken) in told[0].text or broken.name in told[0].text
    verbs.play()
    verbs.set_detecting(True)
    verbs.seek(3)
    qtbot.wait(100)
    assert len(told) == 1


def test_a_detector_that_fails_while_a_video_is_shown_says_why(
    qtbot: QtBot, verbs: VideoVerbs, messages: Messages, video: Path, shelf: DetectorShelf
) -> None:
    def refuse(config: RunConfig) -> Detector:
        raise WeightsError("{path} is empty.", path="x.pt")

    shelf._opener = refuse
    told: list[Message] = []
    messages.came.connect(told.append)
    verbs.set_detecting(True)
    verbs.show(Place(str(video)))
    wait(qtbot, lambda: bool(told))
    verbs.seek(3)
    wait(qtbot, lambda: known(verbs).index == 3)
    assert [message.text for message in told] == ["x.pt is empty."]


def test_another_video_does_not_wait_for_the_network(
    qtbot: QtBot, verbs: VideoVerbs, came: list[Result], video: Path, shelf: DetectorShelf,
    tmp_path: Path,
) -> None:  # fmt: skip
    busy, go = threading.Event(), threading.Event()

    class Slow(FakeDetector):
        def detect(self, frame: Frame, config: RunConfig) -> Result:
            busy.set()
            assert go.wait(20)
            return super().detect(frame, config)

    shelf._opener = lambda config: Slow(2)
    other = movie(tmp_path / "other.mp4", [0.0, 0.1])
    verbs.set_detecting(True)
    verbs.show(Place(str(video)))
    wait(qtbot, busy.is_set)
    verbs.show(Place(str(other)))
    left = verbs._leaving
    assert [each.over for each in left] == [False]
    go.set()
    wait(qtbot, lambda: bool(came) and came[-1].frame.origin == str(other))
    wait(qtbot, lambda: left[0].over)


def test_a_picture_is_not_played(verbs: VideoVerbs, pictures: Path) -> None:
    verbs.show(Place(str(pictures / "p0.jpg")))
    assert verbs.status is None
