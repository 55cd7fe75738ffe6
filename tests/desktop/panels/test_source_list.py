"""The list of files: rows, thumbnails, what became of each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PyQt6.QtCore import QModelIndex, Qt
from PyQt6.QtGui import QPixmap
from PyQt6.QtWidgets import QListView
from pytestqt.qtbot import QtBot

from desktop.panels.source_list import SourceList
from desktop.panels.source_model import THUMB, THUMBNAIL
from desktop.state import AppState, Outcome, Place
from engine.media import write_picture
from engine.scenes.tubes import render_tubes


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ...]:
    folder = tmp_path_factory.mktemp("files")
    for number in range(3):
        image = render_tubes(900_000 + number, (192, 128)).image
        write_picture(image, folder / f"p{number}.jpg")
    (folder / "broken.jpg").write_bytes(b"nothing")
    return (*sorted(folder.glob("p*.jpg")), folder / "broken.jpg")


@pytest.fixture
def state(files: tuple[Path, ...]) -> AppState:
    state = AppState()
    state.change(sources=files, place=Place(str(files[0])))
    return state


@pytest.fixture
def panel(qtbot: QtBot, state: AppState) -> Iterator[SourceList]:
    panel = SourceList(state=state)
    qtbot.addWidget(panel)
    panel.resize(240, 400)
    panel.show()
    yield panel
    panel.close_threads()


def view_of(panel: SourceList) -> QListView:
    view = panel.findChild(QListView)
    assert view is not None
    return view


def thumb(panel: SourceList, row: int) -> QPixmap | None:
    value = panel.model.index(row).data(THUMBNAIL)
    return value if isinstance(value, QPixmap) else None


def test_thumbnails_come_for_what_is_in_sight(qtbot: QtBot, panel: SourceList) -> None:
    qtbot.waitUntil(lambda: all(thumb(panel, row) is not None for row in range(3)))
    made = thumb(panel, 0)
    assert made is not None
    assert made.deviceIndependentSize().width() == THUMB[0]
    assert not made.toImage().allGray()
    # A file without a picture keeps an empty place and is not asked for again and again.
    assert thumb(panel, 3) is None


def test_a_row_that_is_chosen_comes_on_screen_and_the_other_way_round(
    qtbot: QtBot, panel: SourceList, state: AppState, files: tuple[Path, ...]
) -> None:
    view = view_of(panel)
    qtbot.keyClick(view, Qt.Key.Key_Down)
    assert state.place == Place(str(files[1]))
    state.change(place=Place(str(files[2])))
    assert view.currentIndex().row() == 2


def test_a_page_of_a_file_stays_on_screen(
    panel: SourceList, state: AppState, files: tuple[Path, ...]
) -> None:
    state.change(place=Place(str(files[1]), 4))
    assert state.place == Place(str(files[1]), 4)
    assert view_of(panel).currentIndex().row() == 1


def test_what_became_of_a_file_is_read_to_who_cannot_see(
    panel: SourceList, state: AppState, files: tuple[Path, ...]
) -> None:
    state.change(
        outcomes={
            str(files[0]): Outcome({0: 2, 1: 1}),
            str(files[3]): Outcome(error="It is damaged."),
        }
    )
    role = Qt.ItemDataRole.AccessibleTextRole
    read = [panel.model.index(row).data(role) for row in (0, 1, 3)]
    assert read == [
        "p0.jpg, 3 objects",
        "p1.jpg, not worked on yet",
        "broken.jpg, It is damaged.",
    ]
    tip = panel.model.index(3).data(Qt.ItemDataRole.ToolTipRole)
    assert tip == f"{files[3]}\nIt is damaged."
    panel.grab()


def test_another_list_replaces_it(
    qtbot: QtBot, panel: SourceList, state: AppState, files: tuple[Path, ...]
) -> None:
    state.change(sources=files[1:2], place=Place(str(files[1])))
    assert panel.model.rowCount() == 1
    assert panel.model.rowCount(panel.model.index(0)) == 0
    assert view_of(panel).currentIndex().row() == 0
    state.change(sources=(), place=None)
    assert panel.model.rowCount() == 0
    assert panel.model.data(QModelIndex()) is None
