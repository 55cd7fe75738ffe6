"""The results dock: table and picture in step, copying, exporting, hiding, and room for it all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PyQt6.QtCore import QItemSelectionModel, Qt
from PyQt6.QtGui import QAction, QGuiApplication
from PyQt6.QtWidgets import QApplication, QMenu
from pytestqt.qtbot import QtBot

from desktop.panels.results import ResultsPanel
from desktop.panels.results_bar import EXPORTS
from desktop.settings import Settings
from desktop.state import AppState, ObjectKey, Place, View
from tests.helpers.sessions import INFO, classified, found, write_session
from tests.helpers.widgets import Doubled, Marked, cut_off, texts, translated_by, untranslated

ROOM = 1016, 220
NARROW = 456, 220


@pytest.fixture
def state(qapp: QApplication) -> AppState:
    return AppState()


@pytest.fixture
def settings(settings_path: Path) -> Settings:
    return Settings(settings_path)


@pytest.fixture
def panel(qtbot: QtBot, state: AppState, settings: Settings) -> Iterator[ResultsPanel]:
    panel = ResultsPanel(state=state, settings=settings)
    qtbot.addWidget(panel)
    panel.resize(*ROOM)
    panel.show()
    yield panel
    panel.close_threads()


@pytest.fixture
def session(tmp_path: Path) -> Path:
    return write_session(
        tmp_path / "s",
        [found("in/a.jpg", (0, 1, 2)), found("in/b.jpg", (1,)), found("in/c.jpg", ())],
        failed=["in/bad.jpg"],
    )


def view(qtbot: QtBot, panel: ResultsPanel, path: Path) -> None:
    """Show a session and wait for its first page."""
    with qtbot.waitSignal(panel.model.arranged):
        panel._state.change(view=View(path, path))
    if panel.model.rowCount():
        qtbot.waitUntil(lambda: panel.model.row(0) is not None)


def numbers(panel: ResultsPanel) -> list[int]:
    """Return the numbers of the objects on show."""
    rows = [panel.model.row(row) for row in range(panel.model.rowCount())]
    return [row.record.id for row in rows if row is not None]


def test_empty_places_say_why(
    qtbot: QtBot, panel: ResultsPanel, session: Path, tmp_path: Path
) -> None:
    assert panel._pages.currentWidget() is panel._nothing
    assert panel._nothing.text == "No results yet. Press Detect to find objects."
    view(qtbot, panel, write_session(tmp_path / "none", [found("a.jpg", ())]))
    assert panel._nothing.text == "Nothing was found at these thresholds."
    assert panel._pages.currentWidget() is panel._nothing
    view(qtbot, panel, session)
    assert panel._pages.currentWidget() is panel.table
    with qtbot.waitSignal(panel.model.arranged):
        panel._bar.search.setText("zebra")
    assert panel._pages.currentWidget() is panel._no_match
    with qtbot.waitSignal(panel.model.arranged):
        panel._no_match.pressed.emit()
    assert panel._pages.currentWidget() is panel.table
    assert panel._bar.search.text() == ""


def test_the_bar_counts(qtbot: QtBot, panel: ResultsPanel, session: Path) -> None:
    with qtbot.waitSignals([panel.counts_changed, panel.confidences_changed]) as signals:
        view(qtbot, panel, session)
    assert signals.all_signals_and_args[0].args == ({0: 1, 1: 2, 2: 1},)
    assert sum(signals.all_signals_and_args[1].args[0]) == 4
    assert panel._bar._counts.text() == "Objects: 4 · Pictures: 3"
    assert panel._bar._failures.text() == "Failed: 1"
    with qtbot.waitSignal(panel.model.arranged):
        panel._bar.search.setText("cells")
    assert panel._bar._counts.text() == "Objects: 2 of 4 · Pictures: 3"


def test_failures_are_listed_on_demand(qtbot: QtBot, panel: ResultsPanel, session: Path) -> None:
    view(qtbot, panel, session)
    assert not panel._failures.isVisible()
    qtbot.mouseClick(panel._bar._failures, Qt.MouseButton.LeftButton)
    assert panel._failures.isVisible()
    model = panel._failures.model()
    assert model is not None
    assert [model.index(0, column).data() for column in (0, 1)] == [
        "bad.jpg", "in/bad.jpg is empty. Copy it again.",
    ]
    panel._state.change(view=None)
    assert not panel._failures.isVisible()


def test_a_chosen_row_comes_on_screen(
    qtbot: QtBot, panel: ResultsPanel, state: AppState, session: Path
) -> None:
    view(qtbot, panel, session)
    with qtbot.waitSignal(panel.object_record_changed) as signal:
        panel.table.selectRow(3)
    assert signal.args[0].id == 4
    assert state.place == Place("in/b.jpg")
    assert state.selection == ObjectKey(2, 1)
    panel.table.setFocus()
    qtbot.keyClick(panel.table, Qt.Key.Key_Up)
    assert state.selection == ObjectKey(1, 3)
    assert state.place == Place("in/a.jpg")


def test_a_row_chosen_before_it_is_there_comes_on_screen_when_it_is(
    qtbot: QtBot, panel: ResultsPanel, state: AppState, tmp_path: Path
) -> None:
    many = [found(f"{number}.jpg", (0, 1)) for number in range(400)]
    view(qtbot, panel, write_session(tmp_path / "many", many))
    panel.table.setFocus()
    assert panel.table.current_row == 0
    assert state.place is None, "the focus alone is no choice"
    panel.table.selectRow(799)
    assert state.place is None
    qtbot.waitUntil(lambda: state.place == Place("399.jpg"))
    assert state.selection == ObjectKey(400, 2)


def test_an_object_selected_elsewhere_is_selected_here(
    qtbot: QtBot, panel: ResultsPanel, state: AppState, session: Path
) -> None:
    view(qtbot, panel, session)
    state.change(place=Place("in/a.jpg"))
    with qtbot.waitSignal(panel.object_record_changed) as signal:
        state.change(selection=ObjectKey(1, 2))
    assert signal.args[0].id == 2
    qtbot.waitUntil(lambda: panel.table.ranges() == ((1, 1),))
    assert state.place == Place("in/a.jpg")
    with qtbot.waitSignal(panel.object_record_changed) as signal:
        state.change(selection=None)
    assert signal.args == [None]
    assert panel.table.ranges() == ()
    # The same row again is a choice again.
    panel.table.selectRow(1)
    assert state.selection == ObjectKey(1, 2)


def test_an_object_that_the_filter_hides_is_still_told_of(
    qtbot: QtBot, panel: ResultsPanel, state: AppState, session: Path
) -> None:
    view(qtbot, panel, session)
    with qtbot.waitSignal(panel.model.arranged):
        panel._bar.search.setText("serum")
    with qtbot.waitSignal(panel.object_record_changed) as signal:
        state.change(selection=ObjectKey(2, 1))
    assert signal.args[0].id == 4
    assert panel.table.ranges() == ()
    assert state.selection == ObjectKey(2, 1)


def test_selection_survives_a_sort(qtbot: QtBot, panel: ResultsPanel, session: Path) -> None:
    view(qtbot, panel, session)
    panel.table.selectRow(0)
    panel.table.selectionModel().select(  # type: ignore[union-attr]
        panel.model.index(2, 0),
        QItemSelectionModel.SelectionFlag.Select | QItemSelectionModel.SelectionFlag.Rows,
    )
    chosen = panel._state.selection
    with qtbot.waitSignal(panel.model.arranged):
        panel.table.sortByColumn(0, Qt.SortOrder.DescendingOrder)
    assert numbers(panel) == [4, 3, 2, 1]
    assert panel.table.ranges() == ((1, 1), (3, 3))
    assert panel.table.current_row == 3
    assert panel._state.selection == chosen


def test_a_row_that_vanishes_chooses_no_other(
    qtbot: QtBot, panel: ResultsPanel, state: AppState, session: Path
) -> None:
    view(qtbot, panel, session)
    panel.table.selectRow(3)
    with qtbot.waitSignal(panel.model.arranged):
        panel._bar.search.setText("a.jpg")
    assert panel.table.ranges() == ()
    assert state.selection == ObjectKey(2, 1)
    assert state.place == Place("in/b.jpg")


def test_only_the_picture_on_screen(
    qtbot: QtBot, panel: ResultsPanel, state: AppState, session: Path
) -> None:
    view(qtbot, panel, session)
    state.change(place=Place("in/b.jpg"))
    with qtbot.waitSignal(panel.model.arranged):
        panel._bar._scope.setCurrentIndex(1)
    qtbot.waitUntil(lambda: numbers(panel) == [4])
    with qtbot.waitSignal(panel.model.arranged):
        state.change(place=Place("in/a.jpg"))
    qtbot.waitUntil(lambda: numbers(panel) == [1, 2, 3])


def test_copy_has_a_header_and_plain_numbers(
    qtbot: QtBot, panel: ResultsPanel, settings: Settings, session: Path
) -> None:
    settings.change(columns=("id", "x", "y", "width", "height"))
    view(qtbot, panel, session)
    panel.table.setFocus()
    panel.table.selectAll()
    with qtbot.waitSignal(panel.model.fetched):
        qtbot.keyClick(panel.table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    clipboard = QGuiApplication.clipboard()
    assert clipboard is not None
    lines = clipboard.text().splitlines()
    assert lines[0].split("\t") == ["Picture", "Class", "Confidence", "Area (px²)"]
    assert lines[1].split("\t") == ["a.jpg", "serum", "0.90000", "169.1"]
    assert len(lines) == 5


@pytest.mark.parametrize("kind", EXPORTS)
def test_exports_of_all_and_of_the_selection(
    qtbot: QtBot, panel: ResultsPanel, session: Path, kind: str
) -> None:
    view(qtbot, panel, session)
    place = list(EXPORTS).index(kind)
    menu = panel._bar._export.menu()
    assert menu is not None
    assert not panel._bar._selection_menu.isEnabled()
    with qtbot.waitSignal(panel.export_requested) as signal:
        menu.actions()[place].trigger()
    assert signal.args == [kind, None]
    panel.table.select(((1, 2),), 1)
    assert panel._bar._selection_menu.isEnabled()
    with qtbot.waitSignal(panel.export_requested) as signal:
        panel._bar._selection_menu.actions()[place].trigger()
    assert signal.args == [kind, (2, 3)]


def test_the_menu_of_a_row(
    qtbot: QtBot, panel: ResultsPanel, state: AppState, session: Path
) -> None:
    view(qtbot, panel, session)
    panel.table.selectRow(3)
    state.change(place=Place("in/b.jpg"), selection=ObjectKey(2, 1))
    menu = panel.table.context_menu()
    words = [action.text() for action in menu.actions() if not action.isSeparator()]
    assert words == ["Copy", "Show in picture", "Export the selection"]
    with qtbot.waitSignal(panel.table.row_chosen) as signal:
        _named(menu, "Show in picture").trigger()
    assert signal.args == [3]
    export = menu.actions()[-1].menu()
    assert export is not None
    with qtbot.waitSignal(panel.export_requested) as signal:
        _named(export, "CSV…").trigger()
    assert signal.args == ["csv", (4,)]


def test_hidden_columns_are_remembered(
    qtbot: QtBot, panel: ResultsPanel, state: AppState, settings: Settings, session: Path
) -> None:
    view(qtbot, panel, session)
    menu = panel.table.columns_menu
    menu.aboutToShow.emit()
    assert "Angle (°)" not in [action.text() for action in menu.actions()]
    _named(menu, "X (px)").setChecked(False)
    assert "x" not in panel.table.visible_columns()
    assert settings.preferences.columns == ("x",)
    again = ResultsPanel(state=state, settings=settings)
    qtbot.addWidget(again)
    assert "x" not in again.table.visible_columns()
    again.close_threads()
    for name in list(panel.table.visible_columns()):
        panel.table._on_column_toggled(name, False)
    assert len(panel.table.visible_columns()) == 1, "the last column stays"


def test_columns_follow_the_session(qtbot: QtBot, panel: ResultsPanel, tmp_path: Path) -> None:
    turned = [found("a", (0,), rotated=True, tracked=True)]
    view(qtbot, panel, write_session(tmp_path / "a", turned, task="obb"))
    assert panel.table.visible_columns()[-2:] == ("angle", "track")
    row = panel.model.row(0)
    assert row is not None
    assert row.record.angle == pytest.approx(0.7854, abs=1e-4)
    view(qtbot, panel, write_session(tmp_path / "b", [found("a", (0,))]))
    assert panel.table.visible_columns()[-1] == "area"
    classes = [classified("a.jpg", (0.1, 0.9, 0))]
    view(qtbot, panel, write_session(tmp_path / "c", classes, task="classify"))
    assert panel.table.visible_columns() == ("id", "picture", "class", "confidence")
    assert panel._bar._counts.text() == "Pictures: 1"
    panel.table.selectRow(0)
    assert panel._state.place == Place("a.jpg")
    assert panel._state.selection is None
    # Pictures are no objects: there is nothing to make an export of the selection of.
    assert not panel._bar._selection_menu.isEnabled()
    view(qtbot, panel, write_session(tmp_path / "d", [found("a", (0,))]))
    panel.table.selectRow(0)
    assert panel._bar._selection_menu.isEnabled()


def test_widths_and_order_are_remembered(
    qtbot: QtBot, panel: ResultsPanel, state: AppState, settings: Settings
) -> None:
    header = panel.table.horizontalHeader()
    assert header is not None
    header.moveSection(2, 0)
    header.resizeSection(1, 333)
    panel.table.keep_layout()
    again = ResultsPanel(state=state, settings=settings)
    qtbot.addWidget(again)
    assert again.table.visible_columns()[0] == "class"
    assert again.table.columnWidth(1) == 333
    again.close_threads()


def test_the_filter_is_reached_by_keyboard(
    qtbot: QtBot, panel: ResultsPanel, session: Path
) -> None:
    view(qtbot, panel, session)
    with qtbot.waitActive(panel):
        panel.activateWindow()
    panel.table.setFocus()
    qtbot.keyClick(panel.table, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    assert panel._bar.search.hasFocus()


@pytest.mark.parametrize("size", [ROOM, NARROW])
def test_there_is_room_for_texts_of_double_length(
    qtbot: QtBot, state: AppState, settings: Settings, session: Path, size: tuple[int, int]
) -> None:
    with translated_by(Doubled()):
        panel = ResultsPanel(state=state, settings=settings)
        qtbot.addWidget(panel)
        panel.resize(*size)
        panel.show()
        view(qtbot, panel, session)
        qtbot.waitUntil(lambda: cut_off(panel) == [])
        panel.close_threads()


def test_every_text_is_translated(
    qtbot: QtBot, state: AppState, settings: Settings, session: Path
) -> None:
    with translated_by(Marked()):
        panel = ResultsPanel(state=state, settings=settings)
        qtbot.addWidget(panel)
        view(qtbot, panel, session)
        panel.table.columns_menu.aboutToShow.emit()
        own = {"bad.jpg", *INFO.names}
        left = [(said, untranslated(said, own)) for said in texts(panel)]
        assert [pair for pair in left if pair[1]] == []
        panel.close_threads()


def _named(menu: QMenu, text: str) -> QAction:
    return next(action for action in menu.actions() if action.text() == text)
