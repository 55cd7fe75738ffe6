"""Every word of the window goes through translation, and has room in twice its length."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QLineEdit,
    QWidget,
)
from pytestqt.qtbot import QtBot

from desktop.app import Application
from engine import errors
from engine.media import write_picture
from engine.paths import ROOT, resource
from engine.scenes.tubes import render_tubes
from tests.helpers.tour import start, tour
from tests.helpers.widgets import Doubled, Marked, cut_off, texts, translated_by, untranslated

# Names that are the same in every language; Close is on a button of Qt's, which Qt translates.
NAMES = {
    "LabSight", "YOLO11", "YOLOv8", "YOLO26", "Ultralytics", "GNU", "Affero", "Excel", "CSV",
    "COCO", "YOLO", "LabelMe", "CPU", "GPU", "RAM", "GB", "MB", "SHA-256", "SHA", "IoU", "px²",
    "px", "ms", "English", "简体中文", "auto", "cpu", "cuda", "mps", "mAP50-95", "mAP50", "EXIF",
    "HTTPS", "https", "github.com", "yolo11", "labsight-tubes-n-seg", "best.pt", "Ctrl", "Shift",
    "Return", "Esc", "Left", "Right", "Del", "Alt", "Space", "ByteTrack", "BoT-SORT", "sim", "rtsp",
    "http", "RTSP", "MJPEG", "fps", "PNG", "v.mp4",
}  # fmt: skip
CLASSES = {"cells", "gel", "serum"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("0000")
    for number in range(3):
        image = render_tubes(900_000 + number, (192, 128)).image
        write_picture(image, folder / f"p{number}.jpg")
    (folder / "p9.jpg").write_bytes(b"")
    return folder


@pytest.fixture
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LABSIGHT_HOME", str(tmp_path / "0"))
    monkeypatch.setenv("LABSIGHT_DATA", str(tmp_path / "1"))


@pytest.fixture
def marked(qapp: QApplication, own_home: None, tmp_path: Path) -> Iterator[Application]:
    with translated_by(Marked()):
        application = start(qapp, tmp_path / "settings.ini")
        yield application
        application.close()


@pytest.fixture
def doubled(qapp: QApplication, own_home: None, tmp_path: Path) -> Iterator[Application]:
    with translated_by(Doubled()):
        application = start(qapp, tmp_path / "settings.ini")
        yield application
        application.close()


@pytest.fixture
def chinese(qapp: QApplication, own_home: None, tmp_path: Path) -> Iterator[Application]:
    application = start(qapp, tmp_path / "settings.ini")
    application.change_preferences({"language": "zh_CN"})
    yield application
    application.close()


def own_words(folder: Path) -> set[str]:
    """Return what the person brought along: names of files, folders and classes."""
    named = {part for path in (folder, resource("weights"), *folder.iterdir())
             for part in path.parts}  # fmt: skip
    return NAMES | CLASSES | named | {"fake"}


def test_every_text_goes_through_translation(
    qtbot: QtBot, marked: Application, folder: Path
) -> None:
    own, wrong, seen = own_words(folder) | {"Close"}, [], 0
    for state, root in tour(qtbot, marked, folder):
        # Versions and licences, a card's own text and the names of weights are data.
        data = state in ("about", "model_card", "official_weights")
        for said in texts(root):
            seen += 1
            if not data or "⟦" in said.text:
                wrong += [f"{state}: {word!r} in {said}" for word in untranslated(said, own)]
    assert seen > 1000
    assert not wrong, "\n".join(sorted(set(wrong)))


def test_chinese_has_no_english_left(qtbot: QtBot, chinese: Application, folder: Path) -> None:
    own, wrong = own_words(folder) | {"said", "hint", "details", "do", "report"}, []
    for state, root in tour(qtbot, chinese, folder):
        if state in ("about", "model_card", "official_weights"):
            continue
        for said in texts(root):
            wrong += [
                f"{state}: {word!r} in {said}" for word in untranslated(said, own, "[A-Za-z]{2,}")
            ]
    assert not wrong, "\n".join(sorted(set(wrong)))


@pytest.mark.parametrize("size", [(1280, 800), (1440, 900)])
def test_texts_of_twice_the_length_are_not_cut(
    qtbot: QtBot, doubled: Application, folder: Path, size: tuple[int, int]
) -> None:
    wrong = []
    assert doubled.window is not None
    doubled.window.resize(*size)
    for state, root in tour(qtbot, doubled, folder):
        # What has just come takes a moment to be arranged.
        with suppress(qtbot.TimeoutError):
            qtbot.waitUntil(partial(_all_fits, root), timeout=1500)
        wrong += [f"{state}: {each}" for each in cut_off(root)]
    assert not wrong, "\n".join(sorted(set(wrong)))


def _all_fits(root: QWidget) -> bool:
    return not list(cut_off(root))


def test_everything_that_can_be_used_says_what_it_is(
    qtbot: QtBot, marked: Application, folder: Path
) -> None:
    kinds = (QAbstractButton, QAbstractItemView, QAbstractSlider, QAbstractSpinBox, QComboBox,
             QLineEdit)  # fmt: skip
    nameless = []
    for state, root in tour(qtbot, marked, folder):
        for widget in root.findChildren(QWidget):
            shown = isinstance(widget, kinds) and widget.isVisible() and widget.isEnabled()
            if not shown or widget.focusPolicy() == Qt.FocusPolicy.NoFocus:
                continue
            words = widget.text() if isinstance(widget, QAbstractButton) else ""
            inside = isinstance(widget.parent(), QAbstractSpinBox | QComboBox)
            if not (widget.accessibleName() or words.strip() or inside):
                nameless.append(f"{state}: {type(widget).__name__} {widget.objectName()}")
    assert not nameless, "\n".join(sorted(set(nameless)))


@pytest.mark.slow
def test_nor_are_they_at_twice_the_scale() -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", __file__]
    done = subprocess.run(
        [*command, "-k", "twice_the_length"],
        cwd=ROOT,
        env=os.environ | {"QT_SCALE_FACTOR": "2"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert "2 passed" in done.stdout


def test_no_error_has_a_sentence_that_is_not_marked_for_translation() -> None:
    kinds = {name for name, kind in vars(errors).items()
             if isinstance(kind, type) and issubclass(kind, errors.EngineError)}  # fmt: skip
    wrong = []
    for path in [*(ROOT / "engine").rglob("*.py"), *(ROOT / "desktop").rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.Call) or ast.unparse(node.func) not in kinds:
                continue
            for argument in node.args[:2]:
                if isinstance(argument, ast.Constant) and argument.value:
                    wrong.append(f"{path.name}:{node.lineno}: {argument.value!r}")
    assert wrong == []
