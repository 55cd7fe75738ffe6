"""`models` lists what networks are made of; `models show` says what a recipe makes and costs."""

from __future__ import annotations

from pathlib import Path
from typing import NoReturn

import pytest

from engine.models import bases, measure, plan, recipe_files, registry
from engine.models.recipe import parse
from engine.models.slots import SLOTS
from engine.paths import bundled_weights
from tests.helpers.command_line import Command

LISTED = {
    "name", "family", "slot", "paper", "year", "arxiv", "stability", "tasks", "operators",
    "options", "origin", "licence",
}  # fmt: skip
PROMISED = [
    "recipe", "task", "parameters", "gflops", "gflops_convention", "latency_ms", "carried_over",
]  # fmt: skip


@pytest.fixture
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nothing be timed."""
    monkeypatch.setattr(measure, "latency_ms", lambda recipe, graph: 1234.56789)


def refusal(command: Command, *arguments: object) -> str:
    """Return the one line that a command is refused with."""
    said = command("models", *arguments)
    assert (said.code, said.out) == (2, "")
    assert said.err.endswith("\n")
    assert said.err.count("\n") == 1
    return said.err


def test_the_list_as_json(command: Command) -> None:
    said = command("models", "--json")
    assert (said.code, said.err) == (0, "")
    assert all(set(line) == LISTED for line in said.objects)
    found = [(line["slot"], line["name"]) for line in said.objects]
    assert found[:7] == [
        *(("base", f"yolo11{scale}") for scale in "nsmlx"), ("levels", "p2"), ("levels", "p6")
    ]  # fmt: skip
    assert found[7:] == [(entry.slot, entry.name) for entry in registry.entries()]
    assert len(set(found)) == len(found)
    (cbam,) = (line for line in said.objects if line["name"] == "cbam")
    assert cbam["family"] == "CBAM"
    assert cbam["year"] == 2018
    assert cbam["arxiv"] == "1807.06521"
    assert cbam["tasks"] == ["detect", "segment", "pose", "obb", "classify"]
    assert cbam["options"] == {"ratio": 16, "kernel": 7}
    assert cbam["operators"] == []


def test_every_base_begins_a_recipe_and_every_level_a_base() -> None:
    for work in bases.works(bases.BASE):
        assert bases.find(work.name).name == work.name
    for work in bases.works(bases.LEVELS):
        assert {f"yolo11n-{work.name}{task}" for task in ("", "-seg", "-pose", "-obb")} <= set(
            bases.names()
        )
        assert f"yolo11n-{work.name}-cls" not in bases.names()
        assert "classify" not in work.tasks


def test_one_slot_alone(command: Command) -> None:
    for slot in ("attention", "iou"):
        objects = command("models", "--slot", slot, "--json").objects
        assert {line["slot"] for line in objects} == {slot}
        assert len(objects) == len(registry.entries(slot))
    assert [line["name"] for line in command("models", "--json", "--slot", "levels").objects] == [
        "p2",
        "p6",
    ]


def test_bases_are_listed_without_loading_the_catalogue(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(slot: str | None = None) -> NoReturn:
        raise AssertionError("the catalogue was loaded")

    monkeypatch.setattr(registry, "entries", refuse)
    assert len(command("models", "--slot", "base", "--json").objects) == 5


def test_the_list_in_words(command: Command) -> None:
    said = command("models")
    assert (said.code, said.err) == (0, "")
    table, _, recipes = said.out.partition("\n\n")
    header, *lines = table.split("\n")
    assert len(lines) == 7 + len(registry.entries())
    # The second column begins in every line where it begins in the first.
    at = header.index("name")
    names = {line[at:].split(" ")[0] for line in lines}
    assert names == {*(f"yolo11{scale}" for scale in "nsmlx"), "p2", "p6"} | {
        entry.name for entry in registry.entries()
    }
    for each in recipe_files.all():
        assert f"{each.name} " in recipes
        assert str(each.recipe) in recipes


def test_there_is_no_such_slot(command: Command) -> None:
    told = refusal(command, "--slot", "blokc")
    assert "nearest is block" in told
    assert all(slot in told for slot in (*SLOTS, "base", "levels"))


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["show"], "RECIPE"),
        (["shwo"], "shwo"),
        (["--weights", "a.pt"], "a.pt"),
        (["--slot", "block", "show", "yolo11n"], "--slot"),
        (["show", "yolo11n", "--slot", "block"], "--slot"),
        (["show", "yolo11q"], "yolo11"),
        (["show", "yolo11n:block"], "block is no part"),
        (["show", "yolo11n:attention=cbma"], "cbam"),
        (["show", "yolo11n:attention=cbam(kernel=4)"], "not odd"),
        (["show", "none.yaml"], "none.yaml"),
        (["show", "yolo11n", "--weights", "none.pt"], "none.pt"),
    ],
)
def test_refusals(command: Command, arguments: list[str], told: str) -> None:
    assert told in refusal(command, *arguments)


@pytest.mark.usefixtures("fast")
def test_a_recipe_as_json(command: Command) -> None:
    said = command("models", "show", " yolo11n : attention=CBAM@p3", "--json")
    assert (said.code, said.err) == (0, "")
    (shown,) = said.objects
    assert list(shown)[: len(PROMISED)] == PROMISED
    assert list(shown)[-2:] == ["operators", "layers"]
    assert shown["recipe"] == "yolo11n:attention=cbam@p3"
    assert shown["task"] == "detect"
    assert shown["latency_ms"] == 1234.568
    assert shown["carried_over"] is None
    assert shown["operators"] == []
    assert 6.5 < shown["gflops"] < 6.6
    assert len(shown["layers"]) == 25
    assert sum(layer["parameters"] for layer in shown["layers"]) == shown["parameters"]
    (added,) = (layer for layer in shown["layers"] if layer["changes"])
    assert added["name"] == "neck.up.p3.attention"
    # The flag may stand on either side of the word.
    assert command("models", "--json", "show", "yolo11n:attention=cbam@p3").objects == [shown]


def test_the_time_is_measured(command: Command) -> None:
    (shown,) = command("models", "show", "yolo11n-cls", "--json").objects
    assert 0 < shown["latency_ms"] < 60_000
    assert shown["input_size"] == 224


@pytest.mark.usefixtures("fast")
def test_a_recipe_in_words(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    said = command("models", "show", "small-objects")
    assert (said.code, said.err) == (0, "")
    facts, _, table = said.out.partition("\n\n")
    for told in ("yolo11n-p2:down=spd", " 4,772,160", "1234.6 ms", "4, 8, 16, 32", "none needed"):
        assert told in facts
    assert "Carried over" not in facts
    header, *lines = table.rstrip("\n").split("\n")
    assert len(lines) == 30
    end = header.index("parameters") + len("parameters")
    # Numbers end below one another.
    assert all(line[:end][-1].isdigit() and line[end : end + 1] in ("", " ") for line in lines)
    assert [line.split()[0] for line in lines] == [str(index) for index in range(30)]
    assert sum(line.endswith("  down=spd") for line in lines) == 7
    assert "19 22 25 28" in lines[-1]


@pytest.mark.usefixtures("fast")
def test_operators_are_named(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    cbam = registry.find("attention", "cbam")
    odd = replace(cbam, name="odd", operators=("snake_gather",), stability="experimental")
    monkeypatch.setitem(registry._entries, ("attention", "odd"), odd)
    facts = command("models", "show", "yolo11n:attention=odd").out.partition("\n\n")[0]
    assert "snake_gather" in facts
    assert "experimental" in facts
    assert "none needed" not in facts


def own_weights(folder: Path, text: str) -> Path:
    """Write weights of a recipe that nobody trained."""
    recipe = parse(text)
    graph = plan.draw(recipe)
    from engine import device

    device.prepare()
    from engine.models import weights
    from engine.models.network import build

    path = folder / "own.pt"
    weights.write(path, build(recipe, graph), input_size=224, card={})
    return path


@pytest.mark.usefixtures("fast")
def test_what_weights_give(command: Command, tmp_path: Path) -> None:
    def carried(recipe: str, weights: Path) -> float:
        (shown,) = command("models", "show", recipe, "--weights", weights, "--json").objects
        return float(shown["carried_over"])

    own = own_weights(tmp_path, "yolo11n-cls")
    assert carried("yolo11n-cls", own) == 1
    changed = "yolo11n-cls:block=faster@backbone.p5"
    assert 0.5 < carried(changed, own) < 1
    words = command("models", "show", changed, "--weights", own)
    assert f"{carried(changed, own):.1%}" in words.out
    # These know other classes, so branches of the head begin anew.
    assert 0.9 < carried("yolo11n-seg", bundled_weights()[0]) < 1


@pytest.mark.usefixtures("fast")
def test_weights_for_another_task(command: Command) -> None:
    told = refusal(command, "show", "yolo11n-cls", "--weights", bundled_weights()[0])
    assert "segment" in told
    assert "classify" in told


@pytest.mark.usefixtures("fast")
def test_a_network_and_a_recipe_in_files(command: Command, tmp_path: Path) -> None:
    network = tmp_path / "net.yaml"
    network.write_text(
        "nc: 5\nbackbone: [[-1, 1, Conv, [16, 3, 2]]]\nhead: [[-1, 1, Classify, [nc]]]\n"
    )
    recipe = tmp_path / "mine.yaml"
    recipe.write_text("title: A\ndescription: B\nrecipe: yolo11s-cls\n")
    (shown,) = command("models", "show", network, "--json").objects
    assert (shown["recipe"], shown["task"]) == (str(network), "classify")
    (shown,) = command("models", "show", recipe, "--json").objects
    assert shown["recipe"] == "yolo11s-cls"
