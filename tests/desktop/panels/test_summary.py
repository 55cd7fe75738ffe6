"""The summary says what was counted, in the session's own words."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

from desktop.panels.summary import MOST_BARS, SummaryPanel
from desktop.panels.summary_counts import FEW, CountsModel
from desktop.state import AppState
from engine.store.records import ObjectRecord
from tests.helpers.sessions import INFO
from tests.helpers.widgets import Doubled, Marked, cut_off, texts, translated_by, untranslated

RECORD = ObjectRecord(12, 3, 1, 2, 0.876, 10.0, 20.0, 110.5, 60.125, None, 4020.0, None)


@pytest.fixture
def state(qapp: QApplication) -> AppState:
    state = AppState()
    state.change(model=INFO)
    return state


@pytest.fixture
def panel(qtbot: QtBot, state: AppState) -> SummaryPanel:
    panel = SummaryPanel(state=state)
    qtbot.addWidget(panel)
    panel.resize(256, 560)
    panel.show()
    return panel


def rows(model: CountsModel) -> list[list[str]]:
    return [
        [str(model.index(row, column).data()) for column in range(3)]
        for row in range(model.rowCount())
    ]


def words(panel: SummaryPanel) -> list[str]:
    return [label.text() for label in panel._card.findChildren(QLabel) if label.isVisible()]


def test_nothing_is_counted_at_first(panel: SummaryPanel) -> None:
    assert panel._hint.isVisible()
    assert not panel._table.isVisible()
    assert not panel._chart.isVisible()
    assert "Choose an object in the picture or in the table." in words(panel)


def test_counts_of_picture_and_session(panel: SummaryPanel) -> None:
    panel.set_all_counts({0: 21, 2: 1})
    assert rows(panel._counts) == [
        ["serum", "–", "21"], ["cells", "–", "0"], ["gel", "–", "1"], ["objects", "–", "22"],
    ]
    panel.set_picture_counts({0: 3})
    assert rows(panel._counts)[0] == ["serum", "3", "21"]
    assert rows(panel._counts)[3] == ["objects", "3", "22"]
    assert panel._table.height() == 4 * 24
    icon = panel._counts.index(0, 0).data(Qt.ItemDataRole.DecorationRole)
    assert icon is not None
    panel.set_picture_counts(None)
    panel.set_all_counts({})
    assert panel._hint.isVisible()


def test_many_classes_show_those_that_were_found(panel: SummaryPanel, state: AppState) -> None:
    names = tuple(f"class {number}" for number in range(FEW + 1))
    state.change(model=replace(INFO, names=names))
    panel.set_all_counts({3: 1, 5: 2})
    panel.set_picture_counts({7: 1})
    assert [row[0] for row in rows(panel._counts)] == ["class 3", "class 5", "class 7", "objects"]


def test_the_sessions_own_names_come_first(panel: SummaryPanel) -> None:
    panel.set_model(replace(INFO, names=("one", "two"), task="classify"))
    panel.set_all_counts({1: 4})
    assert [row[0] for row in rows(panel._counts)] == ["one", "two", "pictures"]
    panel.set_object(replace(RECORD, class_id=1))
    assert "two" in words(panel)
    assert "Width" not in words(panel), "a whole picture has no size to tell"
    panel.set_model(None)
    assert [row[0] for row in rows(panel._counts)] == ["serum", "cells", "gel", "objects"]


def test_the_object(panel: SummaryPanel) -> None:
    panel.set_object(RECORD)
    said = [text for text in words(panel) if text]
    assert said[:4] == ["Object", "No. 12", "gel", "0.88"]
    assert dict(zip(said[4::2], said[5::2], strict=True)) == {
        "Width": "100.5 px",
        "Height": "40.1 px",
        "Area": "4020 px²",
        "Centre": "x 60, y 40 px",
    }
    panel.set_object(replace(RECORD, angle=0.5, track=7))
    assert {"28.6°", "7"} <= set(words(panel))
    panel.set_object(None)
    assert words(panel) == ["Object", "Choose an object in the picture or in the table."]


def test_the_chart_follows(qtbot: QtBot, panel: SummaryPanel) -> None:
    panel.set_all_counts({0: 21, 2: 1})
    assert panel._chart.table() == [["", "Objects"], ["serum", "21"], ["gel", "1"]]
    panel.set_confidences((1, 0, 4, 17))
    panel._kind.setCurrentIndex(1)
    assert panel._chart.table()[1:] == [
        ["0.00 – 0.25", "1"], ["0.25 – 0.50", "0"], ["0.50 – 0.75", "4"], ["0.75 – 1.00", "17"],
    ]
    qtbot.waitUntil(lambda: panel._chart.built, timeout=20_000)
    panel._kind.setCurrentIndex(0)
    panel.set_model(replace(INFO, names=tuple("abcdefghijklmnop")))
    panel.set_all_counts({number: number + 1 for number in range(16)})
    table = panel._chart.table()[1:]
    assert len(table) == MOST_BARS
    assert table[0] == ["e", "5"], "the classes with the most objects stay"


@pytest.mark.parametrize("wide", [236, 256])
def test_there_is_room_for_texts_of_double_length(
    qtbot: QtBot, state: AppState, wide: int
) -> None:
    with translated_by(Doubled()):
        panel = SummaryPanel(state=state)
        qtbot.addWidget(panel)
        panel.resize(wide, 600)
        panel.show()
        panel.set_all_counts({0: 123_456, 2: 7})
        panel.set_picture_counts({0: 30})
        panel.set_object(RECORD)
        qtbot.waitUntil(lambda: cut_off(panel) == [])


def test_every_text_is_translated(qtbot: QtBot, state: AppState, tmp_path: Path) -> None:
    with translated_by(Marked()):
        panel = SummaryPanel(state=state)
        qtbot.addWidget(panel)
        panel.set_all_counts({0: 3})
        panel.set_object(replace(RECORD, angle=0.1, track=3))
        left = [(said, untranslated(said, {*INFO.names, "px"})) for said in texts(panel)]
        assert [pair for pair in left if pair[1]] == []
