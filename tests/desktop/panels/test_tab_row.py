"""The row of tabs: one button that says what the tab is for, and nothing cut where it is narrow."""

from pathlib import Path

import pytest
from PyQt6.QtCore import QObject
from PyQt6.QtWidgets import QPushButton, QTabBar
from pytestqt.qtbot import QtBot

from desktop.actions import Actions
from desktop.panels.pages import ICONS, TITLES
from desktop.panels.tab_row import TabRow
from desktop.state import AppState
from desktop.training_state import DataFacts, TrainingState
from engine.session import Phase
from engine.training.record import Stage

DATA = DataFacts(Path("/data"), "tubes", ("segment",), ("cells",), {"train": 8, "val": 2})
TABS = ["Image", "Video", "Camera", "Train", "History"]


@pytest.fixture
def state() -> AppState:
    return AppState()


@pytest.fixture
def training() -> TrainingState:
    return TrainingState()


@pytest.fixture
def row(qtbot: QtBot, state: AppState, training: TrainingState) -> TabRow:
    owner = QObject()
    row = TabRow(
        state=state,
        actions=Actions(state=state, training=training, parent=owner),
        tabs=[(ICONS[name], words) for name, words in TITLES.items()],
        recent=lambda: (),
    )
    owner.setParent(row)
    qtbot.addWidget(row)
    row.resize(1440, row.height())
    row.show()
    return row


def words(row: TabRow) -> list[str]:
    (bar,) = row.findChildren(QTabBar)
    return [bar.tabText(place) for place in range(bar.count())]


def test_the_primary_button_says_what_the_tab_is_for(row: TabRow, state: AppState) -> None:
    said = []
    for kind in ("image", "video", "camera", "train"):
        state.change(kind=kind)
        (button,) = [
            each for each in row.findChildren(QPushButton) if each.property("role") == "primary"
        ]
        said.append(button.text().strip())
    assert said == ["Detect", "Process whole video", "Start", "Train"]


def test_where_it_trains_it_can_be_cancelled_and_stopped_early(
    row: TabRow, state: AppState, training: TrainingState
) -> None:
    def shown() -> dict[str, bool]:
        buttons = [each for each in row.findChildren(QPushButton) if each.isVisible()]
        return {each.text().strip(): each.isEnabled() for each in buttons}

    state.change(kind="train")
    assert shown() == {"Cancel": False, "Stop early": False, "Train": False}
    training.change(data=DATA)
    assert shown() == {"Cancel": False, "Stop early": False, "Train": True}
    training.change(engaged=True, stage=Stage.TRAINING)
    assert shown() == {"Cancel": True, "Stop early": True, "Train": False}
    training.change(told="stop")
    assert shown() == {"Cancel": True, "Stop early": False, "Train": False}
    state.change(kind="image")
    assert set(shown()) == {"Open", "Stop", "Detect"}


def test_where_it_is_narrow_only_the_tab_on_show_keeps_its_words(
    qtbot: QtBot, row: TabRow, state: AppState
) -> None:
    assert words(row) == TABS
    state.change(kind="video", phase=Phase.RUNNING)
    row.show_tab(1)
    row.resize(720, row.height())
    assert words(row) == ["", "Video", "", "", ""]
    (bar,) = row.findChildren(QTabBar)
    tips = [bar.tabToolTip(place) for place in range(5)]
    assert tips == ["Image", "", "Camera", "Train", "History"]
    buttons = [each for each in row.findChildren(QPushButton) if each.isVisible()]
    assert bar.geometry().right() < min(each.geometry().left() for each in buttons)
    qtbot.waitUntil(lambda: all(each.width() >= each.sizeHint().width() for each in buttons))
    row.resize(1440, row.height())
    assert words(row) == TABS
