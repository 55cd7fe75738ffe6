"""Building the graph of a network as an ultralytics model, without ultralytics' own parser."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

import torch
from torch import nn
from ultralytics.nn import tasks
from ultralytics.nn.modules import Conv, Detect
from ultralytics.utils.torch_utils import initialize_weights

from engine.errors import RecipeError
from engine.i18n import N_
from engine.models.graph import CHANNELS, PICTURE, Graph, Node
from engine.models.layer_factory import class_of, layer, put_inside
from engine.models.losses import improved, made
from engine.models.recipe import Recipe
from engine.models.registry import find, make
from engine.models.slots import OF_LOSS

MOST_PARAMETERS = 2_000_000_000

_LOCK = threading.Lock()
_INHERITED = object()
_STOCK = {
    "detect": tasks.DetectionModel,
    "segment": tasks.SegmentationModel,
    "pose": tasks.PoseModel,
    "obb": tasks.OBBModel,
    "classify": tasks.ClassificationModel,
}


class Improved:
    """What our networks have beyond ultralytics' models.

    Attributes:
        recipe: What it is made by.
        graph: What it is made of.
    """

    recipe: Recipe
    graph: Graph

    def init_criterion(self) -> Any:  # noqa: ANN401 - ultralytics' losses share no type
        """Return the task's loss with the recipe's own parts in it."""
        return improved(super().init_criterion(), self.recipe)  # type: ignore[misc]


_OURS = {task: type(stock.__name__, (Improved, stock), {}) for task, stock in _STOCK.items()}


def build(recipe: Recipe, graph: Graph) -> Any:  # noqa: ANN401 - a class made above
    """Return the network of a recipe with random weights, ready to train.

    Under `with torch.device("meta")` it takes no memory: nothing of it is computed.

    Args:
        recipe: For its losses and its activation.
        graph: What `engine.models.plan.draw` made of it.

    Raises:
        RecipeError: An entry cannot be built with its options or with the channels that it has
            there, or would change nothing.
    """
    if recipe.is_file:
        _try(recipe, graph)
    return _assemble(recipe, graph)


def _try(recipe: Recipe, graph: Graph) -> None:
    """Build what a file describes without memory and send nothing through it.

    Raises:
        RecipeError: It is larger than any machine can hold, or its layers do not fit together.
    """
    with torch.device("meta"):
        network = _assemble(recipe, graph)
        parameters = sum(parameter.numel() for parameter in network.parameters())
        if parameters > MOST_PARAMETERS:
            raise RecipeError(
                N_("{name} has {parameters:,} parameters; the most is {most:,}."),
                N_("Give its layers fewer channels or repeats."),
                name=graph.design.name,
                parameters=parameters,
                most=MOST_PARAMETERS,
            )
        try:
            network(torch.zeros(2, CHANNELS, 2 * graph.stride, 2 * graph.stride))
        except (ArithmeticError, AssertionError, AttributeError, LookupError, RuntimeError,
                TypeError, ValueError) as error:  # fmt: skip
            raise RecipeError(
                N_("The layers of {name} do not fit together: {reason}."),
                N_("Compare them with the file that they were made from."),
                name=graph.design.name,
                reason=str(error).strip().split("\n")[0].rstrip("."),
            ) from error


def _assemble(recipe: Recipe, graph: Graph) -> Any:  # noqa: ANN401
    design = graph.design
    for change in recipe.changes:
        if change.slot in OF_LOSS:
            # Tried now, as training would begin with it after everything else is ready.
            made(change)
    usual = None if recipe.chosen("act") or not design.activation else design.activation
    with _LOCK, ExitStack() as stack:
        # Heads and convolutions read from their classes what ultralytics' parser sets there.
        stack.enter_context(_set(class_of(graph.head), "legacy", not graph.modern))
        if usual is not None:
            stack.enter_context(_set(Conv, "default_act", getattr(nn, usual)()))
        layers = [layer(node) for node in _with_class_width(graph)]
        put_inside(layers, graph)
    if isinstance(layers[-1], Detect):
        _fit_classes(layers[-1], design.classes)
    network = _empty(_OURS[design.task])
    saved = _connect(layers, graph)
    network.model = nn.Sequential(*layers)
    network.save = saved
    network.recipe, network.graph = recipe, graph
    network.yaml = design.to_yaml() | {"channels": 3}
    network.names = {index: str(index) for index in range(design.classes)}
    network.task, network.inplace = design.task, True
    if design.task == "pose":
        network.kpt_shape = list(design.keypoints)
    for change in recipe.chosen("act"):
        _activate(network, partial(make, find(change.slot, change.name), change, node="act"))
    _finish(network, graph)
    return network


def as_stock(network: Any) -> Any:  # noqa: ANN401
    """Return a network of stock layers as an object of ultralytics' own class.

    It shares its tensors with the one given.
    """
    stock = _empty(_STOCK[network.graph.design.task])
    kept = {key: value for key, value in network.__dict__.items() if key not in ("recipe", "graph")}
    stock.__dict__.update(kept)
    return stock


def _empty(kind: type) -> Any:  # noqa: ANN401
    """Return a model without its own parser's work."""
    model: Any = object.__new__(kind)
    nn.Module.__init__(model)
    return model


