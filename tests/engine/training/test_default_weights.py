"""The bundled weights agree with their card, and the way they are made keeps its promises."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.cv import cv2
from engine.errors import EngineError
from engine.paths import DEFAULT_WEIGHTS, ROOT, resource
from engine.scenes.tubes import CLASS_NAMES, render_tubes
from engine.training import default_weights
from engine.training.tube_data import copy_split, write_scene

WEIGHTS = resource(DEFAULT_WEIGHTS)
DATA = ROOT.parent / "shared" / "data" / "seg_tubes"
needs_tubes = pytest.mark.skipif(not DATA.is_dir(), reason="../shared/data/seg_tubes is absent")


@pytest.fixture(scope="module")
def card() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(WEIGHTS.with_suffix(".json").read_text(encoding="utf-8"))
    return loaded


@pytest.fixture(scope="module")
def checkpoint() -> dict[str, Any]:
    from engine.device import prepare

    prepare()
    import torch

    loaded: dict[str, Any] = torch.load(WEIGHTS, map_location="cpu", weights_only=False)
    return loaded


def test_card_names_this_file(card: dict[str, Any]) -> None:
    content = WEIGHTS.read_bytes()
    assert card["sha256"] == hashlib.sha256(content).hexdigest()
    assert card["bytes"] == len(content) <= 7_000_000
    assert card["name"] == WEIGHTS.stem


def test_card_says_where_everything_comes_from(card: dict[str, Any]) -> None:
    assert [entry["licence"] for entry in card["data"]] == ["CC BY 4.0", "AGPL-3.0"]
    assert card["base"]["licence"] == card["licence"] == "AGPL-3.0"
    assert card["not_for"].startswith("Not a medical device")


def test_card_meets_the_promise(card: dict[str, Any]) -> None:
    assert card["metrics"]["photographs"]["mask_map50"] >= 0.85
    assert card["metrics"]["rendered"]["mask_map50"] >= 0.95


def test_weights_are_what_the_card_says(card: dict[str, Any], checkpoint: dict[str, Any]) -> None:
    model = checkpoint["model"]
    assert card["classes"] == list(CLASS_NAMES)
    assert model.names == dict(enumerate(CLASS_NAMES))
    assert {str(value.dtype) for value in model.parameters()} == {"torch.float16"}
    assert checkpoint["train_args"]["imgsz"] == card["input_size"] == 640
    assert json.loads(checkpoint["labsight"])["recipe"] == card["recipe"]


def test_weights_hold_nothing_but_the_network(checkpoint: dict[str, Any]) -> None:
    assert [checkpoint[key] for key in ("ema", "optimizer", "scaler")] == [None, None, None]
    assert checkpoint["model"].criterion is None
    assert "git" not in checkpoint
    told = [checkpoint["train_args"], checkpoint["model"].args, checkpoint["model"].yaml]
    texts = [value for part in told for value in part.values() if isinstance(value, str)]
    assert not [text for text in texts if "/" in text or "\\" in text]


def test_labels_outline_the_masks(tmp_path: Path) -> None:
    scene = render_tubes(5, (640, 480))
    write_scene(scene, tmp_path, "train", "five")
    assert (tmp_path / "images" / "train" / "five.jpg").stat().st_size > 0
    lines = (tmp_path / "labels" / "train" / "five.txt").read_text().splitlines()
    assert [int(line.split()[0]) for line in lines] == list(scene.classes)
    for line, mask in zip(lines, scene.masks, strict=True):
        ring = np.array(line.split()[1:], float).reshape(-1, 2) * [640, 480] - 0.5
        drawn = np.zeros(mask.shape, np.uint8)
        cv2.fillPoly(drawn, [np.round(ring).astype(np.int32)], 1)
        both = np.count_nonzero(mask & (drawn > 0))
        assert both / np.count_nonzero(mask | (drawn > 0)) > 0.93


def test_a_persons_folder_is_only_read(tmp_path: Path) -> None:
    data = tmp_path / "data"
    write_scene(render_tubes(1, (160, 120)), data, "val", "one")
    (data / "data.yaml").write_text("val: images/val\nnames: [a, b, c]\n")
    before = sorted(data.rglob("*"))
    folder = tmp_path / "copy"
    assert copy_split(data, folder, "val") == 1
    assert (folder / "labels" / "val" / "one.txt").read_text()
    assert sorted(data.rglob("*")) == before


def test_other_classes_are_refused(tmp_path: Path) -> None:
    (tmp_path / "data.yaml").write_text("val: images/val\nnames: [a, b]\n")
    with pytest.raises(EngineError, match="2 classes"):
        copy_split(tmp_path, tmp_path / "copy", "val")


def test_a_folder_without_data_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert default_weights.main(["evaluate", "--data", str(tmp_path)]) == 2
    assert "data.yaml" in capsys.readouterr().err


@needs_tubes
@pytest.mark.slow
def test_the_cards_command_gives_the_cards_figures(
    card: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted(DATA.rglob("*"))
    assert default_weights.main(["evaluate", "--data", str(DATA)]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert len(printed) == 1
    figures = json.loads(printed[0])
    assert figures["pictures"] == 34
    assert figures["mask_map50"] >= 0.85
    for name, value in card["metrics"]["photographs"].items():
        assert figures[name] == pytest.approx(value, abs=0.01)
    assert sorted(DATA.rglob("*")) == before
