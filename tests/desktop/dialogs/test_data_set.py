"""The data set before it is trained on: counts, findings, copies, pictures."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml
from PIL import Image
from PyQt6.QtCore import QModelIndex, Qt, QUrl
from PyQt6.QtGui import QDesktopServices
from PyQt6.QtWidgets import QPushButton, QTreeWidgetItem
from pytestqt.qtbot import QtBot

from desktop.dialogs.data_set import DataSetDialog
from desktop.dialogs.data_set_findings import FILE, MOST_PLACES
from desktop.dialogs.data_set_picture import LabelledPicture
from desktop.dialogs.data_set_pictures import THUMBNAIL
from desktop.dialogs.data_set_split import SplitDialog
from engine.datasets import Finding, Place, Report, check, find
from engine.errors import Cancelled, DataError
from engine.i18n import N_, activate
from tests.helpers.widgets import Doubled, cut_off, texts, translated_by

GOOD = "0 0.5 0.5 0.5 0.5\n"
TWO = "0 0.4 0.4 0.4 0.4\n1 0.6 0.6 0.4 0.4\n"
Opened = Callable[[Path], DataSetDialog]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Make ten pictures to learn from and two to validate with, two of them with a fault."""
    folder = tmp_path / "blood-tubes"
    labels = [GOOD] * 6 + [TWO, "", "0 0.5 0.5 0.5\n", "7 0.5 0.5 0.5 0.5\n"]
    for split, texts_of in (("train", labels), ("val", [TWO, GOOD])):
        for place, text in enumerate(texts_of):
            picture = folder / "images" / split / f"{split}{place}.png"
            label = folder / "labels" / split / f"{split}{place}.txt"
            for path in (picture, label):
                path.parent.mkdir(parents=True, exist_ok=True)
            Image.effect_noise((64, 48), 80 + 5 * place).convert("RGB").save(picture)
            label.write_text(text, encoding="utf-8")
    content = {"train": "images/train", "val": "images/val", "names": ["cells", "gel"]}
    path = folder / "data.yaml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return path


@pytest.fixture
def opened(qtbot: QtBot, tmp_path: Path) -> Iterator[Opened]:
    made: list[DataSetDialog] = []

    def show(path: Path) -> DataSetDialog:
        dialog = DataSetDialog(path=path, base=tmp_path / "copies")
        made.append(dialog)
        qtbot.addWidget(dialog)
        dialog.show()
        qtbot.waitUntil(lambda: dialog.report is not None or bool(said(dialog, "error")))
        qtbot.waitUntil(lambda: not dialog.work.busy)
        return dialog

    yield show
    for dialog in made:
        dialog.reject()


def said(dialog: DataSetDialog, role: str) -> list[str]:
    return [each.text for each in texts(dialog) if "EmptyState" in each.where and role]


def press(dialog: DataSetDialog, name: str) -> None:
    button(dialog, name).click()


def button(dialog: DataSetDialog, name: str) -> QPushButton:
    return next(each for each in dialog.findChildren(QPushButton) if each.text().strip() == name)


def titles(dialog: DataSetDialog) -> list[str]:
    tree = dialog.findings
    return [row(dialog, place).text(0) for place in range(tree.topLevelItemCount())]


def row(dialog: DataSetDialog, place: int) -> QTreeWidgetItem:
    item = dialog.findings.topLevelItem(place)
    assert item is not None
    return item


def figures(dialog: DataSetDialog) -> list[list[str]]:
    model = dialog.counts.counts
    columns = range(model.columnCount() - 1)
    return [
        [str(model.index(at, place).data()) for place in columns] for at in range(model.rowCount())
    ]


