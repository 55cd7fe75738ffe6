"""Lines and zones drawn over the picture reach the state, and the state the picture."""

from __future__ import annotations

import dataclasses

import pytest
from PyQt6.QtCore import QObject
from pytestqt.qtbot import QtBot

from desktop.panels.counter_drawing import CounterDrawing
from desktop.panels.counting import CountingPanel
from desktop.state import AppState, Values
from desktop.widgets.counter_shape import CounterShape
from desktop.widgets.image_view import ImageView
from engine.counting import CountLine, CountZone
from engine.session import Phase
from engine.types import Counted, CounterTotals

LINE = CountLine("gate", (0.0, 0.0), (9.0, 9.0))
ZONE = CountZone("bench", ((0.0, 0.0), (9.0, 0.0), (9.0, 9.0)))
TOTALS = Counted(totals=(CounterTotals(3, 1), CounterTotals(5, 2, 4)))


@pytest.fixture
def state() -> AppState:
    return AppState(Values(kind="video"))


@pytest.fixture
def view(qtbot: QtBot, state: AppState) -> ImageView:
    view = ImageView()
    qtbot.addWidget(view)
    panel = CountingPanel(state=state, parent=view)
    CounterDrawing(state=state, view=view, panel=panel, parent=view)
    return view


def shapes(view: ImageView) -> list[CounterShape]:
    """Return what is drawn."""
    return view._counters._shapes


def test_what_is_drawn_is_added_and_switches_tracking_on(
    view: ImageView, state: AppState
) -> None:
    view.counter_drawn.emit("line", ((1, 2), (3, 4)))
    view.counter_drawn.emit("zone", ((0, 0), (4, 0), (4, 4)))
    assert state.counters == (
        CountLine("Line 1", (1.0, 2.0), (3.0, 4.0)),
        CountZone("Zone 1", ((0.0, 0.0), (4.0, 0.0), (4.0, 4.0))),
    )
    assert state.config.track == "bytetrack"
    assert [(each.kind, each.name) for each in shapes(view)] == [
        ("line", "Line 1"), ("zone", "Zone 1")
    ]  # fmt: skip


def test_a_tracker_that_was_chosen_stays(view: ImageView, state: AppState) -> None:
    state.change(config=dataclasses.replace(state.config, track="botsort"))
    view.counter_drawn.emit("line", ((1, 2), (3, 4)))
    assert state.config.track == "botsort"


def test_the_view_shows_counters_with_their_totals(view: ImageView, state: AppState) -> None:
    state.change(counters=(LINE, ZONE))
    assert [each.totals for each in shapes(view)] == ["", ""]
    state.change(counted=TOTALS)
    assert shapes(view) == [
        CounterShape("line", "gate", ((0.0, 0.0), (9.0, 9.0)), "in 3  out 1"),
        CounterShape("zone", "bench", ZONE.points, "in 5  out 2  now 4"),
    ]


def test_what_is_moved_counts_anew_under_its_name(view: ImageView, state: AppState) -> None:
    state.change(counters=(LINE, ZONE), counted=TOTALS)
    view.counter_changed.emit(0, ((5, 5), (6, 7)))
    assert state.counters == (CountLine("gate", (5.0, 5.0), (6.0, 7.0)), ZONE)
    assert state.counted is None
    assert [each.totals for each in shapes(view)] == ["", ""]


def test_what_is_removed_is_gone_with_all_totals(view: ImageView, state: AppState) -> None:
    state.change(counters=(LINE, ZONE), counted=TOTALS)
    view.counter_removed.emit(0)
    assert state.counters == (ZONE,)
    assert state.counted is None
    assert [each.name for each in shapes(view)] == ["bench"]


@pytest.mark.parametrize("phase", [Phase.LOADING, Phase.RUNNING, Phase.PAUSED])
def test_what_a_run_counts_with_stays_where_it_is(
    view: ImageView, state: AppState, phase: Phase
) -> None:
    state.change(counters=(LINE, ZONE), counted=TOTALS, phase=phase, engaged="video")
    # The tool moves its own shape before it says so.
    view._counters._show(0, ((5.0, 5.0), (6.0, 7.0)))
    view.counter_changed.emit(0, ((5.0, 5.0), (6.0, 7.0)))
    view.counter_removed.emit(1)
    assert (state.counters, state.counted) == ((LINE, ZONE), TOTALS)
    assert [each.points for each in shapes(view)] == [LINE.points, ZONE.points]


def test_renaming_in_the_view_is_done_in_the_panel(view: ImageView, state: AppState) -> None:
    state.change(counters=(LINE, ZONE))
    panel = view.findChild(CountingPanel)
    assert isinstance(panel, QObject)
    view.counter_rename_requested.emit(1)
    assert panel._rows[1]._name.selectedText() == "bench"
