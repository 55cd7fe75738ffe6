"""Counts over time: a sentence before there are any, then a plot that seeks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PyQt6.QtCore import QPoint, Qt
from PyQt6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from desktop.panels.time_counts import TimeCounts
from desktop.state import AppState, Place, Values, View
from desktop.widgets.timeline import Timeline
from engine.store import SessionWriter
from engine.store import writer as writer_module
from engine.types import Result
from tests.helpers.sessions import RUN, found, write_session

VIDEO = "v.mp4"


def moment(index: int) -> Result:
    """Return a frame with as many cells as its number, ten frames a second."""
    result = found(VIDEO, [1] * index, index=index)
    return replace(result, frame=replace(result.frame, time_s=index / 10))


@pytest.fixture
def state() -> AppState:
    return AppState(Values(kind="video"))


@pytest.fixture
def panel(qtbot: QtBot, state: AppState) -> Iterator[TimeCounts]:
    panel = TimeCounts(state=state)
    qtbot.addWidget(panel)
    panel.resize(600, 140)
    panel.show()
    yield panel
    panel.close_threads()


@pytest.fixture
def session(tmp_path: Path) -> Path:
    return write_session(tmp_path / "run", [moment(index) for index in range(11)])


def plot(panel: TimeCounts) -> Timeline:
    found = panel.findChild(Timeline)
    assert found is not None
    return found


def shown(qtbot: QtBot, panel: TimeCounts, state: AppState, session: Path) -> Timeline:
    """Show a finished session and return its plot."""
    state.change(view=View(session, session), place=Place(VIDEO))
    qtbot.waitUntil(lambda: plot(panel).isVisible())
    return plot(panel)


def test_without_a_session_a_sentence_says_what_will_be_here(panel: TimeCounts) -> None:
    assert not plot(panel).isVisible()
    seen = [label.text() for label in panel.findChildren(QLabel) if label.isVisible()]
    assert "Counts over time appear here once a video is processed." in seen


def test_a_session_is_plotted_until_it_is_gone(
    qtbot: QtBot, panel: TimeCounts, state: AppState, session: Path
) -> None:
    timeline = shown(qtbot, panel, state, session)
    table = timeline.table()
    assert table[0] == ["Time (s)", "cells"]
    assert table[1:] == [[f"{index / 10:.3f}", str(index)] for index in range(11)]
    state.change(view=None)
    assert not timeline.isVisible()


def test_another_video_of_the_session_without_frames_is_not_plotted(
    qtbot: QtBot, panel: TimeCounts, state: AppState, session: Path
) -> None:
    timeline = shown(qtbot, panel, state, session)
    state.change(place=Place("other.mp4"))
    qtbot.waitUntil(lambda: not timeline.isVisible())


def test_a_click_asks_for_the_time_under_it(
    qtbot: QtBot, panel: TimeCounts, state: AppState, session: Path
) -> None:
    timeline = shown(qtbot, panel, state, session)
    axes = timeline._axes()
    asked: list[float] = []
    panel.seek_requested.connect(asked.append)
    at = QPoint(round(axes.x(0.5)), round(axes.area.center().y()))
    qtbot.mouseClick(timeline, Qt.MouseButton.LeftButton, pos=at)
    assert asked == [pytest.approx(0.5, abs=0.01)]


def test_the_cursor_stands_at_the_frame_on_screen(
    qtbot: QtBot, panel: TimeCounts, state: AppState, session: Path
) -> None:
    timeline = shown(qtbot, panel, state, session)
    panel.show_frame(Place(VIDEO, 7))
    assert timeline._position == pytest.approx(0.7)
    panel.show_frame(Place("other.mp4", 2))
    assert timeline._position == pytest.approx(0.7)
    panel.show_frame(Place(VIDEO, 99))
    assert timeline._position == pytest.approx(1.0)


def test_a_session_that_grows_is_read_again_until_it_ends(
    qtbot: QtBot, panel: TimeCounts, state: AppState, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(writer_module, "COMMIT_EVERY_S", 0.0)
    with SessionWriter.create(tmp_path / "run", RUN) as writer:
        writer.add(moment(0))
        state.change(view=View(writer.path, writer.path, growing=True), place=Place(VIDEO))
        qtbot.waitUntil(lambda: len(plot(panel).table()) == 2)
        writer.add(moment(1))
        qtbot.waitUntil(lambda: len(plot(panel).table()) == 3)
        assert panel._again.isActive()
    state.change(view=View(writer.path, writer.path))
    assert not panel._again.isActive()
