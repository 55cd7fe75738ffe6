"""The table's model never waits, and what it shows is what the session holds."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from PyQt6.QtCore import Qt
from pytestqt.qtbot import QtBot

from desktop.panels import object_model
from desktop.panels.object_model import ObjectModel
from desktop.panels.object_pages import PAGE, Arrangement, ObjectPages, Wish
from desktop.panels.result_columns import RESULT_COLUMNS
from desktop.state import ObjectKey, Place, View
from engine.errors import StoreError
from engine.store import SessionWriter
from tests.helpers.sessions import RUN, classified, found, write_session

COLUMN = {column.name: place for place, column in enumerate(RESULT_COLUMNS)}


@pytest.fixture
def model(qtbot: QtBot) -> Iterator[ObjectModel]:
    model = ObjectModel()
    yield model
    model.close()


def show(qtbot: QtBot, model: ObjectModel, path: Path, *, growing: bool = False) -> None:
    with qtbot.waitSignal(model.arranged):
        model.set_view(View(path, path, growing))


def cells(qtbot: QtBot, model: ObjectModel, name: str) -> list[object]:
    """Return a column, waiting for what is not there yet."""

    def column() -> list[object]:
        return [model.index(row, COLUMN[name]).data() for row in range(model.rowCount())]

    qtbot.waitUntil(lambda: None not in column())
    return column()


def test_cells_are_those_of_the_session(qtbot: QtBot, model: ObjectModel, tmp_path: Path) -> None:
    path = write_session(tmp_path / "s", [found("in/a.jpg", (2, 0)), found("b.tif", (1,), index=4)])
    show(qtbot, model, path)
    assert cells(qtbot, model, "picture") == ["a.jpg", "a.jpg", "b.tif · 5"]
    assert cells(qtbot, model, "class") == ["gel", "serum", "cells"]
    assert cells(qtbot, model, "confidence") == ["0.90", "0.80", "0.90"]
    assert cells(qtbot, model, "x") == ["0.0", "10.0", "0.0"]
    assert cells(qtbot, model, "width") == ["20.5", "21.5", "20.5"]
    assert cells(qtbot, model, "area") == ["169", "199", "169"]
    index = model.index(0, COLUMN["picture"])
    assert index.data(Qt.ItemDataRole.ToolTipRole) == "in/a.jpg"
    assert model.index(0, COLUMN["class"]).data(Qt.ItemDataRole.DecorationRole) is not None
    facts = model.facts
    assert facts is not None
    assert (facts.total, facts.frames, dict(facts.counts)) == (3, 2, {0: 1, 1: 1, 2: 1})


def test_a_page_is_empty_until_it_comes(
    qtbot: QtBot, model: ObjectModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_session(tmp_path / "s", [found("a", (0, 1))] * PAGE)
    show(qtbot, model, path)
    gate, asker = threading.Event(), []
    answer = model._lane._work

    def slow(wish: Wish) -> object:
        asker.append(threading.current_thread())
        gate.wait(10)
        return answer(wish)

    monkeypatch.setattr(model._lane, "_work", slow)
    late = model.index(PAGE + 3, 0)
    assert late.data() is None
    qtbot.waitUntil(lambda: len(asker) == 1)
    assert late.data() is None
    with qtbot.waitSignal(model.pages_came):
        gate.set()
    assert late.data() == str(PAGE + 4)
    assert asker[0] is not threading.main_thread()


def test_pages_kept_are_bounded(
    qtbot: QtBot, model: ObjectModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(object_model, "PAGES_KEPT", 2)
    path = write_session(tmp_path / "s", [found("a", (0, 1))] * (PAGE * 3))
    show(qtbot, model, path)
    for page in range(6):
        with qtbot.waitSignal(model.pages_came) if page else qtbot.assertNotEmitted(model.failed):
            model.index(page * PAGE, 0).data()
    assert sorted(model._pages) == [4, 5]


def test_sorting_and_filtering(qtbot: QtBot, model: ObjectModel, tmp_path: Path) -> None:
    path = write_session(tmp_path / "s", [found("b.jpg", (2, 0)), found("a.jpg", (1, 0, 0))])
    show(qtbot, model, path)
    with qtbot.waitSignal(model.arranged):
        model.sort(COLUMN["class"], Qt.SortOrder.DescendingOrder)
    assert cells(qtbot, model, "class") == ["serum"] * 3 + ["gel", "cells"]
    with qtbot.waitSignal(model.arranged):
        model.set_text("A.JP")
    assert cells(qtbot, model, "id") == ["4", "5", "3"]
    with qtbot.waitSignal(model.arranged):
        model.set_text("")
    with qtbot.waitSignal(model.arranged):
        model.set_place(Place("b.jpg"))
    assert cells(qtbot, model, "id") == ["2", "1"]
    with qtbot.waitSignal(model.arranged):
        model.set_place(Place("unknown.jpg"))
    assert model.rowCount() == 0
    facts = model.facts
    assert facts is not None
    assert facts.total == 5


def test_a_selection_is_followed_through_a_sort(
    qtbot: QtBot, model: ObjectModel, tmp_path: Path
) -> None:
    path = write_session(tmp_path / "s", [found("a", (0, 1, 2, 0)), found("b", (1,))])
    show(qtbot, model, path)
    model.set_selection(((0, 1), (3, 3)), 3)
    with qtbot.waitSignal(model.arranged) as signal:
        model.sort(COLUMN["id"], Qt.SortOrder.DescendingOrder)
    assert signal.args == [((1, 1), (3, 4)), 1]
    model.set_selection(((1, 1), (3, 4)), 1)
    with qtbot.waitSignal(model.arranged) as signal:
        model.set_text("cells")
    assert cells(qtbot, model, "id") == ["5", "2"]
    assert signal.args == [((1, 1),), -1]


def test_what_is_selected_during_a_sort_is_followed_too(
    qtbot: QtBot, model: ObjectModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_session(tmp_path / "s", [found("a", (0, 1, 2))])
    show(qtbot, model, path)
    answer = model._lane._work
    asked: list[Wish] = []

    def select_meanwhile(wish: Wish) -> object:
        if not asked:
            model.set_selection(((0, 0),), 0)
        asked.append(wish)
        return answer(wish)

    monkeypatch.setattr(model._lane, "_work", select_meanwhile)
    with qtbot.waitSignal(model.arranged) as signal:
        model.sort(COLUMN["id"], Qt.SortOrder.DescendingOrder)
    assert signal.args == [((2, 2),), 2]
    assert len(asked) == 2


def test_an_object_is_found_whatever_the_filter(
    qtbot: QtBot, model: ObjectModel, tmp_path: Path
) -> None:
    path = write_session(tmp_path / "s", [found("a", (0, 1)), found("b", (1, 2))])
    show(qtbot, model, path)
    with qtbot.waitSignal(model.found) as signal:
        model.look_for(ObjectKey(2, 1))
    assert signal.args[0].row == 2
    with qtbot.waitSignal(model.found) as signal:
        model.set_text("gel")
    assert (signal.args[0].row, signal.args[0].record.id) == (None, 3)
    with qtbot.waitSignal(model.found) as signal:
        model.look_for(ObjectKey(9, 1))
    assert signal.args[0].record is None


def test_rows_are_fetched_by_where_they_stood(
    qtbot: QtBot, model: ObjectModel, tmp_path: Path
) -> None:
    path = write_session(tmp_path / "s", [found("x/a\tb.jpg", (0, 1)), found("c.jpg", (2,))])
    show(qtbot, model, path)
    with qtbot.waitSignal(model.fetched) as signal:
        # The sort comes between the selection and the answer, and must not change what is meant.
        model.fetch("copy", ((0, 1),), ("class", "picture", "confidence", "x"))
        model.sort(COLUMN["id"], Qt.SortOrder.DescendingOrder)
    assert signal.args == [
        "copy",
        (1, 2),
        "serum\ta b.jpg\t0.90000\t0.000\ncells\ta b.jpg\t0.80000\t10.000",
    ]
    with qtbot.waitSignal(model.fetched) as signal:
        model.fetch("excel", ((0, 0),))
    assert signal.args == ["excel", (3,), ""]


def test_a_growing_session_is_looked_at_again(
    qtbot: QtBot, model: ObjectModel, tmp_path: Path
) -> None:
    model._refresh.setInterval(10)
    with SessionWriter.create(tmp_path / "s", RUN) as writer:
        show(qtbot, model, writer.path, growing=True)
        assert model.rowCount() == 0
        writer.add(found("a", (0, 1)))
        writer._open_since = -1e9
        writer.commit_due()
        qtbot.waitUntil(lambda: model.rowCount() == 2)
        # A reader that stayed would keep the writer from leaving one movable file.
        model._refresh.stop()
        qtbot.waitUntil(model._lane.idle)
    assert [each.name for each in (tmp_path / "s").iterdir()] == ["session.labsight"]
    show(qtbot, model, tmp_path / "s" / "session.labsight")
    assert cells(qtbot, model, "class") == ["serum", "cells"]


def test_a_busy_thread_is_not_driven_on(
    qtbot: QtBot, model: ObjectModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_session(tmp_path / "s", [found("a", (0,))])
    show(qtbot, model, path)
    edition = model._edition
    monkeypatch.setattr(model._lane, "idle", lambda: False)
    model._on_refresh()
    assert model._edition == edition
    monkeypatch.setattr(model._lane, "idle", lambda: True)
    model._on_refresh()
    assert model._edition == edition + 1


def test_classified_pictures_are_rows(qtbot: QtBot, model: ObjectModel, tmp_path: Path) -> None:
    path = write_session(
        tmp_path / "s", [classified("a.jpg", (0.2, 0.8, 0.0))], task="classify"
    )
    show(qtbot, model, path)
    assert cells(qtbot, model, "class") == ["cells"]
    assert cells(qtbot, model, "confidence") == ["0.80"]


def test_a_session_that_is_gone_says_so(qtbot: QtBot, model: ObjectModel, tmp_path: Path) -> None:
    path = write_session(tmp_path / "s", [found("a", (0,))])
    show(qtbot, model, path)
    gone = tmp_path / "gone.labsight"
    with qtbot.waitSignal(model.failed) as signal:
        model.set_view(View(gone, gone))
    assert isinstance(signal.args[0], StoreError)
    assert model.rowCount() == 0
    show(qtbot, model, path)
    assert model.rowCount() == 1
    with qtbot.waitSignal(model.facts_changed) as signal:
        model.set_view(None)
    assert signal.args == [None]
    assert model.rowCount() == 0


def test_a_run_that_goes_on_has_cut_off_rows_that_were_known(
    qtbot: QtBot, model: ObjectModel, tmp_path: Path
) -> None:
    path = write_session(tmp_path / "s", [found("a", (0, 1, 2))])
    show(qtbot, model, path)
    assert cells(qtbot, model, "class") == ["serum", "cells", "gel"]
    model.set_view(None)
    shutil.rmtree(path.parent)
    write_session(tmp_path / "s", [found("a", (2,))])
    show(qtbot, model, path, growing=True)
    assert cells(qtbot, model, "class") == ["gel"]


def test_a_damaged_session_is_an_answer_not_a_crash(tmp_path: Path) -> None:
    path = write_session(tmp_path / "s", [found("a", (0,))] * 300)
    data = bytearray(path.read_bytes())
    data[4096:] = b"\xff" * (len(data) - 4096)
    path.write_bytes(bytes(data))
    answer = ObjectPages().answer(Wish(path, 1, Arrangement()))
    assert isinstance(getattr(answer, "error", None), StoreError)
