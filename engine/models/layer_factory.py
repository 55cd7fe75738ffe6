"""Building one layer of a network: a stock class or an entry of the catalogue.

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

and by keyword what the recipe sets. An entry in a place of its own whose class has a positional
argument `level` gets it as well: log2 of the stride of the map that it gives, 3 at p3. An entry
whose layers can be written as fewer ones has a method `fold()` that returns them, see
`engine.models.fold`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import partial
from typing import Any

from torch import nn
from ultralytics.nn import modules
from ultralytics.nn.modules import Conv, Detect

from engine.errors import RecipeError
from engine.i18n import N_
from engine.models.graph import Graph, Node
from engine.models.recipe import Change
from engine.models.registry import make


def layer(node: Node) -> nn.Module:
    """Return the module of a node.

    Raises:
        RecipeError: It cannot be built with its options or with the channels that it has there.
    """
    if node.entry is None:
        made = _stock_class(node.layer)
        try:
            copies = [made(*_fresh(node.arguments)) for _ in range(node.copies)]
        except (ArithmeticError, AssertionError, LookupError, RuntimeError, TypeError,
                ValueError) as error:  # fmt: skip
            raise RecipeError(
                N_("{layer} cannot be built at {node}: {reason}."),
                N_("Compare its line with the file that the network was made from."),
                layer=node.layer,
                node=node.name,
                reason=str(error).rstrip(".") or type(error).__name__,
            ) from error
        for copy in copies:
            if node.layer == "SPPF" and len(node.arguments) <= 3:
                # Before YOLO26 its first convolution had an activation.
                copy.cv1.act = Conv.default_act
        module = copies[0] if len(copies) == 1 else nn.Sequential(*copies)
    else:
        assert node.change is not None
        level = (node.level,) if _asks_level(node.entry.make) else ()
        module = make(node.entry, node.change, *_positional(node), *level, node=node.name)
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


def _asks_level(made: Callable[..., Any]) -> bool:
    """Tell whether a class wants to know at which level it stands."""
    parameter = inspect.signature(made).parameters.get("level")
    return parameter is not None and parameter.kind is not parameter.KEYWORD_ONLY


def put_inside(layers: list[nn.Module], graph: Graph) -> None:
    """Put the recipe's convolutions into blocks that have plain ones, wherever they came from."""
    replaced: dict[Change, int] = {}
    for module, node in zip(layers, graph.nodes, strict=True):
        if node.inner is None:
            continue
        entry, change = node.inner
        within = partial(make, entry, change, node=node.name)
        replaced[change] = replaced.get(change, 0) + _replace_convolutions(module, within)
    for change, count in replaced.items():
        if not count:
            raise RecipeError(
                N_("{change} finds no 3×3 convolution to replace."),
                N_("Choose other blocks or places, or leave it out."),
                change=change.label,
            )


def _replace_convolutions(module: nn.Module, within: Callable[[int, int], nn.Module]) -> int:
    """Put other convolutions in the place of the plain 3×3 ones inside a block; count them."""
    count = 0
    for name, child in module.named_children():
        if _is_plain(child):
            conv: Any = child.conv
            setattr(module, name, within(conv.in_channels, conv.out_channels))
            count += 1
        else:
            count += _replace_convolutions(child, within)
    return count


def _is_plain(module: Any) -> bool:  # noqa: ANN401
    if type(module) is not Conv or type(module.act) is not type(Conv.default_act):
        return False
    conv = module.conv
    square, still = conv.kernel_size == (3, 3), conv.stride == (1, 1)
    return bool(square and still and conv.groups == 1 and conv.dilation == (1, 1))


def class_of(head: Node) -> type:
    """Return the class of a head; a function of the catalogue that makes one stands for Detect."""
    made = head.entry.make if head.entry is not None else _stock_class(head.layer)
    return made if isinstance(made, type) else Detect


def _stock_class(name: str) -> Callable[..., Any]:
    """Return the class of a layer of `engine.models.layers.LAYERS`."""
    made: Callable[..., Any] = (
        getattr(nn, name.removeprefix("nn.")) if name.startswith("nn.") else getattr(modules, name)
    )
    return made


def _fresh(arguments: tuple[Any, ...]) -> list[Any]:
    """Return arguments that a class may keep and change."""
    return [list(each) if isinstance(each, tuple | list) else each for each in arguments]
