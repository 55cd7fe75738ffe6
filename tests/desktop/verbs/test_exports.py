"""Exports of what the tables show: all of it, a selection, and what can go wrong."""

from __future__ import annotations

import csv
import json
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PyQt6.QtCore import QUrl
from PyQt6.QtGui import QDesktopServices
from PyQt6.QtWidgets import QFileDialog, QWidget
from pytestqt.qtbot import QtBot

from benchmarks import made
from desktop.messages import Messages
from desktop.settings import Settings
from desktop.state import AppState, View
from desktop.verbs import exports
from desktop.verbs.exports import FORMATS, ExportVerbs
from engine.store import SessionWriter
from engine.types import Progress


@pytest.fixture
def window(qtbot: QtBot) -> QWidget:
    widget = QWidget()
    qtbot.addWidget(widget)
    return widget


@pytest.fixture
def verbs(
    state: AppState, settings: Settings, messages: Messages, window: QWidget, tmp_path: Path
) -> ExportVerbs:
    rng = np.random.default_rng(0)
    with SessionWriter.create(tmp_path / "run", made.run_record()) as session:
        for index in range(4):
            session.add(made.result(rng, 5, origin=f"/pictures/p{index}.jpg"))
    state.change(session=session.path, view=View(session.path, session.path))
    return ExportVerbs(
        state=state, settings=settings, messages=messages, window=lambda: window
    )


def rows(path: Path) -> list[list[str]]:
    return list(csv.reader(path.read_text(encoding="utf-8-sig").splitlines()))


@pytest.mark.parametrize("kind", list(FORMATS))
def test_every_kind_is_written_and_told_of(
    qtbot: QtBot, verbs: ExportVerbs, messages: Messages, tmp_path: Path, kind: str
) -> None:
    target = tmp_path / f"out{FORMATS[kind].suffix}"
    with qtbot.waitSignal(messages.came):
        verbs.write(kind, target)
    assert target.exists()
    assert messages.last is not None
    assert str(target) in messages.last.text
    qtbot.waitUntil(lambda: verbs._job is None)


def test_a_selection_is_only_that(
    qtbot: QtBot, verbs: ExportVerbs, messages: Messages, tmp_path: Path
) -> None:
    target = tmp_path / "out.csv"
    for objects, count in ((None, 20), ((2, 3, 11), 3)):
        with qtbot.waitSignal(messages.came):
            verbs.write("csv", target, objects)
        assert len(rows(target)) == count + 1
        qtbot.waitUntil(lambda: verbs._job is None)
    coco = tmp_path / "out.json"
    with qtbot.waitSignal(messages.came):
        verbs.write("coco", coco, (2, 11))
    found = json.loads(coco.read_text(encoding="utf-8"))
    assert len(found["annotations"]) == 2
    assert len(found["images"]) == 2
    qtbot.waitUntil(lambda: verbs._job is None)


def test_what_cannot_be_written_is_said_and_another_can_begin(
    qtbot: QtBot, verbs: ExportVerbs, messages: Messages, tmp_path: Path, said: Callable[[], str]
) -> None:
    (tmp_path / "folder.csv").mkdir()
    verbs.write("csv", tmp_path / "folder.csv")
    qtbot.waitUntil(lambda: "This is a folder" in said())
    qtbot.waitUntil(lambda: verbs._job is None)
    with qtbot.waitSignal(messages.came):
        verbs.write("csv", tmp_path / "fine.csv")
    assert len(rows(tmp_path / "fine.csv")) == 21
    qtbot.waitUntil(lambda: verbs._job is None)


def test_a_cancel_leaves_the_former_file(
    qtbot: QtBot,
    verbs: ExportVerbs,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    target = tmp_path / "out.csv"
    target.write_text("former", encoding="utf-8")
    began = threading.Event()
    export = exports.export

    def slow(*given: object) -> Path:
        began.set()
        job = given[-1]
        while not job.should_stop():  # type: ignore[attr-defined]
            threading.Event().wait(0.01)
        return export(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(exports, "export", slow)
    progress: list[Progress | None] = []
    verbs.progressed.connect(progress.append)
    verbs.write("csv", target)
    qtbot.waitUntil(began.is_set)
    verbs.write("csv", tmp_path / "second.csv")
    verbs.cancel()
    qtbot.waitUntil(lambda: progress[-1:] == [None])
    assert target.read_text(encoding="utf-8") == "former"
    assert not (tmp_path / "second.csv").exists()


def test_asking_where_to_offers_the_name_of_the_session(
    qtbot: QtBot, verbs: ExportVerbs, window: QWidget
) -> None:
    verbs.ask("excel")
    dialog = window.findChild(QFileDialog)
    assert dialog is not None
    assert dialog.selectedFiles()[0].endswith("run.xlsx")
    dialog.reject()
    verbs.ask("yolo")
    folder = window.findChildren(QFileDialog)[-1]
    assert folder.fileMode() == QFileDialog.FileMode.Directory
    folder.reject()


def test_without_results_there_is_a_sentence(
    verbs: ExportVerbs, state: AppState, window: QWidget, said: Callable[[], str]
) -> None:
    state.change(view=None, session=None)
    verbs.ask("excel")
    verbs.open_folder()
    assert "no results to export" in said()
    assert window.findChild(QFileDialog) is None


def test_the_folder_of_the_session_is_shown(
    verbs: ExportVerbs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[QUrl] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", shown.append)
    verbs.open_folder()
    assert shown == [QUrl.fromLocalFile(str(tmp_path / "run"))]
