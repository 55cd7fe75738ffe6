"""The live panel shows every stage of a run, and costs the same at its end as at its beginning."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from PyQt6.QtCore import QObject
from PyQt6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

from desktop import theme
from desktop.panels.training.live import LivePanel
from engine.training.folder import RunFolder
from engine.training.record import RunRecord, Stage
from tests.helpers import training_runs as runs
from tests.helpers.widgets import Doubled, Marked, cut_off, texts, translated_by, untranslated

OWN = {
    "yolo11n-seg:iou=wiou3", "tubes", "val_", "jpg", "cells", "gel", "serum", "CPU", "GB", "F1",
    "AP50", "mAP50-95", "mAP50", "dfl", "PNG", "CSV", "yolo11n-seg", "data.yaml", "seg", "cls",
}  # fmt: skip


class Teller:
    """Tells a record what a run tells, without a run."""

    def __init__(self, folder: RunFolder) -> None:
        self.folder = folder
        self.record = RunRecord()

    def tell(self, *told: runs.Told) -> None:
        for event, values in told:
            self.record.add({"event": event, "run": self.folder.name} | values)

    def train(self, epochs: int, wanted: int | None = None) -> None:
        self.tell(*runs.story(self.folder, epochs, wanted))


@pytest.fixture
def teller(tmp_path: Path) -> Teller:
    folder = runs.write_run(tmp_path / "tubes", 2)
    return Teller(folder)


@pytest.fixture
def panel(qtbot: QtBot) -> Iterator[LivePanel]:
    with made(qtbot) as panel:
        yield panel


@contextmanager
def made(qtbot: QtBot) -> Iterator[LivePanel]:
    panel = LivePanel()
    qtbot.addWidget(panel)
    panel.resize(1016, 700)
    panel.show()
    try:
        yield panel
    finally:
        panel.close_threads()


def labels(panel: LivePanel) -> str:
    return "\n".join(each.text() for each in panel.findChildren(QLabel) if each.isVisible())


def ready(qtbot: QtBot, panel: LivePanel) -> None:
    qtbot.waitUntil(lambda: panel.learning.losses.built, timeout=20_000)
    qtbot.waitUntil(lambda: panel.learning.metrics.built)


END = {
    Stage.FINISHED: ("finished", "Finished: 6 epochs"),
    Stage.STOPPED: ("finished", "Stopped early: 6 of 9 epochs"),
    Stage.CANCELLED: ("cancelled", "Cancelled: 6 of 9 epochs"),
    Stage.INTERRUPTED: ("interrupted", "Interrupted: 6 of 9 epochs"),
    Stage.FAILED: ("failed", "Failed: 6 of 9 epochs"),
}


def end(teller: Teller, stage: Stage) -> None:
    event = END[stage][0]
    if event == "finished":
        teller.tell(runs.finished(teller.folder, 6, stopped=stage is Stage.STOPPED))
    elif event == "failed":
        teller.tell(("failed", {"message": "The disk is full.", "hint": "Free some space."}))
    else:
        teller.tell((event, {}))


def test_without_a_run_a_sentence_stands_there(panel: LivePanel) -> None:
    panel.show_record(None, None)
    assert "No training to show" in labels(panel)
    assert not panel.learning.isVisible()
    panel.refresh()


def test_before_the_first_epoch_no_axes_are_shown(
    qtbot: QtBot, panel: LivePanel, teller: Teller
) -> None:
    panel.show_record(teller.record, teller.folder)
    assert "Starting: 0 s" in labels(panel)
    teller.tell(runs.preparing(teller.folder))
    panel.refresh()
    assert "Preparing: 0 s" in labels(panel)
    teller.tell(runs.started(9), runs.batch(1, 9, 3))
    panel.refresh()
    assert "Epoch 1 of 9" in labels(panel)
    assert "Curves appear after the first epoch." in labels(panel)
    assert not panel.learning.isVisible()
    teller.tell(runs.epoch(1, 9))
    panel.refresh()
    assert panel.learning.isVisible()
    ready(qtbot, panel)


def test_a_run_under_way_says_where_it_is(qtbot: QtBot, panel: LivePanel, teller: Teller) -> None:
    panel.show_record(teller.record, teller.folder)
    teller.train(6, 9)
    teller.tell(runs.batch(7, 9, 17))
    panel.refresh()
    said = panel.header._figures.text
    assert "Epoch 7 of 9" in labels(panel)
    assert "batch 17 of 25" in said
    assert "left about 50 s" in said
    assert "learning rate 0.00030" in said
    assert "pictures/s 14.6" in said
    assert "memory 1.2 GB" in said
    assert panel.header._bar.value() == round(1000 * (6 + 17 / 25) / 9)
    teller.tell(("validation", {"epoch": 7}))
    panel.refresh()
    assert "validating" in labels(panel)
    teller.tell(("notice", {"epoch": 4, "text": "The batch is 8 pictures now."}))
    panel.refresh()
    assert "From epoch 4: The batch is 8 pictures now." in labels(panel)
    ready(qtbot, panel)
    assert panel.learning.losses._plot.viewRange()[0] == [0, 9]


@pytest.mark.parametrize("look", ["light", "dark"])
@pytest.mark.parametrize("stage", list(END))
def test_every_end_is_told(
    qtbot: QtBot, qapp: QApplication, teller: Teller, stage: Stage, look: str
) -> None:
    theme.apply(qapp, look)
    teller.train(6, 6 if stage is Stage.FINISHED else 9)
    end(teller, stage)
    with made(qtbot) as panel:
        panel.show_record(teller.record, teller.folder)
        assert END[stage][1] in labels(panel)
        ready(qtbot, panel)
        has_outcome = stage in (Stage.FINISHED, Stage.STOPPED)
        assert (panel.tabs.count() == 3) is has_outcome
        if stage is Stage.FAILED:
            assert "The disk is full. Free some space." in labels(panel)
            assert panel.log.text.toPlainText().endswith("Free some space.")
        if stage is Stage.INTERRUPTED:
            assert "It can go on where it stopped." in labels(panel)
        assert not panel.grab().isNull()


def test_a_run_that_failed_at_once_leaves_sentences(panel: LivePanel, teller: Teller) -> None:
    teller.tell(runs.preparing(teller.folder), ("failed", {"message": "No data.", "hint": ""}))
    panel.show_record(teller.record, teller.folder)
    said = labels(panel)
    assert "This run ended before its first epoch was done." in said
    assert "This run left no pictures." in said
    assert "This run left no figures by class." in said


def test_a_run_that_goes_on_forgets_what_it_repeats(
    qtbot: QtBot, panel: LivePanel, teller: Teller
) -> None:
    panel.show_record(teller.record, teller.folder)
    teller.train(6, 9)
    teller.tell(("interrupted", {}))
    panel.refresh()
    teller.tell(runs.preparing(teller.folder), runs.started(9, first=4), runs.epoch(4, 9))
    panel.refresh()
    ready(qtbot, panel)
    x, _y = panel.learning.losses._points["losses.box"]
    assert x.tolist() == [1, 2, 3, 4]
    assert "goes on with epoch 4" in panel.log.text.toPlainText()


def test_both_plots_zoom_and_point_together(qtbot: QtBot, panel: LivePanel, teller: Teller) -> None:
    teller.train(6, 9)
    panel.show_record(teller.record, teller.folder)
    ready(qtbot, panel)
    losses, metrics = panel.learning.losses, panel.learning.metrics
    losses.set_place(2.0)
    losses.pointed.emit(2.0)
    assert metrics._legend._head == "epoch 2"
    box = metrics._plot.getViewBox()
    box.setRange(xRange=(2, 5), padding=0)
    box.sigRangeChangedManually.emit(box.mouseEnabled())
    assert losses._plot.viewRange()[0] == [2, 5]
    metrics.show_all()
    assert losses._plot.viewRange()[0] == [0, 9]
    assert metrics._mark == (5, "best mask mAP50-95, epoch 5")


def test_the_second_page_has_rate_speed_and_memory(
    qtbot: QtBot, panel: LivePanel, teller: Teller
) -> None:
    teller.train(6, 9)
    panel.show_record(teller.record, teller.folder)
    ready(qtbot, panel)
    panel.tabs.setCurrentIndex(1)
    qtbot.waitUntil(lambda: panel.course.plots["lr"].built)
    said = labels(panel)
    assert "epoch 6: 0.00040" in said
    assert "epoch 6: 14.6" in said
    assert "epoch 6: 1.18" in said


def test_another_run_replaces_all_of_the_first(
    qtbot: QtBot, panel: LivePanel, teller: Teller, tmp_path: Path
) -> None:
    teller.train(6, 9)
    end(teller, Stage.STOPPED)
    panel.show_record(teller.record, teller.folder)
    ready(qtbot, panel)
    panel.tabs.setCurrentIndex(2)
    other = Teller(runs.write_run(tmp_path / "other", 1))
    other.train(3)
    panel.show_record(other.record, other.folder)
    assert panel.tabs.currentIndex() == 0
    assert panel.tabs.count() == 2
    assert "epoch   6" not in panel.log.text.toPlainText()
    assert panel.learning.losses._points["losses.box"][0].tolist() == [1, 2, 3]
    assert panel.classes.model.rowCount() == 4


def test_five_hundred_epochs_leave_no_objects_behind(
    qtbot: QtBot, panel: LivePanel, teller: Teller
) -> None:
    panel.show_record(teller.record, teller.folder)
    panel.resize(1016, 700)
    teller.train(10, 600)
    panel.refresh()
    ready(qtbot, panel)
    qtbot.waitUntil(panel.pictures._lane.idle)
    QApplication.processEvents()

    def count() -> tuple[int, int, int]:
        gc.collect()
        scenes = (each._plot.scene() for each in (panel.learning.losses, panel.learning.metrics))
        items = sum(len(scene.items()) for scene in scenes)
        alive = sum(issubclass(type(each), QObject) for each in gc.get_objects())
        return len(panel.findChildren(QObject)), items, alive

    before = count()
    for number in range(11, 511):
        teller.tell(runs.batch(number, 600, 5))
        panel.refresh()
        teller.tell(runs.epoch(number, 600))
        panel.refresh()
        if number % 50 == 0:
            QApplication.processEvents()
    QApplication.processEvents()
    assert panel.learning.losses._points["losses.box"][0][-1] == 510
    assert count() == before


def test_every_word_is_translated(qtbot: QtBot, teller: Teller) -> None:
    teller.train(6, 9)
    end(teller, Stage.STOPPED)
    with translated_by(Marked()), made(qtbot) as panel:
        panel.show_record(teller.record, teller.folder)
        ready(qtbot, panel)
        qtbot.waitUntil(lambda: panel.outcome._outcome is not None)
        own = OWN | set(teller.folder.path.parts)
        wrong = [str(word) for said in texts(panel) for word in untranslated(said, own)]
        assert not wrong, wrong


@pytest.mark.parametrize("stage", [Stage.STOPPED, Stage.FAILED])
def test_texts_of_twice_the_length_have_room(qtbot: QtBot, teller: Teller, stage: Stage) -> None:
    teller.train(6, 9)
    end(teller, stage)
    with translated_by(Doubled()), made(qtbot) as panel:
        panel.resize(1176, 800)
        panel.show_record(teller.record, teller.folder)
        ready(qtbot, panel)
        for page in range(panel.tabs.count()):
            panel.tabs.setCurrentIndex(page)
            QApplication.processEvents()
            assert not cut_off(panel), cut_off(panel)


def test_the_folder_is_asked_for(qtbot: QtBot, panel: LivePanel, teller: Teller) -> None:
    panel.show_record(teller.record, teller.folder)
    with qtbot.waitSignal(panel.folder_requested):
        panel.log._open.click()
    panel.show_record(teller.record, None)
    assert not panel.log._open.isEnabled()
