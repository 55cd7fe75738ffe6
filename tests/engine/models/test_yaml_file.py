"""Stock files become the stock networks; those of others what ultralytics makes of them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml

from engine import device
from engine.errors import RecipeError
from engine.models import bases, graph
from engine.models.design import Design
from engine.models.layers import LAYERS
from engine.models.recipe import Recipe
from engine.models.yaml_file import from_content, read
from engine.models.yaml_line import FOREIGN
from tests.helpers.stock import FILES, ours_on_meta, shapes, stock_on_meta, wiring

REFUSED = {
    "yolo11-cls-resnet18.yaml": "TorchVision",
    "yolo26-depth.yaml": "Depth",
    "yolo26-sem.yaml": "SemanticSegment",
    "yoloe-11.yaml": "YOLOEDetect",
    "yoloe-11-seg.yaml": "YOLOESegment",
    "yoloe-26.yaml": "YOLOEDetect",
    "yoloe-26-seg.yaml": "YOLOESegment26",
    "yoloe-v8.yaml": "YOLOEDetect",
    "yoloe-v8-seg.yaml": "YOLOESegment",
    "yolov8-rtdetr.yaml": "RTDETRDecoder",
    "yolov8-world.yaml": "C2fAttn",
    "yolov8-worldv2.yaml": "C2fAttn",
    "rtdetr-l.yaml": "RTDETRDecoder",
    "rtdetr-x.yaml": "RTDETRDecoder",
    "rtdetr-resnet50.yaml": "RTDETRDecoder",
    "rtdetr-resnet101.yaml": "RTDETRDecoder",
}
STOCK = {path.name: path for path in sorted(FILES.rglob("*.yaml"))}
BUILT = [name for name in STOCK if name not in REFUSED]

GHOST = """
# YOLO11 with ghost convolutions
nc: 5
scales:
  n: [0.50, 0.25, 1024]
  s: [0.50, 0.50, 1024]
backbone:
  - [-1, 1, Conv, [64, 3, 2]] # 0-P1/2
  - [-1, 1, GhostConv, [128, 3, 2]] # 1-P2/4
  - [-1, 3, C3Ghost, [256, True]]
  - [-1, 1, GhostConv, [256, 3, 2]] # 3-P3/8
  - [-1, 6, C3Ghost, [512, True]]
  - [-1, 1, GhostConv, [512, 3, 2]] # 5-P4/16
  - [-1, 6, C3Ghost, [512, True]]
  - [-1, 1, GhostConv, [1024, 3, 2]] # 7-P5/32
  - [-1, 2, C3k2, [1024, True]]
  - [-1, 1, SPPF, [1024, 5]] # 9
  - [-1, 2, C2PSA, [1024]] # 10
head:
  - [-1, 1, nn.Upsample, [None, 2, "nearest"]]
  - [[-1, 6], 1, Concat, [1]]
  - [-1, 3, C3Ghost, [512, False]] # 13
  - [-1, 1, nn.Upsample, [None, 2, nearest]]
  - [[-1, 4], 1, Concat, [1]]
  - [-1, 3, C3Ghost, [256]] # 16
  - [-1, 1, GhostConv, [256, 3, 2]]
  - [[-1, 13], 1, Concat, [1]]
  - [-1, 3, C3Ghost, [512]] # 19
  - [-1, 1, GhostConv, [512, 3, 2]]
  - [[-1, 10], 1, Concat, [1]]
  - [-1, 3, C3Ghost, [1024]] # 22
  - [[16, 19, 22], 1, Detect, [nc]]
"""
SMALL_OBJECTS = """
nc: 10
activation: nn.LeakyReLU()
depth_multiple: 0.33
width_multiple: 0.25
backbone:
  - [-1, 1, Focus, [64, 3]]
  - [-1, 1, DWConv, [128, 3, 2]]
  - [-1, 3, C2f, [128, True]] # 2-P2
  - [-1, 1, nn.MaxPool2d, [2, 2]]
  - [-1, 6, RepC3, [256]] # 4-P3
  - [-1, 1, ADown, [512]]
  - [-1, 6, C3, [512]] # 6-P4
  - [-1, 1, SPP, [512, [5, 9, 13]]]
head:
  - [-1, 1, ConvTranspose, [256]]
  - [[-1, 4], 1, Concat, [1]]
  - [-1, 3, C2f, [256]] # 10-P3
  - [-1, 1, nn.ConvTranspose2d, [128, 2, 2, 0]]
  - [[-1, 2], 1, Concat, [1]]
  - [-1, 3, C2f, ["128", "False"]] # 13-P2
  - [[13, 10], 1, Segment, [nc, 32, 128]]
"""
ONE_LEVEL = """
nc: 3
kpt_shape: [4, 2]
scales: {n: [1.0, 0.5, 512], l: [1.0, 1.0, 512]}
scale: l
backbone:
  - [-1, 1, HGStem, [32, 64]]
  - [-1, 6, HGBlock, [48, 128, 3]]
  - [-1, 1, SCDown, [256, 3, 2]]
  - [-1, 2, C2fCIB, [256, True, True]]
  - [-1, 4, A2C2f, [256, True, 4]]
head:
  - [-1, 1, Conv, [256, 1, 1, None, 1, 1, False]]
  - [-1, 1, nn.BatchNorm2d, [99]]
  - [[6], 1, Pose, [nc, kpt_shape]]
