"""Slider and box are one value; keys step by a hundredth; a double click resets."""

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QDoubleSpinBox, QSlider
from pytestqt.qtbot import QtBot

from desktop.widgets.threshold_slider import ThresholdSlider


def make(qtbot: QtBot) -> tuple[ThresholdSlider, QSlider, QDoubleSpinBox, list[float]]:
    control = ThresholdSlider(0.5, default=0.25, name="Confidence", tip="…")
    qtbot.addWidget(control)
    said: list[float] = []
    control.value_changed.connect(said.append)
    slider, box = control.findChild(QSlider), control.findChild(QDoubleSpinBox)
    assert slider is not None
    assert box is not None
    return control, slider, box, said


def test_the_box_follows_the_slider_and_the_slider_the_box(qtbot: QtBot) -> None:
    control, slider, box, said = make(qtbot)
    slider.setValue(37)
    assert (control.value, box.value(), said) == (0.37, 0.37, [0.37])
    box.setValue(0.81)
    assert (control.value, slider.value(), said) == (0.81, 81, [0.37, 0.81])


def test_a_value_that_is_set_from_outside_says_nothing(qtbot: QtBot) -> None:
    control, slider, box, said = make(qtbot)
    control.set_value(0.9)
    assert (slider.value(), box.value(), said) == (90, 0.9, [])


def test_arrow_keys_step_by_a_hundredth(qtbot: QtBot) -> None:
    control, slider, box, said = make(qtbot)
    qtbot.keyClick(slider, Qt.Key.Key_Right)
    qtbot.keyClick(box, Qt.Key.Key_Up)
    qtbot.keyClick(slider, Qt.Key.Key_Left)
    assert said == [0.51, 0.52, 0.51]


def test_a_double_click_puts_back_the_default(qtbot: QtBot) -> None:
    control, slider, box, said = make(qtbot)
    qtbot.mouseDClick(slider, Qt.MouseButton.LeftButton)
    assert (control.value, said[-1]) == (0.25, 0.25)


def test_both_parts_have_a_name_for_screen_readers(qtbot: QtBot) -> None:
    control, slider, box, said = make(qtbot)
    assert slider.accessibleName() == box.accessibleName() == "Confidence"
