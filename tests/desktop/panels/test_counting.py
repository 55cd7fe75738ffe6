"""Tracking and counters in the panel: what it shows of the state and changes in it."""

from __future__ import annotations

import dataclasses

import pytest
from PyQt6.QtWidgets import QComboBox, QLineEdit, QToolButton
from pytestqt.qtbot import QtBot

from desktop.panels.counting import CounterRow, CountingPanel, totals_words, unused_name
from desktop.state import AppState, Place, Values
from engine.counting import Counter, CountLine, CountZone
from engine.types import Counted, CounterTotals, ModelInfo

LINE = CountLine("gate", (0.0, 0.0), (9.0, 9.0))
ZONE = CountZone("bench", ((0.0, 0.0), (9.0, 0.0), (9.0, 9.0)))


@pytest.fixture
def state() -> AppState:
    state = AppState(Values(kind="video"))
    state.change(counters=(LINE, ZONE), place=Place("v.mp4"))
    return state


@pytest.fixture
def panel(qtbot: QtBot, state: AppState) -> CountingPanel:
    panel = CountingPanel(state=state)
    qtbot.addWidget(panel)
    return panel


def tracker(panel: CountingPanel) -> QComboBox:
    box = panel.findChild(QComboBox)
    assert box is not None
    return box


def names(panel: CountingPanel) -> list[str]:
    return [row._name.text() for row in panel._rows]


def totals(panel: CountingPanel) -> list[str]:
    return [row._totals.text() for row in panel._rows]


def type_name(row: CounterRow, name: str) -> None:
    """Do what typing a name and Enter does."""
    row._name.setText(name)
    row._name.editingFinished.emit()


def test_the_choice_of_a_tracker_changes_the_config_and_follows_it(
    panel: CountingPanel, state: AppState
) -> None:
    box = tracker(panel)
    assert box.currentText() == "off"
    box.activated.emit(box.findData("botsort"))
    assert state.config.track == "botsort"
    state.change(config=dataclasses.replace(state.config, track="bytetrack"))
    assert box.currentText() == "ByteTrack"


def test_each_counter_has_a_row_with_what_it_has_counted(
    panel: CountingPanel, state: AppState
) -> None:
    assert names(panel) == ["gate", "bench"]
    assert totals(panel) == ["", ""]
    assert panel._hint.isHidden()
    state.change(counted=Counted(totals=(CounterTotals(3, 1), CounterTotals(5, 2, 4))))
    assert totals(panel) == ["in 3  out 1", "in 5  out 2  now 4"]
    state.change(counters=())
    assert names(panel) == []
    assert not panel._hint.isHidden()


def test_totals_of_a_zone_tell_what_is_inside_even_if_that_is_nothing() -> None:
    assert totals_words(CounterTotals(1, 2)) == "in 1  out 2"
    assert totals_words(CounterTotals(1, 1, 0)) == "in 1  out 1  now 0"


def test_a_counter_is_renamed(panel: CountingPanel, state: AppState) -> None:
    type_name(panel._rows[1], "  table ")
    assert state.counters == (LINE, dataclasses.replace(ZONE, name="table"))
    assert names(panel) == ["gate", "table"]


@pytest.mark.parametrize("name", ["", "   ", "gate", "bench"])
def test_a_name_that_is_empty_or_taken_gives_way_to_the_former_one(
    panel: CountingPanel, state: AppState, name: str
) -> None:
    type_name(panel._rows[1], name)
    assert state.counters == (LINE, ZONE)
    assert names(panel) == ["gate", "bench"]


def test_renaming_by_the_view_puts_the_cursor_into_the_name(
    qtbot: QtBot, panel: CountingPanel
) -> None:
    panel.show()
    qtbot.waitExposed(panel)
    panel.rename(1)
    field = panel._rows[1].findChild(QLineEdit)
    assert field is not None
    assert field.selectedText() == "bench"


def test_a_counter_is_removed_and_the_other_stays(panel: CountingPanel, state: AppState) -> None:
    button = panel._rows[0].findChild(QToolButton)
    assert button is not None
    button.click()
    assert state.counters == (ZONE,)
    assert names(panel) == ["bench"]


def test_drawing_is_asked_for(panel: CountingPanel) -> None:
    asked: list[str] = []
    panel.drawing_requested.connect(asked.append)
    panel._line.click()
    panel._zone.click()
    assert asked == ["line", "zone"]


def test_counters_are_locked_while_the_run_of_their_own_tab_goes_on(
    panel: CountingPanel, state: AppState
) -> None:
    def parts() -> set[bool]:
        rows = {row._remove.isEnabled() for row in panel._rows}
        free = {not row._name.isReadOnly() for row in panel._rows}
        own = [tracker(panel).isEnabled(), panel._line.isEnabled(), panel._zone.isEnabled()]
        return rows | free | set(own)

    assert parts() == {True}
    state.change(engaged="camera")
    assert parts() == {True}
    state.change(engaged="video")
    assert parts() == {False}
    # Rows that are made anew are locked too.
    state.change(counters=(ZONE, LINE))
    assert parts() == {False}
    state.change(engaged="")
    assert parts() == {True}


def test_nothing_is_drawn_without_a_picture_and_nothing_followed_by_a_model_that_sorts(
    panel: CountingPanel, state: AppState
) -> None:
    state.change(place=None)
    assert not panel._line.isEnabled()
    assert tracker(panel).isEnabled()
    state.change(model=ModelInfo("sorts", "classify", ("a",), 224, 32, "0" * 64))
    assert not tracker(panel).isEnabled()


@pytest.mark.parametrize(
    ("taken", "kind", "name"),
    [
        ((), "line", "Line 1"),
        ((), "zone", "Zone 1"),
        (("Line 1", "Line 3"), "line", "Line 2"),
        (("Line 1",), "zone", "Zone 1"),
    ],
)
def test_a_new_counter_gets_the_first_name_that_is_free(
    taken: tuple[str, ...], kind: str, name: str
) -> None:
    counters: tuple[Counter, ...] = tuple(CountLine(each, (0, 0), (1, 1)) for each in taken)
    assert unused_name(kind, counters) == name
