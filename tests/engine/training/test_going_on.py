"""A training that was cancelled, killed, stopped or finished goes on where it was."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from engine.errors import TrainingError
from engine.training import runs
from engine.training.config import TrainConfig
from engine.training.events import Event
from engine.training.folder import RunFolder
from engine.training.launch import Training
from engine.training.record import RunRecord, Stage
from tests.helpers.datasets import tubes

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a small data set."""
    return tubes(tmp_path_factory.mktemp("data"), train=6, val=2)


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """Return the folder of the runs."""
    return tmp_path / "training"


def settings(data: Path, epochs: int) -> TrainConfig:
    # Each batch is a step of its own, so that nothing is under way between two epochs.
    return TrainConfig(
        data=data, model="yolo11n-seg", epochs=epochs, input_size=96, batch=2, nominal_batch=2,
        close_mosaic=1,
    )  # fmt: skip


def told(training: Training) -> Iterator[Event]:
    return (event for event in training.events() if event is not None)


def finish(training: Training) -> list[Event]:
    events = list(told(training))
    training.wait()
    assert events[-1]["event"] == "finished", events[-1]
    return events


def epochs_of(events: list[Event]) -> list[dict[str, Any]]:
    kept = ("epoch", "losses", "val_losses", "metrics", "lr")
    return [{key: each[key] for key in kept} for each in events if each["event"] == "epoch"]


def record_of(folder: RunFolder) -> RunRecord:
    from engine.training.events import follow

    record = RunRecord()
    for event in follow(folder.events, lambda: False):
        assert event is not None
        record.add(event)
    return record


def test_what_was_cancelled_goes_on_as_if_it_was_not(base: Path, data: Path) -> None:
    whole = finish(Training.begin(RunFolder.create(settings(data, 5), base)))
    folder = RunFolder.create(settings(data, 5), base)
    training = Training.begin(folder)
    for event in told(training):
        if event["event"] == "batch" and event["epoch"] == 4:
            break
    training.cancel()
    assert not training.alive
    assert folder.summary().stage == Stage.CANCELLED.value
    assert runs.read_run(folder).resumable
    rest = finish(Training.go_on(folder))
    (started,) = [event for event in rest if event["event"] == "started"]
    # So short epochs are not all kept: writing would take most of the time.
    first = started["first_epoch"]
    assert 2 <= first <= 4
    assert epochs_of(rest) == epochs_of(whole)[first - 1 :]
    assert [each.epoch for each in record_of(folder).epochs] == [1, 2, 3, 4, 5]
    assert folder.summary().epoch == 5


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_what_was_killed_is_interrupted_and_reaches_its_epochs(base: Path, data: Path) -> None:
    folder = RunFolder.create(settings(data, 4), base)
    training = Training.begin(folder)
    for event in told(training):
        if event["event"] == "checkpoint" and event["epoch"] == 2:
            break
    psutil.Process(folder.pid()).send_signal(signal.SIGKILL)
    training.wait()
    assert folder.summary().stage == Stage.INTERRUPTED.value
    run = runs.read_run(folder)
    assert run.resumable
    assert run.best == folder.best
    events = finish(Training.go_on(folder))
    assert [each["epoch"] for each in epochs_of(events)][-1] == 4
    assert folder.summary().stage == Stage.FINISHED.value
    assert record_of(folder).stage is Stage.FINISHED


def test_what_was_finished_goes_past_its_last_epoch(base: Path, data: Path) -> None:
    folder = RunFolder.create(settings(data, 2), base)
    first = finish(Training.begin(folder))
    with pytest.raises(TrainingError, match="2 epochs"):
        Training.go_on(folder)
    more = finish(Training.go_on(folder, 4))
    assert [each["epoch"] for each in epochs_of(more)] == [3, 4]
    assert folder.config().epochs == 4
    record = record_of(folder)
    assert [each.epoch for each in record.epochs] == [1, 2, 3, 4]
    # The optimizer and its learning rate go on; they do not warm up again.
    assert epochs_of(more)[0]["lr"] > 0
    assert first[-1]["best"] == more[-1]["best"]


def test_stopping_early_keeps_the_best_and_the_last(base: Path, data: Path) -> None:
    folder = RunFolder.create(settings(data, 300), base)
    training = Training.begin(folder)
    events = []
    for event in told(training):
        events.append(event)
        if event["event"] == "epoch" and event["epoch"] == 2:
            training.stop()
    training.wait()
    assert events[-1]["event"] == "finished"
    assert events[-1]["stopped"]
    assert events[-1]["epochs"] <= 5
    assert folder.best.exists()
    assert folder.last.exists()
    assert folder.summary().stage == Stage.STOPPED.value
    assert record_of(folder).stage is Stage.STOPPED


def test_a_second_training_on_the_device_is_refused(base: Path, data: Path) -> None:
    first = Training.begin(RunFolder.create(settings(data, 300), base))
    for event in told(first):
        if event["event"] == "started":
            break
    try:
        with pytest.raises(TrainingError, match="under way"):
            Training.begin(first.folder)
        second = Training.begin(RunFolder.create(settings(data, 1), base))
        last = list(told(second))[-1]
        assert last["event"] == "failed"
        assert "Another training" in last["message"]
        second.wait()
        assert first.alive
    finally:
        first.cancel()


def test_data_that_goes_away_is_named_and_can_come_back(base: Path, tmp_path: Path) -> None:
    data = tubes(tmp_path / "data", train=6, val=2)
    folder = RunFolder.create(settings(data, 300), base)
    training = Training.begin(folder)
    away = tmp_path / "away"
    last: Event = {}
    for event in told(training):
        last = event
        if event["event"] == "checkpoint" and event["epoch"] == 1:
            (data.parent / "images").rename(away)
    assert last["event"] == "failed"
    assert "no longer" in last["message"]
    assert str(data.parent / "images") in last["message"]
    assert folder.last.exists()
    away.rename(data.parent / "images")
    training.wait()
    again = Training.go_on(folder)
    for event in told(again):
        if event["event"] == "epoch":
            break
    assert event["epoch"] > 1
    again.cancel()
