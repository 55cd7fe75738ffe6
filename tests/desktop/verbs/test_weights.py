"""Choosing weights: the ones in use stay until the others have been read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from desktop.messages import Messages
from desktop.settings import Settings
from desktop.state import AppState
from desktop.verbs.weights import WeightVerbs
from engine.errors import WeightsError
from engine.models import info as model_info
from engine.paths import DEFAULT_WEIGHTS, resource
from engine.types import ModelInfo

OTHER = ModelInfo("best", "detect", ("crack",), 512, 32, "1" * 64)


@pytest.fixture
def verbs(state: AppState, settings: Settings, messages: Messages) -> WeightVerbs:
    return WeightVerbs(state=state, settings=settings, messages=messages)


@pytest.fixture
def best(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return weights that can be read, beside others that cannot."""

    def read(path: Path) -> ModelInfo:
        if path.name != "best.pt":
            raise WeightsError("{path} is empty.", path=path.name)
        return OTHER

    monkeypatch.setattr(model_info, "read_info", read)
    for name in ("best.pt", "broken.pt"):
        (tmp_path / name).write_bytes(b"1")
    return tmp_path / "best.pt"


def test_the_bundled_ones_are_there_at_the_start(
    qtbot: QtBot, verbs: WeightVerbs, state: AppState
) -> None:
    with qtbot.waitSignal(state.model_changed):
        verbs.start()
    assert state.model is not None
    assert state.model.names == ("cells", "gel", "serum")
    assert not state.model_busy
    assert verbs.choices() == [resource(DEFAULT_WEIGHTS)]


def test_others_are_used_once_read_and_remembered(
    qtbot: QtBot, verbs: WeightVerbs, state: AppState, settings: Settings, best: Path
) -> None:
    state.change(config=replace(state.config, classes=("gel",), input_size=320, confidence=0.5))
    verbs.choose(best)
    assert state.model_busy
    assert state.config.weights == resource(DEFAULT_WEIGHTS)
    qtbot.waitUntil(lambda: not state.model_busy)
    assert (state.config.weights, state.model) == (best, OTHER)
    # What belongs to the former classes and size is gone, what is the person's stays.
    assert (state.config.classes, state.config.input_size) == ((), None)
    assert state.config.confidence == 0.5
    assert settings.preferences.weights == str(best)
    assert verbs.choices() == [resource(DEFAULT_WEIGHTS), best]


def test_wrong_weights_are_refused_and_the_others_stay(
    qtbot: QtBot,
    verbs: WeightVerbs,
    state: AppState,
    settings: Settings,
    best: Path,
    said: Callable[[], str],
) -> None:
    verbs.choose(best)
    qtbot.waitUntil(lambda: state.model == OTHER)
    verbs.choose(best.with_name("broken.pt"))
    qtbot.waitUntil(lambda: said() == "broken.pt is empty.")
    assert (state.config.weights, state.model, state.model_busy) == (best, OTHER, False)
    assert settings.preferences.weights == str(best)


def test_a_real_file_that_is_no_checkpoint_is_refused_by_its_reason(
    qtbot: QtBot, verbs: WeightVerbs, state: AppState, tmp_path: Path, said: Callable[[], str]
) -> None:
    (tmp_path / "empty.pt").touch()
    verbs.choose(tmp_path / "empty.pt")
    qtbot.waitUntil(lambda: said().endswith("empty.pt is empty."), timeout=30_000)
    assert state.model is None


def test_weights_that_vanished_give_way_to_the_bundled_ones(
    qtbot: QtBot, verbs: WeightVerbs, state: AppState, settings: Settings, tmp_path: Path
) -> None:
    settings.change(weights=str(tmp_path / "gone.pt"))
    with qtbot.waitSignal(state.model_changed):
        verbs.start()
    assert state.config.weights == resource(DEFAULT_WEIGHTS)


def test_a_run_keeps_its_weights(
    verbs: WeightVerbs, state: AppState, best: Path, said: Callable[[], str]
) -> None:
    state.change(engaged="video")
    verbs.choose(best)
    assert said() == "A run is under way."
    assert not state.model_busy


def test_reset_puts_back_the_thresholds_alone(verbs: WeightVerbs, state: AppState) -> None:
    config = replace(state.config, confidence=0.9, iou=0.1, classes=("x",), input_size=320)
    state.change(config=config)
    verbs.reset_thresholds()
    assert state.config == replace(config, confidence=0.25, iou=0.7, classes=())
