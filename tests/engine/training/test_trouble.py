"""A training in trouble: too little memory, a full disk, no network; nothing is lost."""

from __future__ import annotations

import errno
import json
import os
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from engine import device
from engine.errors import EngineError, TrainingError
from engine.models import checkpoint
from engine.training.config import TrainConfig
from engine.training.events import EventLog
from engine.training.folder import RunFolder
from engine.training.launch import Training
from engine.training.worker import train
from tests.helpers.datasets import tubes

pytestmark = pytest.mark.slow

NO_NETWORK = """
import os, socket
def refuse(self, address):
    if self.family != socket.AF_UNIX:
        with open(os.environ["LABSIGHT_ATTEMPTS"], "a") as file:
            file.write(f"{address}\\n")
        raise OSError("no network here")
socket.socket.connect = socket.socket.connect_ex = refuse
def look_up(*arguments, **options):
    with open(os.environ["LABSIGHT_ATTEMPTS"], "a") as file:
        file.write(f"{arguments}\\n")
    raise OSError("no network here")
socket.getaddrinfo = look_up
"""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a small data set."""
    return tubes(tmp_path_factory.mktemp("data"), train=6, val=2)


def config(data: Path, **changes: Any) -> TrainConfig:  # noqa: ANN401
    values = {"epochs": 2, "input_size": 64, "batch": 4} | changes
    return TrainConfig(data=data, model="yolo11n-seg", **values)


def events_of(folder: RunFolder) -> list[dict[str, Any]]:
    return [json.loads(line) for line in folder.events.read_text("utf-8").splitlines()]


def run(folder: RunFolder) -> None:
    with closing(EventLog(folder.events, folder.name)) as log:
        train(folder.config(), folder, log)


@pytest.mark.parametrize(
    ("epoch", "message"),
    [
        (0, "CUDA out of memory. Tried to allocate"),
        (1, "DefaultCPUAllocator: can't allocate memory"),
    ],
)
def test_too_little_memory_lowers_the_batch_and_goes_on(
    tmp_path: Path, data: Path, monkeypatch: pytest.MonkeyPatch, epoch: int, message: str
) -> None:
    device.prepare()
    from engine.training.trainer import OurTrainer

    plain = OurTrainer.save_model
    seen: list[int] = []

    def small_memory(trainer: Any) -> None:  # noqa: ANN401
        seen.append(trainer.batch_size)
        if trainer.epoch == epoch and trainer.batch_size > 2:
            raise RuntimeError(message)

    original = OurTrainer.get_model

    def get_model(trainer: Any, *names: object, **options: object) -> Any:  # noqa: ANN401
        network = original(trainer, *names, **options)
        loss = network.loss

        def noticed(*arguments: Any, **options: Any) -> Any:  # noqa: ANN401
            if network.training:
                small_memory(trainer)
            return loss(*arguments, **options)

        network.loss = noticed
        return network

    def saved(trainer: Any) -> bool:  # noqa: ANN401
        noticed = trainer.ema.ema.__dict__.pop("loss", None)
        try:
            return plain(trainer)
        finally:
            if noticed is not None:
                trainer.ema.ema.loss = noticed

    monkeypatch.setattr(OurTrainer, "get_model", get_model)
    monkeypatch.setattr(OurTrainer, "save_model", saved)
    folder = RunFolder.create(config(data), tmp_path)
    run(folder)
    events = events_of(folder)
    (notice,) = [event for event in events if event["event"] == "notice"]
    assert notice["epoch"] == epoch + 1
    assert "2 pictures" in notice["text"]
    assert events[-1]["event"] == "finished"
    assert [event["epoch"] for event in events if event["event"] == "epoch"] == [1, 2]
    assert seen[0] == 4
    assert seen[-1] == 2


def test_a_full_disk_is_told_and_what_was_saved_stays(
    tmp_path: Path, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    device.prepare()
    import torch

    plain, written = torch.save, []

    def save(content: Any, file: Any) -> None:  # noqa: ANN401
        written.append(file)
        # The first epoch writes best, last and state.
        if len(written) > 3:
            file.write(b"half a file")
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        plain(content, file)

    monkeypatch.setattr(torch, "save", save)
    folder = RunFolder.create(config(data, epochs=4), tmp_path)
    with pytest.raises(EngineError, match="full") as caught:
        run(folder)
    assert caught.value.hint
    assert len(written) == 4
    for path in (folder.best, folder.last):
        assert checkpoint.read(path).info.names == ("cells", "gel", "serum")
    assert sorted(path.name for path in folder.weights.iterdir()) == [
        "best.pt", "last.pt", "state.pt"
    ]  # fmt: skip


def test_memory_too_small_for_one_picture_is_a_sentence(
    tmp_path: Path, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    device.prepare()
    import engine.training.worker as worker

    tried: list[int | None] = []

    def too_small(*arguments: Any) -> None:  # noqa: ANN401
        tried.append(arguments[-1])
        raise MemoryError

    monkeypatch.setattr(worker, "_train", too_small)
    folder = RunFolder.create(config(data), tmp_path)
    with pytest.raises(TrainingError, match="one picture"):
        run(folder)
    assert tried == [None, 2, 1]


def test_nothing_is_asked_of_the_network(
    tmp_path: Path, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(NO_NETWORK)
    attempts = tmp_path / "attempts.txt"
    attempts.touch()
    for name, value in {
        "PYTHONPATH": tmp_path / "site",
        "LABSIGHT_ATTEMPTS": attempts,
        # As on a machine where nothing of ultralytics was ever used.
        "HOME": tmp_path / "home",
        "LABSIGHT_DATA": tmp_path / "home" / "data",
        "YOLO_CONFIG_DIR": tmp_path / "home" / "settings",
    }.items():
        monkeypatch.setenv(name, str(value))
    (tmp_path / "home").mkdir()
    training = Training.begin(RunFolder.create(config(data), tmp_path))
    events = [event for event in training.events() if event is not None]
    training.wait()
    assert events[-1]["event"] == "finished", events[-1]
    assert attempts.read_text() == ""


def test_a_read_only_data_set_trains(tmp_path: Path) -> None:
    data = tubes(tmp_path / "data", train=4, val=2)
    places = [data.parent, *data.parent.rglob("*")]
    before = {path: path.stat().st_mtime_ns for path in places}
    for path in places:
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        folder = RunFolder.create(config(data, epochs=1), tmp_path / "runs")
        run(folder)
    finally:
        for path in places:
            path.chmod(0o755 if path.is_dir() else 0o644)
    assert events_of(folder)[-1]["event"] == "finished"
    assert {path: path.stat().st_mtime_ns for path in places} == before
    assert set(data.parent.rglob("*")) == set(places) - {data.parent}
