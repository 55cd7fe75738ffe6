"""What a training would be, found out by trying."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import psutil
import pytest

from engine.errors import Cancelled, TrainingError
from engine.training.config import TrainConfig
from engine.training.preflight import ANSWER, Answer, Check
from tests.helpers.checkpoints import random_checkpoint
from tests.helpers.datasets import BOX, make, tubes


def config(data: Path, **values: object) -> TrainConfig:
    return TrainConfig(data=data, model="yolo11n-seg:iou=wiou3", input_size=96, batch=8, **values)  # type: ignore[arg-type]


@pytest.mark.slow
def test_a_check_tells_what_a_training_would_be(tmp_path: Path) -> None:
    data = tubes(tmp_path / "data", train=9, val=3)
    before = {path: path.stat().st_mtime_ns for path in data.parent.rglob("*")}
    weights = random_checkpoint(tmp_path, "yolo11", "segment")
    found = Check(config(data, weights=weights)).result()
    assert found.recipe == "yolo11n-seg:iou=wiou3"
    assert (found.task, found.input_size) == ("segment", 96)
    assert (found.pictures, found.validation) == (9, 3)
    # Three classes instead of eighty make the last layers of the heads smaller.
    assert 2_800_000 < found.parameters < 2_900_000
    # A ninth of a square of 320 px.
    assert 0.1 < found.gflops < 1
    assert found.carried is not None
    assert 0.9 < found.carried < 1
    assert 0.05 < found.seconds_per_epoch < 120
    assert 300 < found.memory_mb < 4000
    assert found.memory_free_mb > found.memory_mb
    assert 40 < found.disk_mb < 200
    assert found.disk_free_mb > 0
    assert {path: path.stat().st_mtime_ns for path in data.parent.rglob("*")} == before


@pytest.mark.slow
def test_what_cannot_be_trained_is_a_sentence(tmp_path: Path) -> None:
    make(tmp_path / "data", BOX)
    with pytest.raises(TrainingError) as caught:
        Check(config(tmp_path / "data")).result()
    assert "boxes" in caught.value.message
    assert caught.value.hint


def test_a_check_can_be_cancelled(tmp_path: Path) -> None:
    check = Check(config(tmp_path / "data"))
    pid, folder = check._process.pid, check._folder
    threading.Timer(0.2, check.cancel).start()
    began = time.monotonic()
    with pytest.raises(Cancelled):
        check.result()
    assert time.monotonic() - began < 3
    assert not psutil.pid_exists(pid) or os.name == "nt"
    assert not folder.exists()


def test_a_process_that_dies_is_a_sentence_too(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="without an answer") as caught:
        Answer.read(tmp_path / ANSWER).preflight()
    assert "smaller batch" in caught.value.hint