def _with_class_width(graph: Graph) -> tuple[Node, ...]:
    """Return the nodes, the head's as for the number of classes that makes its branches so wide."""
    head, width = graph.head, graph.design.class_width
    if not width or head.entry is not None:
        return graph.nodes
    return (*graph.nodes[:-1], replace(head, arguments=(width, *head.arguments[1:])))


def _fit_classes(head: Any, classes: int) -> None:  # noqa: ANN401
    """Give the class branches of a head as many outputs as there are classes."""
    if head.nc == classes:
        return
    head.nc, head.no = classes, classes + 4 * head.reg_max
    for branches in (head.cv3, getattr(head, "one2one_cv3", None) or ()):
        for branch in branches:
            branch[-1] = nn.Conv2d(branch[-1].in_channels, classes, 1)


def _finish(network: Any, graph: Graph) -> None:  # noqa: ANN401
    """Set strides, the start of the head's biases and the constants of normalisation."""
    head = network.model[-1]
    if isinstance(head, Detect):
        # Not on the meta device, as the head's biases are computed from it.
        strides = torch.tensor([float(s) for s in graph.strides], device="cpu")
        network.stride = head.stride = strides
        head.inplace = True
        head.bias_init()
        initialize_weights(network)
    else:
        network.stride = torch.tensor([1.0], device="cpu")


def _connect(layers: list[Any], graph: Graph) -> list[int]:
    """Give the layers what ultralytics' forward pass reads; return which outputs are kept."""
    at = {node.name: index for index, node in enumerate(graph.nodes)}
    saved: set[int] = set()
    for index, (module, node) in enumerate(zip(layers, graph.nodes, strict=True)):
        sources = [-1 if name == PICTURE else at[name] for name in node.inputs]
        saved.update(source for source in sources if 0 <= source != index - 1)
        relative = [-1 if source == index - 1 else source for source in sources]
        if isinstance(module, Detect):
            # As in ultralytics' files, where heads name their lines.
            module.f = sources
            saved.update(sources)
        else:
            single = len(relative) == 1 and node.slot != "fuse"
            module.f = relative[0] if single else relative
        module.i = index
        made = module[0] if node.copies > 1 else module
        module.type = str(type(made))[8:-2]
        module.np = sum(parameter.numel() for parameter in module.parameters())
    return sorted(saved)


def _activate(network: nn.Module, make: Callable[[], nn.Module]) -> None:
    """Give every convolution with the usual activation another one."""
    for module in network.modules():
        if isinstance(getattr(module, "act", None), type(Conv.default_act)):
            module.act = make()


@contextmanager
def _set(kind: type, name: str, value: object) -> Iterator[None]:
    """Give a class a variable for a while, whether it had one of its own or inherited it."""
    before = vars(kind).get(name, _INHERITED)
    setattr(kind, name, value)
    try:
        yield
    finally:
        if before is _INHERITED:
            delattr(kind, name)
        else:
            setattr(kind, name, before)
