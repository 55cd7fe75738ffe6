"""The tab that trains as a part of the window: what is pressed, dropped, asked at the end."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PyQt6.QtCore import QMimeData, Qt, QUrl
from PyQt6.QtWidgets import QApplication, QMessageBox
from pytestqt.qtbot import QtBot

from desktop.app import Application
from desktop.panels.train_tab import LIVE, RUNS
from desktop.training_state import DataFacts
from engine.media import write_picture
from engine.models import bases
from engine.paths import DEFAULT_WEIGHTS, resource
from engine.scenes.tubes import render_tubes
from engine.session import Phase
from engine.training.record import Stage
from tests.helpers.datasets import make
from tests.helpers.tour import start
from tests.helpers.training_child import FakeTraining, stand_in
from tests.helpers.training_runs import finished
from tests.helpers.widgets import Doubled, Marked, cut_off, texts, translated_by, untranslated

DATA = DataFacts(Path("/data/0"), "0", ("segment",), ("cells", "gel"), {"train": 386, "val": 97})
# Names that are the same in every language, and what stands in the run that is told of.
NAMES = {
    "LabSight", "labsight-tubes-n-seg", "YOLO11", "YOLO", "COCO", "VOC", "LabelMe", "Ultralytics",
    "CPU", "GPU", "RAM", "GB", "MB", "px", "GFLOPs", "IoU", "wiou3", "iou", "mAP50-95", "mAP50",
    "AdamW", "Adam", "NAdam", "RAdam", "SGD", "RMSProp", "MuSGD", "yolo11", "seg", "cells", "gel",
    "serum", "DFL", "val", "jpg",
}  # fmt: skip


@pytest.fixture
def child(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[type[FakeTraining]]:
    yield from stand_in(monkeypatch, tmp_path)


@pytest.fixture
def application(
    qapp: QApplication, child: type[FakeTraining], tmp_path: Path
) -> Iterator[Application]:
    application = start(qapp, tmp_path / "settings.ini")
    yield application
    application.close()


def begin(qtbot: QtBot, application: Application, child: type[FakeTraining]) -> FakeTraining:
    """Train, from the tab that is there for it."""
    training, window = application.controller.training, application.window
    assert window is not None
    window.show_tab("train")
    training.state.change(data=DATA)
    window._actions["detect"].trigger()
    qtbot.waitUntil(lambda: training.runs.under_way is not None)
    child.made[-1].train(2)
    qtbot.waitUntil(lambda: training.state.stage is Stage.TRAINING)
    return child.made[-1]


def answer(application: Application, words: str) -> None:
    """Close the window and press a button of the question that comes."""
    assert application.window is not None
    application.window.close()
    press(application, words)


def is_closed(application: Application) -> bool:
    return application.window is None


def press(application: Application, words: str) -> None:
    """Press a button of the newest question."""
    assert application.window is not None
    question = application.window.findChildren(QMessageBox)[-1]
    next(each for each in question.buttons() if each.text() == words).click()


def test_the_one_button_trains_where_the_tab_trains(
    qtbot: QtBot, application: Application, child: type[FakeTraining]
) -> None:
    window, state = application.window, application.controller.training.state
    assert window is not None
    begin(qtbot, application, child)
    detect, stop, cancel = (
        window._actions[name] for name in ("detect", "stop_early", "cancel_training")
    )
    assert not detect.isEnabled()
    window.show_tab("image")
    assert stop.isEnabled()
    stop.trigger()
    assert state.told == "stop"
    assert not stop.isEnabled()
    qtbot.waitUntil(lambda: child.made[0].commands == ["stop"])
    cancel.trigger()
    qtbot.waitUntil(lambda: not state.engaged)
    assert child.made[0].commands == ["stop", "cancel"]


def test_one_key_trains_and_in_the_list_of_runs_reads_it_again(
    qtbot: QtBot, application: Application, child: type[FakeTraining]
) -> None:
    window, training = application.window, application.controller.training
    assert window is not None
    window.show_tab("train")
    training.state.change(data=DATA)
    page = window._pages._train
    assert page is not None
    page.show_page(RUNS)
    window.activateWindow()
    table = page.runs.table
    table.setFocus()
    qtbot.waitUntil(table.hasFocus)
    with qtbot.waitSignal(page.runs.model.loaded):
        qtbot.keyClick(table, Qt.Key.Key_F5)
    assert not training.state.engaged
    page.show_page(LIVE)
    page.live.setFocus()
    qtbot.keyClick(window, Qt.Key.Key_F5)
    qtbot.waitUntil(lambda: training.runs.under_way is not None)
    child.made[0].end(("cancelled", {}))
    qtbot.waitUntil(lambda: not training.state.engaged)


def test_what_is_dropped_there_is_for_the_training_and_pictures_are_not(
    qtbot: QtBot, application: Application, tmp_path: Path
) -> None:
    window, controller = application.window, application.controller
    assert window is not None
    window.show_tab("train")
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(make(tmp_path / "tubes").parent))])
    assert controller.open_mime(data)
    qtbot.waitUntil(lambda: controller.training.state.data is not None)
    assert window.tab == "train"
    path = tmp_path / "p.jpg"
    write_picture(render_tubes(900_000, (96, 64)).image, path)
    data.setUrls([QUrl.fromLocalFile(str(path))])
    assert controller.open_mime(data)
    qtbot.waitUntil(lambda: window.tab == "image")


def test_its_model_is_put_to_use_where_pictures_are(
    qtbot: QtBot, application: Application, child: type[FakeTraining]
) -> None:
    window, state = application.window, application.state
    assert window is not None
    qtbot.waitUntil(lambda: state.model is not None)
    training = begin(qtbot, application, child)
    best = training.folder.best
    best.write_bytes(resource(DEFAULT_WEIGHTS).read_bytes())
    training.end(finished(training.folder, 10))
    qtbot.waitUntil(lambda: not application.controller.training.state.engaged)
    assert application.messages.last is not None
    assert application.messages.last.act is not None
    application.messages.last.act.do()
    assert window.tab == "image"
    qtbot.waitUntil(lambda: state.config.weights == best, timeout=60_000)


def test_a_training_may_go_on_without_the_window(
    qtbot: QtBot, application: Application, child: type[FakeTraining]
) -> None:
    training = begin(qtbot, application, child)
    answer(application, "Do not quit")
    assert application.window is not None
    answer(application, "Keep training")
    assert is_closed(application)
    assert training.alive
    assert training.commands == []


def test_a_training_may_be_ended_with_the_window(
    qtbot: QtBot, application: Application, child: type[FakeTraining]
) -> None:
    training = begin(qtbot, application, child)
    answer(application, "Stop training and quit")
    qtbot.waitUntil(lambda: application.window is None)
    assert not training.alive
    assert training.commands == ["cancel"]


def test_a_run_and_a_training_are_asked_about_one_after_the_other(
    qtbot: QtBot, application: Application, child: type[FakeTraining]
) -> None:
    training = begin(qtbot, application, child)
    application.state.change(engaged="image", phase=Phase.RUNNING)
    answer(application, "Stop and quit")
    assert application.window is not None
    press(application, "Keep training")
    assert is_closed(application)
    assert training.alive


def test_the_end_of_the_computers_session_asks_nothing(
    qtbot: QtBot, application: Application, child: type[FakeTraining]
) -> None:
    training = begin(qtbot, application, child)
    application._on_session_end()
    assert application.window is not None
    application.window.close()
    assert is_closed(application)
    assert training.alive


def test_another_language_finds_the_training_where_it_was(
    qtbot: QtBot, application: Application, child: type[FakeTraining]
) -> None:
    begin(qtbot, application, child)
    application.change_preferences({"theme": "dark"})
    window, state = application.window, application.controller.training.state
    assert window is not None
    assert window.tab == "train"
    assert state.stage is Stage.TRAINING
    child.made[0].end(("cancelled", {}))
    qtbot.waitUntil(lambda: not state.engaged)
    assert window._actions["detect"].isEnabled()


def states(qtbot: QtBot, application: Application, child: type[FakeTraining]) -> Iterator[str]:
    """Bring the tab into each of its states and yield what it is called."""
    window, training = application.window, application.controller.training
    assert window is not None
    window.show_tab("train")
    qtbot.wait(200)
    yield "empty"
    page = window._pages._train
    assert page is not None
    for fold in page._setup._folds.values():
        fold.set_open(True)
    training.setup.change(seed=3, optimizer="AdamW")
    run = begin(qtbot, application, child)
    qtbot.wait(300)
    yield "training"
    run.end(finished(run.folder, 10))
    qtbot.waitUntil(lambda: not training.state.engaged)
    qtbot.wait(300)
    yield "finished"


@pytest.mark.parametrize("size", [(1280, 800), (1440, 900)])
def test_texts_of_twice_the_length_are_not_cut(
    qtbot: QtBot,
    qapp: QApplication,
    child: type[FakeTraining],
    tmp_path: Path,
    size: tuple[int, int],
) -> None:
    wrong: list[str] = []
    with translated_by(Doubled()):
        application = start(qapp, tmp_path / "settings.ini")
        assert application.window is not None
        application.window.resize(*size)
        for name in states(qtbot, application, child):
            page = application.window._pages._train
            assert page is not None
            wrong += [f"{name}: {each}" for each in cut_off(page._dock)]
        application.close()
    assert not wrong, "\n".join(sorted(set(wrong)))


def test_every_text_of_the_setup_goes_through_translation(
    qtbot: QtBot, qapp: QApplication, child: type[FakeTraining], tmp_path: Path
) -> None:
    wrong: list[str] = []
    with translated_by(Marked()):
        application = start(qapp, tmp_path / "settings.ini")
        assert application.window is not None
        for name in states(qtbot, application, child):
            page = application.window._pages._train
            assert page is not None
            own = NAMES | set(bases.names()) | set(tmp_path.parts)
            for said in texts(page._dock):
                wrong += [f"{name}: {word!r} in {said}" for word in untranslated(said, own)]
        application.close()
    assert not wrong, "\n".join(sorted(set(wrong)))
