"""About says what it is, what it computes on, whose work is in it, and where its source is."""

from pathlib import Path
from typing import TypeVar

import pytest
from PyQt6.QtGui import QGuiApplication
from PyQt6.QtWidgets import QLabel, QListWidget, QPushButton, QStackedWidget, QTableWidget, QWidget
from pytestqt.qtbot import QtBot

from desktop.dialogs import about as dialog_module
from desktop.dialogs.about import AboutDialog
from desktop.dialogs.about_pages import FixedText, Reading
from engine import about, cards
from engine.paths import document
from engine.version import __version__

T = TypeVar("T", bound=QWidget)
CARD = "There is an NVIDIA card, and it is not used."


def child(dialog: QWidget, kind: type[T]) -> T:
    found = dialog.findChild(kind)
    assert isinstance(found, kind)
    return found


def opened(qtbot: QtBot) -> AboutDialog:
    """Return a dialog on screen that has found everything."""
    dialog = AboutDialog()
    qtbot.addWidget(dialog)
    dialog.show()
    table = child(dialog, QTableWidget)
    qtbot.waitUntil(lambda: table.rowCount() > 0)
    return dialog


def topics(dialog: AboutDialog) -> list[str]:
    found = child(dialog, QListWidget)
    items = [found.item(row) for row in range(found.count())]
    return [item.text() for item in items if item is not None and not item.isHidden()]


def read(dialog: AboutDialog, topic: str) -> QWidget:
    """Choose a topic and return its page."""
    found, pages = child(dialog, QListWidget), child(dialog, QStackedWidget)
    items = [found.item(row) for row in range(found.count())]
    found.setCurrentItem(next(each for each in items if each is not None and each.text() == topic))
    page = pages.currentWidget()
    assert page is not None
    return page


@pytest.fixture
def texts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder in which alone texts about the program are looked for."""

    def look(name: str) -> Path:
        return tmp_path / name

    monkeypatch.setattr(dialog_module, "document", look)
    monkeypatch.setattr(about, "document", look)
    return tmp_path


@pytest.mark.usefixtures("texts")
def test_without_notices_it_names_the_main_parts(qtbot: QtBot) -> None:
    dialog = opened(qtbot)
    table = read(dialog, "Parts")
    assert isinstance(table, QTableWidget)
    cells = [[table.item(row, column) for column in range(3)] for row in range(table.rowCount())]
    rows = [[cell.text() for cell in row if cell is not None] for row in cells]
    by_name = {name: (version, licence) for name, version, licence in rows}
    assert by_name["ultralytics"][0].startswith("8.")
    assert by_name["ultralytics"][1] == "AGPL-3.0"
    assert all(version and licence for version, licence in by_name.values()), by_name
    assert topics(dialog) == ["Parts", "Data", "Source code"]


def test_with_notices_it_names_all_parts_and_shows_their_licences(
    qtbot: QtBot, texts: Path
) -> None:
    parts = [about.Part("torch", "2.13.0", "BSD-3-Clause", "https://pytorch.org")]
    (texts / about.TABLE).write_text(about.format_table(parts), "utf-8")
    (texts / about.NOTICES).write_text("Redistribution and use …", "utf-8")
    dialog = opened(qtbot)
    table = read(dialog, "Parts")
    assert isinstance(table, QTableWidget)
    assert table.rowCount() == 1
    item = table.item(0, 0)
    assert item is not None
    assert item.toolTip() == "https://pytorch.org"
    notices = read(dialog, "Notices")
    assert isinstance(notices, FixedText)
    qtbot.waitUntil(lambda: notices.toPlainText() == "Redistribution and use …")


def test_licence_data_source_and_changes(qtbot: QtBot) -> None:
    dialog = opened(qtbot)
    licence = read(dialog, "Licence")
    assert isinstance(licence, FixedText)
    assert "GNU AFFERO GENERAL PUBLIC LICENSE" in licence.toPlainText()
    said = {}
    for topic in ("Data", "Source code", "Changes"):
        page = read(dialog, topic)
        assert isinstance(page, Reading)
        said[topic] = page.toPlainText()
    assert "xxd-ars" in said["Data"]
    assert "CC BY 4.0" in said["Data"]
    # Names with underscores and the like are shown as they are.
    assert "blood-scan-lyzhe" in said["Data"]
    assert about.SOURCE_ARCHIVE in said["Source code"]
    first = document("CHANGELOG.md").read_text("utf-8").splitlines()[2]
    assert said["Changes"].startswith(first.removeprefix("## "))


@pytest.mark.parametrize("unused", ["", CARD])
def test_it_says_what_it_computes_on_and_which_card_it_leaves_alone(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, unused: str
) -> None:
    monkeypatch.setattr(cards, "in_use", lambda: "Abacus 9000")
    monkeypatch.setattr(cards, "unused", lambda: unused)
    dialog = opened(qtbot)
    words = [label.text() for label in dialog.findChildren(QLabel) if label.isVisible()]
    assert f"LabSight {__version__}" in words
    assert "Computes on: Abacus 9000" in words
    assert (CARD in words) is bool(unused)
    copy = next(each for each in dialog.findChildren(QPushButton) if each.text() == " Copy")
    copy.click()
    clipboard = QGuiApplication.clipboard()
    assert clipboard is not None
    first, device, *rest = clipboard.text().splitlines()
    assert (first, device) == (f"LabSight {__version__}", "Computes on: Abacus 9000")
    assert (rest[0] == CARD) is bool(unused)
    assert any(line.startswith("PyQt6\t") for line in rest)
