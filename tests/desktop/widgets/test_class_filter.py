"""Ticking classes: all of them are an empty choice, and the last one stays."""

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QLineEdit, QListView
from pytestqt.qtbot import QtBot

from desktop.widgets.class_filter import SEARCHED_FROM, ClassFilter

NAMES = ("cells", "gel", "serum")


def make(qtbot: QtBot, names: tuple[str, ...] = NAMES) -> tuple[ClassFilter, QListView]:
    widget = ClassFilter()
    qtbot.addWidget(widget)
    widget.set_classes(names)
    widget.resize(200, 200)
    widget.show()
    view = widget.findChild(QListView)
    assert view is not None
    return widget, view


def click(qtbot: QtBot, view: QListView, row: int) -> None:
    model, viewport = view.model(), view.viewport()
    assert model is not None
    assert viewport is not None
    place = view.visualRect(model.index(row, 0)).center()
    qtbot.mouseClick(viewport, Qt.MouseButton.LeftButton, pos=place)


def test_a_click_anywhere_on_a_row_ticks_it(qtbot: QtBot) -> None:
    widget, view = make(qtbot)
    said: list[tuple[str, ...]] = []
    widget.changed.connect(said.append)
    click(qtbot, view, 1)
    assert said == [("cells", "serum")]
    click(qtbot, view, 1)
    assert said == [("cells", "serum"), ()]


def test_the_last_class_stays(qtbot: QtBot) -> None:
    widget, view = make(qtbot)
    for row in range(3):
        click(qtbot, view, row)
    assert widget.ticked() == ("serum",)


def test_the_space_bar_ticks(qtbot: QtBot) -> None:
    widget, view = make(qtbot)
    model = view.model()
    assert model is not None
    view.setCurrentIndex(model.index(0, 0))
    qtbot.keyClick(view, Qt.Key.Key_Space)
    assert widget.ticked() == ("gel", "serum")


def test_one_class_alone_and_all_again(qtbot: QtBot) -> None:
    widget, view = make(qtbot)
    said: list[tuple[str, ...]] = []
    widget.changed.connect(said.append)
    model = view.model()
    assert model is not None
    view.setCurrentIndex(model.index(2, 0))
    only, every = view.actions()
    only.trigger()
    assert said == [("serum",)]
    every.trigger()
    assert said == [("serum",), ()]


def test_many_classes_can_be_searched(qtbot: QtBot) -> None:
    few, _ = make(qtbot)
    search = few.findChild(QLineEdit)
    assert search is not None
    assert not search.isVisible()
    names = tuple(f"food {number}" for number in range(SEARCHED_FROM + 20))
    many, view = make(qtbot, names)
    search, model = many.findChild(QLineEdit), view.model()
    assert search is not None
    assert model is not None
    assert search.isVisible()
    qtbot.keyClicks(search, "Food 1")
    assert model.rowCount() == 11
    assert many.ticked() == names


def test_the_choice_of_a_run_is_shown(qtbot: QtBot) -> None:
    widget, _ = make(qtbot)
    widget.set_classes(NAMES, ("GEL",))
    assert widget.ticked() == ("gel",)