"""


def check_faithful(design: Design, described: str | Mapping[str, Any]) -> None:
    """Compare a network with what ultralytics makes of the same description."""
    ours, theirs = ours_on_meta(design), stock_on_meta(described, design.task)
    assert shapes(ours) == shapes(theirs)
    assert wiring(ours) == wiring(theirs)
    assert set(theirs.save) == set(ours.save)
    assert theirs.measured == (graph.of(design).strides if design.task != "classify" else ())
    names = [node.name for node in graph.of(design).nodes]
    assert len(set(names)) == len(names)
    again = from_content(design.to_yaml(), design.name)
    assert again == design


@pytest.mark.parametrize("name", BUILT)
def test_a_stock_file_becomes_the_stock_network(name: str) -> None:
    check_faithful(read(STOCK[name]), name)


@pytest.mark.slow
@pytest.mark.parametrize("name", BUILT)
def test_a_stock_file_does_so_at_every_scale(name: str) -> None:
    scales = yaml.safe_load(STOCK[name].read_text("utf-8")).get("scales") or {}
    for scale in list(scales)[1:]:
        sized = re.sub(r"(\d+)", rf"\g<1>{scale}", name, count=1)
        design = read(STOCK[name].with_name(sized))
        assert design.scale.name == scale
        check_faithful(design, sized)


@pytest.mark.parametrize("name", REFUSED)
def test_a_stock_file_of_something_else_is_refused(name: str) -> None:
    with pytest.raises(RecipeError, match=f"has {REFUSED[name]}, which is not among"):
        read(STOCK[name])
    assert REFUSED[name] in FOREIGN


def test_foreign_modules_are_ultralytics_own_and_not_ours() -> None:
    device.prepare()
    from torch import nn
    from ultralytics.nn import modules

    assert [name for name in FOREIGN if not hasattr(modules, name)] == []
    assert set(FOREIGN) & set(LAYERS) == set()
    for name in LAYERS:
        kind = getattr(nn, name[3:]) if name.startswith("nn.") else getattr(modules, name)
        assert issubclass(kind, nn.Module)


@pytest.mark.parametrize("text", [GHOST, SMALL_OBJECTS, ONE_LEVEL])
def test_a_file_of_the_community_becomes_what_ultralytics_makes_of_it(
    tmp_path: Path, text: str
) -> None:
    path = tmp_path / "网络 mine.yaml"
    path.write_text(text, "utf-8")
    design = read(path)
    described = yaml.safe_load(text)
    described["scale"] = design.scale.name
    check_faithful(design, described)
    assert design.name == "网络 mine"


def test_a_community_file_runs() -> None:
    device.prepare()
    import torch

    from engine.models import network

    design = from_content(yaml.safe_load(SMALL_OBJECTS), "mine")
    made = network.build(Recipe("mine.yaml"), graph.of(design)).eval()
    with torch.no_grad():
        output = made(torch.zeros(1, 3, 64, 64))
    boxes = output[0][0] if isinstance(output[0], tuple) else output[0]
    assert boxes.shape == (1, 4 + 10 + 32, 16 * 16 + 8 * 8)
    kinds = {type(module) for module in made.modules()}
    assert torch.nn.LeakyReLU in kinds


@pytest.mark.parametrize("name", ["yolo11s", "yolo11m-p2-seg", "yolo11x-p6-pose", "yolo11l-cls"])
def test_our_own_designs_survive_as_files(name: str, tmp_path: Path) -> None:
    design = bases.find(name)
    assert from_content(design.to_yaml(), name) == design
    path = tmp_path / f"{name}.yaml"
    path.write_text(yaml.safe_dump(design.to_yaml()), "utf-8")
    assert read(path) == design
    other = design.trained_for(3, (5, 2) if design.task == "pose" else None)
    assert from_content(other.to_yaml(), name) == other


def test_the_description_in_a_network_of_ultralytics_is_understood() -> None:
    for name, task in (("yolo11s-pose", "pose"), ("yolov9e", "detect"), ("yolo26n-seg", "segment")):
        theirs = stock_on_meta(f"{name}.yaml", task)
        before = deepcopy(theirs.yaml)
        assert shapes(ours_on_meta(from_content(theirs.yaml, "best"))) == shapes(theirs)
        assert theirs.yaml == before


def test_the_scale_is_told_by_the_name_or_the_file_or_is_the_first(tmp_path: Path) -> None:
    shared, single = tmp_path / "yolo11-mine.yaml", tmp_path / "other.yaml"
    shared.write_text(GHOST, "utf-8")
    assert read(shared).scale.name == "n"
    assert read(tmp_path / "yolo11s-mine.yaml").scale.name == "s"
    assert read(tmp_path / "yolo11s-mine.yaml").name == "yolo11s-mine"
    single.write_text(GHOST + "scale: s\n", "utf-8")
    assert read(single).scale.name == "s"
    with pytest.raises(RecipeError, match="has no scale x; the nearest is") as caught:
        read(tmp_path / "yolo11x-mine.yaml")
    assert "n, s" in caught.value.hint


def test_a_letter_without_scales_changes_the_blocks_as_in_ultralytics() -> None:
    described = {
        "nc": 2,
        "scale": "m",
        "backbone": [[-1, 2, "C3k2", [64]]],
        "head": [[-1, 1, "Classify", ["nc"]]],
    }
    check_faithful(from_content(described, "mine"), described)
    assert from_content(described, "mine").scale.width == 1
