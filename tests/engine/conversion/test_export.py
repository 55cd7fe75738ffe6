"""Weights of every kind in every format: the same outputs, opened by ultralytics, told truly."""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from engine import device
from engine.conversion import worker
from engine.conversion.config import ConversionConfig
from engine.conversion.formats import STAGES
from engine.conversion.job import Job
from engine.conversion.openvino_library import load
from engine.errors import ExportError, SettingError
from engine.models import checkpoint, weights
from engine.paths import DEFAULT_WEIGHTS, ROOT, resource
from engine.scenes.tubes import render_tubes
from engine.types import TASKS, Task
from tests.engine.conversion.conftest import Exported
from tests.engine.models.test_weights import IMPROVED, made
from tests.helpers.checkpoints import random_checkpoint
from tests.test_offline import WATCHED, files

if TYPE_CHECKING:
    from ultralytics.engine.results import Results

pytestmark = pytest.mark.filterwarnings(
    # Of what ultralytics opens files of TorchScript with.
    "ignore:`torch.jit:DeprecationWarning"
)

FORMATS = ("onnx", "openvino", "torchscript")
SIZE = 96


@pytest.fixture(scope="session")
def make(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, Task], Path]:
    """Return a function that gives a random checkpoint and makes each but once."""
    folder = tmp_path_factory.mktemp("checkpoints")
    return functools.cache(lambda generation, task: random_checkpoint(folder, generation, task))


def opened(path: Path) -> Any:  # noqa: ANN401 - ultralytics' models are not typed
    """Return ultralytics' own model of an exported file."""
    device.prepare()
    load()
    from ultralytics import YOLO

    return YOLO(path)


def detected(model: Any, **settings: Any) -> Results:  # noqa: ANN401
    """Return what ultralytics finds in a rendered picture."""
    picture = np.ascontiguousarray(render_tubes(900_000, (480, 640)).image[..., ::-1])
    found: Results = model.predict(picture, verbose=False, rect=False, **settings)[0]
    return found


@pytest.mark.parametrize("kind", FORMATS)
def test_the_stages_are_told_in_their_order(exported: Exported, lively: Path, kind: str) -> None:
    *stages, last = exported(lively, format=kind, input_size=SIZE)
    assert [event["stage"] for event in stages] == list(STAGES)
    assert [event["done"] for event in stages] == list(range(len(STAGES)))
    assert {event["total"] for event in stages} == {len(STAGES)}
    path = Path(last["path"])
    parts = [path] if path.is_file() else list(path.iterdir())
    assert last["event"] == "finished"
    assert last["bytes"] == sum(part.stat().st_size for part in parts)
    assert last["difference"] < worker.TOLERANCE
    assert (last["task"], last["input_size"], last["batch"]) == ("detect", SIZE, 1)
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.slow
@pytest.mark.parametrize("kind", FORMATS)
def test_ultralytics_finds_the_same_in_it(exported: Exported, kind: str) -> None:
    (*_, last) = exported(resource(DEFAULT_WEIGHTS), format=kind)
    wanted, found = detected(opened(resource(DEFAULT_WEIGHTS))), detected(opened(last["path"]))
    assert len(wanted) >= 3
    assert found.names == wanted.names
    one, two = np.asarray(wanted.boxes.data), np.asarray(found.boxes.data)
    # Ultralytics lets OpenVINO take 16 bits on processors that have them.
    box_px, score = (1.0, 2e-2) if kind == "openvino" else (0.01, 1e-4)
    assert np.abs(one[:, :4] - two[:, :4]).max() < box_px
    assert np.abs(one[:, 4] - two[:, 4]).max() < score
    assert np.array_equal(one[:, 5], two[:, 5])
    assert np.mean(np.asarray(wanted.masks.data) != np.asarray(found.masks.data)) < 1e-3


@pytest.mark.slow
@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("task", TASKS)
def test_every_task_says_what_it_is(
    exported: Exported, make: Callable[[str, Task], Path], task: Task, kind: str
) -> None:
    (*_, last) = exported(make("yolo11", task), format=kind)
    assert last["difference"] < worker.TOLERANCE
    model = opened(last["path"])
    found = detected(model, conf=0.001)
    assert model.task == task
    assert found.names == {index: f"class {index}" for index in range(7)}
    if task == "pose":
        assert found.keypoints is not None
        assert found.keypoints.shape[1:] == (17, 3)


