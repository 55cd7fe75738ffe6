"""A session behind a window: its phases, its mailbox, and how it ends."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PyQt6.QtCore import Qt
from pytestqt.qtbot import QtBot

from engine.config import RunConfig
from engine.errors import EngineError, LiveError, WeightsError
from engine.inference.detector import Detector
from engine.inference.fake import FakeDetector
from engine.inference.shelf import DetectorShelf
from engine.mailbox import Mailbox
from engine.media import write_picture
from engine.scenes.tubes import render_tubes
from engine.session import TRANSITIONS, Phase, Request, Session
from engine.sources.listing import SourceList, open_sources
from engine.sources.live import LiveSource
from engine.store import SessionReader
from engine.types import Frame, Result, UInt8


class Stepper(FakeDetector):
    """Detects one frame each time it is let."""

    def __init__(self) -> None:
        super().__init__(3)
        self.allowed = threading.Semaphore(0)
        self.seen = threading.Semaphore(0)

    def detect(self, frame: Frame, config: RunConfig) -> Result:
        self.seen.release()
        assert self.allowed.acquire(timeout=20)
        return super().detect(frame, config)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pictures")
    image = render_tubes(900_000, (96, 64)).image
    for number in range(12):
        write_picture(image, folder / f"p{number}.png")
    return folder


class Recording:
    """A session with everything that it said."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.phases: list[Phase] = []
        self.errors: list[EngineError] = []
        # In the thread that changes it, so that none is missed; PyQt's stubs know one argument.
        connect: Any = session.phase_changed.connect
        connect(
            lambda number: self.phases.append(session.phase),
            type=Qt.ConnectionType.DirectConnection,
        )
        session.failed.connect(lambda number, error: self.errors.append(error))


@pytest.fixture
def sessions() -> Iterator[list[Session]]:
    made: list[Session] = []
    yield made
    for session in made:
        session.stop()
        assert session.wait(20_000)


def make(
    sessions: list[Session],
    sources: SourceList | LiveSource,
    folder: Path,
    detector: Detector | None = None,
    config: RunConfig | None = None,
) -> Recording:
    shelf = DetectorShelf(lambda config: detector or FakeDetector(3))
    request = Request(sources, config or RunConfig(), folder, ("pictures",), title="Lab")
    session = Session(len(sessions) + 1, request, shelf)
    sessions.append(session)
    return Recording(session)


def test_every_phase_but_the_last_ones_leads_somewhere() -> None:
    assert set(TRANSITIONS) == set(Phase)
    for phase, following in TRANSITIONS.items():
        assert phase not in following
        assert bool(following) == (phase not in (Phase.DONE, Phase.FAILED))
        assert phase.busy == (phase not in (Phase.IDLE, Phase.DONE, Phase.FAILED))
        if phase.busy:
            assert Phase.FAILED in following


def test_a_run_goes_through_its_phases_and_leaves_a_session(
    qtbot: QtBot, sessions: list[Session], pictures: Path, tmp_path: Path
) -> None:
    recording = make(sessions, open_sources([str(pictures)]), tmp_path / "run")
    session = recording.session
    opened: list[Path] = []
    session.opened.connect(lambda number, path: opened.append(path))
    with qtbot.waitSignal(session.summed_up, timeout=20_000) as said:
        session.start()
    qtbot.waitUntil(lambda: recording.phases[-1:] == [Phase.DONE])
    assert recording.phases == [Phase.LOADING, Phase.RUNNING, Phase.DONE]
    number, summary = said.args
    assert (number, summary.frames, summary.state) == (1, 12, "done")
    journal = session.take_journal()
    assert [Path(entry.origin).name for entry in journal] == [f"p{n}.png" for n in range(12)]
    assert all(sum(entry.counts.values()) == 3 for entry in journal)
    assert session.take_journal() == []
    last = session.latest.take()
    assert last is not None
    assert Path(last.frame.origin).name == "p11.png"
    assert opened == [tmp_path / "run" / "session.labsight"]
    with SessionReader.open(opened[0]) as reader:
        assert reader.run.state == "done"
        assert reader.run.title == "Lab"
        assert reader.object_count() == 36


