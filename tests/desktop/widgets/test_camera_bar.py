"""The bar of the camera: devices that come and go, addresses with passwords, recording."""

from __future__ import annotations

import gettext

import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import (
    QAbstractButton,
    QAbstractSpinBox,
    QComboBox,
    QLineEdit,
    QPushButton,
    QSpinBox,
    QWidget,
    QWidgetAction,
)
from pytestqt.qtbot import QtBot

from desktop.widgets.address_field import AddressField, masked
from desktop.widgets.camera_bar import CameraBar
from desktop.widgets.record_button import RecordButton
from tests.helpers.widgets import Doubled, cut_off, translated_by

LEFT = Qt.MouseButton.LeftButton
DEVICES = (("camera:a", "Front camera"), ("camera:b", "Microscope"))
SECRET = "rtsp://me:pa@ss/word@10.0.0.7:554/stream"


class Asked:
    """Everything that a bar asked for, in order."""

    def __init__(self, bar: CameraBar) -> None:
        self.list: list[tuple[object, ...]] = []
        for name in (
            "device_chosen",
            "address_entered",
            "refresh_requested",
            "mode_changed",
            "snapshot_pressed",
            "record_pressed",
            "record_stopped",
        ):
            signal = getattr(bar, name)
            signal.connect(lambda *values, name=name: self.list.append((name, *values)))

    def take(self) -> list[tuple[object, ...]]:
        taken, self.list = self.list, []
        return taken


@pytest.fixture
def bar(qtbot: QtBot) -> CameraBar:
    bar = CameraBar()
    qtbot.addWidget(bar)
    bar.resize(1000, 80)
    bar.set_devices(DEVICES)
    bar.show()
    bar.activateWindow()
    qtbot.waitUntil(bar.isActiveWindow)
    return bar


def combo(bar: CameraBar, name: str) -> QComboBox:
    return next(c for c in bar.findChildren(QComboBox) if c.accessibleName() == name)


def button(bar: CameraBar, name: str) -> QAbstractButton:
    return next(b for b in bar.findChildren(QAbstractButton) if b.accessibleName() == name)


def field(bar: CameraBar) -> AddressField:
    return bar.findChild(AddressField)


def choose(bar: CameraBar, name: str, words: str) -> None:
    """Choose from a list as the keyboard does: that tells it from a program."""
    box = combo(bar, name)
    row = box.findText(words)
    assert row >= 0
    box.setCurrentIndex(row)
    box.activated.emit(row)


def words(box: QComboBox) -> list[str]:
    return [box.itemText(row) for row in range(box.count()) if box.itemText(row)]


def test_a_camera_is_chosen_by_key(qtbot: QtBot, bar: CameraBar) -> None:
    bar.set_device("camera:a")
    asked, box = Asked(bar), combo(bar, "Camera")
    assert box.currentText() == "Front camera"
    box.setFocus()
    qtbot.keyClick(box, Qt.Key.Key_Down)
    assert asked.take() == [("device_chosen", "camera:b")]
    assert box.currentText() == "Microscope"


def test_what_is_shown_is_not_asked_for(bar: CameraBar) -> None:
    asked = Asked(bar)
    bar.set_device("camera:b")
    bar.set_device(SECRET)
    bar.set_mode(1920, 1080, 30.0)
    bar.set_devices(DEVICES[:1])
    bar.set_modes([(320, 240)], [5.0])
    bar.set_running(True)
    bar.show_recording(3.0, None)
    assert asked.take() == []


def test_a_camera_that_went_away_stays_chosen_and_says_so(bar: CameraBar) -> None:
    asked, box = Asked(bar), combo(bar, "Camera")
    bar.set_device("camera:b")
    bar.set_devices(DEVICES[:1])
    assert box.currentText() == "Microscope (not connected)"
    assert box.currentData() == "camera:b"
    bar.set_devices(DEVICES)
    assert box.currentText() == "Microscope"
    bar.set_devices(())
    choose(bar, "Camera", "Network address…")
    bar.set_devices(DEVICES)
    assert box.currentText() == "Network address…"
    assert asked.take() == []


def test_a_camera_that_was_never_there_is_named_by_its_spec(bar: CameraBar) -> None:
    bar.set_device("camera:Old one")
    assert combo(bar, "Camera").currentText() == "Old one (not connected)"
    bar.set_device("")
    assert combo(bar, "Camera").currentIndex() == -1


