"""A finished run at the thresholds of the sliders, and sessions from disk."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from benchmarks import made
from desktop.messages import Messages
from desktop.state import AppState
from desktop.verbs.views import ViewVerbs, same_thresholds
from engine import pipeline
from engine.config import RunConfig
from engine.inference.fake import FakeDetector
from engine.recorder import Recorder, run_record
from engine.session import Phase
from engine.sources import open_sources
from engine.store import SessionReader, SessionWriter


@pytest.fixture
def session(tmp_path: Path, pictures: Path) -> Path:
    """Return the session of a run over five pictures with nine objects each."""
    detector, config = FakeDetector(9), RunConfig()
    record = run_record(detector.info, detector.device, config, [str(pictures)])
    writer = SessionWriter.create(tmp_path / "run", record)
    recorder = Recorder(writer, detector.info, media=False)
    summary = pipeline.run(open_sources([str(pictures)]), detector, lambda: config, recorder)
    recorder.close(summary.state)
    return writer.path


@pytest.fixture
def verbs(state: AppState, messages: Messages) -> Iterator[ViewVerbs]:
    verbs = ViewVerbs(state=state, messages=messages)
    yield verbs
    verbs.close()


def opened(qtbot: QtBot, state: AppState, verbs: ViewVerbs, session: Path) -> None:
    with qtbot.waitSignal(state.view_changed):
        verbs.open(session)


def counted(state: AppState) -> int:
    return sum(outcome.total or 0 for outcome in state.outcomes.values())


def stored(state: AppState) -> int:
    assert state.view is not None
    with SessionReader.open(state.view.path) as reader:
        return reader.object_count()


def test_a_session_fills_the_state(
    qtbot: QtBot, state: AppState, verbs: ViewVerbs, session: Path, pictures: Path
) -> None:
    opened(qtbot, state, verbs, session)
    assert [path.name for path in state.sources] == [f"p{n}.jpg" for n in range(5)]
    assert state.place is not None
    assert state.place.path == str(pictures / "p0.jpg")
    assert (state.session, counted(state)) == (session, 45)
    assert state.model is not None
    assert state.model.name == "fake"


def test_moving_a_slider_derives_and_moving_it_back_returns_to_the_run(
    qtbot: QtBot, state: AppState, verbs: ViewVerbs, session: Path
) -> None:
    opened(qtbot, state, verbs, session)
    with SessionReader.open(session) as reader:
        scores = [each.confidence for each in reader.objects()]
    for confidence in (0.5, 0.7, 0.25):
        with qtbot.waitSignal(state.view_changed):
            state.change(config=replace(state.config, confidence=confidence))
        expected = sum(score > confidence for score in scores)
        assert counted(state) == stored(state) == expected
        assert state.view is not None
        assert (state.view.path == session) == (confidence == 0.25)
        assert state.view.origin == session


def test_classes_are_filtered_by_name_and_foreign_ones_do_not_count(
    qtbot: QtBot, state: AppState, verbs: ViewVerbs, session: Path
) -> None:
    opened(qtbot, state, verbs, session)
    with SessionReader.open(session) as reader:
        classes = Counter(each.class_id for each in reader.objects())
    with qtbot.waitSignal(state.view_changed):
        state.change(config=replace(state.config, classes=("GEL", "unicorn")))
    assert counted(state) == classes[1]


def test_a_drag_ends_at_the_last_value(
    qtbot: QtBot, state: AppState, verbs: ViewVerbs, session: Path
) -> None:
    opened(qtbot, state, verbs, session)
    for step in range(30, 80):
        state.change(config=replace(state.config, confidence=step / 100))
        verbs.refresh()
    with SessionReader.open(session) as reader:
        expected = sum(each.confidence > 0.79 for each in reader.objects())
    qtbot.waitUntil(lambda: counted(state) == expected and verbs._lane.idle())
    assert stored(state) == expected


def test_what_was_derived_is_gone_at_the_end(
    qtbot: QtBot, state: AppState, messages: Messages, session: Path
) -> None:
    verbs = ViewVerbs(state=state, messages=messages)
    opened(qtbot, state, verbs, session)
    with qtbot.waitSignal(state.view_changed):
        state.change(config=replace(state.config, confidence=0.6))
    assert state.view is not None
    scratch = state.view.path
    assert scratch.exists()
    verbs.close()
    assert not scratch.exists()


def test_nothing_is_derived_while_a_run_goes_on(
    qtbot: QtBot, state: AppState, verbs: ViewVerbs, session: Path
) -> None:
    opened(qtbot, state, verbs, session)
    view = state.view
    state.change(phase=Phase.RUNNING, config=replace(state.config, confidence=0.6))
    verbs.refresh()
    qtbot.wait(300)
    assert state.view == view
    with qtbot.waitSignal(state.view_changed):
        state.change(phase=Phase.DONE)
    assert counted(state) < 45


def test_a_session_that_cannot_be_read_is_said(
    qtbot: QtBot, state: AppState, verbs: ViewVerbs, tmp_path: Path, said: Callable[[], str]
) -> None:
    (tmp_path / "session.labsight").write_text("no", encoding="utf-8")
    verbs.open(tmp_path)
    qtbot.waitUntil(lambda: "not a LabSight session" in said())
    assert state.session is None


def test_a_session_that_was_cut_short_is_ended_when_it_is_opened(
    qtbot: QtBot, state: AppState, verbs: ViewVerbs, tmp_path: Path
) -> None:
    writer = SessionWriter.create(tmp_path / "cut", made.run_record())
    writer.close(None)
    opened(qtbot, state, verbs, tmp_path / "cut")
    with SessionReader.open(tmp_path / "cut") as reader:
        assert reader.run.state == "interrupted"


def test_a_session_that_went_to_the_bin_leaves_the_screen(
    qtbot: QtBot, state: AppState, verbs: ViewVerbs, session: Path
) -> None:
    opened(qtbot, state, verbs, session)
    verbs.forget(session.parent.parent / "another")
    assert state.session == session
    verbs.forget(session.parent)
    left = state.session, state.view, len(state.outcomes)
    assert left == (None, None, 0)  # type: ignore[comparison-overlap]


def test_which_thresholds_are_the_same() -> None:
    plain = RunConfig()
    assert same_thresholds(plain, replace(plain, device="cpu", input_size=320))
    assert same_thresholds(
        replace(plain, classes=("a", "b")), replace(plain, classes=("b", "a"))
    )
    for change in ({"confidence": 0.3}, {"iou": 0.3}, {"max_detections": 5}, {"classes": ("a",)}):
        assert not same_thresholds(plain, replace(plain, **change))