def test_a_pause_holds_the_run_before_its_next_frame(
    qtbot: QtBot, sessions: list[Session], pictures: Path, tmp_path: Path
) -> None:
    detector = Stepper()
    recording = make(sessions, open_sources([str(pictures)]), tmp_path / "run", detector)
    session = recording.session
    session.start()
    assert detector.seen.acquire(timeout=20)
    session.pause()
    for _ in range(12):
        detector.allowed.release()
    qtbot.waitUntil(lambda: len(session.take_journal()) == 1)
    assert not detector.seen.acquire(timeout=0.3)
    assert session.phase is Phase.PAUSED
    session.resume()
    qtbot.waitUntil(lambda: session.phase is Phase.DONE, timeout=20_000)
    assert len(session.take_journal()) == 11


@pytest.mark.parametrize("paused", [False, True])
def test_a_stop_ends_the_run_and_keeps_what_was_found(
    qtbot: QtBot, sessions: list[Session], pictures: Path, tmp_path: Path, paused: bool
) -> None:
    detector = Stepper()
    recording = make(sessions, open_sources([str(pictures)]), tmp_path / "run", detector)
    session = recording.session
    session.start()
    detector.allowed.release(2)
    for _ in range(3):
        assert detector.seen.acquire(timeout=20)
    if paused:
        session.pause()
    session.stop()
    detector.allowed.release(20)
    qtbot.waitUntil(lambda: session.phase is Phase.DONE)
    qtbot.waitUntil(lambda: recording.phases[-2:] == [Phase.STOPPING, Phase.DONE])
    with SessionReader.open(tmp_path / "run") as reader:
        assert reader.run.state == "interrupted"
        assert 2 <= reader.frame_count() <= 4


def test_a_pause_after_the_last_frame_holds_nothing(
    qtbot: QtBot, sessions: list[Session], pictures: Path, tmp_path: Path
) -> None:
    detector = Stepper()
    source = SourceList((pictures / "p0.png",))
    recording = make(sessions, source, tmp_path / "run", detector)
    session = recording.session
    session.start()
    assert detector.seen.acquire(timeout=20)
    session.pause()
    assert session.phase is Phase.PAUSED
    detector.allowed.release()
    qtbot.waitUntil(lambda: session.phase is Phase.DONE)
    with SessionReader.open(tmp_path / "run") as reader:
        assert reader.run.state == "done"


def test_the_end_is_the_last_that_is_said(
    qtbot: QtBot, sessions: list[Session], pictures: Path, tmp_path: Path
) -> None:
    recording = make(sessions, open_sources([str(pictures)]), tmp_path / "run")
    session = recording.session
    said: list[str] = []
    for name in ("opened", "progressed", "summed_up", "ended"):
        getattr(session, name).connect(lambda *_, name=name: said.append(name))
    session.start()
    # Everything waits in the queue of this thread until the run is over.
    assert session.wait(20_000)
    qtbot.waitUntil(lambda: "ended" in said)
    assert said[0] == "opened"
    assert said[-2:] == ["summed_up", "ended"]


class Shy:
    """A camera that shows so many pictures and then says for good that it has none."""

    missed = 0

    def __init__(self, pictures: int) -> None:
        self._left = pictures

    def read(self) -> UInt8:
        if not self._left:
            raise LiveError("It does not know you.").for_good()
        self._left -= 1
        return np.zeros((48, 64, 3), np.uint8)

    def close(self) -> None:
        pass


@pytest.mark.parametrize("pictures", [0, 3])
def test_the_session_of_a_camera_is_told_of_with_its_first_frame(
    qtbot: QtBot, sessions: list[Session], tmp_path: Path, pictures: int
) -> None:
    """One that shows nothing leaves none, and nobody may have begun to read it."""
    source = LiveSource("camera:Test", lambda stop: Shy(pictures))
    session = make(sessions, source, tmp_path / "run").session
    told: list[Path] = []

    def note(number: int, path: Path) -> None:
        with SessionReader.open(path):
            told.append(path)

    connect: Any = session.opened.connect
    connect(note, type=Qt.ConnectionType.DirectConnection)
    with qtbot.waitSignal(session.ended, timeout=20_000):
        session.start()
    path = tmp_path / "run" / "session.labsight"
    assert told == ([path] if pictures else [])
    assert path.exists() == bool(pictures)


