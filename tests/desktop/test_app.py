"""The application as a whole, with a detector that needs no network."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from PyQt6.QtWidgets import (
    QApplication,
    QDockWidget,
    QLabel,
    QMessageBox,
    QPushButton,
    QSlider,
    QWidget,
)
from pytestqt.qtbot import QtBot

from desktop import crash, theme
from desktop.app import Application
from desktop.settings import Settings
from desktop.state import ObjectKey, Place
from engine.config import RunConfig
from engine.inference.fake import FakeDetector
from engine.media import write_picture
from engine.paths import app_data
from engine.scenes.tubes import render_tubes
from engine.session import Phase
from engine.types import Frame, Result
from tests.helpers.tour import detect, start


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LABSIGHT_HOME", str(tmp_path / "sessions"))
    monkeypatch.setenv("LABSIGHT_DATA", str(tmp_path / "data"))


@pytest.fixture
def application(qapp: QApplication, tmp_path: Path) -> Iterator[Application]:
    application = start(qapp, tmp_path / "settings.ini")
    yield application
    application.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pictures")
    for number in range(4):
        image = render_tubes(900_000 + number, (192, 128)).image
        write_picture(image, folder / f"p{number}.jpg")
    return folder


def test_the_picture_on_screen_follows_the_run_and_stays_at_its_end(
    qtbot: QtBot, application: Application, folder: Path
) -> None:
    detect(qtbot, application, folder)
    assert application.window is not None
    state, images = application.state, application.window._pages.tab
    qtbot.waitUntil(lambda: images._overlay is not None and images._overlay.frame_id is not None)
    assert state.place is not None
    assert images._overlay is not None
    assert len(images._overlay.detections) == 6
    state.change(place=Place(str(folder / "p1.jpg")), selection=ObjectKey(2, 3))
    qtbot.waitUntil(lambda: images._overlay is not None and images._overlay.frame_id == 2)
    assert images.view._stage.picture is not None
    window = application.window
    assert window is not None
    assert "p1.jpg" in {label.text() for label in window.findChildren(QLabel)}


def test_a_slider_reaches_picture_table_and_counts(
    qtbot: QtBot, application: Application, folder: Path
) -> None:
    detect(qtbot, application, folder)
    window, state = application.window, application.state
    assert window is not None
    images = window._pages.tab
    before = sum(outcome.total or 0 for outcome in state.outcomes.values())
    window.findChildren(QSlider)[0].setValue(80)
    qtbot.waitUntil(
        lambda: sum(outcome.total or 0 for outcome in state.outcomes.values()) < before
    )
    total = sum(outcome.total or 0 for outcome in state.outcomes.values())
    qtbot.waitUntil(lambda: images._results.model.rowCount() == total)
    assert state.place is not None
    here = state.outcomes[state.place.path].total
    qtbot.waitUntil(
        lambda: images._overlay is not None and len(images._overlay.detections) == here
    )


def test_a_file_that_vanished_leaves_a_sentence_where_it_was(
    qtbot: QtBot, application: Application, folder: Path, tmp_path: Path
) -> None:
    state, window = application.state, application.window
    assert window is not None
    gone = tmp_path / "gone.jpg"
    gone.write_bytes((folder / "p0.jpg").read_bytes())
    with qtbot.waitSignal(state.sources_changed):
        application.controller.open([folder, gone])
    qtbot.waitUntil(lambda: window._pages.tab.view._stage.picture is not None)
    gone.unlink()
    state.change(place=Place(str(gone)))
    qtbot.waitUntil(lambda: window._pages.tab._unreadable.isVisible())
    assert "gone.jpg" in window._pages.tab._unreadable.text
    state.change(place=Place(str(folder / "p0.jpg")))
    qtbot.waitUntil(lambda: window._pages.tab.view._stage.picture is not None)
    assert not window._pages.tab._unreadable.isVisible()


def test_title_theme_and_language_change_while_it_runs(
    qtbot: QtBot, qapp: QApplication, application: Application, folder: Path
) -> None:
    detect(qtbot, application, folder)
    first = application.window
    application.change_preferences({"title": "Ward 7"})
    assert application.window is first
    assert first is not None
    assert first.windowTitle() == "LabSight — Ward 7"
    application.change_preferences({"theme": "dark"})
    application.change_preferences({"language": "zh_CN"})
    window = application.window
    assert window is not None
    assert window is not first
    assert theme.current() is theme.DARK
    assert window.windowTitle() == "LabSight — Ward 7"
    qtbot.waitUntil(lambda: window._pages.tab._results.model.rowCount() == 24)
    for name in theme.CHOICES:
        application.change_preferences({"theme": name})


def test_the_layout_is_remembered_and_reset(
    qtbot: QtBot, qapp: QApplication, application: Application, tmp_path: Path
) -> None:
    window = application.window
    assert window is not None
    results = window.findChild(QDockWidget, "summary")
    assert results is not None
    results.hide()
    application.close()
    again = Application(qapp, Settings(tmp_path / "settings.ini"), opener=lambda c: FakeDetector())
    again.show()
    assert again.window is not None
    kept = again.window.findChild(QDockWidget, "summary")
    assert kept is not None
    assert kept.isHidden()
    again.window.reset_layout()
    assert not kept.isHidden()
    again.close()


def answer(window: QWidget, words: str) -> None:
    """Close a window and press a button of the question that comes."""
    window.close()
    question = window.findChild(QMessageBox)
    assert question is not None
    assert window.isVisible()
    next(each for each in question.buttons() if each.text() == words).click()


class Slow(FakeDetector):
    """Takes its time until it is let go."""

    go = threading.Event()

    def detect(self, frame: Frame, config: RunConfig) -> Result:
        self.go.wait(0.2)
        return super().detect(frame, config)


def test_closing_in_mid_run_asks_first(
    qtbot: QtBot, qapp: QApplication, folder: Path, tmp_path: Path
) -> None:
    slow = Application(qapp, Settings(tmp_path / "settings.ini"), opener=lambda c: Slow(2))
    slow.show()
    state, window = slow.state, slow.window
    assert window is not None
    qtbot.waitUntil(lambda: state.model is not None and not state.model_busy)
    with qtbot.waitSignal(state.sources_changed):
        slow.controller.open([folder])
    slow.controller.detect()
    qtbot.waitUntil(lambda: state.phase is Phase.RUNNING)
    answer(window, "Go on")
    qtbot.waitUntil(lambda: window.findChild(QMessageBox) is None)
    assert slow.window is window
    assert state.phase is Phase.RUNNING
    answer(window, "Stop and quit")
    assert slow.window is None


def test_a_crash_of_the_last_time_is_offered_and_shown(
    qtbot: QtBot, qapp: QApplication, tmp_path: Path
) -> None:
    folder = app_data() / crash.FOLDER
    folder.mkdir(parents=True)
    (folder / crash.FAULTS).write_text("Fatal Python error: Segmentation fault", encoding="utf-8")
    application = start(qapp, tmp_path / "settings.ini")
    messages = application.messages
    qtbot.waitUntil(lambda: messages.last is not None)
    assert messages.last is not None
    assert "unexpectedly" in messages.last.text
    assert messages.last.act is not None
    messages.last.act.do()
    title = "Something went wrong"
    dialog = next(each for each in qapp.topLevelWidgets() if each.windowTitle() == title)
    next(each for each in dialog.findChildren(QPushButton) if each.text() == "Go on").click()
    application.close()
    assert crash.previous_crash(app_data()) is None
