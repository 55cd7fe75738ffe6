"""`main.py train`: refusals before anything begins, interruptions, failures that are told."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from engine.training.config import TrainConfig
from engine.training.folder import RunFolder
from engine.training.launch import Training
from tests.engine.cli.test_refusals import assert_refused
from tests.helpers.checkpoints import random_checkpoint
from tests.helpers.command_line import Command, finish, start
from tests.helpers.datasets import BOX, RING, make
from tests.helpers.training_runs import write_run

needs_signals = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder that runs are kept in; it is not there before the first one."""
    monkeypatch.setenv("LABSIGHT_HOME", str(tmp_path / "home"))
    return tmp_path / "home" / "training"


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (("--model", "yolo11q"), ("yolo11q", "nearest")),
        (("--model", "yolo11n:block=fastr"), ("block=fastr", "block=faster")),
        (("--model", "yolo11n:block=faster@p9"), ("p9", "nearest")),
        (("--model", "yolo11n-seg"), ("boxes", "segment")),
        (("--model", "yolo11n-p6", "--imgsz", "96"), ("96", "64")),
        (("--imgsz", "100"), ("100", "96")),
        (("--epochs", "0"), ("Epochs", "0")),
        (("--weights", "absent.pt"), ("absent.pt",)),
        (("--device", "cuda:9"), ("cuda:9",)),
    ],
)
def test_what_cannot_be_trained_leaves_no_folder(
    command: Command, home: Path, tmp_path: Path, flags: tuple[str, ...], words: tuple[str, ...]
) -> None:
    make(tmp_path / "data", BOX)
    said = command("train", "--data", tmp_path / "data", *flags)
    assert_refused(said, *words)
    assert not home.exists()


def test_data_must_be_named_and_there(command: Command, home: Path, tmp_path: Path) -> None:
    assert_refused(command("train"), "--data")
    assert_refused(command("train", "--data", tmp_path / "absent"), "absent")
    assert not home.exists()


@pytest.mark.slow
def test_weights_of_another_task_are_told_by_the_child(home: Path, tmp_path: Path) -> None:
    make(tmp_path / "data", RING)
    weights = random_checkpoint(tmp_path, "yolo11", "detect")
    said = finish(
        start("train", "--json", "--data", tmp_path / "data", "--model", "yolo11n-seg",
              "--weights", weights, "--epochs", 1, "--imgsz", 64)
    )  # fmt: skip
    assert said.code == 2
    assert said.objects[-1]["event"] == "failed"
    assert "detect" in said.objects[-1]["message"]
    assert len(said.err.splitlines()) == 1
    assert str(weights) in said.err


def test_a_run_that_goes_on_is_named_and_keeps_its_settings(
    command: Command, home: Path, tmp_path: Path
) -> None:
    folder = write_run(home, 3, name="gel")
    assert_refused(command("train", "--resume", "serum"), "serum", str(home))
    assert_refused(command("train", "--resume", "gel", "--batch", "4"), "batch", "--epochs")
    for name in ("gel", folder.name, str(folder.path)):
        assert_refused(command("train", "--resume", name), "3 epochs", "more")
    assert_refused(command("train", "--resume", "gel", "--epochs", "2"), "3 epochs")
    assert folder.config().epochs == 3


@pytest.mark.slow
def test_a_check_says_what_it_would_take_and_leaves_nothing(
    command: Command, home: Path, tmp_path: Path
) -> None:
    make(tmp_path / "data", RING)
    flags = ("--data", tmp_path / "data", "--model", "yolo11n-seg", "--imgsz", "64", "--check")
    said = command("train", *flags)
    assert said.code == 0, said.err
    lines = said.out.splitlines()
    assert lines[0].startswith("yolo11n-seg on cpu")
    assert "GFLOPs at 64 px" in lines[1]
    assert lines[2:4] == ["from random weights", "1 pictures to learn from, 1 to check with"]
    assert "s an epoch" in lines[4]
    assert not home.exists()


@needs_signals
@pytest.mark.slow
def test_ctrl_c_ends_the_child_and_says_so(home: Path, tmp_path: Path) -> None:
    make(tmp_path / "data", BOX)
    process = start("train", "--json", "--data", tmp_path / "data", "--epochs", 500, "--imgsz", 64)
    assert process.stdout is not None
    heard = ""
    while '"event":"epoch"' not in heard:
        heard += process.stdout.readline()
    (path,) = home.glob("*/*")
    child = json.loads((path / "run.json").read_text(encoding="utf-8"))["pid"]
    process.send_signal(signal.SIGINT)
    said = finish(process, heard)
    assert said.code == 130
    assert not psutil.pid_exists(child)
    assert (path / "weights" / "last.pt").exists()


@needs_signals
@pytest.mark.slow
def test_a_child_outlives_the_command_and_can_be_told_to_stop(home: Path, tmp_path: Path) -> None:
    make(tmp_path / "data", BOX)
    process = start("train", "--json", "--data", tmp_path / "data", "--epochs", 500, "--imgsz", 64)
    assert process.stdout is not None
    heard = ""
    while '"event":"epoch"' not in heard:
        heard += process.stdout.readline()
    process.kill()
    process.communicate()
    (path,) = home.glob("*/*")
    folder = RunFolder(path)
    assert folder.is_running()
    folder.command("stop")
    child = psutil.Process(json.loads((path / "run.json").read_text(encoding="utf-8"))["pid"])
    child.wait(60)
    events = folder.events.read_text(encoding="utf-8").splitlines()
    assert json.loads(events[-1])["event"] == "finished"
    assert folder.best.exists()


@pytest.fixture
def instead(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Training]:
    """Return a function that starts a training whose process runs another program."""
    plain = subprocess.Popen

    def start_instead(program: str) -> Training:
        def popen(arguments: list[str], **options: Any) -> subprocess.Popen[bytes]:  # noqa: ANN401
            return plain([sys.executable, "-c", program], **options)

        with monkeypatch.context() as patch:
            patch.setattr(subprocess, "Popen", popen)
            return Training.begin(RunFolder.create(TrainConfig()))

    return start_instead


def test_a_child_that_is_killed_is_a_failure_that_is_told(
    home: Path, instead: Callable[[str], Training]
) -> None:
    training = instead("import time; time.sleep(60)")
    events = training.events()
    assert next(events) is None
    psutil.Process(training._process.pid).kill()
    told = [event for event in events if event is not None]
    assert [event["event"] for event in told] == ["failed"]
    assert "-9" in told[0]["message"] or os.name == "nt"
    assert str(training.folder.log) in told[0]["hint"]


def test_a_child_that_does_not_listen_is_ended_within_two_seconds(
    home: Path, instead: Callable[[str], Training]
) -> None:
    sleeper = "[sys.executable, '-c', 'import time; time.sleep(60)']"
    training = instead(f"import subprocess, sys, time; subprocess.Popen({sleeper}); time.sleep(60)")
    parent = psutil.Process(training._process.pid)
    while not parent.children():
        time.sleep(0.01)
    (grandchild,) = parent.children()
    training.cancel()
    assert not parent.is_running()
    assert not grandchild.is_running() or grandchild.status() == psutil.STATUS_ZOMBIE
    assert training.folder.is_told("cancel")
