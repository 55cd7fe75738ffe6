"""A network as a table: its layers one by one, and what it costs."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import Any

from engine import device
from engine.models import measure, plan, registry
from engine.models.graph import Node
from engine.models.recipe import Recipe, written
from engine.models.registry import Entry, Stability

Channels = int | tuple[int, ...]

_CHANNELS = ("c1", "c2", "ch")
"""Arguments of stock layers that say what the columns of channels say."""


@dataclass(frozen=True, slots=True)
class LayerRow:
    """One layer.

    Attributes:
        index: Its place in the computation, from 0.
        name: Of the node, by which recipes and weights find it.
        inputs: Names of what it reads, `picture` for the picture.
        layer: Class of a stock layer, or slot and name of an entry of the catalogue.
        arguments: What it is called with beside the channels, as `key=value`; `2×` in front where
            it is there twice, one after the other.
        channels_in: Of each input.
        channels_out: That it gives; of a head the number of classes.
        stride: Of its output in pixels of the picture; of a head that of its last input.
        parameters: How many it has in training.
        changes: The parts of the recipe that changed it, empty for a layer of the base. A change of
            the whole network, such as another activation, is not among them.
    """

    index: int
    name: str
    inputs: tuple[str, ...]
    layer: str
    arguments: str
    channels_in: tuple[Channels, ...]
    channels_out: Channels
    stride: int
    parameters: int
    changes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Overview:
    """What a recipe makes and what that costs.

    Attributes:
        recipe: The canonical text.
        task: What the network is for.
        parameters: How many it has in training, with all branches that are folded later.
        gflops: Operations for one picture in 10^9.
        gflops_convention: How they are counted, an English sentence without its full stop.
        input_size: Side of the square picture that they are counted for, in pixels.
        strides: Of each feature map that the head reads, in pixels.
        stride: What the sides of a picture must be multiples of, in pixels.
        operators: Names of the custom operators that it needs.
        stability: `experimental` as soon as one part of the recipe is.
        layers: In the order of the computation.
    """

    recipe: str
    task: str
    parameters: int
    gflops: float
    gflops_convention: str
    input_size: int
    strides: tuple[int, ...]
    stride: int
    operators: tuple[str, ...]
    stability: Stability
    layers: tuple[LayerRow, ...]


def overview(recipe: Recipe) -> Overview:
    """Return what a recipe makes. Nothing is computed and no weights are made.

    Raises:
        RecipeError: The recipe cannot be built; the sentence says why.
    """
    graph = plan.draw(recipe)
    device.prepare()
    import torch

    from engine.models.network import build

    with torch.device("meta"):
        network = build(recipe, graph)
    chosen = [registry.find(change.slot, change.name) for change in recipe.changes]
    experimental = any(entry.stability == "experimental" for entry in chosen)
    size = measure.input_size(graph)
    return Overview(
        recipe=str(recipe),
        task=graph.design.task,
        parameters=measure.parameters(network),
        gflops=measure.gigaflops(recipe, graph),
        gflops_convention=measure.CONVENTION.format(size=size),
        input_size=size,
        strides=graph.strides,
        stride=graph.stride,
        operators=tuple(sorted({name for entry in chosen for name in entry.operators})),
        stability="experimental" if experimental else "stable",
        layers=tuple(
            _row(index, node, module)
            for index, (node, module) in enumerate(zip(graph.nodes, network.model, strict=True))
        ),
    )


def _row(index: int, node: Node, module: Any) -> LayerRow:  # noqa: ANN401
    changes = [node.change] if node.change is not None else []
    if node.inner is not None and _has(module, node.inner[0]):
        changes.append(node.inner[1])
    return LayerRow(
        index=index,
        name=node.name,
        inputs=node.inputs,
        layer=node.layer,
        arguments=_arguments(node, module),
        channels_in=tuple(_channels(each) for each in node.channels_in),
        channels_out=_channels(node.channels),
        stride=2**node.level,
        parameters=measure.parameters(module),
        changes=tuple(str(change) for change in changes),
    )


def _has(module: Any, entry: Entry) -> bool:  # noqa: ANN401
    """Tell whether something inside was replaced; not every block has what can be."""
    if not isinstance(entry.make, type):
        return True
    return any(isinstance(each, entry.make) for each in module.modules())


def _channels(value: Any) -> Channels:  # noqa: ANN401 - several where a layer gives several maps
    return tuple(value) if isinstance(value, list | tuple) else value


def _arguments(node: Node, module: Any) -> str:  # noqa: ANN401
    """Return what a layer is called with, in words."""
    made = module[0] if node.copies > 1 else module
    values = _of_stock(node, made) if node.entry is None else _of_entry(node)
    parts = [f"{key}={_text(value)}" for key, value in values.items() if value is not None]
    text = " ".join(parts)
    return f"{node.copies}× {text}".strip() if node.copies > 1 else text


def _of_stock(node: Node, made: object) -> dict[str, Any]:
    bound = inspect.signature(type(made)).bind(*node.arguments).arguments
    return {key: value for key, value in bound.items() if key not in _CHANNELS}


def _of_entry(node: Node) -> dict[str, Any]:
    assert node.entry is not None
    assert node.change is not None
    shape: dict[str, Any] = {}
    if node.slot in ("block", "psa"):
        shape["repeats"] = node.repeats
    if node.slot == "block":
        shape["expansion"] = node.expansion
    return shape | node.entry.options | dict(node.change.options)


def _text(value: Any) -> str:  # noqa: ANN401 - whatever stock layers are called with
    if isinstance(value, list | tuple):
        return f"[{','.join(_text(each) for each in value)}]"
    return written(value)
