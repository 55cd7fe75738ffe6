"""The list of trainings: read, searched, sorted, compared, renamed, reported, deleted."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from openpyxl import load_workbook
from PyQt6.QtCore import QFile, Qt
from PyQt6.QtWidgets import QFileDialog, QLineEdit, QMessageBox, QPushButton
from pytestqt.qtbot import QtBot

from desktop.panels.training.runs_columns import PLACES, RUN_COLUMNS
from desktop.panels.training.runs_list import RunsPanel
from engine.errors import EngineError
from engine.i18n import activate
from engine.training.folder import RunFolder, Summary
from engine.training.record import Stage
from tests.helpers.training_runs import write_run
from tests.helpers.widgets import Doubled, cut_off, texts, translated_by


@pytest.fixture
def base(tmp_path: Path) -> Path:
    return tmp_path / "training"


@pytest.fixture
def panel(qtbot: QtBot, base: Path) -> Iterator[RunsPanel]:
    panel = RunsPanel(base=base)
    qtbot.addWidget(panel)
    panel.resize(1016, 660)
    yield panel
    panel.close_threads()


def make(
    base: Path, name: str, epochs: int = 3, at: str = "", stage: Stage = Stage.FINISHED
) -> RunFolder:
    """Write a run that began at a time such as 2026-03-01/101500."""
    folder = write_run(base, epochs, stage=stage, name=name)
    if not at:
        return folder
    day, _line, clock = at.partition("/")
    (base / day).mkdir(exist_ok=True)
    return RunFolder(folder.path.rename(base / day / f"{clock}-{name}"))


def want(folder: RunFolder, epochs: int) -> None:
    """Let a run have wanted more epochs than it got."""
    folder.write_summary(dataclasses.replace(folder.summary(), epochs=epochs))


def load(qtbot: QtBot, panel: RunsPanel) -> list[str]:
    """Show the panel, wait until the runs have been read and return their names in order."""
    with qtbot.waitSignal(panel.model.loaded):
        panel.show()
        panel.refresh()
    return names(panel)


def names(panel: RunsPanel) -> list[str]:
    return column(panel, "name")


def column(panel: RunsPanel, name: str) -> list[str]:
    model = panel.model
    return [str(model.index(row, PLACES[name]).data()) for row in range(model.rowCount())]


def can(panel: RunsPanel) -> set[str]:
    """Return the names of what can be done with the selection."""
    return {name for name, act in panel.actions_by_name.items() if act.isEnabled()}


def said(panel: RunsPanel) -> set[str]:
    return {each.text for each in texts(panel)}


def test_the_newest_comes_first_with_how_it_went(
    qtbot: QtBot, panel: RunsPanel, base: Path
) -> None:
    make(base, "old", at="2026-02-28/101500")
    make(base, "morning", at="2026-03-01/090000", stage=Stage.FAILED)
    want(make(base, "noon", at="2026-03-01/120000", stage=Stage.STOPPED), 120)
    (base / "2026-03-01" / "no run").mkdir()
    assert load(qtbot, panel) == ["noon", "morning", "old"]
    assert column(panel, "state") == ["stopped early", "failed", "finished"]
    assert column(panel, "epochs") == ["3 of 120", "3 of 3", "3 of 3"]
    assert column(panel, "recipe") == ["yolo11n-seg:iou=wiou3"] * 3
    assert column(panel, "duration") == ["0:01:19"] * 3
    figure = RunFolder(base / "2026-02-28" / "101500-old").summary().metrics["map50_95"]
    assert float(column(panel, "map50_95")[0]) == pytest.approx(figure, abs=0.0006)
    assert "Runs: 3 · select several to compare their curves" in said(panel)
    panel.grab()


def test_only_metrics_that_any_run_has_are_shown(
    qtbot: QtBot, panel: RunsPanel, base: Path
) -> None:
    make(base, "tubes")
    load(qtbot, panel)
    shown = {
        column.name
        for section, column in enumerate(RUN_COLUMNS)
        if column.metric and not panel.table.isColumnHidden(section)
    }
    assert shown == {"map50", "map50_95", "mask_map50", "mask_map50_95"}


def test_an_empty_list_says_so_and_leads_on(qtbot: QtBot, panel: RunsPanel) -> None:
    assert load(qtbot, panel) == []
    assert not panel.table.isVisible()
    assert "No trainings yet" in said(panel)
    with qtbot.waitSignal(panel.start_requested):
        next(b for b in panel.findChildren(QPushButton) if b.text() == "Set up a training").click()


def test_search_looks_at_names_states_and_notes(qtbot: QtBot, panel: RunsPanel, base: Path) -> None:
    make(base, "leaves", at="2026-03-01/090000", stage=Stage.FAILED)
    folder = make(base, "tubes", at="2026-03-01/120000")
    folder.write_about(dataclasses.replace(folder.about(), notes="Low light"))
    load(qtbot, panel)
    search = panel.findChild(QLineEdit)
    assert search is not None
    for text, found in (
        ("LEAV", ["leaves"]),
        ("failed", ["leaves"]),
        ("low L", ["tubes"]),
        ("2026-03", ["tubes", "leaves"]),
        ("zzz", []),
    ):
        search.setText(text)
        assert names(panel) == found
        assert panel.table.isVisible() == bool(found)
    assert "No run matches the filter." in said(panel)


def test_every_column_sorts_and_the_selection_goes_along(
    qtbot: QtBot, panel: RunsPanel, base: Path
) -> None:
    make(base, "b", 9, at="2026-03-01/090000")
    chosen = make(base, "c", 2, at="2026-03-01/100000")
    make(base, "a", 11, at="2026-03-01/110000")
    assert load(qtbot, panel) == ["a", "c", "b"]
    assert panel.select(chosen.path)
    for name, wanted in (("name", ["a", "b", "c"]), ("epochs", ["c", "b", "a"])):
        panel.table.sortByColumn(PLACES[name], Qt.SortOrder.AscendingOrder)
        assert names(panel) == wanted
        assert [run.name for run in panel.table.selected()] == ["c"]
    for place in range(len(RUN_COLUMNS)):
        panel.table.sortByColumn(place, Qt.SortOrder.DescendingOrder)
        assert sorted(names(panel)) == ["a", "b", "c"]


def test_what_changes_on_disk_changes_in_its_row(
    qtbot: QtBot, panel: RunsPanel, base: Path
) -> None:
    folder = make(base, "tubes", at="2026-03-01/090000")
    load(qtbot, panel)
    panel.select(folder.path)
    os.utime(folder.path / "summary.json", ns=(1, 1))
    want(folder, 500)
    make(base, "newer", at="2026-03-02/090000")
    assert load(qtbot, panel) == ["newer", "tubes"]
    assert column(panel, "epochs") == ["3 of 3", "3 of 500"]
    assert [run.name for run in panel.table.selected()] == ["tubes"]


def test_runs_that_have_not_changed_are_not_read_again(
    qtbot: QtBot, panel: RunsPanel, base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        make(base, f"r{number}")
    read: list[Path] = []
    summary = RunFolder.summary

    def counted(folder: RunFolder) -> Summary:
        read.append(folder.path)
        return summary(folder)

    monkeypatch.setattr(RunFolder, "summary", counted)
    load(qtbot, panel)
    assert len(read) == 3
    load(qtbot, panel)
    assert len(read) == 3


def test_a_filter_that_parts_many_rows_keeps_the_selection(
    qtbot: QtBot, panel: RunsPanel, base: Path
) -> None:
    for number in range(90):
        folder = base / "2026-03-01" / f"00{number // 60:02}{number % 60:02}-r{number % 2}"
        folder.mkdir(parents=True)
        (folder / "config.json").write_text("{}", encoding="utf-8")
    (base / "2026-03-01" / "999999-no time").mkdir()
    (base / "2026-03-01" / "999999-no time" / "config.json").write_text("{}", encoding="utf-8")
    # A name that is no time of day is shown too.
    assert len(load(qtbot, panel)) == 91
    chosen = base / "2026-03-01" / "000041-r1"
    assert panel.select(chosen)
    panel.model.set_text("r1")
    assert names(panel) == ["r1"] * 45
    assert [run.path for run in panel.table.selected()] == [chosen]
    panel.model.set_text("")
    assert len(names(panel)) == 91
    assert [run.path for run in panel.table.selected()] == [chosen]


def test_what_can_be_done_follows_the_run(qtbot: QtBot, panel: RunsPanel, base: Path) -> None:
    finished = make(base, "finished", at="2026-03-01/090000")
    cut = make(base, "cut", at="2026-03-01/100000", stage=Stage.INTERRUPTED)
    want(cut, 120)
    bare = make(base, "bare", at="2026-03-01/110000", stage=Stage.FAILED)
    for path in (bare.best, bare.state, bare.path / "config.json"):
        path.unlink()
    (bare.path / "config.json").write_text("{}", encoding="utf-8")
    load(qtbot, panel)
    always = {"show", "report", "rename", "notes", "reveal", "delete", "refresh"}
    panel.select(finished.path)
    assert can(panel) == always | {"use", "extend", "again"}
    panel.select(cut.path)
    assert can(panel) == always | {"use", "extend", "again", "resume"}
    panel.select(bare.path)
    assert can(panel) == always
    panel.table.select((cut.path, finished.path))
    assert can(panel) == {"delete", "refresh"}
    panel.table.clearSelection()
    assert can(panel) == {"refresh"}


def test_what_is_asked_for_is_passed_on(qtbot: QtBot, panel: RunsPanel, base: Path) -> None:
    folder = make(base, "cut", stage=Stage.INTERRUPTED)
    want(folder, 120)
    load(qtbot, panel)
    asked: list[tuple[str, object]] = []
    for name in ("watch", "use", "resume", "extend", "settings"):
        signal = getattr(panel, f"{name}_requested")
        signal.connect(lambda value, name=name: asked.append((name, value)))
    for name in ("show", "use", "resume", "extend", "again"):
        panel.actions_by_name[name].trigger()
    assert [name for name, _value in asked] == ["watch", "use", "resume", "extend", "settings"]
    for _name, value in (asked[0], asked[2], asked[3]):
        assert isinstance(value, RunFolder)
        assert value.path == folder.path
    assert asked[1][1] == folder.best
    assert asked[4][1] == folder.config()


def test_enter_and_a_double_click_show(qtbot: QtBot, panel: RunsPanel, base: Path) -> None:
    make(base, "tubes")
    load(qtbot, panel)
    with qtbot.waitSignal(panel.watch_requested):
        qtbot.keyClick(panel.table, Qt.Key.Key_Return)
    viewport = panel.table.viewport()
    assert viewport is not None
    place = panel.table.visualRect(panel.model.index(0, PLACES["recipe"])).center()
    with qtbot.waitSignal(panel.watch_requested):
        qtbot.mouseClick(viewport, Qt.MouseButton.LeftButton, pos=place)
        qtbot.mouseDClick(viewport, Qt.MouseButton.LeftButton, pos=place)


@pytest.mark.parametrize(("act", "typed"), [("rename", "blood 血"), ("notes", "third seed")])
def test_names_and_notes_are_typed_in_place(
    qtbot: QtBot, panel: RunsPanel, base: Path, act: str, typed: str
) -> None:
    folder = make(base, "tubes")
    load(qtbot, panel)
    panel.actions_by_name[act].trigger()
    field = panel.table.findChild(QLineEdit)
    assert field is not None
    assert field.height() == 28
    field.setText(typed)
    with qtbot.waitSignal(panel.model.loaded):
        qtbot.keyClick(field, Qt.Key.Key_Return)
    assert column(panel, "name" if act == "rename" else "notes") == [typed]
    about = folder.about()
    assert typed in (about.name, about.notes)
    assert folder.path.exists()


def test_an_empty_name_is_refused(qtbot: QtBot, panel: RunsPanel, base: Path) -> None:
    make(base, "tubes")
    load(qtbot, panel)
    errors: list[EngineError] = []
    panel.failed.connect(errors.append)
    panel.model.setData(panel.model.index(0, PLACES["name"]), "  ")
    qtbot.waitUntil(lambda: bool(errors))
    assert "needs a name" in str(errors[0])
    assert names(panel) == ["tubes"]


def test_several_runs_have_their_curves_drawn(qtbot: QtBot, panel: RunsPanel, base: Path) -> None:
    folders = [make(base, name) for name in ("one", "two", "three")]
    load(qtbot, panel)
    assert not panel.curves.isVisible()
    with qtbot.waitSignal(panel.curves.shown) as drawn:
        panel.table.select((folders[0].path, folders[2].path))
    assert panel.curves.isVisible()
    told = drawn.args[0]
    assert {name for name, _record in told} == {"one", "three"}
    assert [len(record.epochs) for _name, record in told] == [3, 3]
    panel.select(folders[1].path)
    assert not panel.curves.isVisible()


def test_curves_that_cannot_be_read_are_told(qtbot: QtBot, panel: RunsPanel, base: Path) -> None:
    folders = [make(base, name) for name in ("one", "two")]
    folders[0].events.unlink()
    load(qtbot, panel)
    with qtbot.waitSignals([panel.failed, panel.curves.shown]):
        panel.table.select((folders[0].path, folders[1].path))


def test_a_report_is_written_where_it_was_asked_for(
    qtbot: QtBot, panel: RunsPanel, base: Path, tmp_path: Path
) -> None:
    make(base, "tubes")
    load(qtbot, panel)
    panel.actions_by_name["report"].trigger()
    dialog = panel.findChild(QFileDialog)
    assert dialog is not None
    assert dialog.selectedFiles()[0].endswith("tubes.xlsx")
    target = tmp_path / "report.xlsx"
    with qtbot.waitSignal(panel.report_written) as written:
        dialog.fileSelected.emit(str(target))
    dialog.reject()
    assert written.args == [target]
    assert load_workbook(target).sheetnames[0] == "Run"
    assert f"Written: {target}" in said(panel)


@pytest.mark.parametrize("binned", [True, False])
def test_delete_asks_and_moves_to_the_bin(
    qtbot: QtBot, panel: RunsPanel, base: Path, monkeypatch: pytest.MonkeyPatch, binned: bool
) -> None:
    folders = [make(base, name) for name in ("one", "two", "three")]
    load(qtbot, panel)
    moved: list[str] = []

    def to_bin(path: str) -> tuple[bool, str]:
        moved.append(path)
        return binned, ""

    monkeypatch.setattr(QFile, "moveToTrash", to_bin)
    errors: list[EngineError] = []
    panel.failed.connect(errors.append)
    panel.table.select((folders[0].path, folders[1].path))
    for words in ("Keep", "Move to the bin"):
        panel.actions_by_name["delete"].trigger()
        question = panel.findChild(QMessageBox)
        assert question is not None
        assert "2 trainings" in question.text()
        assert moved == []
        next(each for each in question.buttons() if each.text() == words).click()
        qtbot.waitUntil(lambda: panel.findChild(QMessageBox) is None)
    if binned:
        qtbot.waitUntil(lambda: names(panel) == ["three"])
        assert sorted(moved) == sorted(str(each.path) for each in folders[:2])
    else:
        qtbot.waitUntil(lambda: bool(errors))
        assert "could not be moved to the bin" in str(errors[0])
        assert len(names(panel)) == 3


def test_a_run_that_is_under_way_is_not_deleted(qtbot: QtBot, panel: RunsPanel, base: Path) -> None:
    folder = make(base, "tubes", stage=Stage.TRAINING)
    folder.beat()
    load(qtbot, panel)
    assert column(panel, "state") == ["in training"]
    errors: list[EngineError] = []
    panel.failed.connect(errors.append)
    panel.actions_by_name["delete"].trigger()
    assert panel.findChild(QMessageBox) is None
    assert str(errors[0]) == "The training tubes is under way. Stop it first."


def test_a_run_that_has_gone_on_meanwhile_is_not_deleted(
    qtbot: QtBot, panel: RunsPanel, base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make(base, "tubes", stage=Stage.INTERRUPTED)
    load(qtbot, panel)
    moved: list[str] = []
    monkeypatch.setattr(QFile, "moveToTrash", moved.append)
    errors: list[EngineError] = []
    panel.failed.connect(errors.append)
    panel.actions_by_name["delete"].trigger()
    folder.beat()
    question = panel.findChild(QMessageBox)
    assert question is not None
    next(each for each in question.buttons() if each.text() == "Move to the bin").click()
    qtbot.waitUntil(lambda: bool(errors))
    assert moved == []
    assert names(panel) == ["tubes"]


def test_it_is_read_again_only_while_it_is_seen(qtbot: QtBot, panel: RunsPanel, base: Path) -> None:
    panel._timer.setInterval(10)
    load(qtbot, panel)
    make(base, "tubes")
    qtbot.waitUntil(lambda: names(panel) == ["tubes"])
    panel.hide()
    assert not panel._timer.isActive()


def test_a_name_that_is_being_typed_is_left_alone(
    qtbot: QtBot, panel: RunsPanel, base: Path
) -> None:
    make(base, "tubes")
    load(qtbot, panel)
    panel.actions_by_name["rename"].trigger()
    read: list[bool] = []
    panel.model.loaded.connect(lambda: read.append(True))
    panel._on_tick()
    qtbot.wait(50)
    assert read == []


def test_states_are_said_in_the_language(qtbot: QtBot, panel: RunsPanel, base: Path) -> None:
    make(base, "tubes", stage=Stage.INTERRUPTED)
    activate("zh_CN")
    load(qtbot, panel)
    assert column(panel, "state") == ["已中断"]


def test_texts_of_twice_the_length_have_room(qtbot: QtBot, base: Path) -> None:
    make(base, "tubes")
    with translated_by(Doubled()):
        panel = RunsPanel(base=base)
        qtbot.addWidget(panel)
        panel.resize(1016, 660)
        load(qtbot, panel)
        # What has just come takes a moment to be arranged.
        qtbot.waitUntil(lambda: not cut_off(panel))
        panel.close_threads()
