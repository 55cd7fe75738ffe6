"""The catalogue: what may enter it, and what every entry says of itself."""

from __future__ import annotations

import dataclasses
import importlib
import pkgutil
import re
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import pytest

from engine.errors import RecipeError
from engine.models import catalogue, registry
from engine.models.recipe import Change, Recipe, parse
from engine.models.registry import Entry, register
from engine.models.slots import ORDER, SLOTS
from engine.types import TASKS

ENTRIES = registry.entries()
Decorator = Callable[[type], type]


def label(entry: Entry) -> str:
    return f"{entry.slot}={entry.name}"


@pytest.fixture(autouse=True)
def kept(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Put the catalogue back as it was."""
    monkeypatch.setattr(registry, "_entries", dict(registry._entries))
    yield
    assert registry._loaded


def entered(name: str = "mine", slot: str = "block", **more: Any) -> Decorator:  # noqa: ANN401
    facts: dict[str, Any] = {
        "family": "Mine",
        "paper": "",
        "year": 2024,
        "licence": "AGPL-3.0",
    } | more
    return register(name, slot=slot, **facts)


class Plain:
    def __init__(
        self, c_in: int, *, share: float = 0.5, kernel: int = 3, wide: bool = True
    ) -> None:
        """Take what recipes can set."""


def test_an_entry_is_found_and_the_class_is_left_alone() -> None:
    assert entered(arxiv="2401.00001", stability="experimental")(Plain) is Plain
    found = registry.find("block", "mine")
    assert found.make is Plain
    assert found.options == {"share": 0.5, "kernel": 3, "wide": True}
    assert (found.tasks, found.operators, found.stability) == (TASKS, (), "experimental")
    assert found in registry.entries("block")
    assert found in registry.entries()


def test_a_name_is_taken_once_and_the_refusal_says_by_whom() -> None:
    class Second:
        pass

    entered()(Plain)
    with pytest.raises(ValueError, match=r"block=mine .*\.Plain and then by .*\.Second$") as caught:
        entered()(Second)
    assert str(caught.value).count(__name__) == 2
    assert registry.find("block", "mine").make is Plain
    entered(slot="attention")(Second)
    assert registry.find("attention", "mine").make is Second


def test_an_unknown_slot_is_refused_with_the_nearest() -> None:
    with pytest.raises(ValueError, match="blok.*block"):
        entered(slot="blok")


def no_default(c_in: int, *, share: float) -> None: ...
def odd_default(c_in: int, *, sizes: tuple[int, ...] = (3, 5)) -> None: ...
def none_default(c_in: int, *, share: float | None = None) -> None: ...
def endless_default(c_in: int, *, share: float = float("inf")) -> None: ...
def long_default(c_in: int, *, share: str = "two words") -> None: ...
def large_key(c_in: int, *, Share: float = 0.5) -> None: ...


@pytest.mark.parametrize(
    ("make", "option"),
    [
        (no_default, "share"),
        (odd_default, "sizes"),
        (none_default, "share"),
        (endless_default, "share"),
        (long_default, "share"),
        (large_key, "Share"),
    ],
)
def test_an_option_that_no_recipe_could_write_is_refused(
    make: Callable[..., None], option: str
) -> None:
    with pytest.raises(ValueError, match=rf"{make.__name__}.*{option}"):
        entered()(make)  # type: ignore[arg-type]
    assert ("block", "mine") not in registry._entries


@pytest.mark.parametrize("name", ["Mine", "my own", "v1.0", "", "a,b"])
def test_a_name_that_no_recipe_could_write_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="Plain"):
        entered(name)(Plain)


def test_positional_arguments_are_no_options() -> None:
    def made(c_in: int, c_out: int = 7, *more: int, kernel: int = 3, **rest: int) -> None: ...

    entered()(made)  # type: ignore[arg-type]
    assert registry.find("block", "mine").options == {"kernel": 3}


def test_entries_are_in_the_order_of_slots_and_names() -> None:
    for name in ("zz", "aa", "mm"):
        entered(name, slot="act")(Plain)
        entered(name, slot="stem")(Plain)
    order = [(ORDER[entry.slot], entry.name) for entry in registry.entries()]
    assert order == sorted(order)
    names = [entry.name for entry in registry.entries("stem")]
    assert [name for name in names if name in ("aa", "mm", "zz")] == ["aa", "mm", "zz"]


@pytest.mark.parametrize("ask", [registry.entries, lambda slot: registry.find(slot, "cbam")])
def test_an_unknown_slot_suggests_the_nearest(ask: Callable[[str], object]) -> None:
    with pytest.raises(RecipeError) as caught:
        ask("atention")
    assert "atention" in caught.value.message
    assert "attention" in caught.value.message.replace("atention", "")
    assert all(slot in caught.value.hint for slot in SLOTS)


def test_an_unknown_name_suggests_the_nearest() -> None:
    with pytest.raises(RecipeError) as caught:
        registry.find("attention", "cbma")
    assert "attention=cbma" in caught.value.message
    assert "attention=cbam" in caught.value.message
    assert "cbam" in caught.value.hint


def test_a_slot_without_entries_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    others = {key: entry for key, entry in registry._entries.items() if entry.slot != "act"}
    monkeypatch.setattr(registry, "_entries", others)
    with pytest.raises(RecipeError) as caught:
        registry.find("act", "relu")
    assert "act=relu" in caught.value.message
    assert caught.value.hint


def test_every_file_of_the_catalogue_is_loaded() -> None:
    folders = {entry.make.__module__ for entry in ENTRIES}
    for found in pkgutil.walk_packages(catalogue.__path__, f"{catalogue.__name__}."):
        module = importlib.import_module(found.name)
        registers = "register" in vars(module)
        assert registers == (found.name in folders), found.name


@pytest.mark.parametrize("entry", ENTRIES, ids=label)
def test_an_entry_says_where_it_comes_from(entry: Entry) -> None:
    assert entry.family
    assert entry.licence
    assert 2012 <= entry.year <= date.today().year
    assert re.fullmatch(r"(\d{4}\.\d{4,5})?", entry.arxiv)
    assert re.fullmatch(r"(https://\S+)?", entry.origin)
    assert entry.paper or entry.origin
    if entry.arxiv:
        # The first public version is no later than the number at arXiv says.
        assert entry.paper
        assert entry.year <= 2000 + int(entry.arxiv[:2])
    assert entry.tasks
    assert [task for task in entry.tasks if task not in TASKS] == []
    assert entry.stability in ("stable", "experimental")


@pytest.mark.parametrize("entry", ENTRIES, ids=label)
def test_an_entry_lives_in_the_folder_of_its_slot(entry: Entry) -> None:
    assert entry.make.__module__.startswith(f"{catalogue.__name__}.{entry.slot}.")
    assert entry.make.__doc__


@pytest.mark.parametrize("entry", ENTRIES, ids=label)
def test_a_recipe_can_write_an_entry_with_all_its_options(entry: Entry) -> None:
    recipe = Recipe("yolo11n", (Change(entry.slot, entry.name, tuple(entry.options.items())),))
    assert parse(str(recipe)) == recipe
    read = parse(str(recipe)).changes[0].options
    assert {key: type(value) for key, value in read} == {
        key: type(value) for key, value in entry.options.items()
    }


def test_an_entry_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        ENTRIES[0].name = "other"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("options", "reason"), [((("share", 2),), ""), ((("kernel", 4),), "4 is even")]
)
def test_making_an_entry_gives_it_its_options_or_says_why_not(
    options: tuple[tuple[str, int], ...], reason: str
) -> None:
    class Odd:
        def __init__(self, c_in: int, *, share: float = 0.5, kernel: int = 3) -> None:
            if kernel % 2 == 0:
                raise ValueError(f"{kernel} is even")
            self.given = (c_in, share, kernel)

    entered()(Odd)
    entry, change = registry.find("block", "mine"), Change("block", "mine", options)
    if not reason:
        made = registry.make(entry, change, 8)
        assert made.given == (8, 2.0, 3)
        assert type(made.given[1]) is float
        return
    for node in ("", "neck.up.p3.block"):
        with pytest.raises(RecipeError) as caught:
            registry.make(entry, change, 8, node=node)
        assert "block=mine" in caught.value.message
        assert reason in caught.value.message
        assert node in caught.value.message
        assert caught.value.hint