def listing(folder: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*")}


def test_counts_are_those_of_the_check(opened: Opened, data: Path) -> None:
    before = listing(data.parent)
    dialog = opened(data)
    wanted = check(find(data, "detect"), "detect")
    train, val = wanted.splits["train"], wanted.splits["val"]
    assert figures(dialog) == [
        ["Pictures", "10", "2"],
        ["No objects", str(train.backgrounds), "0"],
        ["Objects", str(train.objects), "3"],
        ["cells", str(train.classes[0]), str(val.classes[0])],
        ["gel", "1", "1"],
    ]
    assert train.classes[0] == 7
    header = [dialog.counts.counts.headerData(at, Qt.Orientation.Horizontal) for at in range(4)]
    assert header == ["Class", "Training", "Validation", "Share of objects"]
    shares = [str(dialog.counts.counts.index(at, 3).data()) for at in (3, 4)]
    assert shares == ["81.8 %", "18.2 %"]
    dialog.grab()
    assert listing(data.parent) == before


def test_findings_are_the_most_serious_first(opened: Opened, data: Path) -> None:
    dialog = opened(data)
    report = dialog.report
    assert report is not None
    assert titles(dialog) == [each.title for each in report.findings]
    assert "Lines of fewer than five numbers: 1" in titles(dialog)
    assert "Lines of a class that has no name: 1" in titles(dialog)
    severities = [each.severity for each in report.findings]
    words = f"Errors {severities.count('error')}, warnings {severities.count('warning')}"
    assert any(each.text.startswith(words) for each in texts(dialog))
    assert not row(dialog, 0).icon(0).isNull()
    tip = row(dialog, 0).toolTip(0)
    assert tip.startswith("Error: ")


def test_a_finding_lists_its_files_and_leads_to_them(
    qtbot: QtBot, opened: Opened, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dialog = opened(data)
    item = row(dialog, titles(dialog).index("Lines of fewer than five numbers: 1"))
    assert item.childCount() == 0
    item.setExpanded(True)
    fix, place = item.child(0), item.child(1)
    assert fix is not None
    assert place is not None
    assert fix.text(0).startswith("On a fixed copy: ")
    assert place.text(0).startswith(str(Path("labels", "train", "train8.txt")) + ", line 1")
    label = data.parent / "labels" / "train" / "train8.txt"
    assert place.data(0, FILE) == label
    shown: list[QUrl] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", shown.append)
    dialog.findings.itemActivated.emit(place, 0)
    assert [Path(url.toLocalFile()) for url in shown] == [label.parent]
    dialog.findings.itemActivated.emit(fix, 0)
    assert len(shown) == 1


def test_thousands_of_files_of_a_kind_are_counted(opened: Opened, data: Path) -> None:
    dialog = opened(data)
    places = tuple(Place(Path(f"/pictures/{number}.png"), None, "") for number in range(1700))
    finding = Finding("leak", "note", N_("Notes"), {}, places, "")
    report = Report((finding,), {}, (), "detect", 640)
    dialog.findings.show_report(report)
    row(dialog, 0).setExpanded(True)
    assert row(dialog, 0).childCount() == MOST_PLACES + 1
    last = row(dialog, 0).child(MOST_PLACES)
    assert last is not None
    assert last.text(0).replace(",", "") == "and 1200 more"


def test_a_fixed_copy_is_offered_and_used(
    qtbot: QtBot, opened: Opened, data: Path, tmp_path: Path
) -> None:
    dialog = opened(data)
    before = listing(data.parent)
    press(dialog, "Fix on a copy")
    qtbot.waitUntil(lambda: button(dialog, "Use the copy").isVisible())
    assert dialog.work.text.startswith("The copy is ready: ")
    with (
        qtbot.waitSignal(dialog.data_chosen) as chosen,
        qtbot.waitSignal(dialog.checked) as checked,
    ):
        press(dialog, "Use the copy")
    copy = chosen.args[0]
    assert copy.is_relative_to(tmp_path / "copies")
    assert not checked.args[0].has_errors
    assert not button(dialog, "Use the copy").isVisible()
    assert listing(data.parent) == before


def test_a_copy_is_split_anew(qtbot: QtBot, opened: Opened, data: Path) -> None:
    dialog = opened(data)
    press(dialog, "Split anew on a copy…")
    question = dialog.findChild(SplitDialog)
    assert question is not None
    assert question.share.value() == 20
    question.share.setValue(50)
    next(each for each in question.findChildren(QPushButton) if each.text() == "Split").click()
    qtbot.waitUntil(lambda: button(dialog, "Use the copy").isVisible())
    with qtbot.waitSignal(dialog.checked) as checked:
        press(dialog, "Use the copy")
    assert checked.args[0].splits["val"].pictures == 6


def test_what_cannot_be_split_is_a_sentence(
    qtbot: QtBot, opened: Opened, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*arguments: object, **named: object) -> Path:
        raise DataError(N_("{path} describes no data set."), "", path="x")

    monkeypatch.setattr("engine.datasets.resplit", refuse)
    dialog = opened(data)
    dialog.split(0.2, 0)
    qtbot.waitUntil(lambda: dialog.work.text == "x describes no data set.")
    assert not button(dialog, "Use the copy").isVisible()
    assert button(dialog, "Split anew on a copy…").isEnabled()


def test_what_is_no_data_set_is_a_sentence(
    qtbot: QtBot, opened: Opened, data: Path, tmp_path: Path
) -> None:
    (tmp_path / "data.yaml").write_text("names: [a]\n", encoding="utf-8")
    dialog = opened(tmp_path / "data.yaml")
    assert any("names no pictures for train" in text for text in said(dialog, "error"))
    assert not button(dialog, "Fix on a copy").isVisible()
    assert not dialog._tasks.isVisible()
    # A person mends it and tries again.
    dialog.open_data(data)
    qtbot.waitUntil(lambda: dialog.report is not None)
    assert button(dialog, "Fix on a copy").isVisible()


def test_a_check_can_be_cancelled_and_begun_again(
    qtbot: QtBot, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def endless(*arguments: object, cancelled: Callable[[], bool], **named: object) -> Report:
        while not cancelled():
            time.sleep(0.005)
        raise Cancelled

    with monkeypatch.context() as patch:
        patch.setattr("engine.datasets.check", endless)
        dialog = DataSetDialog(path=data)
        qtbot.addWidget(dialog)
        dialog.show()
        qtbot.waitUntil(lambda: bool(dialog.pictures.model.pictures))
        assert button(dialog, "Cancel").isVisible()
        press(dialog, "Cancel")
        assert not dialog.work.busy
        assert "The check was cancelled." in {each.text for each in texts(dialog)}
        assert not button(dialog, "Fix on a copy").isEnabled()
    with qtbot.waitSignal(dialog.checked):
        press(dialog, "Check again")
    qtbot.waitUntil(lambda: button(dialog, "Fix on a copy").isEnabled())
    dialog.reject()


def test_a_set_without_faults_says_so(opened: Opened, data: Path) -> None:
    folder = data.parent / "labels" / "train"
    for place in (7, 8, 9):
        (folder / f"train{place}.txt").write_text(GOOD, encoding="utf-8")
    dialog = opened(data)
    report = dialog.report
    assert report is not None
    assert {each.kind for each in report.findings} <= {"class_rare", "imbalance"}
    dialog._show_report(Report((), report.splits, report.names, "detect", 640))
    assert "Nothing to complain of." in {each.text for each in texts(dialog)}
    assert not dialog.findings.isVisible()


def test_pictures_are_shown_with_their_labels_by_split(
    qtbot: QtBot, opened: Opened, data: Path
) -> None:
    dialog = opened(data)
    grid = dialog.pictures
    assert [grid.splits.itemText(at) for at in range(grid.splits.count())] == [
        "Training",
        "Validation",
    ]
    assert grid.model.rowCount() == 10
    qtbot.waitUntil(lambda: grid.model.index(0).data(THUMBNAIL) is not None)
    grid.splits.setCurrentIndex(1)
    grid.splits.activated.emit(1)
    assert [grid.model.index(at).data() for at in range(2)] == ["val0.png", "val1.png"]
    assert "2 pictures" in {each.text for each in texts(dialog)}
    qtbot.waitUntil(lambda: grid.model.index(1).data(THUMBNAIL) is not None)
    dialog.grab()


def test_a_click_enlarges_and_arrow_keys_go_on(qtbot: QtBot, opened: Opened, data: Path) -> None:
    dialog = opened(data)
    viewport = dialog.pictures.list.viewport()
    assert viewport is not None
    place = dialog.pictures.list.visualRect(dialog.pictures.model.index(1)).center()
    qtbot.mouseClick(viewport, Qt.MouseButton.LeftButton, pos=place)
    shown = dialog.findChild(LabelledPicture)
    assert shown is not None
    qtbot.waitUntil(lambda: not shown.picture.image.isNull())
    assert (shown.picture.image.width(), shown.picture.image.height()) == (64, 48)
    assert any(each.text.endswith("train1.png") for each in texts(shown))
    qtbot.keyClick(shown, Qt.Key.Key_Right)
    assert any(each.text.endswith("train2.png") for each in texts(shown))
    assert "3 of 10" in {each.text for each in texts(shown)}
    dialog.pictures._on_chosen(dialog.pictures.model.index(5))
    assert len(dialog.findChildren(LabelledPicture)) == 1
    assert "6 of 10" in {each.text for each in texts(shown)}
    qtbot.waitUntil(lambda: shown.picture.image.width() == 64)
    shown.reject()


def test_a_picture_that_cannot_be_read_says_why(qtbot: QtBot, opened: Opened, data: Path) -> None:
    (data.parent / "images" / "train" / "train0.png").write_bytes(b"no picture")
    dialog = opened(data)
    assert "Pictures that cannot be read: 1" in titles(dialog)
    dialog.pictures._on_chosen(dialog.pictures.model.index(0))
    shown = dialog.findChild(LabelledPicture)
    assert shown is not None
    qtbot.waitUntil(lambda: any("holds text" in each.text for each in texts(shown)))
    assert shown.picture.image.isNull()
    qtbot.waitUntil(lambda: dialog.pictures.model.index(1).data(THUMBNAIL) is not None)
    assert dialog.pictures.model.index(0).data(THUMBNAIL) is None
    shown.reject()


def test_other_tasks_can_be_checked_for(qtbot: QtBot, opened: Opened, data: Path) -> None:
    for path in (data.parent / "labels").rglob("*.txt"):
        path.write_text("0 0.1 0.1 0.9 0.1 0.9 0.9\n", encoding="utf-8")
    dialog = opened(data)
    report = dialog.report
    assert report is not None
    assert report.task == "segment"
    with qtbot.waitSignal(dialog.checked) as checked:
        dialog._tasks.setCurrentIndex(1)
        dialog._tasks.activated.emit(1)
    assert checked.args[0].task == "detect"
    assert dialog._tasks.currentData() == "detect"


def test_words_are_those_of_the_language(opened: Opened, data: Path) -> None:
    activate("zh_CN")
    dialog = opened(data)
    assert "打开文件夹" in {each.text.strip() for each in texts(dialog)}


def test_texts_of_twice_the_length_have_room(qtbot: QtBot, opened: Opened, data: Path) -> None:
    with translated_by(Doubled()):
        dialog = opened(data)
        qtbot.waitUntil(lambda: not cut_off(dialog))


def test_nothing_is_asked_of_the_grid_without_a_data_set(qtbot: QtBot, tmp_path: Path) -> None:
    dialog = DataSetDialog(path=tmp_path / "nothing")
    qtbot.addWidget(dialog)
    dialog.pictures._on_chosen(QModelIndex())
    assert dialog.findChild(LabelledPicture) is None
    dialog.reject()
