"""The row of tabs: one button that says what the tab is for, and nothing cut where it is narrow."""

import pytest
from PyQt6.QtCore import QObject
from PyQt6.QtWidgets import QPushButton, QTabBar
from pytestqt.qtbot import QtBot

from desktop.actions import Actions
from desktop.panels.pages import ICONS, TITLES
from desktop.panels.tab_row import TabRow
from desktop.state import AppState
from engine.session import Phase


@pytest.fixture
def state() -> AppState:
    return AppState()


@pytest.fixture
def row(qtbot: QtBot, state: AppState) -> TabRow:
    owner = QObject()
    row = TabRow(
        state=state,
        actions=Actions(state=state, parent=owner),
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
    for kind in ("image", "video", "camera"):
        state.change(kind=kind)
        (button,) = [
            each for each in row.findChildren(QPushButton) if each.property("role") == "primary"
        ]
        said.append(button.text().strip())
    assert said == ["Detect", "Process whole video", "Start"]


def test_where_it_is_narrow_only_the_tab_on_show_keeps_its_words(
    qtbot: QtBot, row: TabRow, state: AppState
) -> None:
    assert words(row) == ["Image", "Video", "Camera", "History"]
    state.change(kind="video", phase=Phase.RUNNING)
    row.show_tab(1)
    row.resize(720, row.height())
    assert words(row) == ["", "Video", "", ""]
    (bar,) = row.findChildren(QTabBar)
    assert [bar.tabToolTip(place) for place in range(4)] == ["Image", "", "Camera", "History"]
    buttons = [each for each in row.findChildren(QPushButton) if each.isVisible()]
    assert bar.geometry().right() < min(each.geometry().left() for each in buttons)
    qtbot.waitUntil(lambda: all(each.width() >= each.sizeHint().width() for each in buttons))
    row.resize(1440, row.height())
    assert words(row) == ["Image", "Video", "Camera", "History"]
