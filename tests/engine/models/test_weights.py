"""Weights files of both forms: what they hold, what reads them, what they refuse."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from engine import device
from engine.errors import WeightsError
from engine.models import checkpoint
from engine.paths import ROOT
from tests.helpers.full_disk import disk_filler

STOCK = ("yolo11n", "yolo11n-seg", "yolo11n-pose", "yolo11n-obb", "yolo11n-cls", "yolo11n-p2-seg")
IMPROVED = (
    "yolo11n:block=faster@backbone,attention=cbam(kernel=5)@p3",
    "yolo11n-seg:down=spd,context=sppelan,up=dysample,conv=repconv@neck,iou=wiou3",
    "yolo11n-pose:block=faster",
    "yolo11n-obb:conv=repconv@backbone,cls=varifocal",
    "yolo11n-cls:block=faster",
)
NAMES = {0: "clear", 1: "浑浊", 2: "empty"}

RAW = """
import sys, torch
from pathlib import Path
from engine.models import checkpoint
torch.set_num_threads(1)
picture = torch.load(sys.argv[2], weights_only=True)
network = checkpoint.read(Path(sys.argv[1])).network
with torch.inference_mode():
    output = network(picture)
while isinstance(output, tuple):
    output = output[0]
torch.save(output, sys.argv[3])
"""


def made(text: str, classes: int = 3) -> Any:  # noqa: ANN401
    """Return a network with lively random weights and statistics."""
    device.prepare()
    from torch import nn

    from engine.models import bases, plan
    from engine.models.network import build
    from engine.models.recipe import parse

    recipe = parse(text)
    design = bases.find(recipe.base).trained_for(classes, (5, 3))
    network = build(recipe, plan.draw(recipe, design))
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            assert module.running_mean is not None
            assert module.running_var is not None
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 1.5)
            module.weight.data.uniform_(0.5, 1.5)
            module.bias.data.normal_(0, 0.1)
    network.names = dict(list(NAMES.items())[:classes])
    return network.eval()


def picture() -> Any:  # noqa: ANN401
    import torch

    return torch.rand(1, 3, 96, 128, generator=torch.Generator().manual_seed(1))


def outputs(network: Any, image: Any) -> Any:  # noqa: ANN401
    """Return what the head gives in evaluation, the decoded part alone, from one thread.

    More threads add in another order.
    """
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.no_grad():
            output = network(image)
    finally:
        torch.set_num_threads(threads)
    first = output[0] if isinstance(output, tuple) else output
    return first[0] if isinstance(first, tuple) else first


def write(path: Path, network: Any) -> None:  # noqa: ANN401
    from engine.models import weights

    weights.write(path, network, input_size=320, card={"licence": "AGPL-3.0", "pictures": 12})


@pytest.mark.parametrize("text", STOCK + IMPROVED)
def test_what_was_written_is_read_back_to_the_bit(tmp_path: Path, text: str) -> None:
    network, path = made(text), tmp_path / "权重 best.pt"
    write(path, network)
    read = checkpoint.read(path)
    image = picture()
    assert (outputs(network, image) - outputs(read.network, image)).abs().max() == 0
    info = read.info
    assert info.names == tuple(NAMES.values())
    assert info.input_size == 320
    assert info.task == network.task
    assert info.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert info.card is not None
    assert info.card["recipe"] == str(network.recipe)
    assert info.card["card"] == {"licence": "AGPL-3.0", "pictures": 12}
    assert info.keypoint_shape == ((5, 3) if "pose" in text else None)
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("text", IMPROVED)
def test_folded_outputs_differ_by_rounding_only(tmp_path: Path, text: str) -> None:
    network, path = made(text), tmp_path / "best.pt"
    write(path, network)
    folded, _ = checkpoint.load(path)
    image = picture()
    # Boxes are in pixels, up to 128 of them; the tolerance is for values of the size of one.
    difference = (outputs(network, image) - outputs(folded, image)).abs()
    scale = outputs(network, image).abs().clamp(min=1)
    assert (difference / scale).max() < 1e-4
    kinds = {type(module).__name__ for module in folded.modules()}
    assert "BatchNorm2d" not in kinds or "faster" in text


@pytest.mark.slow
def test_a_fresh_process_gives_the_same_raw_outputs(tmp_path: Path) -> None:
    device.prepare()
    import torch

    network = made(IMPROVED[1])
    write(tmp_path / "best.pt", network)
    image = picture()
    torch.save(image, tmp_path / "picture.pt")
    done = subprocess.run(
        [sys.executable, "-c", RAW, "best.pt", "picture.pt", "raw.pt"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    raw = torch.load(tmp_path / "raw.pt", weights_only=True)
    assert (raw - outputs(network, image)).abs().max() == 0


@pytest.mark.parametrize("text", ["yolo11n", "yolo11n-seg:iou=wiou3,cls=varifocal"])
def test_a_stock_network_opens_in_plain_ultralytics(tmp_path: Path, text: str) -> None:
    network, path = made(text), tmp_path / "best.pt"
    write(path, network)
    from ultralytics import YOLO
    from ultralytics.nn import tasks

    model = YOLO(str(path)).model
    assert type(model) in (tasks.DetectionModel, tasks.SegmentationModel)
    assert model.names == NAMES
    image = picture()
    assert (outputs(network, image) - outputs(model.float().eval(), image)).abs().max() == 0
    # What ultralytics trains further begins with its own parser and this description.
    again = type(model)(model.yaml, verbose=False)
    assert {key: value.shape for key, value in again.state_dict().items()} == {
        key: value.shape for key, value in model.state_dict().items()
    }


@pytest.mark.parametrize("text", IMPROVED)
def test_an_improved_network_needs_no_class_and_no_list_of_them(tmp_path: Path, text: str) -> None:
    path = tmp_path / "best.pt"
    write(path, made(text))
    import torch

    assert torch.serialization.get_unsafe_globals_in_checkpoint(path) == []
    content = torch.load(path, weights_only=True)
    assert set(content) == {
        "format", "version", "recipe", "design", "names", "keypoints", "class_width", "input_size",
        "card", "state_dict",
    }  # fmt: skip
    assert json.loads(content["card"])["pictures"] == 12


def test_a_network_of_a_yaml_file_needs_the_file_no_more(tmp_path: Path) -> None:
    device.prepare()
    import yaml

    from engine.models import bases

    file = tmp_path / "mine.yaml"
    described = bases.find("yolo11n").to_yaml()
    file.write_text(yaml.safe_dump(described), encoding="utf-8")
    network = made(f"{file}:attention=cbam@p3")
    write(tmp_path / "best.pt", network)
    file.unlink()
    read = checkpoint.read(tmp_path / "best.pt")
    image = picture()
    assert (outputs(network, image) - outputs(read.network, image)).abs().max() == 0


def changed(path: Path, **values: object) -> Path:
    import torch

    content = torch.load(path, weights_only=True)
    torch.save(content | values, path)
    return path


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"version": 2}, ("newer", "Update")),
        ({"recipe": "yolo11n:block=unheard@backbone"}, ("unheard", "cannot be built here")),
        ({"recipe": "yolo11n"}, ("damaged",)),
        ({"recipe": 7}, ("damaged",)),
        ({"names": []}, ("damaged",)),
        ({"names": ["a"] * 9}, ("damaged",)),
        ({"state_dict": {}}, ("damaged",)),
        ({"design": "{"}, ("damaged",)),
        ({"format": "something"}, ("not a checkpoint",)),
    ],
)
def test_what_does_not_fit_together_is_named(
    tmp_path: Path, values: dict[str, object], words: tuple[str, ...]
) -> None:
    path = tmp_path / "best.pt"
    write(path, made(IMPROVED[0]))
    changed(path, **values)
    with pytest.raises(WeightsError) as caught:
        checkpoint.load(path)
    assert all(word in str(caught.value) for word in words)
    assert str(path) in str(caught.value)


def test_a_disk_that_is_full_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "best.pt"
    network = made("yolo11n")
    write(path, network)
    before = path.read_bytes()
    disk_filler(monkeypatch)(100_000)
    with pytest.raises(WeightsError, match="full"):
        write(path, network)
    monkeypatch.undo()
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
