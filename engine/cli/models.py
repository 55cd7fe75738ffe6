"""`main.py models`: what networks can be made of, and what one recipe makes."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from engine.cli import output
from engine.cli.columns import aligned
from engine.errors import SettingError
from engine.i18n import N_
from engine.i18n import translate as _
from engine.models import bases, measure, plan, recipe_files, registry
from engine.models.graph import Graph
from engine.models.overview import LayerRow, Overview, overview
from engine.models.recipe import Recipe, written
from engine.models.registry import Work
from engine.models.slots import SLOTS, unknown
from engine.types import TASKS

_FACTS = (
    "name",
    "family",
    "slot",
    "paper",
    "year",
    "arxiv",
    "stability",
    "tasks",
    "operators",
    "options",
    "origin",
    "licence",
)


def models(options: argparse.Namespace) -> int:
    """Run the command and return its exit code.

    Raises:
        EngineError: There is no such slot, or the recipe or the weights cannot be used.
    """
    if options.action is None:
        return _list(options.slot, as_json=options.json)
    if options.slot is not None:
        raise SettingError(
            N_("--slot is for the list and cannot go with show."), N_("Leave it out.")
        )
    return _show(recipe_files.resolve(options.recipe), options.weights, as_json=options.json)


def _list(slot: str | None, *, as_json: bool) -> int:
    found = _found(slot)
    if as_json:
        for item in found:
            output.say_json({key: getattr(item, key) for key in _FACTS})
        return 0
    header = [_("part"), _("name"), _("work"), _("year"), "arXiv", _("for"), _("stability")]
    rows = [[*header, _("options")], *(_words(item) for item in found)]
    for line in aligned(rows):
        output.say(line)
    if slot is None:
        output.say("\n" + _("Recipes with a name:"))
        for line in aligned([[f.name, str(f.recipe), f.title] for f in recipe_files.all()]):
            output.say(line)
    return 0


def _found(slot: str | None) -> Sequence[Work]:
    """Return what the list has, bases and levels first.

    Raises:
        RecipeError: There is no such slot.
    """
    own = (bases.BASE, bases.LEVELS)
    if slot is None:
        return [*bases.works(), *registry.entries()]
    if slot in own:
        return bases.works(slot)
    if slot in SLOTS:
        return registry.entries(slot)
    raise unknown(slot, (*own, *SLOTS))


def _words(item: Work) -> list[str]:
    every = set(item.tasks) == set(TASKS)
    return [
        item.slot,
        item.name,
        item.family,
        str(item.year),
        item.arxiv or "-",
        _("every task") if every else " ".join(item.tasks),
        _("stable") if item.stability == "stable" else _("experimental"),
        " ".join(f"{key}={written(value)}" for key, value in item.options.items()) or "-",
    ]


def _show(recipe: Recipe, weights: Path | None, *, as_json: bool) -> int:
    graph = plan.draw(recipe)
    carried = None if weights is None else _carried_over(recipe, graph, weights)
    shown = overview(recipe)
    latency = measure.latency_ms(recipe, graph)
    if as_json:
        output.say_json(_as_json(shown, latency, carried))
        return 0
    for line in _lines(shown, latency, carried):
        output.say(line)
    return 0


def _as_json(shown: Overview, latency: float, carried: float | None) -> dict[str, Any]:
    values = asdict(shown)
    first = ("recipe", "task", "parameters", "gflops", "gflops_convention")
    last = ("operators", "layers")
    middle = {
        "latency_ms": round(latency, 3),
        "carried_over": None if carried is None else round(carried, 4),
    }
    others = {key: value for key, value in values.items() if key not in (*first, *last)}
    return (
        {key: values[key] for key in first}
        | {"gflops": round(shown.gflops, 4)}
        | middle
        | others
        | {key: values[key] for key in last}
    )


def _lines(shown: Overview, latency: float, carried: float | None) -> Iterator[str]:
    size = shown.input_size
    facts = [
        (_("Recipe"), shown.recipe),
        (_("Task"), shown.task),
        (_("Parameters"), f"{shown.parameters:,}"),
        ("GFLOPs", f"{shown.gflops:,.2f} ({_(measure.CONVENTION).format(size=size)})"),
        (
            _("Time here"),
            _("{latency:.1f} ms a picture of {size}×{size} on the processor, all cores").format(
                latency=latency, size=size
            ),
        ),
        (_("Strides"), ", ".join(map(str, shown.strides))),
        (_("Operators"), ", ".join(shown.operators) or _("none needed")),
        (_("Stability"), _("stable") if shown.stability == "stable" else _("experimental")),
    ]
    if carried is not None:
        facts.append((_("Carried over"), f"{carried:.1%}"))
    yield from aligned([[f"{name}:", value] for name, value in facts])
    yield ""
    header = ["", _("name"), _("reads"), _("layer"), _("arguments"), _("channels"), _("stride")]
    at = {layer.name: str(layer.index) for layer in shown.layers}
    rows = [_row(layer, at) for layer in shown.layers]
    yield from aligned([[*header, _("parameters"), _("changed by")], *rows], right=(0, 6, 7))


def _row(layer: LayerRow, at: Mapping[str, str]) -> list[str]:
    """Return the words of a layer; what it reads is named by its index, so that lines stay short.

    Args:
        layer: What to say.
        at: Indices of the layers by name.
    """
    channels_in = "+".join(map(str, layer.channels_in))
    return [
        str(layer.index),
        layer.name,
        " ".join(at.get(name, _("picture")) for name in layer.inputs),
        layer.layer,
        layer.arguments,
        f"{channels_in} → {layer.channels_out}",
        str(layer.stride),
        f"{layer.parameters:,}",
        " ".join(layer.changes),
    ]


def _carried_over(recipe: Recipe, graph: Graph, weights: Path) -> float:
    """Return the share of a recipe's parameters that weights give, 0 to 1.

    Raises:
        EngineError: The weights cannot be read or are for another task.
    """
    from engine.models import checkpoint

    source = checkpoint.read(weights).network
    from engine.models.carry import carry
    from engine.models.network import build

    return carry(build(recipe, graph), source, weights).share
