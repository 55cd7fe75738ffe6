"""A training from the button to its end, and what is asked of it on the way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from desktop.messages import Kind, Messages
from desktop.training_state import DataFacts, RecipeFacts, TrainingState
from desktop.verbs.training import TrainingVerbs
from engine.errors import RecipeError, TrainingError
from engine.training.config import TrainConfig
from engine.training.folder import RunFolder
from engine.training.record import Stage
from tests.helpers.training_child import FakeTraining, stand_in
from tests.helpers.training_runs import finished, write_run

DATA = DataFacts(Path("/data/tubes"), "tubes", ("segment",), ("cells",), {"train": 8, "val": 2})


@pytest.fixture
def child(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[type[FakeTraining]]:
    yield from stand_in(monkeypatch, tmp_path)


@pytest.fixture
def training() -> TrainingState:
    state = TrainingState()
    config = TrainConfig(model="yolo11n-seg", data=DATA.path, name="tubes", epochs=10)
    state.change(data=DATA, config=config)
    return state


@pytest.fixture
def verbs(
    training: TrainingState, messages: Messages, child: type[FakeTraining]
) -> Iterator[TrainingVerbs]:
    verbs = TrainingVerbs(state=training, messages=messages)
    yield verbs
    verbs.close()


@pytest.fixture
def under_way(
    qtbot: QtBot, verbs: TrainingVerbs, training: TrainingState, child: type[FakeTraining]
) -> FakeTraining:
    """Begin a training; its first epochs are told."""
    verbs.begin()
    qtbot.waitUntil(lambda: verbs.under_way is not None)
    child.made[0].train()
    qtbot.waitUntil(lambda: training.record is not None and len(training.record.epochs) == 2)
    return child.made[0]


def test_it_begins_with_the_settings_of_the_form_and_is_read_along(
    under_way: FakeTraining, training: TrainingState
) -> None:
    assert under_way.folder.config() == training.config
    assert training.run is under_way.folder
    assert training.run_name == "tubes"
    assert training.run_config == training.config
    assert training.stage is Stage.TRAINING
    assert training.engaged
    assert training.record is not None
    assert training.record.started["parameters"] == 2843583


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"data": None}, "There is no data set yet."),
        ({"recipe": RecipeFacts("x", error=RecipeError("No such network."))}, "No such network."),
    ],
)
def test_without_data_or_a_recipe_it_says_what_is_missing(
    verbs: TrainingVerbs,
    training: TrainingState,
    child: type[FakeTraining],
    said: Callable[[], str],
    changes: dict[str, object],
    sentence: str,
) -> None:
    training.change(**changes)
    verbs.begin()
    assert said() == sentence
    assert not training.engaged
    assert not child.made


def test_what_keeps_it_from_beginning_is_one_sentence(
    qtbot: QtBot,
    verbs: TrainingVerbs,
    training: TrainingState,
    child: type[FakeTraining],
    said: Callable[[], str],
) -> None:
    child.fails = TrainingError("The disk is full.")
    verbs.begin()
    assert training.engaged
    qtbot.waitUntil(lambda: not training.engaged)
    assert said() == "The disk is full."
    assert training.run is None


def test_a_second_one_is_refused(
    under_way: FakeTraining,
    verbs: TrainingVerbs,
    child: type[FakeTraining],
    said: Callable[[], str],
) -> None:
    verbs.begin()
    assert said() == "A training is under way."
    assert child.made == [under_way]


def test_one_that_another_window_began_is_shown_in_place_of_a_new_one(
    qtbot: QtBot,
    verbs: TrainingVerbs,
    training: TrainingState,
    child: type[FakeTraining],
    said: Callable[[], str],
    tmp_path: Path,
) -> None:
    child.found = FakeTraining(RunFolder.create(TrainConfig(name="other"), tmp_path))
    verbs.begin()
    qtbot.waitUntil(lambda: training.run is not None)
    assert training.run is child.found.folder
    assert said() == "The training other is under way on this machine."
    child.found.end(("cancelled", {}))
    qtbot.waitUntil(lambda: not training.engaged)


def test_at_its_end_its_model_is_offered(
    qtbot: QtBot,
    under_way: FakeTraining,
    verbs: TrainingVerbs,
    training: TrainingState,
    messages: Messages,
) -> None:
    under_way.end(finished(under_way.folder, 10))
    qtbot.waitUntil(lambda: not training.engaged)
    assert training.stage is Stage.FINISHED
    assert messages.last is not None
    assert messages.last.text == "The training tubes is finished."
    assert messages.last.act is not None
    with qtbot.waitSignal(verbs.weights_wanted) as wanted:
        messages.last.act.do()
    assert wanted.args == [under_way.folder.best]
    assert not verbs._timer.isActive()


def test_stopped_early_it_keeps_its_best_weights(
    qtbot: QtBot,
    under_way: FakeTraining,
    verbs: TrainingVerbs,
    training: TrainingState,
    said: Callable[[], str],
) -> None:
    verbs.stop_early()
    assert training.told == "stop"
    qtbot.waitUntil(lambda: under_way.commands == ["stop"])
    under_way.end(finished(under_way.folder, 2, stopped=True))
    qtbot.waitUntil(lambda: not training.engaged)
    assert training.stage is Stage.STOPPED
    assert training.told == ""
    assert said() == "The training tubes was stopped early."


def test_cancelled_it_can_go_on(
    qtbot: QtBot,
    under_way: FakeTraining,
    verbs: TrainingVerbs,
    training: TrainingState,
    messages: Messages,
    child: type[FakeTraining],
) -> None:
    verbs.cancel()
    qtbot.waitUntil(lambda: not training.engaged)
    assert training.stage is Stage.CANCELLED
    assert messages.last is not None
    assert messages.last.act is not None
    messages.last.act.do()
    qtbot.waitUntil(lambda: len(child.made) == 2)
    assert child.made[1].folder is under_way.folder
    qtbot.waitUntil(lambda: verbs.under_way is not None)
    child.made[1].end(("cancelled", {}))
    qtbot.waitUntil(lambda: not training.engaged)


def test_one_that_is_only_about_to_begin_can_be_cancelled(
    qtbot: QtBot, verbs: TrainingVerbs, training: TrainingState, child: type[FakeTraining]
) -> None:
    verbs.begin()
    verbs.cancel()
    assert training.told == "cancel"
    qtbot.waitUntil(lambda: not training.engaged)
    assert child.made[0].commands == ["cancel"]


def test_one_that_was_cancelled_and_could_not_say_so_was_not_interrupted(
    qtbot: QtBot,
    under_way: FakeTraining,
    verbs: TrainingVerbs,
    training: TrainingState,
    said: Callable[[], str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(FakeTraining, "cancel", FakeTraining.end)
    verbs.cancel()
    qtbot.waitUntil(lambda: not training.engaged)
    assert training.stage is Stage.CANCELLED
    assert said() == "The training tubes was cancelled."


def test_why_it_failed_is_said(
    qtbot: QtBot, under_way: FakeTraining, training: TrainingState, messages: Messages
) -> None:
    under_way.end(("failed", {"message": "Too little memory.", "hint": "A smaller batch."}))
    qtbot.waitUntil(lambda: not training.engaged)
    assert training.stage is Stage.FAILED
    assert messages.last is not None
    assert messages.last.kind is Kind.ERROR
    assert (messages.last.text, messages.last.hint) == ("Too little memory.", "A smaller batch.")


def test_one_that_dies_without_a_word_was_interrupted(
    qtbot: QtBot, under_way: FakeTraining, training: TrainingState, said: Callable[[], str]
) -> None:
    under_way.end()
    qtbot.waitUntil(lambda: not training.engaged)
    assert training.stage is Stage.INTERRUPTED
    assert said() == "The training tubes was interrupted."


def test_another_run_can_be_looked_at_meanwhile(
    qtbot: QtBot,
    under_way: FakeTraining,
    verbs: TrainingVerbs,
    training: TrainingState,
    tmp_path: Path,
) -> None:
    other = write_run(tmp_path / "runs", 20, name="other")
    verbs.watch(other)
    qtbot.waitUntil(lambda: training.stage is Stage.FINISHED)
    assert training.record is not None
    assert len(training.record.epochs) == 20
    assert training.engaged
    assert verbs.under_way is under_way.folder
    verbs.watch(RunFolder(under_way.folder.path))
    assert training.run is under_way.folder
    verbs.watch(other)
    verbs.show_under_way()
    qtbot.waitUntil(lambda: training.stage is Stage.TRAINING)
    assert len(training.record.epochs) == 2
    verbs.watch(other)
    under_way.end(("cancelled", {}))
    qtbot.waitUntil(lambda: not training.engaged)
    qtbot.waitUntil(lambda: training.stage is Stage.FINISHED)


def test_a_training_of_a_former_window_is_taken_up_again(
    qtbot: QtBot,
    verbs: TrainingVerbs,
    training: TrainingState,
    messages: Messages,
    child: type[FakeTraining],
    tmp_path: Path,
) -> None:
    child.found = FakeTraining(RunFolder.create(TrainConfig(name="night"), tmp_path))
    child.found.train(3)
    verbs.start()
    qtbot.waitUntil(lambda: training.record is not None and len(training.record.epochs) == 3)
    assert training.engaged
    assert messages.last is not None
    assert messages.last.text == "A training goes on: night."
    assert messages.last.act is not None
    with qtbot.waitSignal(verbs.tab_wanted):
        messages.last.act.do()
    verbs.forget_offer()
    assert messages.last is None


def test_it_can_be_ended_before_the_window_closes(
    qtbot: QtBot, under_way: FakeTraining, verbs: TrainingVerbs
) -> None:
    ended: list[bool] = []
    verbs.end(lambda: ended.append(under_way.alive))
    qtbot.waitUntil(lambda: ended == [False])
    assert under_way.commands == ["cancel"]


def test_closing_the_window_leaves_it_alone(under_way: FakeTraining, verbs: TrainingVerbs) -> None:
    verbs.close()
    assert under_way.alive
    assert under_way.commands == []
    assert not verbs._timer.isActive()