def test_an_address_is_typed_and_its_password_is_hidden_afterwards(
    qtbot: QtBot, bar: CameraBar
) -> None:
    asked = Asked(bar)
    assert not field(bar).isVisible()
    choose(bar, "Camera", "Network address…")
    assert field(bar).isVisible()
    assert field(bar).hasFocus()
    assert asked.take() == []
    qtbot.keyClicks(field(bar), SECRET)
    assert field(bar).text() == SECRET
    qtbot.keyClick(field(bar), Qt.Key.Key_Return)
    assert asked.take() == [("address_entered", SECRET)]
    combo(bar, "Camera").setFocus()
    assert "word" not in field(bar).text()
    assert field(bar).text().startswith("rtsp://me:")
    assert field(bar).text().endswith("@10.0.0.7:554/stream")
    assert asked.take() == []
    field(bar).setFocus()
    assert field(bar).text() == SECRET
    choose(bar, "Camera", "Microscope")
    assert not field(bar).isVisible()
    assert asked.take() == [("device_chosen", "camera:b")]
    choose(bar, "Camera", "Network address…")
    assert asked.take() == [("address_entered", SECRET)]


def test_an_address_that_is_none_is_marked_and_kept_for_correction(
    qtbot: QtBot, bar: CameraBar
) -> None:
    asked = Asked(bar)
    choose(bar, "Camera", "Network address…")
    qtbot.keyClicks(field(bar), "10.0.0.7/stream")
    qtbot.keyClick(field(bar), Qt.Key.Key_Return)
    combo(bar, "Camera").setFocus()
    assert asked.take() == []
    assert field(bar).property("invalid") == "true"
    field(bar).setFocus()
    assert field(bar).text() == "10.0.0.7/stream"
    field(bar).home(False)
    qtbot.keyClicks(field(bar), "http://")
    assert field(bar).property("invalid") != "true"
    combo(bar, "Camera").setFocus()
    assert asked.take() == [("address_entered", "http://10.0.0.7/stream")]


def test_an_address_from_elsewhere_is_shown_without_its_password(bar: CameraBar) -> None:
    bar.set_device(SECRET)
    assert combo(bar, "Camera").currentText() == "Network address…"
    assert field(bar).isVisible()
    assert "word" not in field(bar).text()
    assert field(bar).address == SECRET


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("rtsp://host:554/cam", "rtsp://host:554/cam"),
        ("rtsp://me@host/cam", "rtsp://me@host/cam"),
        ("rtsp://me:p@host/cam", "rtsp://me:••••••@host/cam"),
        ("rtsp://me:p:q@r@host/cam", "rtsp://me:••••••@host/cam"),
        ("http://host/v?user=a&pwd=b&x=1", "http://host/v?user=a&pwd=••••••&x=1"),
    ],
)
def test_only_passwords_are_hidden(address: str, shown: str) -> None:
    assert masked(address) == shown


def test_size_and_rate_are_asked_for_together(qtbot: QtBot, bar: CameraBar) -> None:
    asked = Asked(bar)
    choose(bar, "Resolution", "1280 × 720")
    choose(bar, "Rate", "30 fps")
    choose(bar, "Resolution", "Automatic size")
    assert asked.take() == [
        ("mode_changed", 1280, 720, None),
        ("mode_changed", 1280, 720, 30.0),
        ("mode_changed", None, None, 30.0),
    ]


def test_a_mode_that_is_not_in_the_list_is_shown_all_the_same(bar: CameraBar) -> None:
    bar.set_mode(800, 448, 29.97)
    assert combo(bar, "Resolution").currentText() == "800 × 448"
    assert combo(bar, "Rate").currentText() == "29.97 fps"
    bar.set_modes([(320, 240)], [5.0])
    assert combo(bar, "Resolution").currentText() == "800 × 448"
    bar.set_mode(None, None, None)
    assert combo(bar, "Resolution").currentText() == "Automatic size"
    assert words(combo(bar, "Rate"))[:2] == ["Automatic rate", "5 fps"]


