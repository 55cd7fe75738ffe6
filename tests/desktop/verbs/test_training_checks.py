"""What is found out before a training: of its data, then of its time and memory."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import ClassVar

import pytest
from pytestqt.qtbot import QtBot

from desktop.messages import Messages
from desktop.training_state import DataCheck, DataFacts, RecipeFacts, TrainingState
from desktop.verbs import training_checks
from desktop.verbs.training_checks import CheckVerbs
from engine.errors import Cancelled, TrainingError
from engine.training.config import TrainConfig
from engine.training.preflight import Preflight
from tests.helpers.datasets import make

PREFLIGHT = Preflight(
    "yolo11n", "detect", 640, "CPU", 2600000, 6.5, None, 8, 2, 3.0, 900.0, 8000.0, 60.0, 9000.0
)


class Measured:
    """Stands in for the process that measures."""

    made: ClassVar[list[Measured]] = []
    answer: ClassVar[Preflight | TrainingError | None] = None

    def __init__(self, config: TrainConfig) -> None:
        self.config = config
        self.ended = threading.Event()
        self.made.append(self)

    def result(self) -> Preflight:
        if self.answer is None:
            assert self.ended.wait(20)
            raise Cancelled
        if isinstance(self.answer, TrainingError):
            raise self.answer
        return self.answer

    def cancel(self) -> None:
        self.ended.set()


@pytest.fixture
def training(tmp_path: Path) -> TrainingState:
    state = TrainingState()
    path = make(tmp_path / "tubes")
    state.change(
        data=DataFacts(path, "tubes", ("detect",), ("a",), {"train": 1, "val": 1}),
        config=TrainConfig(data=path),
        recipe=RecipeFacts("yolo11n", "detect"),
    )
    return state


@pytest.fixture
def verbs(
    training: TrainingState, messages: Messages, monkeypatch: pytest.MonkeyPatch
) -> Iterator[CheckVerbs]:
    monkeypatch.setattr(training_checks, "Check", Measured)
    monkeypatch.setattr(Measured, "made", [])
    monkeypatch.setattr(Measured, "answer", PREFLIGHT)
    verbs = CheckVerbs(state=training, messages=messages)
    yield verbs
    verbs.close()


def test_data_come_first_then_time_and_memory(
    qtbot: QtBot, verbs: CheckVerbs, training: TrainingState
) -> None:
    verbs.check()
    assert training.checking
    qtbot.waitUntil(lambda: not training.checking)
    assert isinstance(training.data_check, DataCheck)
    assert training.preflight == PREFLIGHT
    assert Measured.made[0].config == training.config


def test_without_data_there_is_nothing_to_check(
    verbs: CheckVerbs, training: TrainingState, said: Callable[[], str]
) -> None:
    training.change(data=None)
    verbs.check()
    assert said() == "There is no data set yet."
    assert not training.checking


def test_what_stands_in_the_way_is_said(
    qtbot: QtBot,
    verbs: CheckVerbs,
    training: TrainingState,
    said: Callable[[], str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Measured, "answer", TrainingError("There is no attention=foo."))
    verbs.check()
    qtbot.waitUntil(lambda: not training.checking)
    assert said() == "There is no attention=foo."
    assert training.preflight is None
    assert training.data_check is not None


def test_data_for_another_task_are_not_measured(
    qtbot: QtBot, verbs: CheckVerbs, training: TrainingState, messages: Messages
) -> None:
    training.change(recipe=RecipeFacts("yolo11n-seg", "segment"))
    verbs.check()
    qtbot.waitUntil(lambda: not training.checking)
    assert messages.last is not None
    assert Measured.made == []


def test_it_can_be_called_off(
    qtbot: QtBot,
    verbs: CheckVerbs,
    training: TrainingState,
    messages: Messages,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Measured, "answer", None)
    verbs.check()
    qtbot.waitUntil(lambda: len(Measured.made) == 1)
    verbs.cancel()
    assert not training.checking
    qtbot.waitUntil(Measured.made[0].ended.is_set)
    assert messages.last is None


def test_a_training_that_begins_ends_it(
    qtbot: QtBot, verbs: CheckVerbs, training: TrainingState, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Measured, "answer", None)
    verbs.check()
    qtbot.waitUntil(lambda: len(Measured.made) == 1)
    training.change(engaged=True)
    qtbot.waitUntil(Measured.made[0].ended.is_set)
    assert not training.checking


def test_figures_of_settings_that_were_changed_meanwhile_are_not_shown(
    qtbot: QtBot, verbs: CheckVerbs, training: TrainingState
) -> None:
    verbs.check()
    training.change(config=TrainConfig(data=training.config.data, batch=2))
    qtbot.waitUntil(lambda: not training.checking)
    assert training.preflight is None


def test_closing_leaves_no_process(
    qtbot: QtBot, verbs: CheckVerbs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Measured, "answer", None)
    verbs.check()
    qtbot.waitUntil(lambda: len(Measured.made) == 1)
    verbs.close()
    assert Measured.made[0].ended.is_set()
