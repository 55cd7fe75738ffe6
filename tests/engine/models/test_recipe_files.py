"""Recipes with names: those that come with the application, and a person's own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from engine import device, i18n
from engine.errors import RecipeError
from engine.models import bases, plan, recipe_files
from engine.models.overview import Overview, overview
from engine.models.recipe import parse
from tests.helpers.catalogue import speak_english

GOOD = """
title: {en: Mine, zh_CN: 我的}
description: {en: For me. }
recipe: yolo11s-seg:attention=cbam
"""
NETWORK = """
nc: 5
backbone:
  - [-1, 1, Conv, [16, 3, 2]]
head:
  - [-1, 1, Classify, [nc]]
"""


@pytest.fixture
def file(tmp_path: Path) -> Callable[..., Path]:
    def write(content: str | bytes, name: str = "mine.yaml") -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


def shipped(name: str) -> Overview:
    return overview(recipe_files.find(name).recipe)


def test_all_of_them_have_a_title_and_a_reason_in_every_language() -> None:
    found = recipe_files.all()
    assert [each.name for each in found] == recipe_files.names()
    assert {"baseline", "small-objects", "light", "attention", "losses"} <= {f.name for f in found}
    for each in found:
        for texts in (each.titles, each.descriptions):
            assert texts.keys() == i18n.LANGUAGES.keys()
            assert all(text == " ".join(text.split()) for text in texts.values())
    assert len({str(each.recipe) for each in found}) == len(found)
    # A name must not hide a network.
    assert not set(recipe_files.names()) & set(bases.names())


@pytest.mark.parametrize("name", recipe_files.names())
def test_every_one_can_be_built(name: str) -> None:
    device.prepare()
    import torch

    from engine.models.network import build

    recipe = recipe_files.find(name).recipe
    with torch.device("meta"):
        network = build(recipe, plan.draw(recipe))
    assert {parameter.device.type for parameter in network.parameters()} == {"meta"}
    assert str(network.recipe) == str(recipe)


def test_the_descriptions_say_what_they_cost() -> None:
    base = shipped("baseline")
    assert base.recipe == "yolo11n"
    small, light = shipped("small-objects"), shipped("light")
    assert 2.3 < small.gflops / base.gflops < 2.7
    assert 1.75 < small.parameters / base.parameters < 1.85
    assert small.strides == (4, 8, 16, 32)
    assert 0.87 < light.parameters / base.parameters < 0.93
    assert 0.87 < light.gflops / base.gflops < 0.93
    attention, losses = shipped("attention"), shipped("losses")
    assert 1 < attention.parameters / base.parameters < 1.01
    assert 1 < attention.gflops / base.gflops < 1.001
    assert losses.layers == base.layers


def test_they_speak_the_active_language(file: Callable[..., Path]) -> None:
    found = recipe_files.read(file(GOOD))
    assert (found.name, str(found.recipe)) == ("mine", "yolo11s-seg:attention=cbam")
    assert (found.title, found.description) == ("Mine", "For me.")
    try:
        i18n.activate("zh_CN")
        assert found.title == "我的"
        # What is not translated is told in English.
        assert found.description == "For me."
    finally:
        speak_english()


def test_title_and_description_may_be_plain(file: Callable[..., Path]) -> None:
    found = recipe_files.read(file("title: A\ndescription: B\nrecipe: yolo11n"))
    assert (found.title, found.description) == ("A", "B")


def test_the_nearest_name_is_suggested() -> None:
    with pytest.raises(RecipeError) as caught:
        recipe_files.find("small-object")
    assert "small-objects" in caught.value.message
    assert "baseline" in caught.value.hint


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", "no recipe file"),
        ("- a\n- b", "no recipe file"),
        ("title: A\ndescription: B", "recipe"),
        ("title: A\ndescription: B\nrecipe: [yolo11n]", "recipe"),
        ("title: A\nrecipe: yolo11n", "description"),
        ("title: {zh_CN: 甲}\ndescription: B\nrecipe: yolo11n", "title"),
        ("title: {en: 5}\ndescription: B\nrecipe: yolo11n", "title"),
        ("title: A\ndescription: '  '\nrecipe: yolo11n", "description"),
        ("title: A\ndescription: B\nrecipe: 'yolo11n:block'", "block is no part"),
        ("title: A\ndescription: [", "line 2"),
        ("title: A\ndescription: !!python/object/apply:os.system [exit]\nrecipe: a", "line 2"),
        (b"title: \xff\xfe\xfa", "YAML"),
        ("title: 2024-99-99", "YAML"),
        ("#" * 200_000, "too large"),
    ],
)
def test_broken_files_are_refused(
    file: Callable[..., Path], content: str | bytes, told: str
) -> None:
    path = file(content)
    with pytest.raises(RecipeError) as caught:
        recipe_files.read(path)
    assert str(path) in caught.value.message
    assert told in caught.value.message
    assert caught.value.hint


def test_a_file_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(RecipeError) as caught:
        recipe_files.read(tmp_path / "none.yaml")
    assert "none.yaml" in caught.value.message


def test_what_a_person_may_mean(file: Callable[..., Path]) -> None:
    resolve = recipe_files.resolve
    assert resolve("small-objects") == recipe_files.find("small-objects").recipe
    assert resolve(" Baseline ") == parse("yolo11n")
    assert resolve("YOLO11s:cls=varifocal") == parse("yolo11s:cls=varifocal")
    assert resolve(str(file(GOOD))) == parse("yolo11s-seg:attention=cbam")
    network = file(NETWORK, "net.yml")
    assert resolve(str(network)) == parse(str(network))
    assert resolve(f"{network}:act=mish") == parse(f"{network}:act=mish")
    # Whether it can be read as a network is said when it is drawn.
    broken = file("a: [", "broken.yaml")
    assert resolve(str(broken)) == parse(str(broken))
    assert resolve("none.yaml") == parse("none.yaml")


def test_a_network_beside_a_recipe_file_is_found_from_anywhere(file: Callable[..., Path]) -> None:
    network = file(NETWORK, "net.yaml")
    path = file("title: A\ndescription: B\nrecipe: 'net.yaml:cls=varifocal'")
    assert recipe_files.resolve(str(path)) == parse(f"{network}:cls=varifocal")


def test_a_broken_recipe_file_is_told_as_one(file: Callable[..., Path]) -> None:
    with pytest.raises(RecipeError) as caught:
        recipe_files.resolve(str(file("title: A\nrecipe: yolo11n")))
    assert "description" in caught.value.message


@pytest.mark.parametrize(
    ("text", "near"), [("smal-objects", "small-objects"), ("yolo11q", "yolo11"), ("lihgt", "light")]
)
def test_a_name_that_is_neither_recipe_nor_network(text: str, near: str) -> None:
    with pytest.raises(RecipeError) as caught:
        recipe_files.resolve(text)
    assert near in caught.value.message.partition("nearest is")[2]
