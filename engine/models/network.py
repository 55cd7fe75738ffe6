"""Building the graph of a network as an ultralytics model, without ultralytics' own parser.

What entries are called with, by slot:

    stem, down     (channels in, channels out)           halves height and width
    block          (channels in, channels out, repeats, expansion)
    psa            (channels in, channels out, repeats)
    context        (channels in, channels out)
    attention      (channels)
    up             (channels)                            doubles height and width
    fuse           (channels of the inputs)              gives the sum of them; reads a list
    conv           (channels in, channels out)           3×3, with normalisation and activation
    act            ()
    head           (classes, channels of the inputs)     as a head of ultralytics

and by keyword what the recipe sets. An entry whose layers can be written as fewer ones has a
method `fold()` that returns them, see `engine.models.fold`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from ultralytics.nn import modules, tasks
from ultralytics.nn.modules import Conv, Detect
from ultralytics.utils.torch_utils import initialize_weights

from engine.errors import EngineError, RecipeError
from engine.i18n import N_
from engine.models.graph import PICTURE, Graph, Node
from engine.models.losses import improved
from engine.models.recipe import Change, Recipe
from engine.models.registry import Entry, find

_LOCK = threading.Lock()
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
        RecipeError: An entry cannot be built with the channels that it has there.
    """
    design = graph.design
    # The heads of older networks are told by a variable of their class.
    with _LOCK:
        before, Detect.legacy = Detect.legacy, not graph.modern
        try:
            layers = [_layer(node) for node in graph.nodes]
        finally:
            Detect.legacy = before
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
    activation = _activation(recipe, design.activation)
    if activation is not None:
        _activate(network, activation)
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
    model = object.__new__(kind)
    nn.Module.__init__(model)
    return model


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
        single = len(relative) == 1 and node.slot != "fuse" and not isinstance(module, Detect)
        module.f = relative[0] if single else relative
        module.i = index
        module.type = str(type(module))[8:-2]
        module.np = sum(parameter.numel() for parameter in module.parameters())
    return sorted(saved)


def _layer(node: Node) -> nn.Module:
    if node.entry is None:
        made = _stock_class(node.layer)
        copies = [made(*_fresh(node.arguments)) for _ in range(node.copies)]
        for copy in copies:
            if node.layer == "SPPF" and len(node.arguments) <= 3:
                # Before YOLO26 its first convolution had an activation.
                copy.cv1.act = Conv.default_act
        module = copies[0] if len(copies) == 1 else nn.Sequential(*copies)
    else:
        assert node.change is not None
        module = _made(node.entry, node.change, node.name, *_positional(node))
    if node.inner is not None:
        entry, change = node.inner
        _replace_convolutions(
            module, lambda c_in, c_out: _made(entry, change, node.name, c_in, c_out)
        )
    return module


def _positional(node: Node) -> tuple[Any, ...]:
    first = node.channels_in[0]
    match node.slot:
        case "block":
            return first, node.channels, node.repeats, node.expansion
        case "psa":
            return first, node.channels, node.repeats
        case "attention" | "up":
            return (first,)
        case "fuse":
            return (node.channels_in,)
        case "head":
            return node.channels, node.channels_in
    return first, node.channels


def _made(entry: Entry, change: Change, name: str, *arguments: Any) -> nn.Module:  # noqa: ANN401
    options = {key: type(entry.options[key])(value) for key, value in change.options}
    try:
        module = entry.make(*arguments, **options)
    except EngineError:
        raise
    except (ValueError, TypeError, RuntimeError, ZeroDivisionError, AssertionError) as error:
        raise RecipeError(
            N_("{change} cannot be built at {node}: {reason}."),
            N_("Give it other options or places, or choose another size of network."),
            change=change.label,
            node=name,
            reason=str(error).rstrip("."),
        ) from error
    assert isinstance(module, nn.Module)
    return module


def _replace_convolutions(module: nn.Module, make: Callable[[int, int], nn.Module]) -> None:
    """Put other convolutions in the place of the plain 3×3 ones inside a block."""
    for name, child in module.named_children():
        if _is_plain(child):
            conv: Any = child.conv
            setattr(module, name, make(conv.in_channels, conv.out_channels))
        else:
            _replace_convolutions(child, make)


def _is_plain(module: nn.Module) -> bool:
    if type(module) is not Conv:
        return False
    conv: Any = module.conv
    square, still = conv.kernel_size == (3, 3), conv.stride == (1, 1)
    return bool(square and still and conv.groups == 1 and conv.dilation == (1, 1))


def _activation(recipe: Recipe, name: str) -> Callable[[], nn.Module] | None:
    """Return what makes the activation of a network, None for the usual one."""
    for change in recipe.chosen("act"):
        entry = find(change.slot, change.name)
        return lambda: _made(entry, change, "act")
    return getattr(nn, name) if name else None


def _activate(network: nn.Module, make: Callable[[], nn.Module]) -> None:
    """Give every convolution with the usual activation another one."""
    for module in network.modules():
        if isinstance(getattr(module, "act", None), type(Conv.default_act)):
            module.act = make()


def _stock_class(name: str) -> Callable[..., Any]:
    """Return the class of a layer of `engine.models.layers.LAYERS`."""
    made: Callable[..., Any] = (
        getattr(nn, name.removeprefix("nn.")) if name.startswith("nn.") else getattr(modules, name)
    )
    return made


def _fresh(arguments: tuple[Any, ...]) -> list[Any]:
    """Return arguments that a class may keep and change."""
    return [list(each) if isinstance(each, tuple | list) else each for each in arguments]
