"""From a recipe to the graph of its network: what goes where, and why some things cannot."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from engine.errors import RecipeError
from engine.i18n import N_
from engine.models import bases, graph, registry
from engine.models.design import Design
from engine.models.graph import PICTURE, Graph, Node
from engine.models.recipe import Change, Recipe, overlapping, written
from engine.models.registry import Entry
from engine.models.slots import SLOTS
from engine.models.words import listed, nearest

Find = Callable[[str, str], Entry]

_ADDED = ("attention",)
"""Slots whose entries stand behind a node instead of in its place."""
_INNER = ("conv",)
"""Slots whose entries stand inside a node."""
_CLIMB = {"stem": 1, "down": 1, "up": -1}
"""By how many levels the entries of a slot change a feature map, where they do."""


def draw(recipe: Recipe, design: Design | None = None, find: Find = registry.find) -> Graph:
    """Return the graph of a recipe.

    Args:
        recipe: What to build.
        design: Its base, where the caller has it for other classes; by default looked up.
        find: Looks up entries.

    Raises:
        RecipeError: Something of it cannot be; the sentence names it and the nearest that can.
    """
    plain = graph.of(design or bases.find(recipe.base))
    chosen = [(change, _entry(change, plain, find)) for change in recipe.changes]
    nodes = list(plain.nodes)
    taken: dict[tuple[str, str], Change] = {}
    for change, entry in chosen:
        if not SLOTS[change.slot].placed:
            if change.slot == "head":
                nodes[-1] = _in_place_of(nodes[-1], change, entry)
            continue
        for site in _sites(change, plain):
            other = taken.setdefault((change.slot, site.name), change)
            if other is not change:
                raise overlapping(other, change, site.name)
            position = next(i for i, node in enumerate(nodes) if node.name == site.name)
            if change.slot in _INNER:
                nodes[position] = replace(nodes[position], inner=(entry, change))
            elif change.slot in _ADDED:
                _insert(nodes, position, change, entry)
            else:
                _check_shape(site, change, plain)
                nodes[position] = _in_place_of(nodes[position], change, entry)
    return replace(plain, nodes=tuple(nodes))


def places(slot: str, design: Design) -> list[str]:
    """Return the places that a slot has in a network, for forms and for hints."""
    plain = graph.of(design)
    return _known(slot, plain)


def _entry(change: Change, plain: Graph, find: Find) -> Entry:
    """Return what a change names, if the task and its options allow it."""
    entry = find(change.slot, change.name)
    task = plain.design.task
    if task not in entry.tasks:
        raise RecipeError(
            N_("{change} is for {tasks}; {base} is for {task}."),
            N_("Leave it out or choose a network for {first}."),
            change=change.label,
            tasks=listed(entry.tasks),
            base=plain.design.name,
            task=task,
            first=entry.tasks[0],
        )
    for key, value in change.options:
        if key not in entry.options:
            raise RecipeError(
                N_("{change} has no option {key}; the nearest is {nearest}.")
                if entry.options
                else N_("{change} has no options, so {key} cannot be set."),
                N_("It has: {known}.") if entry.options else "",
                change=change.label,
                key=key,
                nearest=nearest(key, entry.options),
                known=listed(f"{name}={written(value)}" for name, value in entry.options.items()),
            )
        default = entry.options[key]
        fits = type(value) is type(default) or (type(default) is float and type(value) is int)
        if not fits:
            raise RecipeError(
                N_("{change} cannot have {key}={value}."),
                N_("Its default is {default}; give a value of that kind."),
                change=change.label,
                key=key,
                value=written(value),
                default=written(default),
            )
    return entry


def _sites(change: Change, plain: Graph) -> list[Node]:
    """Return the nodes that a change is for."""
    candidates = _candidates(change.slot, plain)
    known = _known(change.slot, plain)
    default = SLOTS[change.slot].default
    wanted = change.places or ((default,) if default in known else ())
    for place in wanted:
        if place not in known:
            raise _nowhere(change, place, plain)
    if wanted:
        return [node for node in candidates if _tags(change.slot, node, plain) & set(wanted)]
    # Without the default place, as in networks that have no neck, it is what the head reads.
    found = [node for node in candidates if not default or node.name in plain.head.inputs]
    if not found:
        raise _nowhere(change, "", plain)
    return found


def _candidates(slot: str, plain: Graph) -> list[Node]:
    """Return the nodes of a network that a slot can be for."""
    if slot in _ADDED:
        return _outputs(plain)
    wanted = ("block",) if slot in _INNER else (slot,)
    return [node for node in plain.nodes if node.slot in wanted]


def _outputs(plain: Graph) -> list[Node]:
    """Return the last node of each level of the backbone, and what the head reads."""
    last = {node.level: node for node in plain.nodes if node.part == "backbone" and node.level > 1}
    backbone = [node for node in last.values() if node.slot != "down"]
    inputs = [plain.node(name) for name in plain.head.inputs]
    return backbone + [node for node in inputs if node not in backbone]


def _tags(slot: str, node: Node, plain: Graph) -> frozenset[str]:
    """Return the places that mean a node; an added layer at p3 is where the head reads p3."""
    if slot in _ADDED and node.name not in plain.head.inputs:
        return node.tags - {f"p{node.level}"}
    return node.tags


def _known(slot: str, plain: Graph) -> list[str]:
    found = {tag for node in _candidates(slot, plain) for tag in _tags(slot, node, plain)}
    return sorted(found, key=lambda tag: (tag.count("."), tag))


def _nowhere(change: Change, place: str, plain: Graph) -> RecipeError:
    known = _known(change.slot, plain)
    if not known:
        return RecipeError(
            N_("{base} has no part for {change}."),
            N_("Leave it out or begin with another network."),
            base=plain.design.name,
            change=change.label,
        )
    return RecipeError(
        N_("{change} cannot be at {place} of {base}; the nearest place is {nearest}."),
        N_("Its places there are: {known}."),
        change=change.label,
        place=place,
        base=plain.design.name,
        nearest=nearest(place, known),
        known=listed(known),
    )


def _check_shape(node: Node, change: Change, plain: Graph) -> None:
    """Refuse a place whose layer gives a feature map of another shape than an entry would."""
    levels = [0 if name == PICTURE else plain.node(name).level for name in node.inputs]
    climbs = all(node.level - level == _CLIMB.get(node.slot, 0) for level in levels)
    if climbs and (node.slot != "up" or node.channels_in == (node.channels,)):
        return
    raise RecipeError(
        N_("{change} cannot be at {node} of {base}, as its feature map has another shape."),
        N_("Name other places."),
        change=change.label,
        node=node.name,
        base=plain.design.name,
    )


def _in_place_of(node: Node, change: Change, entry: Entry) -> Node:
    return replace(node, layer=change.label, arguments=(), copies=1, entry=entry, change=change)


def _insert(nodes: list[Node], position: int, change: Change, entry: Entry) -> None:
    """Put a node after another one; what read that one reads the new one."""
    before = nodes[position]
    names = {node.name for node in nodes}
    name = f"{before.name.rpartition('.')[0]}.{change.slot}"
    new = Node(
        name=name if name not in names else f"{before.name}.{change.slot}",
        part=before.part,
        slot=change.slot,
        layer=change.label,
        inputs=(before.name,),
        channels_in=(before.channels,),
        channels=before.channels,
        level=before.level,
        entry=entry,
        change=change,
    )
    for index, node in enumerate(nodes):
        if before.name in node.inputs:
            inputs = tuple(new.name if name == before.name else name for name in node.inputs)
            nodes[index] = replace(node, inputs=inputs)
    nodes.insert(position + 1, new)
