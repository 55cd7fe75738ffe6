"""A run from the button to its end: phases, outcomes, the picture on screen."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from desktop.messages import Messages
from desktop.settings import Settings
from desktop.state import AppState, Outcome
from desktop.verbs.runs import RunVerbs, with_entries
from engine.config import RunConfig
from engine.errors import PictureError, WeightsError
from engine.inference.detector import Detector
from engine.inference.fake import FakeDetector
from engine.inference.shelf import DetectorShelf
from engine.session import Entry, Phase
from engine.sources.listing import open_sources
from engine.store import SessionReader
from engine.types import Frame, Result


class Held(FakeDetector):
    """Waits in its second picture until it is let go."""

    def __init__(self) -> None:
        super().__init__(2)
        self.go = threading.Event()
        self.frames = 0

    def detect(self, frame: Frame, config: RunConfig) -> Result:
        self.frames += 1
        if self.frames == 2:
            assert self.go.wait(20)
        return super().detect(frame, config)


@pytest.fixture
def held() -> Held:
    return Held()


@pytest.fixture
def verbs(
    state: AppState, settings: Settings, messages: Messages, held: Held, pictures: Path
) -> Iterator[RunVerbs]:
    state.change(sources=open_sources([str(pictures)]).items)
    verbs = RunVerbs(
        state=state, settings=settings, messages=messages, shelf=DetectorShelf(lambda config: held)
    )
    yield verbs
    held.go.set()
    verbs.close()


def phase(state: AppState) -> Phase:
    """Return the phase; read afresh, as the checker of types thinks that it stays."""
    return state.phase


def growing(state: AppState) -> bool:
    """Tell whether the view grows, likewise."""
    return state.view is not None and state.view.growing


def test_a_run_shows_results_and_counts_as_they_come(
    qtbot: QtBot, state: AppState, verbs: RunVerbs, held: Held, pictures: Path
) -> None:
    shown: list[Result] = []
    verbs.result_came.connect(shown.append)
    verbs.detect((str(pictures),))
    assert phase(state) is Phase.LOADING
    qtbot.waitUntil(lambda: len(state.outcomes) == 1)
    assert state.view is not None
    assert growing(state)
    assert shown[0].frame.origin == str(pictures / "p0.jpg")
    held.go.set()
    with qtbot.waitSignal(verbs.run_ended):
        pass
    assert phase(state) is Phase.DONE
    assert not growing(state)
    assert [outcome.total for outcome in state.outcomes.values()] == [2] * 5
    assert shown[-1].frame.origin == str(pictures / "p4.jpg")
    assert state.session is not None
    assert state.session.parent.name.endswith(f"-{pictures.name}")
    with SessionReader.open(state.session) as reader:
        assert reader.frame_count() == 5


def test_a_second_press_does_nothing_while_the_first_run_goes_on(
    qtbot: QtBot, state: AppState, verbs: RunVerbs, held: Held
) -> None:
    verbs.detect()
    qtbot.waitUntil(lambda: len(state.outcomes) == 1)
    session = state.session
    verbs.detect()
    assert state.session == session
    held.go.set()
    with qtbot.waitSignal(verbs.run_ended):
        pass
    assert held.frames == 5


def test_pause_and_stop(qtbot: QtBot, state: AppState, verbs: RunVerbs, held: Held) -> None:
    verbs.detect()
    qtbot.waitUntil(lambda: len(state.outcomes) == 1)
    verbs.pause_or_resume()
    assert phase(state) is Phase.PAUSED
    verbs.pause_or_resume()
    assert phase(state) is Phase.RUNNING
    verbs.stop()
    assert phase(state) is Phase.STOPPING
    held.go.set()
    with qtbot.waitSignal(verbs.run_ended):
        pass
    assert phase(state) is Phase.DONE
    assert len(state.outcomes) <= 3
    assert state.session is not None
    with SessionReader.open(state.session) as reader:
        assert reader.run.state == "interrupted"


def test_a_run_that_fails_says_why_and_another_can_begin(
    qtbot: QtBot,
    state: AppState,
    settings: Settings,
    messages: Messages,
    pictures: Path,
    said: Callable[[], str],
) -> None:
    refused = [WeightsError("{path} is empty.", path="x.pt")]

    def opener(config: RunConfig) -> Detector:
        if refused:
            raise refused.pop()
        return FakeDetector(1)

    state.change(sources=open_sources([str(pictures)]).items)
    verbs = RunVerbs(
        state=state, settings=settings, messages=messages, shelf=DetectorShelf(opener)
    )
    for phase, sentence in ((Phase.FAILED, "x.pt is empty."), (Phase.DONE, "")):
        verbs.detect()
        with qtbot.waitSignal(verbs.run_ended) as end:
            pass
        assert end.args == [phase]
        assert said() == sentence
    verbs.close()


def test_a_run_that_is_over_before_the_window_looks_is_shown_whole(
    qtbot: QtBot, state: AppState, verbs: RunVerbs, held: Held
) -> None:
    held.go.set()
    verbs.detect()
    session = verbs._session
    assert session is not None
    assert session.wait(20_000)
    with qtbot.waitSignal(verbs.run_ended):
        pass
    assert state.session is not None
    assert not growing(state)
    assert len(state.outcomes) == 5


def test_closing_in_mid_run_ends_the_thread_and_keeps_the_session(
    qtbot: QtBot, state: AppState, verbs: RunVerbs, held: Held
) -> None:
    verbs.detect()
    qtbot.waitUntil(lambda: len(state.outcomes) == 1)
    held.go.set()
    verbs.close()
    assert state.session is not None
    with SessionReader.open(state.session) as reader:
        assert reader.run.state in ("interrupted", "done")


def test_outcomes_add_up_over_the_frames_of_a_file() -> None:
    error = PictureError("{path} is damaged.", path="a.tif")
    entries = [
        Entry("a.tif", {0: 2}),
        Entry("a.tif", {0: 1, 3: 4}),
        Entry("b.png", {}),
        Entry("a.tif", error=error),
    ]
    known = with_entries({"c.png": Outcome({1: 1})}, entries)
    assert known == {
        "c.png": Outcome({1: 1}),
        "a.tif": Outcome({0: 3, 3: 4}, "a.tif is damaged."),
        "b.png": Outcome({}),
    }
    assert known["a.tif"].total == 7
    assert replace(known["b.png"]).total == 0
