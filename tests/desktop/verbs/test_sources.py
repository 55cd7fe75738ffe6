"""Opening files and folders: what gets into the list, and what is said of the rest."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PyQt6.QtCore import QMimeData, QTimer, QUrl
from PyQt6.QtGui import QGuiApplication, QImage
from pytestqt.qtbot import QtBot

from desktop.messages import Messages
from desktop.settings import Settings
from desktop.state import AppState, Place
from desktop.verbs.sources import SourceVerbs
from engine.session import Phase


@pytest.fixture
def verbs(state: AppState, settings: Settings, messages: Messages) -> SourceVerbs:
    return SourceVerbs(state=state, settings=settings, messages=messages)


def opened(qtbot: QtBot, state: AppState, verbs: SourceVerbs, *paths: Path) -> list[str]:
    """Open paths and return the names in the list."""
    with qtbot.waitSignal(state.sources_changed):
        verbs.open(list(paths))
    return [path.name for path in state.sources]


def test_a_folder_fills_the_list_and_shows_its_first_picture(
    qtbot: QtBot, state: AppState, verbs: SourceVerbs, pictures: Path, settings: Settings
) -> None:
    assert opened(qtbot, state, verbs, pictures) == [f"p{n}.jpg" for n in range(5)]
    assert state.place == Place(str(pictures / "p0.jpg"))
    assert verbs.asked == (str(pictures),)
    assert settings.preferences.recent_sources == (str(pictures),)


def test_several_at_once_each_file_once(
    qtbot: QtBot, state: AppState, verbs: SourceVerbs, pictures: Path
) -> None:
    names = opened(qtbot, state, verbs, pictures / "p3.jpg", pictures, pictures / "p1.jpg")
    assert names == ["p3.jpg", "p0.jpg", "p1.jpg", "p2.jpg", "p4.jpg"]


def test_what_is_no_picture_is_named_and_the_rest_opens(
    qtbot: QtBot,
    state: AppState,
    verbs: SourceVerbs,
    pictures: Path,
    tmp_path: Path,
    said: Callable[[], str],
) -> None:
    notes = tmp_path / "notes.txt"
    notes.write_text("nothing to see", encoding="utf-8")
    assert opened(qtbot, state, verbs, notes, pictures / "p2.jpg") == ["p2.jpg"]
    qtbot.waitUntil(lambda: "notes.txt holds text" in said())


@pytest.mark.parametrize("name", ["notes.docx", "missing.png", "empty"])
def test_a_drop_of_nothing_usable_leaves_the_list_as_it_is(
    qtbot: QtBot,
    state: AppState,
    verbs: SourceVerbs,
    pictures: Path,
    tmp_path: Path,
    messages: Messages,
    name: str,
) -> None:
    before = opened(qtbot, state, verbs, pictures)
    (tmp_path / "empty").mkdir()
    (tmp_path / "notes.docx").write_bytes(b"PK\3\4 and so on")
    with qtbot.waitSignal(messages.came):
        verbs.open([tmp_path / name])
    assert [path.name for path in state.sources] == before


def test_sessions_and_weights_among_the_files_go_where_they_belong(
    qtbot: QtBot, verbs: SourceVerbs, tmp_path: Path
) -> None:
    got: list[Path] = []
    verbs.session_dropped.connect(got.append)
    verbs.weights_dropped.connect(got.append)
    verbs.open([tmp_path / "session.labsight", tmp_path / "best.PT"])
    assert got == [tmp_path / "session.labsight", tmp_path / "best.PT"]


def test_a_run_under_way_keeps_its_list(
    qtbot: QtBot,
    state: AppState,
    verbs: SourceVerbs,
    pictures: Path,
    said: Callable[[], str],
) -> None:
    state.change(phase=Phase.RUNNING)
    verbs.open([pictures])
    qtbot.waitUntil(lambda: said() == "A run is under way.")
    assert state.sources == ()


def test_a_picture_of_the_clipboard_is_kept_and_opened(
    qtbot: QtBot, state: AppState, verbs: SourceVerbs
) -> None:
    clipboard = QGuiApplication.clipboard()
    assert clipboard is not None
    image = QImage(30, 20, QImage.Format.Format_RGB32)
    image.fill(0)
    clipboard.setImage(image)
    with qtbot.waitSignal(state.sources_changed):
        verbs.paste()
    (path,) = state.sources
    assert QImage(str(path)).size() == image.size()


def test_paths_and_files_can_be_pasted(
    qtbot: QtBot, state: AppState, verbs: SourceVerbs, pictures: Path
) -> None:
    files, text = QMimeData(), QMimeData()
    files.setUrls([QUrl.fromLocalFile(str(pictures / "p4.jpg"))])
    text.setText(f'"{pictures / "p3.jpg"}"\n')
    for data in (files, text):
        with qtbot.waitSignal(state.sources_changed):
            assert verbs.open_mime(data)
    assert [path.name for path in state.sources] == ["p3.jpg"]


def test_a_web_address_is_refused_with_a_sentence(
    verbs: SourceVerbs, said: Callable[[], str]
) -> None:
    data = QMimeData()
    data.setUrls([QUrl("https://example.org/a.jpg")])
    assert not verbs.open_mime(data)
    assert said() == "Only files of this machine can be opened."


def test_stepping_stops_at_both_ends(
    qtbot: QtBot, state: AppState, verbs: SourceVerbs, pictures: Path
) -> None:
    verbs.step(1)
    assert state.place is None
    opened(qtbot, state, verbs, pictures)
    seen = []
    for by in (1, 1, 1, 1, 1, -1, -10):
        verbs.step(by)
        seen.append(verbs.row())
    assert seen == [1, 2, 3, 4, 4, 3, 0]


def test_fifty_thousand_files_do_not_hold_the_window(
    qtbot: QtBot, state: AppState, verbs: SourceVerbs, tmp_path: Path
) -> None:


    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(50_000):
        (folder / f"{number}.jpg").touch()
    ticks: list[bool] = []
    timer = QTimer()
    timer.timeout.connect(lambda: ticks.append(True))
    timer.start(5)
    with qtbot.waitSignal(state.sources_changed, timeout=60_000):
        verbs.open([folder])
    timer.stop()
    assert len(state.sources) == 50_000
    assert state.sources[10].name == "10.jpg"
    # A window that waited for the listing would not have ticked before its end.
    assert len(ticks) > 20
