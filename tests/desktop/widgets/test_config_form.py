"""A form made from declarations: each kind of value, what was changed, and the way back."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from PyQt6.QtCore import QPoint, QPointF, Qt
from PyQt6.QtGui import QWheelEvent
from PyQt6.QtWidgets import (
    QApplication,
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QLabel,
    QLineEdit,
    QSpinBox,
    QToolButton,
)
from pytestqt.qtbot import QtBot

from desktop.widgets.collapsible import Collapsible
from desktop.widgets.config_form import ConfigForm
from engine.config import declarations, setting
from engine.training.config import TrainConfig


@dataclass(frozen=True, slots=True)
class Config:
    count: int = setting(10, low=1, high=100, step=5, label="Count", help="How many.")
    share: float = setting(0.5, low=0.0, high=1.0, step=0.1, label="Share", help="How much.")
    angle: float = setting(0.0, low=0.0, high=180.0, step=5.0, unit="°", label="Angle", help="A.")
    size: int | None = setting(
        None, low=32, high=8192, step=32, unit="px", label="Size", help="Size."
    )
    rate: float | None = setting(None, low=1e-6, high=1.0, step=0.001, label="Rate", help="Rate.")
    rule: str = setting("auto", choices=("auto", "SGD"), label="Rule", help="Rule.")
    kept: bool = setting(False, label="Kept", help="Kept.")
    name: str = setting("", label="Name", help="Name.")


@pytest.fixture
def form(qtbot: QtBot) -> ConfigForm:
    form = ConfigForm(Config, Config.__slots__, automatic={"size": 640, "rate": 0.01})
    qtbot.addWidget(form)
    form.show()
    return form


def edits(form: ConfigForm) -> list[tuple[str, object]]:
    found: list[tuple[str, object]] = []
    form.edited.connect(lambda name, value: found.append((name, value)))
    return found


def spin(form: ConfigForm, name: str) -> QSpinBox:
    field = form.field(name)
    assert isinstance(field, QSpinBox)
    return field


def real(form: ConfigForm, name: str) -> QDoubleSpinBox:
    field = form.field(name)
    assert isinstance(field, QDoubleSpinBox)
    return field


def test_each_kind_of_value_has_its_field(form: ConfigForm) -> None:
    kinds = {
        "count": QSpinBox,
        "share": QDoubleSpinBox,
        "size": QSpinBox,
        "rate": QDoubleSpinBox,
        "rule": QComboBox,
        "kept": QCheckBox,
        "name": QLineEdit,
    }
    assert {name: type(form.field(name)).__mro__[1] for name in kinds} == kinds
    assert form.field("count").toolTip() == "How many."
    assert form.field("count").accessibleName() == "Count"
    assert form.changed() == []


def test_ranges_steps_and_units_are_those_of_the_declaration(form: ConfigForm) -> None:
    count, angle = spin(form, "count"), real(form, "angle")
    assert (count.minimum(), count.maximum(), count.singleStep()) == (1, 100, 5)
    assert (angle.maximum(), angle.text()) == (180.0, "0°")
    form.show_config(Config(size=320, share=0.25))
    assert spin(form, "size").text() == "320 px"
    assert real(form, "share").text() == "0.25"


def test_small_numbers_keep_their_decimals(form: ConfigForm) -> None:
    form.show_config(Config(rate=0.000012))
    assert real(form, "rate").text() == "0.000012"


def test_what_a_person_changes_is_told_once(form: ConfigForm) -> None:
    found = edits(form)
    spin(form, "count").stepUp()
    real(form, "share").setValue(0.7)
    field = form.field("rule")
    assert isinstance(field, QComboBox)
    field.setCurrentIndex(1)
    field.activated.emit(1)
    kept = form.field("kept")
    assert isinstance(kept, QCheckBox)
    kept.click()
    assert found == [("count", 15), ("share", 0.7), ("rule", "SGD"), ("kept", True)]


def test_showing_a_config_tells_nothing(form: ConfigForm) -> None:
    found = edits(form)
    form.show_config(Config(count=20, share=0.1, size=64, rule="SGD", kept=True, name="x"))
    assert found == []
    assert form.changed() == ["count", "share", "size", "rule", "kept", "name"]


def test_from_automatic_it_steps_to_something_sensible_and_back(form: ConfigForm) -> None:
    found = edits(form)
    size, rate = spin(form, "size"), real(form, "rate")
    assert (size.text(), rate.text()) == ("auto", "auto")
    size.stepUp()
    size.stepUp()
    rate.stepUp()
    assert found == [("size", 640), ("size", 672), ("rate", 0.01)]
    size.setValue(32)
    size.stepDown()
    assert size.text() == "auto"
    assert found[-1] == ("size", None)


def test_a_number_below_the_smallest_becomes_the_smallest(form: ConfigForm) -> None:
    found = edits(form)
    spin(form, "size").setValue(7)
    assert found == [("size", 32)]


def test_what_was_changed_is_bold_and_goes_back_with_a_press(
    qtbot: QtBot, form: ConfigForm
) -> None:
    form.show_config(Config(count=20))
    label = next(each for each in form.findChildren(QLabel) if each.text() == "Count")
    reset = next(
        each
        for each in form.findChildren(QToolButton)
        if each.accessibleName() == "Back to the default: Count"
    )
    assert label.font().bold()
    assert reset.isVisible()
    found = edits(form)
    qtbot.mouseClick(reset, Qt.MouseButton.LeftButton)
    assert found == [("count", 10)]
    assert not label.font().bold()
    assert reset.isHidden()


def test_keys_change_a_value_and_the_label_leads_to_its_field(
    qtbot: QtBot, form: ConfigForm
) -> None:
    found = edits(form)
    count = spin(form, "count")
    qtbot.keyClick(count, Qt.Key.Key_Up)
    assert found == [("count", 15)]
    labels = {each.text(): each.buddy() for each in form.findChildren(QLabel)}
    assert labels["Count"] is count


def test_the_wheel_scrolls_the_form_unless_the_field_has_the_focus(form: ConfigForm) -> None:
    count = spin(form, "count")
    turn = QWheelEvent(
        QPointF(5, 5),
        QPointF(5, 5),
        QPoint(0, 0),
        QPoint(0, 120),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    form.field("name").setFocus()
    QApplication.sendEvent(count, turn)
    assert count.value() == 10
    count.setFocus()
    QApplication.sendEvent(count, turn)
    assert count.value() == 15


def test_every_setting_of_a_training_can_be_shown(qtbot: QtBot) -> None:
    names = [name for name, each in declarations(TrainConfig).items() if each.band != "often"]
    form = ConfigForm(TrainConfig, names, automatic={"learning_rate": 0.001, "workers": 4})
    qtbot.addWidget(form)
    config = TrainConfig(optimizer="AdamW", learning_rate=0.002, workers=0, perspective=0.0005)
    form.show_config(config)
    assert form.changed() == ["optimizer", "learning_rate", "perspective", "workers"]
    assert {type(form.field(name)).__mro__[1] for name in names} == {
        QSpinBox, QDoubleSpinBox, QComboBox, QCheckBox
    }  # fmt: skip


def test_a_part_opens_below_its_heading(qtbot: QtBot) -> None:
    content = QLabel("content")
    part = Collapsible("More", content)
    qtbot.addWidget(part)
    part.show()
    assert content.isHidden()
    heading = part.findChild(QToolButton)
    assert heading is not None
    qtbot.keyClick(heading, Qt.Key.Key_Space)
    assert part.is_open
    assert content.isVisible()
    part.set_remark("2 changed")
    assert "2 changed" in [each.text() for each in part.findChildren(QLabel) if each.isVisible()]
    part.set_open(False)
    assert content.isHidden()
