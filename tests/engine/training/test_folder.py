"""The folder of a training run."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path

import pytest

from engine.errors import SettingError, TrainingError
from engine.training.config import TrainConfig
from engine.training.folder import RunFolder


def test_the_settings_come_back(tmp_path: Path) -> None:
    config = TrainConfig(
        model="yolo11n-seg:iou=wiou3", data=tmp_path / "数据", weights=tmp_path / "a.pt", name="a b"
    )
    assert RunFolder.create(config, tmp_path).config() == config
    assert RunFolder.create(replace(config, weights=None), tmp_path).config().weights is None


def test_two_runs_of_one_second_have_a_folder_each(tmp_path: Path) -> None:
    config = TrainConfig(name="twice/..:?")
    folders = [RunFolder.create(config, tmp_path) for _ in range(3)]
    assert len({folder.path for folder in folders}) == 3
    assert all(folder.path.parent.parent == tmp_path for folder in folders)
    assert all(folder.weights.is_dir() for folder in folders)


def test_a_run_is_alive_while_it_says_so(tmp_path: Path) -> None:
    folder = RunFolder.create(TrainConfig(), tmp_path)
    assert not folder.is_running()
    folder.beat()
    assert folder.is_running()
    path = folder.path / "run.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    for change in (
        {"heartbeat": time.time() - 31},
        # The number of a process that ended is given to another one some day.
        {"started": content["started"] - 100},
        {"pid": 2**22 + 1},
    ):
        path.write_text(json.dumps(content | change), encoding="utf-8")
        assert not folder.is_running()


def test_commands_reach_the_run(tmp_path: Path) -> None:
    folder = RunFolder.create(TrainConfig(), tmp_path)
    assert not folder.is_told("stop")
    folder.command("stop")
    assert RunFolder(folder.path).is_told("stop")
    assert not folder.is_told("cancel")


def test_a_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="no folder of a training run"):
        RunFolder(tmp_path).config()
    file = tmp_path / "file"
    file.write_text("")
    with pytest.raises(TrainingError):
        RunFolder.create(TrainConfig(), file)


@pytest.mark.parametrize(
    "values",
    [
        {"epochs": 0},
        {"batch": 0},
        {"batch": 2.5},
        {"seed": -1},
        {"input_size": 16},
        {"weights": "best.pt"},
        {"data": None},
    ],
)
def test_settings_outside_their_range_are_refused(values: dict[str, object]) -> None:
    with pytest.raises(SettingError):
        TrainConfig(**values)  # type: ignore[arg-type]
