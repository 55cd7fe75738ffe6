"""The dialogs: each shows what it is for, and says what was done in it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtGui import QGuiApplication
from PyQt6.QtWidgets import (
    QComboBox,
    QFileDialog,
    QLabel,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QTreeWidget,
)
from pytestqt.qtbot import QtBot

from desktop.dialogs.crash import CrashDialog
from desktop.dialogs.model_card import ModelCardDialog
from desktop.dialogs.official_weights import OfficialWeightsDialog
from desktop.dialogs.preferences import PreferencesDialog
from desktop.dialogs.shortcuts import ShortcutsDialog
from desktop.settings import Preferences
from engine.errors import Cancelled, WeightsError
from engine.media import write_picture
from engine.models import official
from engine.models.info import read_info
from engine.paths import DEFAULT_WEIGHTS, resource
from engine.scenes.tubes import render_tubes
from engine.types import Progress


def words(dialog: object) -> str:
    assert hasattr(dialog, "findChildren")
    return "\n".join(label.text() for label in dialog.findChildren(QLabel))


def button(dialog: object, text: str) -> QPushButton:
    assert hasattr(dialog, "findChildren")
    found: QPushButton = next(
        each for each in dialog.findChildren(QPushButton) if each.text().strip() == text
    )
    return found


def clipboard() -> str:
    board = QGuiApplication.clipboard()
    assert board is not None
    return board.text()


def test_preferences_apply_at_once(qtbot: QtBot, tmp_path: Path) -> None:
    dialog = PreferencesDialog(preferences=Preferences(title="Old", theme="dark"))
    qtbot.addWidget(dialog)
    changes: list[dict[str, object]] = []
    dialog.changed.connect(changes.append)
    title = dialog.findChild(QLineEdit)
    assert title is not None
    title.setText("Blood bank ")
    title.editingFinished.emit()
    picture = tmp_path / "background.png"
    write_picture(render_tubes(900_000, (96, 64)).image, picture)
    dialog._set_background(str(picture))
    qtbot.waitUntil(lambda: not dialog._preview.pixmap().isNull())
    button(dialog, "None").click()
    with qtbot.waitSignal(dialog.layout_reset_requested):
        button(dialog, "Reset layout").click()
    theme = dialog.findChildren(QComboBox)[0]
    assert theme.currentData() == "dark"
    theme.activated.emit(1)
    assert changes == [
        {"title": "Blood bank"},
        {"background": str(picture)},
        {"background": ""},
        {"theme": "light"},
    ]
    # The window it belongs to is made anew: it has closed before.
    assert not dialog.isVisible()


def test_enter_in_the_title_asks_for_no_picture(qtbot: QtBot) -> None:
    dialog = PreferencesDialog(preferences=Preferences())
    qtbot.addWidget(dialog)
    dialog.open()
    changes: list[dict[str, object]] = []
    dialog.changed.connect(changes.append)
    title = dialog.findChild(QLineEdit)
    assert title is not None
    qtbot.keyClicks(title, "Ward 7")
    qtbot.keyClick(title, Qt.Key.Key_Return)
    assert changes[0] == {"title": "Ward 7"}
    assert dialog.findChildren(QFileDialog) == []


def test_a_background_that_is_no_picture_says_so(qtbot: QtBot, tmp_path: Path) -> None:
    (tmp_path / "text.png").write_text("no", encoding="utf-8")
    dialog = PreferencesDialog(preferences=Preferences(background=str(tmp_path / "text.png")))
    qtbot.addWidget(dialog)
    qtbot.waitUntil(lambda: "cannot be read" in words(dialog))


def test_a_model_card_is_laid_out(qtbot: QtBot) -> None:
    weights = resource(DEFAULT_WEIGHTS)
    info = read_info(weights)
    dialog = ModelCardDialog(info=info, weights=weights)
    qtbot.addWidget(dialog)
    qtbot.waitUntil(lambda: "Not a medical device" in words(dialog))
    said = words(dialog)
    for part in ("segmentation", "640 px", "CC BY 4.0", "mask mAP50 0.921", "AGPL-3.0"):
        assert part in said
    assert "{" not in said
    button(dialog, "Copy the SHA-256").click()
    assert clipboard() == info.sha256


def test_shortcuts_are_listed_by_group(qtbot: QtBot) -> None:
    dialog = ShortcutsDialog(rows=[("File", "Open", "Ctrl+O"), ("View", "Fit", "Ctrl+0")])
    qtbot.addWidget(dialog)
    assert words(dialog).split("\n") == ["File", "Open", "Ctrl+O", "View", "Fit", "Ctrl+0"]


def test_a_crash_report_can_be_copied_and_kept(qtbot: QtBot, tmp_path: Path) -> None:
    dialog = CrashDialog(report="Traceback …")
    qtbot.addWidget(dialog)
    button(dialog, "Copy").click()
    assert clipboard() == "Traceback …"
    dialog._write(str(tmp_path / "report.txt"))
    qtbot.waitUntil(lambda: "Written" in words(dialog))
    assert (tmp_path / "report.txt").read_text(encoding="utf-8") == "Traceback …"
    dialog._write(str(tmp_path / "missing" / "report.txt"))
    qtbot.waitUntil(lambda: "Cannot write" in words(dialog))


Download = Callable[..., Path]


@pytest.fixture
def fetch(monkeypatch: pytest.MonkeyPatch) -> dict[str, Download]:
    """Let the download be what a test puts into this under the name `do`."""
    holder: dict[str, Download] = {}
    monkeypatch.setattr(
        official, "download", lambda *given, **more: holder["do"](*given, **more)
    )
    return holder


def dialog_of(qtbot: QtBot, folder: Path) -> OfficialWeightsDialog:
    dialog = OfficialWeightsDialog(folder=folder)
    qtbot.addWidget(dialog)
    dialog.show()
    return dialog


def test_weights_are_fetched_only_when_asked_for(
    qtbot: QtBot, tmp_path: Path, fetch: dict[str, Download]
) -> None:
    go = threading.Event()

    def do(
        name: str, folder: Path, *, progress: Callable[[Progress], None], should_stop: object
    ) -> Path:
        progress(Progress(1_000_000, 4_000_000, 500_000.0))
        assert go.wait(10)
        path = folder / name
        path.write_bytes(b"1")
        return path

    fetch["do"] = do
    dialog = dialog_of(qtbot, tmp_path)
    assert "stays offline" in words(dialog)
    chosen: list[Path] = []
    dialog.chosen.connect(chosen.append)
    assert list(tmp_path.iterdir()) == []
    button(dialog, "Download").click()
    qtbot.waitUntil(lambda: "1.0 of 4.0 MB" in words(dialog))
    bar = dialog.findChild(QProgressBar)
    assert bar is not None
    assert bar.value() == 250
    go.set()
    qtbot.waitUntil(lambda: chosen == [tmp_path / "yolo11n.pt"])
    again = dialog_of(qtbot, tmp_path)
    tree = again.findChild(QTreeWidget)
    assert tree is not None
    assert tree.currentItem().text(3) == "here already"  # type: ignore[union-attr]
    again.chosen.connect(chosen.append)
    del fetch["do"]
    button(again, "Use these").click()
    assert chosen == [tmp_path / "yolo11n.pt"] * 2


def test_enter_in_the_list_fetches_and_leaves_the_dialog_open(
    qtbot: QtBot, tmp_path: Path, fetch: dict[str, Download]
) -> None:
    asked: list[str] = []

    def do(name: str, *given: object, should_stop: Callable[[], bool], **more: object) -> Path:
        asked.append(name)
        while not should_stop():
            threading.Event().wait(0.01)
        raise Cancelled

    fetch["do"] = do
    dialog = dialog_of(qtbot, tmp_path)
    tree = dialog.findChild(QTreeWidget)
    assert tree is not None
    qtbot.keyClick(tree, Qt.Key.Key_Down)
    qtbot.keyClick(tree, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: bool(asked))
    assert asked == ["yolo11s.pt"]
    assert dialog.isVisible()
    assert button(dialog, "Cancel").isEnabled()
    dialog.reject()
    qtbot.waitUntil(lambda: dialog._job is None)


def test_no_network_is_said_in_place_and_can_be_tried_again(
    qtbot: QtBot, tmp_path: Path, fetch: dict[str, Download]
) -> None:
    def do(*given: object, **more: object) -> Path:
        raise WeightsError("There is no network.", "Try again.")

    fetch["do"] = do
    dialog = dialog_of(qtbot, tmp_path)
    button(dialog, "Download").click()
    qtbot.waitUntil(lambda: "There is no network. Try again." in words(dialog))
    qtbot.waitUntil(lambda: button(dialog, "Download").isEnabled())


def test_a_download_can_be_cancelled(
    qtbot: QtBot, tmp_path: Path, fetch: dict[str, Download]
) -> None:
    stopped = threading.Event()

    def do(*given: object, should_stop: Callable[[], bool], **more: object) -> Path:
        while not should_stop():
            threading.Event().wait(0.01)
        stopped.set()
        raise Cancelled

    fetch["do"] = do
    dialog = dialog_of(qtbot, tmp_path)
    button(dialog, "Download").click()
    button(dialog, "Cancel").click()
    qtbot.waitUntil(stopped.is_set)
    qtbot.waitUntil(lambda: button(dialog, "Download").isEnabled())
    button(dialog, "Download").click()
    dialog.reject()
    qtbot.waitUntil(lambda: dialog._job is None)
