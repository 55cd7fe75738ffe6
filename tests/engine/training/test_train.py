"""Training a recipe of several slots on real pictures, from its start to the file that detects."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from engine import device
from engine.models import checkpoint
from engine.paths import ROOT
from tests.engine.models.test_weights import RAW, outputs
from tests.helpers.command_line import Said, finish, start

pytestmark = pytest.mark.slow

RECIPE = "yolo11n-seg:block=faster@neck.down.p5,attention=cbam@p5,up=dysample,iou=wiou3"
SIZE = 320
EPOCHS = 13
OBJECTS = 38
"""In the validation pictures."""


@dataclass(frozen=True, slots=True)
class Trained:
    """A finished training."""

    said: Said
    folder: Path

    @property
    def best(self) -> Path:
        return self.folder / "weights" / "best.pt"

    def events(self, kind: str) -> list[dict[str, Any]]:
        return [event for event in self.said.objects if event["event"] == kind]


@pytest.fixture(scope="module")
def trained(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """Train as a person would, on the command line."""
    home = tmp_path_factory.mktemp("home")
    data = shared / "data" / "seg_food_nuts"
    before = {path: path.stat().st_mtime_ns for path in data.rglob("*")}
    process = start(
        "train", "--json", "--data", data, "--model", RECIPE, "--name", "nuts",
        "--weights", shared / "weights" / "yolo11n-seg_rebuilt.pt",
        "--epochs", EPOCHS, "--imgsz", SIZE, "--batch", 4, "--seed", 3,
        variables={"LABSIGHT_HOME": str(home)},
    )  # fmt: skip
    said = finish(process)
    assert said.code == 0, said.err
    assert {path: path.stat().st_mtime_ns for path in data.rglob("*")} == before
    (folder,) = (home / "training").glob("*/*-nuts")
    return Trained(said, folder)


def test_the_events_tell_the_training(trained: Trained) -> None:
    assert trained.said.err == ""
    assert {event["run"] for event in trained.said.objects} == {trained.folder.name}
    prepared, (started,) = trained.events("preparing")[-1], trained.events("started")
    assert prepared["recipe"].startswith("yolo11n-seg:")
    assert (started["pictures"], started["validation"], started["batches"]) == (14, 4, 4)
    assert 0.7 < started["carried"] < 0.95
    epochs = trained.events("epoch")
    assert [event["epoch"] for event in epochs] == list(range(1, EPOCHS + 1))
    assert all(set(event["losses"]) == {"box", "seg", "cls", "dfl"} for event in epochs)
    assert all(event["images_per_s"] > 0 and event["memory_mb"] > 100 for event in epochs)
    assert epochs[-1]["eta_s"] == 0
    assert any(event["is_best"] for event in epochs)
    for event in epochs:
        assert set(event["val_losses"]) == set(event["losses"])
        assert [each["name"] for each in event["classes"]] == ["date", "fig", "hazelnut"]
        assert sum(each["objects"] for each in event["classes"]) == OBJECTS
    mean = np.mean([each["mask_map50"] for each in epochs[-1]["classes"]])
    assert epochs[-1]["metrics"]["mask_map50"] == pytest.approx(mean, abs=1e-4)
    assert trained.said.objects[-1]["event"] == "finished"
    assert Path(trained.said.objects[-1]["best"]) == trained.best
    log = (trained.folder / "log.txt").read_text(encoding="utf-8")
    assert "Traceback" not in log


def test_it_learns(trained: Trained) -> None:
    totals = [sum(event["losses"].values()) for event in trained.events("batch")]
    # Not more than so many a second: a machine that trains sooner tells of fewer.
    assert 12 <= len(totals) <= 4 * EPOCHS
    third = len(totals) // 3
    assert np.mean(totals[-third:]) < np.mean(totals[:third])


def test_pictures_are_shown_as_they_are_found_in(trained: Trained) -> None:
    told = trained.events("preview")
    assert [event["epoch"] for event in told][-1] == EPOCHS
    assert len(told) > 2
    for event in told:
        assert len(event["pictures"]) == 4
        for each in event["pictures"]:
            assert 0 <= each["found"] <= each["labelled"]
            with Image.open(each["path"]) as picture:
                assert max(picture.size) == SIZE
    last = told[-1]["pictures"]
    assert sum(each["found"] for each in last) > 0
    assert sum(each["labelled"] for each in last) == OBJECTS


def test_the_end_leaves_curves_and_a_confusion_matrix(trained: Trained) -> None:
    end = trained.said.objects[-1]
    assert not end["stopped"]
    content = json.loads(Path(end["curves"]).read_text(encoding="utf-8"))
    assert content["names"] == ["date", "fig", "hazelnut"]
    confusion = np.array(content["confusion"])
    assert confusion.shape == (4, 4)
    # Each labelled object is in one column, found as something or as nothing.
    assert confusion[:, :3].sum() == OBJECTS
    assert set(content["curves"]) == {"box", "mask"}
    pr = content["curves"]["mask"]["pr"]
    assert set(pr["classes"]) == {"date", "fig", "hazelnut"}
    area = [np.trapezoid(each, pr["x"]) for each in pr["classes"].values()]
    assert np.mean(area) == pytest.approx(end["metrics"]["mask_map50"], abs=0.02)


def test_a_fresh_process_gives_the_same_raw_outputs(trained: Trained, tmp_path: Path) -> None:
    device.prepare()
    import torch

    picture = torch.rand(1, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(1))
    torch.save(picture, tmp_path / "picture.pt")
    done = subprocess.run(
        [sys.executable, "-c", RAW, trained.best, tmp_path / "picture.pt", tmp_path / "raw.pt"],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    there = torch.load(tmp_path / "raw.pt", weights_only=True)
    here = outputs(checkpoint.read(trained.best).network, picture)
    assert (there - here).abs().max() == 0
    folded, info = checkpoint.load(trained.best)
    scale = here.abs().clamp(min=1)
    assert ((outputs(folded, picture) - here).abs() / scale).max() < 1e-4
    assert info.names == ("date", "fig", "hazelnut")
    assert info.input_size == SIZE


def test_onnx_runtime_agrees(trained: Trained, tmp_path: Path) -> None:
    device.prepare()
    import onnxruntime
    import torch

    folded: Any = checkpoint.load(trained.best)[0]
    folded.model[-1].export = True
    picture = torch.rand(1, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(2))
    with torch.no_grad():
        wanted = folded(picture)
    path = tmp_path / "best.onnx"
    with warnings.catch_warnings():
        # That this exporter is the old one, and that the head's shapes are taken as they are.
        warnings.simplefilter("ignore")
        torch.onnx.export(folded, (picture,), path, opset_version=17, dynamo=False)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    found = session.run(None, {session.get_inputs()[0].name: picture.numpy()})
    assert len(found) == len(wanted)
    for one, other in zip(found, wanted, strict=True):
        expected = other.numpy()
        assert np.all(np.abs(one - expected) <= 1e-3 * np.maximum(1, np.abs(expected)))


def test_the_weights_detect(trained: Trained, shared: Path, tmp_path: Path) -> None:
    pictures = shared / "data" / "seg_food_nuts" / "images" / "val"
    said = finish(
        start("detect", pictures, "--weights", trained.best, "--conf", 0.01, "--json",
              "--out", tmp_path / "out")
    )  # fmt: skip
    assert said.code == 0, said.err
    assert said.summary["pictures"] == 4
    assert said.summary["detections"] > 0
    found = [each for line in said.results for each in line["detections"]]
    assert {each["name"] for each in found} <= {"date", "fig", "hazelnut"}
    assert all(each["polygons"] for each in found)