@pytest.mark.slow
@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("text", IMPROVED)
def test_improved_networks_take_pictures_of_any_size(
    exported: Exported, tmp_path: Path, text: str, kind: str
) -> None:
    path = tmp_path / "improved.pt"
    card = {"note": "蓝色 \"quoted\" 'twice'"}
    weights.write(path, made(text), input_size=SIZE, card=card)
    (*_, last) = exported(path, format=kind, dynamic=True)
    assert last["difference"] < 1e-4
    model = opened(last["path"])
    found = detected(model, conf=0.001, imgsz=(64, 160))
    assert found.names == {0: "clear", 1: "浑浊", 2: "empty"}
    held = json.loads(model.predictor.model.backend.metadata["labsight"])
    assert held["recipe"] == text
    assert held["card"] == card
    assert held["weights"]["sha256"] == checkpoint.read(path).info.sha256


@pytest.mark.slow
@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("task", ["detect", "segment", "obb"])
def test_networks_that_need_no_suppression(
    exported: Exported, make: Callable[[str, Task], Path], tmp_path: Path, task: Task, kind: str
) -> None:
    device.prepare()
    import torch

    path = tmp_path / "end-to-end.pt"
    # Made by this very test, and so safe to unpickle.
    content = torch.load(make("yolo26", task), weights_only=False)
    content["model"].end2end = True
    torch.save(content, path)
    assert checkpoint.read(path).info.end_to_end
    (*_, last) = exported(path, format=kind, dynamic=True)
    assert last["difference"] < worker.TOLERANCE


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["onnx", "openvino"])
def test_half_precision_halves_the_size(exported: Exported, lively: Path, kind: str) -> None:
    (*_, full) = exported(lively, format=kind, input_size=SIZE)
    (*_, half) = exported(lively, format=kind, input_size=SIZE, half=True)
    assert 0.45 < half["bytes"] / full["bytes"] < 0.6
    assert full["difference"] < half["difference"] < worker.HALF_TOLERANCE


def test_several_pictures_at_a_time(exported: Exported, lively: Path) -> None:
    import onnxruntime

    (*_, last) = exported(lively, input_size=SIZE, batch=3)
    session = onnxruntime.InferenceSession(last["path"], providers=["CPUExecutionProvider"])
    assert session.get_inputs()[0].shape == [3, 3, SIZE, SIZE]


def test_without_onnx_runtime_nothing_is_compared(
    exported: Exported, lively: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    (*_, last) = exported(lively, input_size=SIZE)
    assert last["difference"] is None
    assert Path(last["path"]).exists()


def test_what_differs_is_not_written(
    exported: Exported, lively: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "TOLERANCE", 0.0)
    with pytest.raises(ExportError, match="differs from the weights by"):
        exported(lively, input_size=SIZE)
    assert not (tmp_path / "out").exists()


def test_an_input_size_must_fit_the_stride(exported: Exported, tmp_path: Path) -> None:
    path = tmp_path / "p6.pt"
    weights.write(path, made("yolo11n-p6:block=faster"), input_size=128, card={})
    with pytest.raises(SettingError, match="96 is not a multiple of 64"):
        exported(path, input_size=96)


def test_the_network_that_was_read_stays_as_it_is(lively: Path) -> None:
    from engine.conversion.network import portable

    network = checkpoint.read(lively).network
    before = {key: value.clone() for key, value in network.state_dict().items()}
    portable(network, size=SIZE, batch=1, dynamic=True, kind="onnx")
    after = network.state_dict()
    assert list(after) == list(before)
    assert all((after[key] == value).all() for key, value in before.items())
    assert not network.model[-1].export


EXPORTING = (
    WATCHED.partition("import engine.inference.backends")[0]
    + """
from pathlib import Path
from engine.conversion.worker import main
code = main(Path(sys.argv[1]))
sys.stderr.write(json.dumps({"code": code, "attempts": attempts, "written": written}))
"""
)


@pytest.mark.slow
@pytest.mark.parametrize(("form", "count"), [("openvino", 4), ("onnx", 1)])
def test_the_libraries_report_to_nobody(
    form: str, count: int, lively: Path, tmp_path: Path
) -> None:
    home, out = tmp_path / "home", tmp_path / "out"
    home.mkdir()
    job = Job.create(ConversionConfig(weights=lively, format=form, out=out, input_size=SIZE))
    needed = ("PATH", "LD_LIBRARY_PATH", "SYSTEMROOT", "VIRTUAL_ENV", "TMPDIR", "TEMP")
    variables = {name: os.environ[name] for name in needed if name in os.environ}
    allowed = [str(each) for each in (job.folder, out, tmp_path / "data")]
    variables |= {
        "HOME": str(home),
        "USERPROFILE": str(home),
        "LABSIGHT_DATA": str(tmp_path / "data"),
        "ALLOWED": os.pathsep.join([*allowed, str(job.folder.parent)]),
        "PYTHONPATH": str(ROOT),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    try:
        done = subprocess.run(
            [sys.executable, "-c", EXPORTING, str(job.folder)],
            env=variables,
            cwd=home,
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        job.clear()
    assert done.stderr == '{"code": 0, "attempts": [], "written": []}'
    assert files(home) == set()
    assert len(files(out)) == count
