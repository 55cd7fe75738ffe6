"""What a file manager hands over is opened at the start, each kind where it belongs."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from PyQt6.QtCore import QEvent
from PyQt6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from desktop import crash
from desktop.app import Application, _Program
from desktop.settings import Settings
from engine.inference.fake import FakeDetector
from engine.media import write_picture
from engine.paths import app_data
from engine.scenes.tubes import render_tubes
from tests.helpers.tour import LONG_MS, detect, start


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LABSIGHT_HOME", str(tmp_path / "sessions"))
    monkeypatch.setenv("LABSIGHT_DATA", str(tmp_path / "data"))


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = tmp_path / "样品 pictures"
    folder.mkdir()
    for number in range(2):
        write_picture(render_tubes(900_000 + number, (96, 64)).image, folder / f"{number}.jpg")
    return folder


@pytest.fixture
def application(qapp: QApplication, tmp_path: Path) -> Iterator[Application]:
    made = Application(
        qapp, Settings(tmp_path / "settings.ini"), opener=lambda config: FakeDetector(6)
    )
    yield made
    made.close()


def test_pictures_and_folders(qtbot: QtBot, application: Application, pictures: Path) -> None:
    state = application.state
    with qtbot.waitSignal(state.sources_changed, timeout=LONG_MS):
        application.show([pictures / "1.jpg"])
    assert [*state.sources] == [pictures / "1.jpg"]
    assert application.window is not None
    assert application.window.tab == "image"
    qtbot.waitUntil(lambda: state.model is not None, timeout=LONG_MS)
    with qtbot.waitSignal(state.sources_changed, timeout=LONG_MS):
        application.controller.open([pictures])
    assert [*state.sources] == [pictures / "0.jpg", pictures / "1.jpg"]


def test_a_session_with_its_own_settings(
    qtbot: QtBot, qapp: QApplication, pictures: Path, tmp_path: Path
) -> None:
    first = start(qapp, tmp_path / "first.ini")
    detect(qtbot, first, pictures)
    session = first.state.session
    first.close()
    assert session is not None
    again = Application(
        qapp, Settings(tmp_path / "again.ini"), opener=lambda config: FakeDetector(6)
    )
    state = again.state
    again.show([session])
    qtbot.waitUntil(lambda: state.session == session, timeout=LONG_MS)
    assert [*state.sources] == [pictures / "0.jpg", pictures / "1.jpg"]
    # The weights of the last time were read before, not after: the model is the session's.
    assert not state.model_busy
    assert state.model is not None
    assert state.model.name == "fake"
    again.close()


def test_a_crash_of_the_last_time_waits_for_a_start_without_files(
    qtbot: QtBot, qapp: QApplication, application: Application, pictures: Path, tmp_path: Path
) -> None:
    folder = app_data() / crash.FOLDER
    folder.mkdir(parents=True)
    (folder / crash.FAULTS).write_text("Fatal Python error: Segmentation fault", encoding="utf-8")
    with qtbot.waitSignal(application.state.sources_changed, timeout=LONG_MS):
        application.show([pictures])
    qtbot.waitUntil(lambda: application.state.model is not None, timeout=LONG_MS)
    assert crash.previous_crash(app_data()) is not None


class Stub:
    """A program that keeps what its signal says."""

    def __init__(self) -> None:
        self.came: list[Path] = []
        self.file_came = SimpleNamespace(emit=self.came.append)


def test_macos_tells_of_files_by_an_event(pictures: Path) -> None:
    # Events of this kind can be made by Qt alone.
    event = SimpleNamespace(type=lambda: QEvent.Type.FileOpen, file=lambda: str(pictures))
    program = Stub()
    assert _Program.event(cast(_Program, program), cast(QEvent, event))
    assert program.came == [pictures]