def test_buttons_ask(qtbot: QtBot, bar: CameraBar) -> None:
    asked = Asked(bar)
    qtbot.mouseClick(button(bar, "Look for cameras again"), LEFT)
    qtbot.mouseClick(button(bar, "Snapshot"), LEFT)
    bar.set_running(True)
    qtbot.mouseClick(button(bar, "Snapshot"), LEFT)
    qtbot.mouseClick(button(bar, "Look for cameras again"), LEFT)
    assert asked.take() == [("refresh_requested",), ("snapshot_pressed",)]
    assert not combo(bar, "Camera").isEnabled()
    assert "Stop the camera" in combo(bar, "Camera").toolTip()


def test_recording_starts_shows_its_time_and_stops(qtbot: QtBot, bar: CameraBar) -> None:
    asked = Asked(bar)
    record = bar.findChild(RecordButton)
    qtbot.mouseClick(record, LEFT)
    assert asked.take() == [("record_pressed", None)]
    bar.show_recording(12.7, None)
    assert record.text().strip() == "00:12"
    assert record.accessibleName() == "Stop recording"
    bar.show_recording(12.0, 18.0)
    assert record.text().strip() == "00:12 / 00:30"
    qtbot.mouseClick(record, LEFT)
    assert asked.take() == [("record_stopped",)]
    bar.show_recording(None, None)
    assert (record.text().strip(), record.accessibleName()) == ("Record", "Record")


def test_a_time_to_record_is_chosen(qtbot: QtBot, bar: CameraBar) -> None:
    asked, record = Asked(bar), bar.findChild(RecordButton)
    menu = record.menu()
    assert menu is not None
    plain = [a for a in menu.actions() if a.text() and not isinstance(a, QWidgetAction)]
    assert [action.text() for action in plain] == [
        "Record 10 s", "Record 30 s", "Record 1 min", "Record 5 min",
    ]  # fmt: skip
    for action in plain:
        action.trigger()
    row = next(a for a in menu.actions() if isinstance(a, QWidgetAction)).defaultWidget()
    assert row is not None
    row.findChild(QSpinBox).setValue(25)
    row.findChild(QPushButton).click()
    assert asked.take() == [("record_pressed", s) for s in (10, 30, 60, 300, 1500)]
    bar.show_recording(1.0, None)
    plain[0].trigger()
    assert asked.take() == []


def test_nothing_moves_while_it_records(qtbot: QtBot, bar: CameraBar) -> None:
    def places() -> list[object]:
        qtbot.wait(1)
        return [part.geometry() for part in bar.findChildren(QWidget) if part.isVisible()]

    for width in (1000, 720):
        bar.resize(width, 80)
        bar.show_recording(None, None)
        before = places()
        for elapsed, left in ((0.0, None), (8.0, 52.0), (59.0, 1.0), (3000.0, 100.0)):
            bar.show_recording(elapsed, left)
            assert places() == before


@pytest.mark.parametrize("doubled", [False, True])
@pytest.mark.parametrize("spec", ["camera:a", "rtsp://host/"])
@pytest.mark.parametrize("width", [1200, 760, 540, 0])
def test_it_takes_more_rows_before_anything_is_cut(
    qtbot: QtBot, doubled: bool, width: int, spec: str
) -> None:
    with translated_by(Doubled() if doubled else gettext.NullTranslations()):
        bar = CameraBar()
        qtbot.addWidget(bar)
        bar.set_devices([("camera:a", "A camera with a name that is longer than any list here")])
        bar.set_device(spec)
        bar.set_running(True)
        bar.resize(max(width, bar.minimumSizeHint().width()), 150)
        bar.show()
        QTest.qWait(20)  # type: ignore[call-arg, arg-type]
        assert cut_off(bar) == []
        for part in bar.findChildren(QComboBox):
            assert part.mapTo(bar, part.rect().topRight()).x() < bar.width()
        if not doubled:
            rows = {part.mapTo(bar, part.rect().center()).y() for part in _controls(bar)}
            assert len(rows) == {1200: 1, 760: 1, 540: 2, 0: 3}[width]


def _controls(bar: CameraBar) -> list[QWidget]:
    kinds = (QComboBox, QPushButton, RecordButton)
    parts = bar.findChildren(QWidget)
    return [part for part in parts if isinstance(part, kinds) and part.isVisible()]


def test_everything_has_a_name(bar: CameraBar) -> None:
    kinds = (QAbstractButton, QComboBox, QLineEdit, QAbstractSpinBox)
    for part in bar.findChildren(QWidget):
        inside = isinstance(part.parent(), QAbstractSpinBox | QComboBox)
        if isinstance(part, kinds) and not inside:
            assert part.accessibleName(), part
