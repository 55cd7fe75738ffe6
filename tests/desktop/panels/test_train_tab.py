"""The tab that trains: the form, what locks it, the run on show, the words of the status bar."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest
from PyQt6.QtCore import QEvent, Qt
from PyQt6.QtWidgets import (
    QApplication,
    QComboBox,
    QDialog,
    QInputDialog,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QProgressBar,
    QPushButton,
    QWidget,
)
from pytestqt.qtbot import QtBot

from desktop.messages import Messages
from desktop.panels.status import StatusBar
from desktop.panels.train_data import DataPart, data_facts
from desktop.panels.train_estimate import EstimatePart
from desktop.panels.train_facts import parameters
from desktop.panels.train_recipe import RecipePart
from desktop.panels.train_setup import ELSEWHERE, SetupPanel
from desktop.panels.train_tab import LIVE, RUNS, TrainTab
from desktop.settings import Settings
from desktop.state import AppState, Values
from desktop.training_state import Choice, DataCheck, DataFacts, RecipeFacts
from desktop.training_workspace import TrainingWorkspace
from desktop.widgets.collapsible import Collapsible
from desktop.widgets.config_form import ConfigForm
from desktop.widgets.facts import Fact, Facts
from engine.config import declarations
from engine.errors import RecipeError
from engine.training.config import TrainConfig
from engine.training.preflight import Preflight
from engine.training.record import RunRecord, Stage
from engine.types import Progress
from tests.helpers.datasets import make
from tests.helpers.training_child import FakeTraining, stand_in
from tests.helpers.training_runs import finished, write_run
from tests.helpers.widgets import cut_off

DATA = DataFacts(
    Path("/data/tubes/data.yaml"), "tubes", ("segment", "detect"), ("cells", "gel"),
    {"train": 386, "val": 97},
)  # fmt: skip
PREFLIGHT = Preflight(
    "yolo11n-seg", "segment", 640, "CPU", 2843583, 9.7, 0.71, 386, 97, 33.2, 5600.0, 24100.0,
    84.0, 76000.0,
)  # fmt: skip


@pytest.fixture
def child(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[type[FakeTraining]]:
    yield from stand_in(monkeypatch, tmp_path)


@pytest.fixture
def messages() -> Messages:
    return Messages()


@pytest.fixture
def owner(qtbot: QtBot) -> QWidget:
    """Return the window that dialogs belong to."""
    owner = QWidget()
    qtbot.addWidget(owner)
    return owner


@pytest.fixture
def workspace(
    child: type[FakeTraining], settings_path: Path, messages: Messages, owner: QWidget
) -> Iterator[TrainingWorkspace]:
    workspace = TrainingWorkspace.of(
        settings=Settings(settings_path), messages=messages, window=lambda: owner, parent=owner
    )
    yield workspace
    workspace.close()


@pytest.fixture
def tab(qtbot: QtBot, workspace: TrainingWorkspace, messages: Messages) -> Iterator[TrainTab]:
    tab = TrainTab(workspace=workspace, messages=messages)
    qtbot.addWidget(tab)
    tab.resize(1280, 700)
    tab.show()
    yield tab
    tab.close_threads()


def facts(root: QWidget) -> dict[str, str]:
    """Return all rows on show."""
    found: dict[str, str] = {}
    for part in root.findChildren(Facts):
        if part.isVisible():
            found |= {fact.word: fact.value for fact in part.shown}
    return found


def button(root: QWidget, words: str) -> QPushButton:
    return next(each for each in root.findChildren(QPushButton) if each.text().strip() == words)


def recipe_field(root: QWidget) -> QComboBox:
    return next(each for each in root.findChildren(QComboBox) if each.isEditable())


def test_every_setting_has_exactly_one_place(tab: TrainTab) -> None:
    shown = [
        name
        for form in tab.findChildren(ConfigForm)
        for name in declarations(TrainConfig)
        if form.findChild(QWidget, name, Qt.FindChildOption.FindDirectChildrenOnly)
    ]
    assert sorted(shown) == sorted(set(declarations(TrainConfig)) - ELSEWHERE)


def test_what_is_seldom_needed_is_folded_and_says_what_was_changed(
    tab: TrainTab, workspace: TrainingWorkspace
) -> None:
    folds = tab.findChildren(Collapsible)
    assert [fold.is_open for fold in folds] == [False, False]
    workspace.setup.change(seed=4, rotation=10.0)
    shown = [each.text() for each in folds[0].findChildren(QLabel) if each.isVisible()]
    assert shown == ["2 changed"]


def test_the_learning_rate_waits_for_an_optimizer(
    tab: TrainTab, workspace: TrainingWorkspace
) -> None:
    rate = tab.findChild(QWidget, "learning_rate")
    assert rate is not None
    assert not rate.isEnabled()
    workspace.setup.change(optimizer="AdamW")
    assert rate.isEnabled()


def test_a_refused_value_goes_back_to_what_holds(
    tab: TrainTab, workspace: TrainingWorkspace, messages: Messages
) -> None:
    form = next(each for each in tab.findChildren(ConfigForm) if each.findChild(QWidget, "batch"))
    form.edited.emit("input_size", 100)
    assert messages.last is not None
    assert "multiple of 32" in messages.last.text
    assert workspace.state.config.input_size is None


def test_without_data_there_is_a_hint_and_a_set_to_try(
    tab: TrainTab, workspace: TrainingWorkspace
) -> None:
    assert button(tab, "Try the demonstration set").isVisible()
    workspace.state.change(data=DATA)
    assert not button(tab, "Try the demonstration set").isVisible()
    assert facts(tab) == {
        "Training": "386 pictures",
        "Validation": "97 pictures",
        "Classes": "2",
    }


def test_opening_data_shows_how_far_it_is(tab: TrainTab, workspace: TrainingWorkspace) -> None:
    workspace.state.change(loading=Progress(40, 200))
    bars = [each for each in tab.findChildren(QProgressBar) if each.isVisible()]
    assert [(bar.value(), bar.maximum()) for bar in bars] == [(40, 200)]
    assert "40 of 200 files" in [each.text() for each in tab.findChildren(QLabel)]
    workspace.state.change(loading=None)
    assert not bars[0].isVisible()


@pytest.mark.parametrize(
    ("check", "words", "role"),
    [
        (DataCheck(2, 1), "2 errors, 1 warnings", "error"),
        (DataCheck(0, 3), "no errors, 3 warnings", "warn"),
        (DataCheck(0, 0), "nothing found", ""),
    ],
)
def test_what_the_check_of_the_data_found(check: DataCheck, words: str, role: str) -> None:
    found = data_facts(DATA, check)[-1]
    assert (found.word, found.value, found.role) == ("Check", words, role)


def test_a_set_without_validation_says_so() -> None:
    found = data_facts(DataFacts(DATA.path, "x", ("detect",), ("a",), {"train": 3}), None)
    assert Fact("Validation", "none", "error", found[1].tip) == found[1]


def test_a_recipe_is_typed_and_what_is_wrong_with_it_stands_below(
    qtbot: QtBot, tab: TrainTab, workspace: TrainingWorkspace
) -> None:
    field = recipe_field(tab)
    field.lineEdit().selectAll()  # type: ignore[union-attr]
    qtbot.keyClicks(field, "yolo11q")
    qtbot.waitUntil(lambda: workspace.state.recipe.error is not None)
    assert workspace.state.config.model == "yolo11q"
    shown = [each.text() for each in tab.findChildren(QLabel) if each.isVisible()]
    assert any("There is no network" in text for text in shown)
    assert field.property("invalid") == "true"
    field.setEditText("yolo11n")
    qtbot.waitUntil(lambda: workspace.state.recipe.error is None)
    assert field.property("invalid") == "false"


def test_a_recipe_for_other_labels_is_warned_of(
    tab: TrainTab, workspace: TrainingWorkspace
) -> None:
    workspace.state.change(data=DATA, recipe=RecipeFacts("yolo11n-pose", "pose"))
    shown = [each.text() for each in tab.findChildren(QLabel) if each.isVisible()]
    assert "This recipe is for pose; the labels can train: segmentation, detection." in shown


def test_weights_are_picked_by_name(qtbot: QtBot, workspace: TrainingWorkspace) -> None:
    part = RecipePart(state=workspace.state)
    qtbot.addWidget(part)
    part.weights_chosen.connect(workspace.setup.set_weights)
    workspace.state.change(weights=(Choice("/w/a.pt", "a"), Choice("/w/best.pt", "tubes, best")))
    combo = next(each for each in part.findChildren(QComboBox) if not each.isEditable())
    assert [combo.itemText(row) for row in range(combo.count())] == [
        "none: begin at random", "a", "tubes, best"
    ]  # fmt: skip
    combo.setCurrentIndex(2)
    combo.activated.emit(2)
    assert workspace.state.config.weights == Path("/w/best.pt")
    workspace.setup.set_weights(Path("/else/mine.pt"))
    assert combo.currentText() == "mine"
    workspace.setup.set_weights(None)
    assert combo.currentIndex() == 0


def test_what_was_measured_stands_where_it_belongs(
    tab: TrainTab, workspace: TrainingWorkspace
) -> None:
    workspace.state.change(data=DATA, preflight=PREFLIGHT)
    shown = facts(tab)
    assert shown["Carried over"] == "71 %"
    assert shown["Parameters"] == "2.84 M"
    assert shown["GFLOPs, 640 px"] == "9.7"
    assert shown["An epoch"] == "33.2 s"
    assert shown["All epochs"] == "about 55 min 20 s"
    assert shown["Memory"] == "5.6 GB of 24.1 GB"
    workspace.setup.change(epochs=10)
    assert facts(tab)["All epochs"] == "about 5 min 32 s"


def test_too_little_memory_or_disk_is_warned_of(qtbot: QtBot, workspace: TrainingWorkspace) -> None:
    part = EstimatePart(state=workspace.state)
    qtbot.addWidget(part)
    part.show()
    short = Preflight("r", "detect", 640, "CPU", 1, 1.0, None, 1, 1, 1.0, 900.0, 800.0, 90.0, 80.0)
    workspace.state.change(data=DATA, preflight=short)
    (found,) = part.findChildren(Facts)
    assert [fact.role for fact in found.shown if fact.word in ("Memory", "Disk")] == [
        "error", "error"
    ]  # fmt: skip
    said = " ".join(each.text() for each in part.findChildren(QLabel) if each.isVisible())
    assert "too little memory" in said
    assert "too little room on the disk" in said


def test_check_becomes_cancel_while_it_works(qtbot: QtBot, workspace: TrainingWorkspace) -> None:
    part = EstimatePart(state=workspace.state)
    qtbot.addWidget(part)
    check = button(part, "Check")
    assert not check.isEnabled()
    workspace.state.change(data=DATA)
    with qtbot.waitSignal(part.check_requested):
        check.click()
    workspace.state.change(checking=True)
    assert check.text() == "Cancel"
    with qtbot.waitSignal(part.cancel_requested):
        check.click()


def test_while_it_trains_the_form_gives_way_to_what_the_run_was_told(
    qtbot: QtBot, tab: TrainTab, workspace: TrainingWorkspace, child: type[FakeTraining]
) -> None:
    workspace.setup.change(model="yolo11n-seg", name="tubes-s0", rotation=10.0, batch=8)
    workspace.state.change(data=DATA)
    setup = tab.findChild(SetupPanel)
    assert setup is not None
    assert setup.isVisible()
    workspace.runs.begin()
    qtbot.waitUntil(lambda: bool(child.made))
    child.made[0].train(3)
    qtbot.waitUntil(lambda: {"Rate", "Rotation"} <= set(facts(tab)))
    assert not setup.isVisible()
    shown = facts(tab)
    assert shown["Training"] == "386 pictures"
    assert shown["Rotation"] == "10°"
    assert "Mosaic" not in shown
    assert shown["Optimizer"] == "AdamW"
    assert shown["Memory in use"] == "1.2 GB"
    assert "locked while training" in [each.text() for each in tab.findChildren(QLabel)]
    recipe = next(
        each for each in tab.findChildren(QPlainTextEdit) if each.accessibleName() == "Recipe"
    )
    assert recipe.toPlainText() == "yolo11n-seg:\niou=wiou3"
    child.made[0].end(finished(child.made[0].folder, 10))
    qtbot.waitUntil(setup.isVisible)


def test_a_finished_run_offers_its_model_and_to_go_further(
    qtbot: QtBot, tab: TrainTab, workspace: TrainingWorkspace, tmp_path: Path
) -> None:
    for words in ("Use this model now", "Extend…", "Go on training"):
        assert not button(tab, words).isVisible()
    run = write_run(tmp_path / "runs", 5)
    workspace.runs.watch(run)
    qtbot.waitUntil(button(tab, "Use this model now").isVisible)
    assert button(tab, "Extend…").isVisible()
    assert not button(tab, "Go on training").isVisible()
    with qtbot.waitSignal(workspace.runs.weights_wanted) as wanted:
        button(tab, "Use this model now").click()
    assert wanted.args == [run.best]
    tab.show_page(RUNS)
    assert not button(tab, "Use this model now").isVisible()


def test_an_interrupted_run_offers_to_go_on(
    qtbot: QtBot,
    tab: TrainTab,
    workspace: TrainingWorkspace,
    tmp_path: Path,
    child: type[FakeTraining],
) -> None:
    run = write_run(tmp_path / "runs", 5, stage=Stage.INTERRUPTED)
    workspace.runs.watch(run)
    qtbot.waitUntil(button(tab, "Go on training").isVisible)
    assert not button(tab, "Extend…").isVisible()
    button(tab, "Go on training").click()
    qtbot.waitUntil(lambda: workspace.runs.under_way is run)
    child.made[0].end(("cancelled", {}))
    qtbot.waitUntil(lambda: not workspace.state.engaged)


def test_how_far_a_run_is_to_go_is_asked(
    qtbot: QtBot,
    owner: QWidget,
    workspace: TrainingWorkspace,
    tmp_path: Path,
    child: type[FakeTraining],
) -> None:
    run = write_run(tmp_path / "runs", 5)
    workspace.dialogs.extend(run)

    qtbot.waitUntil(lambda: owner.findChild(QInputDialog) is not None)
    dialog = owner.findChild(QInputDialog)
    assert dialog is not None
    assert dialog.intMinimum() == 6
    dialog.setIntValue(12)
    dialog.accept()
    qtbot.waitUntil(lambda: bool(child.made))
    assert (child.made[0].folder, child.made[0].epochs) == (run, 12)
    qtbot.waitUntil(lambda: workspace.runs.under_way is not None)
    child.made[0].end(("cancelled", {}))
    qtbot.waitUntil(lambda: not workspace.state.engaged)


def test_the_data_set_is_looked_at_in_a_window_of_its_own(
    qtbot: QtBot, owner: QWidget, workspace: TrainingWorkspace, tmp_path: Path
) -> None:
    workspace.dialogs.show_data()
    assert workspace.state.data is None
    assert owner.findChild(QDialog) is None
    workspace.setup.choose_data(make(tmp_path / "tubes"))
    qtbot.waitUntil(lambda: workspace.state.data is not None)
    workspace.dialogs.show_data()
    assert owner.findChild(QDialog) is not None
    qtbot.waitUntil(lambda: workspace.state.data_check is not None)
    workspace.dialogs.show_data()
    assert len([each for each in owner.findChildren(QDialog) if each.isVisible()]) == 1
    workspace.dialogs.close()
    qtbot.waitUntil(lambda: owner.findChild(QDialog) is None)


def test_what_is_asked_of_the_list_of_runs_is_done(
    qtbot: QtBot, tab: TrainTab, workspace: TrainingWorkspace, tmp_path: Path
) -> None:
    tab.show_page(RUNS)
    run = write_run(tmp_path / "runs", 5)
    tab.runs.watch_requested.emit(run)
    assert workspace.state.run is run
    assert tab.live.isVisible()
    tab.show_page(RUNS)
    tab.runs.settings_requested.emit(TrainConfig(epochs=44, data=tmp_path / "none"))
    assert workspace.state.config.epochs == 44
    assert tab._bar.currentIndex() == LIVE
    qtbot.waitUntil(lambda: workspace.state.loading is None)
    qtbot.waitUntil(lambda: workspace.state.stage is Stage.FINISHED)


def test_settings_are_told_as_the_form_shows_them() -> None:
    config = TrainConfig(epochs=30, cosine=True, rotation=7.5)
    shown = {fact.word: fact.value for fact in parameters(config, RunRecord())}
    assert shown == {
        "Epochs": "30", "Input size": "auto", "Batch": "16", "Seed": "0", "Patience": "100",
        "Optimizer": "auto", "Learning rate": "auto", "Cosine schedule": "on", "Rotation": "7.5°",
    }  # fmt: skip


def test_the_status_bar_tells_of_the_training_where_its_tab_is(
    qtbot: QtBot, workspace: TrainingWorkspace, child: type[FakeTraining]
) -> None:
    front = AppState(Values(kind="train"))
    bar = StatusBar(state=front, training=workspace.state)
    qtbot.addWidget(bar)
    bar.show()
    workspace.runs.grew.connect(bar.show_training)

    def shown() -> list[str]:
        return [each.text() for each in bar.findChildren(QLabel) if each.isVisible()]

    assert "Ready · Automatic" in shown()
    workspace.state.change(data=DATA)
    workspace.setup.change(name="night")
    workspace.runs.begin()
    qtbot.waitUntil(lambda: bool(child.made))
    child.made[0].train(2)
    qtbot.waitUntil(lambda: "Training … · CPU" in shown())
    qtbot.waitUntil(lambda: "26.4 s an epoch" in shown())
    assert "Training goes on if this window is closed" in shown()
    assert any(text.startswith("Saved: ") and "night" in text for text in shown())
    workspace.runs.stop_early()
    assert "Stopping early … · CPU" in shown()
    front.change(kind="image")
    assert "Ready · Automatic" in shown()
    assert "Training goes on if this window is closed" not in shown()
    child.made[0].end(("cancelled", {}))
    qtbot.waitUntil(lambda: not workspace.state.engaged)


@pytest.mark.parametrize("scale", [(1280, 800), (1024, 640)])
def test_nothing_is_cut(
    qtbot: QtBot, tab: TrainTab, workspace: TrainingWorkspace, scale: tuple[int, int]
) -> None:
    tab.resize(*scale)
    workspace.state.change(data=DATA, preflight=PREFLIGHT, data_check=DataCheck(1, 2))
    workspace.state.change(recipe=RecipeFacts("x", error=RecipeError("No such network.")))
    for fold in tab.findChildren(Collapsible):
        fold.set_open(True)
    setup = tab.findChild(SetupPanel)
    assert setup is not None
    qtbot.waitUntil(lambda: not cut_off(setup))


def test_a_window_in_another_language_leaves_nothing_behind(
    qapp: QApplication, workspace: TrainingWorkspace, messages: Messages
) -> None:
    gc.freeze()
    tab = TrainTab(workspace=workspace, messages=messages)
    tab.close_threads()
    tab.deleteLater()
    del tab
    for _turn in range(3):
        qapp.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
        qapp.processEvents()
        gc.collect()
    left = [each for each in gc.get_objects() if type(each) in (TrainTab, SetupPanel, DataPart)]
    gc.unfreeze()
    assert left == []
    workspace.setup.change(epochs=5)
    workspace.state.change(data=DATA, preflight=PREFLIGHT, stage=Stage.TRAINING, engaged=True)
    workspace.state.change(stage=Stage.WAITING, engaged=False)


def test_a_name_is_taken_once_it_is_typed(tab: TrainTab, workspace: TrainingWorkspace) -> None:
    field = next(each for each in tab.findChildren(QLineEdit) if each.accessibleName() == "Name")
    field.setText("  night  ")
    field.editingFinished.emit()
    assert workspace.state.config.name == "night"
