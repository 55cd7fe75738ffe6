"""Past sessions: listed, searched, opened, renamed, deleted to the bin."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PyQt6.QtCore import QFile, Qt
from PyQt6.QtWidgets import QLineEdit, QMessageBox, QPushButton
from pytestqt.qtbot import QtBot

from benchmarks import made
from desktop.panels.history import HistoryPanel
from desktop.panels.history_delegate import when
from desktop.panels.history_model import CARD, THUMBNAIL
from desktop.state import AppState
from engine.errors import EngineError
from engine.i18n import activate
from engine.media import write_picture
from engine.scenes.tubes import render_tubes
from engine.store import MEDIA_FOLDER, SessionReader, SessionWriter
from engine.store.records import Process
from tests.helpers.widgets import texts


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LABSIGHT_HOME", str(tmp_path / "sessions"))
    return tmp_path / "sessions"


def make(home: Path, name: str, *, day: str = "2026-03-01", running: bool = False) -> Path:
    """Write a session of two pictures with six objects and return its folder."""
    folder = home / day / name
    run = replace(made.run_record(), title="Ward 7")
    if running:
        run = replace(run, writer=Process.own())
    session = SessionWriter.create(folder, run)
    (folder / MEDIA_FOLDER).mkdir()
    write_picture(render_tubes(900_000, (96, 64)).image, folder / MEDIA_FOLDER / "a.jpg")
    rng = np.random.default_rng(0)
    for index in range(2):
        session.add(made.result(rng, 3, index=index), f"{MEDIA_FOLDER}/a.jpg")
    session.close(None if running else "done")
    return folder


@pytest.fixture
def state() -> AppState:
    return AppState()


@pytest.fixture
def panel(qtbot: QtBot, state: AppState) -> Iterator[HistoryPanel]:
    panel = HistoryPanel(state=state)
    qtbot.addWidget(panel)
    panel.resize(900, 500)
    panel.show()
    yield panel
    panel.close_threads()


def load(qtbot: QtBot, panel: HistoryPanel) -> list[str]:
    """Read the sessions and return their names in order."""
    with qtbot.waitSignal(panel.model.loaded):
        panel.refresh()
    return names(panel)


def names(panel: HistoryPanel) -> list[str]:
    model = panel.list.model()
    assert model is not None
    return [model.index(row, 0).data() for row in range(model.rowCount())]


def press(panel: HistoryPanel, name: str) -> None:
    next(each for each in panel.findChildren(QPushButton) if each.accessibleName() == name).click()


def test_the_newest_comes_first_with_what_was_found(
    qtbot: QtBot, panel: HistoryPanel, home: Path
) -> None:
    make(home, "101500-old", day="2026-02-28")
    make(home, "090000-morning")
    make(home, "140312-tubes")
    (home / "2026-03-01" / "not a session").mkdir()
    assert load(qtbot, panel) == ["tubes", "morning", "old"]
    card = panel.list.currentIndex().data(CARD)
    assert (card.pictures, card.objects, card.title) == (2, 6, "Ward 7")
    qtbot.waitUntil(lambda: panel.model.index(2).data(THUMBNAIL) is not None)
    assert "Sessions: 3" in {said.text for said in texts(panel)}
    panel.grab()


def test_an_empty_history_says_so_and_leads_on(qtbot: QtBot, panel: HistoryPanel) -> None:
    assert load(qtbot, panel) == []
    assert not panel.list.isVisible()
    with qtbot.waitSignal(panel.start_requested):
        next(each for each in panel.findChildren(QPushButton) if "Detect" in each.text()).click()


def test_search_looks_at_names_titles_and_classes(
    qtbot: QtBot, panel: HistoryPanel, home: Path
) -> None:
    make(home, "090000-morning")
    make(home, "140312-tubes")
    load(qtbot, panel)
    search = panel.findChild(QLineEdit)
    assert search is not None
    for text, found in (("MORN", ["morning"]), ("ward", ["tubes", "morning"]), ("zzz", [])):
        search.setText(text)
        assert names(panel) == found
        assert panel.list.isVisible() == bool(found)
        assert f"Sessions: {len(found)}" in {said.text for said in texts(panel)}


def test_enter_opens(qtbot: QtBot, panel: HistoryPanel, home: Path) -> None:
    folder = make(home, "140312-tubes")
    load(qtbot, panel)
    with qtbot.waitSignal(panel.open_requested) as asked:
        qtbot.keyClick(panel.list, Qt.Key.Key_Return)
    assert asked.args == [folder / "session.labsight"]


def test_rename_moves_the_folder(qtbot: QtBot, panel: HistoryPanel, home: Path) -> None:
    folder = make(home, "140312-tubes")
    load(qtbot, panel)
    press(panel, "Rename")
    field = panel.list.findChild(QLineEdit)
    assert field is not None
    field.setText("blood 血")
    with qtbot.waitSignals([panel.session_moved, panel.model.loaded]):
        qtbot.keyClick(field, Qt.Key.Key_Return)
    assert not folder.exists()
    assert names(panel) == ["blood 血"]
    with SessionReader.open(folder.with_name("140312-blood 血")) as reader:
        assert reader.object_count() == 6


def test_a_name_that_is_taken_is_refused(qtbot: QtBot, panel: HistoryPanel, home: Path) -> None:
    make(home, "140312-one")
    make(home, "140312-two")
    load(qtbot, panel)
    errors: list[EngineError] = []
    panel.failed.connect(errors.append)
    panel.model.setData(panel.model.index(0), "one")
    qtbot.waitUntil(lambda: bool(errors))
    assert "already" in str(errors[0])
    assert names(panel) == ["two", "one"]


def test_what_is_chosen_stays_chosen(qtbot: QtBot, panel: HistoryPanel, home: Path) -> None:
    for name in ("090000-morning", "120000-noon", "180000-evening"):
        make(home, name)
    load(qtbot, panel)
    model = panel.list.model()
    assert model is not None
    panel.list.setCurrentIndex(model.index(1, 0))
    make(home, "200000-night")
    load(qtbot, panel)
    assert panel.list.currentIndex().data() == "noon"
    with qtbot.waitSignals([panel.session_moved, panel.model.loaded]):
        panel.model.setData(panel.model.index(2), "a name")
    assert panel.list.currentIndex().data() == "a name"


@pytest.mark.parametrize("binned", [True, False])
def test_delete_asks_and_moves_to_the_bin(
    qtbot: QtBot,
    panel: HistoryPanel,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    binned: bool,
) -> None:
    folder = make(home, "140312-tubes")
    load(qtbot, panel)
    moved: list[str] = []

    def to_bin(path: str) -> tuple[bool, str]:
        moved.append(path)
        return binned, ""

    monkeypatch.setattr(QFile, "moveToTrash", to_bin)
    gone: list[tuple[Path, Path | None]] = []
    errors: list[EngineError] = []
    panel.session_moved.connect(lambda old, new: gone.append((old, new)))
    panel.failed.connect(errors.append)
    for words in ("Keep", "Move to the bin"):
        press(panel, "Delete")
        question = panel.findChild(QMessageBox)
        assert question is not None
        assert moved == []
        next(each for each in question.buttons() if each.text() == words).click()
        qtbot.waitUntil(lambda: panel.findChild(QMessageBox) is None)
    qtbot.waitUntil(lambda: bool(moved))
    assert moved == [str(folder)]
    assert gone == [(folder, None)]
    if binned:
        qtbot.waitUntil(lambda: names(panel) == [])
    else:
        qtbot.waitUntil(lambda: bool(errors))
        assert "could not be moved to the bin" in str(errors[0])
        assert names(panel) == ["tubes"]


def test_a_session_that_is_written_stays_as_it_is(
    qtbot: QtBot, panel: HistoryPanel, home: Path
) -> None:
    make(home, "140312-tubes", running=True)
    load(qtbot, panel)
    enabled = {
        each.accessibleName(): each.isEnabled() for each in panel.findChildren(QPushButton)
    }
    assert enabled["Open"]
    assert not enabled["Rename"]
    assert not enabled["Delete"]


def test_times_have_the_form_of_the_language() -> None:
    assert "2026" in when("2026-03-01T14:03:12+00:00") or "26" in when("2026-03-01T14:03:12+00:00")
    activate("zh_CN")
    assert when("2026-03-01T14:03:12+00:00").startswith("2026/3/1")
    assert when("no time") == "no time"