def test_weights_that_cannot_be_used_fail_the_run_and_make_no_folder(
    qtbot: QtBot, sessions: list[Session], pictures: Path, tmp_path: Path
) -> None:
    def refuse(config: RunConfig) -> Detector:
        raise WeightsError("{path} is empty.", path="x.pt")

    request = Request(open_sources([str(pictures)]), RunConfig(), tmp_path / "run", ("x",))
    session = Session(1, request, DetectorShelf(refuse))
    sessions.append(session)
    recording = Recording(session)
    session.start()
    qtbot.waitUntil(lambda: recording.phases[-1:] == [Phase.FAILED], timeout=20_000)
    assert [str(error) for error in recording.errors] == ["x.pt is empty."]
    assert not (tmp_path / "run").exists()


def test_a_folder_that_holds_a_session_already_fails_the_run(
    qtbot: QtBot, sessions: list[Session], pictures: Path, tmp_path: Path
) -> None:
    for _ in range(2):
        recording = make(sessions, open_sources([str(pictures)]), tmp_path / "run")
        recording.session.start()
        assert recording.session.wait(20_000)
    qtbot.waitUntil(lambda: bool(recording.errors))
    assert "session already" in str(recording.errors[0])


def test_an_unexpected_exception_is_handed_on_and_closes_the_session(
    qtbot: QtBot, sessions: list[Session], pictures: Path, tmp_path: Path
) -> None:
    class Broken(FakeDetector):
        def detect(self, frame: Frame, config: RunConfig) -> Result:
            raise ZeroDivisionError

    recording = make(sessions, open_sources([str(pictures)]), tmp_path / "run", Broken())
    with qtbot.waitSignal(recording.session.crashed, timeout=20_000) as said:
        recording.session.start()
    assert isinstance(said.args[0], ZeroDivisionError)
    qtbot.waitUntil(lambda: recording.session.phase is Phase.FAILED)
    with SessionReader.open(tmp_path / "run") as reader:
        assert reader.run.state == "failed"


def test_a_file_that_vanished_is_an_entry_with_its_error(
    qtbot: QtBot, sessions: list[Session], pictures: Path, tmp_path: Path
) -> None:
    gone = tmp_path / "gone.png"
    recording = make(sessions, SourceList((gone, pictures / "p0.png")), tmp_path / "run")
    recording.session.start()
    qtbot.waitUntil(lambda: recording.session.phase is Phase.DONE, timeout=20_000)
    first, second = sorted(recording.session.take_journal(), key=lambda entry: entry.origin)[::-1]
    if first.error is None:
        first, second = second, first
    assert first.origin == str(gone)
    assert first.error is not None
    assert second.error is None


def test_a_mailbox_keeps_the_newest_and_counts_the_rest() -> None:
    box: Mailbox[int] = Mailbox()
    assert box.take() is None
    for number in range(5):
        box.put(number)
    assert box.dropped == 4
    assert box.take() == 4
    assert box.take() is None
    box.put(7)
    assert (box.take(), box.dropped) == (7, 4)


def test_a_shelf_gives_back_what_fits_and_frees_what_does_not(tmp_path: Path) -> None:
    closed: list[str] = []
    opened: list[str] = []

    class Named(FakeDetector):
        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

        def close(self) -> None:
            closed.append(self.name)

    def opener(config: RunConfig) -> Detector:
        # The one before is freed first: two networks may not fit into memory.
        assert len(closed) == len(opened)
        opened.append(config.weights.name)
        return Named(config.weights.name)

    shelf = DetectorShelf(opener)
    files = [tmp_path / name for name in ("a.pt", "b.pt")]
    for path in files:
        path.write_bytes(b"1")
    first, second = (replace(RunConfig(), weights=path) for path in files)
    one = shelf.take(first)
    shelf.put(one, first)
    assert shelf.take(replace(first, confidence=0.9)) is one
    shelf.put(one, first)
    two = shelf.take(second)
    assert (opened, closed) == (["a.pt", "b.pt"], ["a.pt"])
    shelf.put(two, second)
    files[1].write_bytes(b"another")
    again = shelf.take(second)
    assert closed == ["a.pt", "b.pt"]
    shelf.put(again, second)
    shelf.clear()
    shelf.clear()
    assert closed == ["a.pt", "b.pt", "b.pt"]
