"""The parts of the live panel: series, log, words, classes, pictures and what the best is worth."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtGui import QGuiApplication
from PyQt6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from desktop.panels.training import words
from desktop.panels.training.class_table import ClassTable
from desktop.panels.training.curve_names import loss_curves, metric_curves
from desktop.panels.training.log import MOST_LINES, LogView
from desktop.panels.training.outcome import read
from desktop.panels.training.outcome_panel import OutcomePanel
from desktop.panels.training.overlaid import RunsPlot
from desktop.panels.training.picture_dialog import PictureDialog
from desktop.panels.training.picture_strip import PictureStrip
from desktop.panels.training.plots import rate
from desktop.panels.training.previews import IMAGE
from desktop.panels.training.series import Series
from engine.errors import TrainingError
from engine.training.folder import RunFolder
from engine.training.record import RunRecord
from tests.helpers import training_runs as runs


def tell(record: RunRecord, *told: runs.Told) -> RunRecord:
    for event, values in told:
        record.add({"event": event, "run": "tubes"} | values)
    return record


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return runs.write_run(tmp_path, 2)


def trained(folder: RunFolder, epochs: int, wanted: int | None = None) -> RunRecord:
    return tell(RunRecord(), *runs.story(folder, epochs, wanted))


def classified(epoch: int) -> runs.Told:
    _name, values = runs.epoch(epoch, 9)
    return "epoch", values | {
        "losses": {"loss": 1.5},
        "val_losses": {"loss": 1.8},
        "metrics": {"top1": 0.8, "top5": None},
        "classes": [],
    }


def test_series_grow_and_take_in_only_what_is_new(folder: RunFolder) -> None:
    record, series = trained(folder, 70, 100), Series()
    assert series.follow(record)
    first = series["losses.box"]
    assert len(first) == len(series) == 70
    assert not series.follow(record)
    tell(record, *(runs.epoch(number, 100) for number in range(71, 200)))
    assert series.follow(record)
    assert series.epochs.tolist() == list(range(1, 200))
    assert series["losses.box"][:70].tolist() == first.tolist()
    assert series["metrics.map50"][-1] == record.epochs[-1].metrics["map50"]
    assert series["memory_gb"][0] == pytest.approx(1210.5 / 1024)


def test_series_know_of_figures_that_come_late_or_are_missing() -> None:
    record, series = RunRecord(), Series()
    tell(record, classified(1), runs.epoch(2, 9), classified(3))
    series.follow(record)
    assert np.isnan(series["losses.box"][0])
    assert np.isfinite(series["losses.box"][1])
    assert np.isnan(series["losses.box"][2])
    assert np.isnan(series["metrics.top5"]).all()


def test_curves_are_named_by_what_they_are_of(folder: RunFolder) -> None:
    series = Series()
    series.follow(trained(folder, 1))
    losses, metrics = loss_curves(series.keys), metric_curves(series.keys)
    assert [each.title for each in losses[:4]] == [
        "box, train", "class, train", "dfl, train", "mask, train",
    ]  # fmt: skip
    assert [each.dashed for each in losses] == [False] * 4 + [True] * 4
    assert [each.title for each in metrics] == [
        "precision, box", "recall, box", "mAP50, box", "mAP50-95, box", "mAP50, mask",
        "mAP50-95, mask",
    ]  # fmt: skip
    assert metrics[3].colour != metrics[5].colour
    assert [each.title for each in metric_curves(["metrics.top1", "lr"])] == ["top-1"]


@pytest.mark.parametrize(
    ("seconds", "said"), [(0, "0 s"), (59.9, "59 s"), (2472, "41 min 12 s"), (7500, "2 h 05 min")]
)
def test_lengths_of_time(seconds: float, said: str) -> None:
    assert words.lasted(seconds) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(3, "about 10 s"), (44, "about 40 s"), (1510, "about 25 min"), (3590, "about 1 h 00 min")],
)
def test_times_left_are_rounded(seconds: float, said: str) -> None:
    assert words.about(seconds) == said


@pytest.mark.parametrize(
    ("value", "said"), [(0.01, "0.010"), (0.00042, "0.00042"), (4.2e-6, "4.2e-6"), (0, "0.00")]
)
def test_rates_have_two_figures_that_count(value: float, said: str) -> None:
    assert rate(value) == said


def test_the_log_tells_the_story_once(qtbot: QtBot, folder: RunFolder) -> None:
    view, record = LogView(), RunRecord()
    qtbot.addWidget(view)
    view.show_record(record, folder)
    for told in runs.story(folder, 3):
        if told == runs.epoch(3, 3):
            tell(record, ("notice", {"epoch": 3, "text": "Memory was too small."}))
            view.refresh()
        tell(record, told)
        view.refresh()
    tell(record, runs.finished(folder, 3))
    view.refresh()
    view.refresh()
    lines = view.text.toPlainText().splitlines()
    assert [line[:7] for line in lines[2:]] == [
        "0:00:26", "0:00:52", "0:00:52", "0:01:19", "0:01:19",
    ]  # fmt: skip
    assert "epoch   1  box" in lines[2]
    assert "best so far" in lines[3]
    assert lines[4].endswith("  Memory was too small.")
    assert "epoch   3  box" in lines[5]
    assert "best so far" not in lines[5]
    assert lines[6].endswith("  Finished: 3 epochs")
    again = LogView()
    qtbot.addWidget(again)
    again.show_record(record, folder)
    assert again.text.toPlainText() == view.text.toPlainText()


def test_the_log_is_no_longer_than_its_most(qtbot: QtBot, folder: RunFolder) -> None:
    view = LogView()
    qtbot.addWidget(view)
    view.show_record(trained(folder, MOST_LINES + 100), folder)
    assert view.text.blockCount() == MOST_LINES
    assert f"epoch {MOST_LINES + 100}" in view.text.toPlainText()
    view.copy()
    clipboard = QGuiApplication.clipboard()
    assert clipboard is not None
    assert clipboard.text() == view.text.toPlainText()


def cells(table: ClassTable, section: int) -> list[str]:
    model = table.model
    return [str(model.index(row, section).data()) for row in range(model.rowCount())]


def test_all_classes_together_stay_first_however_they_are_sorted(
    qtbot: QtBot, folder: RunFolder
) -> None:
    table = ClassTable()
    qtbot.addWidget(table)
    record = trained(folder, 3)
    table.refresh(record)
    assert cells(table, 0) == ["all", "cells", "gel", "serum"]
    assert cells(table, 1) == ["843", "290", "281", "272"]
    table.table.sortByColumn(1, Qt.SortOrder.AscendingOrder)
    assert cells(table, 0) == ["all", "serum", "gel", "cells"]
    tell(record, runs.epoch(4, 9))
    table.refresh(record)
    assert cells(table, 0) == ["all", "serum", "gel", "cells"]
    assert cells(table, 5)[0] == f"{record.epochs[-1].metrics['map50_95']:.3f}"
    assert "epoch 4, validation, 97 pictures" in [e.text() for e in table.findChildren(QLabel)]
    right = table.model.index(1, 1).data(Qt.ItemDataRole.TextAlignmentRole)
    assert right & Qt.AlignmentFlag.AlignRight
    assert not table.model.index(1, 0).data(Qt.ItemDataRole.DecorationRole).isNull()


def test_a_task_without_masks_has_no_columns_of_them(qtbot: QtBot, folder: RunFolder) -> None:
    table = ClassTable()
    qtbot.addWidget(table)
    _name, values = runs.epoch(1, 9)
    kept = {key: value for key, value in values["metrics"].items() if "mask" not in key}
    classes = [
        {key: value for key, value in each.items() if "mask" not in key}
        for each in values["classes"]
    ]
    del classes[0]["recall"]
    table.refresh(tell(RunRecord(), ("epoch", values | {"metrics": kept, "classes": classes})))
    assert [each.name for each in table.model.columns] == [
        "objects", "precision", "recall", "map50", "map50_95",
    ]  # fmt: skip
    assert cells(table, 3)[1] == "–"
    table.table.sortByColumn(3, Qt.SortOrder.DescendingOrder)
    assert cells(table, 0)[-1] == "cells"


@pytest.fixture
def strip(qtbot: QtBot) -> Iterator[PictureStrip]:
    strip = PictureStrip()
    qtbot.addWidget(strip)
    strip.resize(440, 200)
    strip.show()
    yield strip
    strip.close_threads()


def has_images(strip: PictureStrip) -> bool:
    found = [strip.model.index(row).data(IMAGE) for row in range(strip.model.rowCount())]
    return bool(found) and all(each is not None and not each.isNull() for each in found)


def test_pictures_follow_the_newest_epoch_until_a_person_goes_back(
    qtbot: QtBot, strip: PictureStrip, folder: RunFolder
) -> None:
    record = trained(folder, 10)
    strip.show_record(record, folder)
    qtbot.waitUntil(lambda: has_images(strip))
    assert strip._epoch.text() == "epoch 10, latest"
    assert not strip._after.isEnabled()
    strip._before.click()
    assert strip._epoch.text() == "epoch 5"
    assert strip.model.index(0).data(Qt.ItemDataRole.ToolTipRole) == (
        "val_0031.jpg: 5 of 9 labelled objects found, 1 false"
    )
    tell(record, runs.preview(folder, 15))
    strip.refresh()
    assert strip._epoch.text() == "epoch 5"
    strip._after.click()
    strip._after.click()
    assert strip._epoch.text() == "epoch 15, latest"
    tell(record, runs.preview(folder, 20))
    strip.refresh()
    assert strip._epoch.text() == "epoch 20, latest"


def test_pictures_are_found_after_their_run_was_moved(
    qtbot: QtBot, strip: PictureStrip, folder: RunFolder, tmp_path: Path
) -> None:
    record = trained(folder, 5)
    moved = folder.path.rename(tmp_path / "moved")
    strip.show_record(record, RunFolder(moved))
    qtbot.waitUntil(lambda: has_images(strip))


def test_all_pictures_are_in_sight(qtbot: QtBot, strip: PictureStrip, folder: RunFolder) -> None:
    strip.show_record(trained(folder, 5), folder)
    qtbot.waitUntil(lambda: has_images(strip))
    viewport, bar = strip.list.viewport(), strip.list.verticalScrollBar()
    assert viewport is not None
    assert bar is not None
    for width, height in ((440, 200), (300, 260), (700, 160)):
        strip.resize(width, height)
        qtbot.waitUntil(lambda: bar.maximum() == 0)
        places = [strip.list.visualRect(strip.model.index(row)) for row in range(4)]
        assert all(viewport.rect().contains(place) for place in places)


def test_a_click_shows_a_picture_at_its_full_size(
    qtbot: QtBot, strip: PictureStrip, folder: RunFolder
) -> None:
    strip.show_record(trained(folder, 5), folder)
    qtbot.waitUntil(lambda: has_images(strip))
    strip.list.activated.emit(strip.model.index(1))
    dialog = strip.findChild(PictureDialog)
    assert dialog is not None
    qtbot.waitUntil(lambda: not dialog.picture.image.isNull())
    assert (dialog.picture.image.width(), dialog.picture.image.height()) == (240, 180)
    assert dialog.name.text().startswith("val_0058.jpg")
    qtbot.keyClick(dialog, Qt.Key.Key_Right)
    assert dialog.name.text().startswith("val_0072.jpg")
    dialog.go(7)
    assert dialog.name.text().startswith("val_0072.jpg")
    dialog.close()


def test_the_best_weights_are_read_in_the_background(qtbot: QtBot, folder: RunFolder) -> None:
    panel = OutcomePanel()
    qtbot.addWidget(panel)
    panel.resize(1000, 300)
    panel.show()
    panel.show_file(folder.curves)
    assert panel._outcome is None
    qtbot.waitUntil(lambda: panel.precision.isVisible() and panel.precision.built, timeout=20_000)
    assert panel.matrix.table()[1] == ["cells", "90", "1", "0", "2"]
    panel._measure.setCurrentIndex(1)
    assert panel.matrix.table()[1][1] == f"{90 / 93:.4g}"
    assert panel.part.currentText() == "mask"
    assert panel.f1._mark == (0.5, "best at 0.50")
    head, values = panel.precision._legend._head, panel.precision._legend._values
    assert head == "AP50"
    assert values["mean", ""] == "0.800"
    panel.part.setCurrentIndex(0)
    assert panel.part.currentText() == "box"
    assert [each.row for each in panel.precision._curves] == [*runs.NAMES, "mean"]


def test_curves_that_cannot_be_read_are_told_in_their_place(
    qtbot: QtBot, folder: RunFolder
) -> None:
    folder.curves.write_text('{"names": 3}', encoding="utf-8")
    with pytest.raises(TrainingError, match="cannot be read"):
        read(folder.curves)
    panel = OutcomePanel()
    qtbot.addWidget(panel)
    panel.show_file(folder.curves)
    qtbot.waitUntil(lambda: "cannot be read" in panel._note.text)
    panel.show_file(None)
    assert "cannot be read" not in panel._note.text


def test_classification_has_a_matrix_alone(qtbot: QtBot, folder: RunFolder) -> None:
    folder.curves.write_text(
        '{"names": ["cat", "dog"], "confusion": [[3, 1], [0, 4]], "confidence": 0.25, '
        '"curves": {}}',
        encoding="utf-8",
    )
    panel = OutcomePanel()
    qtbot.addWidget(panel)
    panel.show()
    panel.show_file(folder.curves)
    qtbot.waitUntil(lambda: panel.matrix.isVisible())
    assert not panel.precision.isVisible()
    assert panel.matrix.table()[0][1:] == ["cat", "dog"]


def test_runs_lie_over_one_another(qtbot: QtBot, folder: RunFolder) -> None:
    plot = RunsPlot()
    qtbot.addWidget(plot)
    plot.resize(700, 300)
    plot.show()
    said = [plot._note.text]
    plot.show_runs([("early", RunRecord())])
    said.append(plot._note.text)
    assert said == ["Choose runs to compare.", "None of these runs finished an epoch."]
    plot.show_runs([("short", trained(folder, 3)), ("long", trained(folder, 8))])
    qtbot.waitUntil(lambda: plot.plot.built, timeout=20_000)
    assert plot.choice.currentText() == "mask mAP50-95"
    assert [each.row for each in plot.plot._curves] == ["short", "long"]
    assert plot.plot._span[1] == 8
    assert set(plot.plot._legend._values) == {("short", ""), ("long", "")}
    plot.choice.setCurrentIndex(plot.choice.findData("val_losses.box"))
    assert plot.plot._labels["left"] == "box loss, validation"
    plot.show_runs([("other", trained(folder, 5))])
    assert plot.choice.currentData() == "val_losses.box"
    assert plot.plot.table()[-1][0] == "5"
