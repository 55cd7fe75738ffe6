"""The catalogue of improvements: what each is called, where it goes and who published it.

To add one, write its class in a file of its own under `engine/models/catalogue/<slot>/` and put
`@register(...)` over it; nothing else needs to know.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

from engine.errors import EngineError, RecipeError
from engine.i18n import N_
from engine.models.recipe import Change, Value
from engine.models.slots import ORDER, SLOTS, unknown
from engine.models.words import listed, nearest
from engine.types import TASKS

Stability = Literal["stable", "experimental"]
Made = TypeVar("Made", bound=Callable[..., Any])

BOX_TASKS = ("detect", "segment", "pose", "obb")


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What is published of something that recipes can name.

    Attributes:
        name: As recipes write it; its own within its slot.
        slot: A key of `SLOTS`, or what `engine.models.bases` lists its networks under.
        family: The work it belongs to; sizes and variants of one work share it.
        paper: Where it was published, empty without a paper.
        year: Of the first public version.
        arxiv: Its number there, empty without.
        origin: The authors' repository, empty where there is none.
        licence: Of that repository, and what follows from it here.
        tasks: What it works for.
        operators: Names of the custom operators it uses.
        stability: What to expect of it.
        options: What a recipe may set, by key, with the default.
    """

    name: str
    slot: str
    family: str
    paper: str
    year: int
    licence: str
    arxiv: str = ""
    origin: str = ""
    tasks: tuple[str, ...] = TASKS
    operators: tuple[str, ...] = ()
    stability: Stability = "stable"
    options: dict[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry(Work):
    """One improvement.

    Attributes:
        make: Its class; `engine.models.layer_factory` says what it is called with in each slot.
    """

    make: Callable[..., Any]


_entries: dict[tuple[str, str], Entry] = {}
_loaded = False


def register(
    name: str,
    *,
    slot: str,
    family: str,
    paper: str,
    year: int,
    licence: str,
    arxiv: str = "",
    origin: str = "",
    tasks: tuple[str, ...] = TASKS,
    operators: tuple[str, ...] = (),
    stability: Stability = "stable",
) -> Callable[[Made], Made]:
    """Put the class below into the catalogue; the keywords are those of `Work`.

    Keyword-only arguments of the class are what a recipe may set. They have defaults.

    Raises:
        ValueError: The slot is unknown, an option has no plain default, the name is taken, or a
            recipe could not write the name or an option.
    """
    if slot not in SLOTS:
        raise ValueError(f"there is no slot {slot}; the nearest is {nearest(slot, SLOTS)}")

    def enter(make: Made) -> Made:
        first = _entries.get((slot, name))
        if first is not None:
            raise ValueError(
                f"{slot}={name} is registered twice: by {_place(first.make)}"
                f" and then by {_place(make)}"
            )
        options = _options(make)
        try:
            Change(slot, name, tuple(options.items()))
        except RecipeError as error:
            raise ValueError(f"{_place(make)}: {error}") from error
        _entries[slot, name] = Entry(
            name=name,
            slot=slot,
            family=family,
            paper=paper,
            year=year,
            licence=licence,
            arxiv=arxiv,
            origin=origin,
            tasks=tasks,
            operators=operators,
            stability=stability,
            options=options,
            make=make,
        )
        return make

    return enter


def entries(slot: str | None = None) -> list[Entry]:
    """Return the catalogue, or one slot of it, by slot and name.

    Raises:
        RecipeError: There is no such slot.
    """
    if slot is not None and slot not in SLOTS:
        raise unknown(slot)
    _load()
    found = [entry for entry in _entries.values() if slot in (None, entry.slot)]
    return sorted(found, key=lambda entry: (ORDER[entry.slot], entry.name))


def find(slot: str, name: str) -> Entry:
    """Return an entry.

    Raises:
        RecipeError: There is none; the sentence suggests the nearest.
    """
    _load()
    found = _entries.get((slot, name))
    if found is not None:
        return found
    known = [entry.name for entry in entries(slot)]
    if not known:
        raise RecipeError(
            N_("There is nothing for the slot {slot} yet, so {slot}={name} cannot be."),
            N_("The command `models` lists what there is."),
            slot=slot,
            name=name,
        )
    raise RecipeError(
        N_("There is no {slot}={name}; the nearest is {slot}={nearest}."),
        N_("There is: {known}."),
        slot=slot,
        name=name,
        nearest=nearest(name, known),
        known=listed(known),
    )


def make(entry: Entry, change: Change, *arguments: Any, node: str = "") -> Any:  # noqa: ANN401
    """Return what the class of an entry makes with the options of a change.

    Args:
        entry: What to make.
        change: What a recipe asks of it.
        arguments: What its slot is called with, see `engine.models.layer_factory`.
        node: Where it will stand, empty for a part of the loss.

    Raises:
        RecipeError: It cannot be made of these.
    """
    options = {key: type(entry.options[key])(value) for key, value in change.options}
    try:
        return entry.make(*arguments, **options)
    except EngineError:
        raise
    except (ValueError, TypeError, RuntimeError, ArithmeticError, AssertionError) as error:
        raise RecipeError(
            N_("{change} cannot be built at {node}: {reason}.")
            if node
            else N_("{change} cannot be built: {reason}."),
            N_("Give it other options or places, or choose another size of network.")
            if node
            else N_("Give it other options."),
            change=change.label,
            node=node,
            reason=str(error).rstrip("."),
        ) from error


def _load() -> None:
    """Import every module of the catalogue, once."""
    global _loaded
    if _loaded:
        return
    from engine import device

    device.prepare()
    from engine.models import catalogue

    for module in pkgutil.walk_packages(catalogue.__path__, f"{catalogue.__name__}."):
        importlib.import_module(module.name)
    _loaded = True


def _options(make: Callable[..., Any]) -> dict[str, Value]:
    options = {}
    for parameter in inspect.signature(make).parameters.values():
        if parameter.kind is not inspect.Parameter.KEYWORD_ONLY:
            continue
        if not isinstance(parameter.default, bool | int | float | str):
            raise ValueError(f"{_place(make)}: the option {parameter.name} needs a plain default")
        options[parameter.name] = parameter.default
    return options


def _place(make: Callable[..., Any]) -> str:
    return f"{make.__module__}.{make.__qualname__}"
