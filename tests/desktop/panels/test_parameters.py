"""What runs: the panel shows the state, and a touch changes it at once."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from PyQt6.QtWidgets import QComboBox, QDoubleSpinBox, QLabel, QSlider
from pytestqt.qtbot import QtBot

from desktop.panels.parameters import ParameterPanel
from desktop.state import AppState, View
from desktop.widgets.class_filter import ClassFilter
from engine.types import ModelInfo, Task

MODEL = ModelInfo("best", "segment", ("cells", "gel", "serum"), 640, 32, "0" * 64)


@pytest.fixture
def state() -> AppState:
    state = AppState()
    state.change(model=MODEL)
    return state


@pytest.fixture
def other(tmp_path: Path) -> Path:
    path = tmp_path / "other.pt"
    path.write_bytes(b"1")
    return path


@pytest.fixture
def panel(qtbot: QtBot, state: AppState, other: Path) -> ParameterPanel:
    panel = ParameterPanel(
        state=state,
        weights=lambda: [state.config.weights, other],
        devices=lambda: ["auto", "cpu", "cuda:0"],
    )
    qtbot.addWidget(panel)
    return panel


def combo(panel: ParameterPanel, name: str) -> QComboBox:
    return next(each for each in panel.findChildren(QComboBox) if each.accessibleName() == name)


def said(panel: ParameterPanel) -> str:
    return "\n".join(
        label.text() for label in panel.findChildren(QLabel) if not label.isHidden()
    )


def test_sliders_change_the_config_and_follow_it(panel: ParameterPanel, state: AppState) -> None:
    confidence, iou = panel.findChildren(QSlider)
    confidence.setValue(40)
    iou.setValue(55)
    assert (state.config.confidence, state.config.iou) == (0.4, 0.55)
    state.change(config=dataclasses.replace(state.config, confidence=0.9))
    assert [box.value() for box in panel.findChildren(QDoubleSpinBox)] == [0.9, 0.55]


def test_device_and_input_size(panel: ParameterPanel, state: AppState) -> None:
    device, size = combo(panel, "Device"), combo(panel, "Input size")
    assert [device.itemText(row) for row in range(3)] == ["Automatic", "CPU", "GPU 0"]
    device.activated.emit(2)
    assert state.config.device == "cuda:0"
    assert size.currentText() == "as trained: 640 px"
    size.activated.emit(size.findData(1024))
    assert state.config.input_size == 1024
    # A size of a session on disk that is not among the usual ones.
    state.change(config=dataclasses.replace(state.config, input_size=352))
    assert size.currentText() == "352 px"


def test_picking_weights_asks_for_them_and_shows_the_old_ones_until_they_are_read(
    panel: ParameterPanel, state: AppState, other: Path
) -> None:
    asked: list[Path] = []
    panel.weights_chosen.connect(asked.append)
    picker = combo(panel, "Weights")
    picker.setCurrentIndex(1)
    picker.activated.emit(1)
    assert asked == [other]
    assert picker.currentData() == state.config.weights
    state.change(config=dataclasses.replace(state.config, weights=other))
    assert picker.currentData() == other


def test_classes_are_those_of_the_model(panel: ParameterPanel, state: AppState) -> None:
    classes = panel.findChild(ClassFilter)
    assert classes is not None
    assert classes.ticked() == MODEL.names
    assert "3 of 3" in said(panel)
    state.change(config=dataclasses.replace(state.config, classes=("gel",)))
    assert "1 of 3" in said(panel)
    state.change(
        model=dataclasses.replace(MODEL, names=("a", "b")),
        config=dataclasses.replace(state.config, classes=()),
    )
    assert classes.ticked() == ("a", "b")


@pytest.mark.parametrize(
    ("task", "end_to_end", "enabled", "note"),
    [
        ("detect", False, (True, True), ""),
        ("detect", True, (True, False), "IoU changes nothing"),
        ("classify", False, (False, False), "nothing to suppress"),
    ],
)
def test_a_slider_without_a_say_is_off_and_says_why(
    panel: ParameterPanel,
    state: AppState,
    task: Task,
    end_to_end: bool,
    enabled: tuple[bool, bool],
    note: str,
) -> None:
    state.change(model=dataclasses.replace(MODEL, task=task, end_to_end=end_to_end))
    confidence, iou = panel.findChildren(QSlider)
    assert (confidence.isEnabled(), iou.isEnabled()) == enabled
    assert note in said(panel)


def test_objects_that_the_run_kept_no_masks_of_are_told_of(
    panel: ParameterPanel, state: AppState, tmp_path: Path
) -> None:
    state.change(view=View(tmp_path / "derived", tmp_path / "run", without_mask=3))
    assert "did not keep their masks: 3. Detect again" in said(panel)
    state.change(view=View(tmp_path / "run", tmp_path / "run"))
    assert "masks" not in said(panel)


def test_what_needs_another_run_is_locked_while_one_goes_on(
    panel: ParameterPanel, state: AppState
) -> None:
    parts = [combo(panel, name) for name in ("Weights", "Device", "Input size")]
    state.change(engaged="video")
    assert not any(part.isEnabled() for part in parts)
    # Thresholds act on what is on screen, whatever the run does.
    assert all(slider.isEnabled() for slider in panel.findChildren(QSlider))
    state.change(engaged="")
    assert all(part.isEnabled() for part in parts)
