"""The table of a network says what is in it."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from engine.errors import RecipeError
from engine.models import registry
from engine.models.graph import PICTURE
from engine.models.overview import Overview, overview
from engine.models.recipe import parse
from engine.paths import ROOT

ODD = """
nc: 5
backbone:
  - [-1, 1, Conv, [16, 3, 2]]
  - [-1, 1, CBLinear, [[16, 32]]]
  - [0, 2, Conv, [16, 3, 1]]
  - [[1, 2], 1, CBFuse, [[0]]]
head:
  - [-1, 1, Classify, [nc]]
"""
HEAVY = ("torch", "torchvision", "ultralytics", "cv2")
LIGHT = "engine.models.overview, engine.models.measure, engine.models.recipe_files"


@pytest.fixture(scope="module")
def changed() -> Overview:
    return overview(
        parse(
            "yolo11n:conv=repconv@backbone,attention=cbam(kernel=5)@p3,"
            "block=faster(ratio=3)@neck.down.p5,block=faster@backbone.p3,iou=wiou3"
        )
    )


def test_a_stock_network() -> None:
    shown = overview(parse("yolo11n"))
    assert (shown.recipe, shown.task, shown.parameters) == ("yolo11n", "detect", 2_624_080)
    assert (shown.strides, shown.stride, shown.input_size) == ((8, 16, 32), 32, 640)
    assert (shown.operators, shown.stability) == ((), "stable")
    assert shown.gflops == pytest.approx(6.543, abs=0.001)
    assert "640×640" in shown.gflops_convention
    assert len(shown.layers) == 24
    assert not any(layer.changes for layer in shown.layers)
    stem, block, head = shown.layers[0], shown.layers[2], shown.layers[-1]
    assert (stem.layer, stem.arguments, stem.inputs) == ("Conv", "k=3 s=2", (PICTURE,))
    assert (stem.channels_in, stem.channels_out, stem.stride) == ((3,), 16, 2)
    assert stem.parameters == 3 * 16 * 9 + 2 * 16
    assert (block.layer, block.arguments) == ("C3k2", "n=1 c3k=false e=0.25")
    assert (head.name, head.layer, head.channels_out) == ("head", "Detect", 80)
    assert head.arguments == "nc=80 reg_max=16 end2end=false"
    assert shown.layers[11].arguments == "scale_factor=2 mode=nearest"


def test_a_network_that_classifies_is_measured_at_its_own_size() -> None:
    shown = overview(parse("yolo11n-cls"))
    assert (shown.task, shown.input_size, shown.strides) == ("classify", 224, (32,))
    assert "224×224" in shown.gflops_convention


def test_layers_fit_together(changed: Overview) -> None:
    assert [layer.index for layer in changed.layers] == list(range(25))
    assert sum(layer.parameters for layer in changed.layers) == changed.parameters
    given = {PICTURE: 3} | {layer.name: layer.channels_out for layer in changed.layers}
    assert len(given) == 26
    known = {PICTURE}
    for layer in changed.layers:
        assert set(layer.inputs) <= known
        assert layer.channels_in == tuple(given[name] for name in layer.inputs)
        known.add(layer.name)


def test_changes_are_marked_and_their_options_told(changed: Overview) -> None:
    told = {
        layer.name: (layer.layer, layer.arguments, layer.changes)
        for layer in changed.layers if layer.changes
    }  # fmt: skip
    inside = {
        f"backbone.p{level}.block": told.pop(f"backbone.p{level}.block") for level in (2, 4, 5)
    }
    # The block at p3 has no convolution of the kind that is replaced.
    assert {(layer, changes) for layer, _, changes in inside.values()} == {
        ("C3k2", ("conv=repconv@backbone",))
    }
    assert told == {
        "backbone.p3.block": (
            "block=faster",
            "repeats=1 expansion=0.25 share=0.25 ratio=2.0",
            ("block=faster@backbone.p3",),
        ),
        "neck.up.p3.attention": (
            "attention=cbam",
            "ratio=16 kernel=5",
            ("attention=cbam(kernel=5)@p3",),
        ),
        "neck.down.p5.block": (
            "block=faster",
            "repeats=1 expansion=0.5 share=0.25 ratio=3",
            ("block=faster(ratio=3)@neck.down.p5",),
        ),
    }


def test_what_the_parts_need_is_added_up(monkeypatch: pytest.MonkeyPatch) -> None:
    cbam, wiou = registry.find("attention", "cbam"), registry.find("iou", "wiou3")
    odd = replace(cbam, name="odd", operators=("snake_gather", "selective_scan"))
    new = replace(wiou, name="new", operators=("selective_scan",), stability="experimental")
    monkeypatch.setitem(registry._entries, ("attention", "odd"), odd)
    monkeypatch.setitem(registry._entries, ("iou", "new"), new)
    alone = overview(parse("yolo11n:attention=odd"))
    assert (alone.operators, alone.stability) == (("selective_scan", "snake_gather"), "stable")
    both = overview(parse("yolo11n:attention=odd,iou=new"))
    assert both.operators == ("selective_scan", "snake_gather")
    assert both.stability == "experimental"


def test_a_file_with_repeats_and_with_layers_that_give_several_maps(tmp_path: Path) -> None:
    path = tmp_path / "odd.yaml"
    path.write_text(ODD, encoding="utf-8")
    shown = overview(parse(str(path)))
    _, spread, twice, gather, head = shown.layers
    assert (spread.channels_out, spread.arguments) == ((16, 32), "c2s=[16,32]")
    assert (twice.channels_out, twice.arguments) == (16, "2× k=3 s=1")
    assert twice.parameters == 2 * (16 * 16 * 9 + 2 * 16)
    assert gather.channels_in == ((16, 32), 16)
    assert gather.arguments == "idx=[0]"
    assert (head.layer, head.channels_out) == ("Classify", 5)


def test_what_cannot_be_built_is_refused() -> None:
    with pytest.raises(RecipeError) as caught:
        overview(parse("yolo11n:block=faster@p9"))
    assert "p9" in caught.value.message


def test_asking_for_it_loads_torch_but_importing_does_not() -> None:
    code = f"import json, sys, {LIGHT}\nprint(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert set(json.loads(done.stdout)) & set(HEAVY) == set()
