"""Networks as named nodes: what is where, with which channels, at which stride.

Names say where a node is and stay the same whatever is changed around it, so that weights find
their place again: `backbone.p3.block`, `neck.up.p4.fuse`, `head`. The number is the level: p3 is
the feature map with an eighth of the picture's height and width.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import Any

from engine.errors import RecipeError
from engine.i18n import N_
from engine.models.design import Design, Row
from engine.models.layers import (
    LAYERS,
    MODERN,
    Arguments,
    Form,
    Layer,
    adjusted,
    keeps_channels,
)
from engine.models.recipe import Change
from engine.models.registry import Entry

PICTURE = "picture"
CHANNELS = 3
HIGHEST = 256
"""The largest stride that a layer can have, in pixels."""


@dataclass(frozen=True, slots=True)
class Node:
    """One layer of a network.

    Attributes:
        name: Its own in the network.
        part: backbone, neck or head.
        slot: What kind of part it is, a slot of recipes or `layer`.
        layer: A key of `engine.models.layers.LAYERS`, or the label of an entry.
        inputs: Names of the nodes it reads, or `PICTURE`.
        channels_in: Of each input.
        channels: That it gives; several for a layer that gives several maps.
        level: log2 of its stride.
        arguments: What the class of a stock layer is called with.
        copies: So many of it, one after the other.
        repeats: Inner blocks, for an entry that takes its place.
        expansion: Channels inside as a share of `channels`, likewise.
        entry: What stands here instead of a stock layer, None for a stock layer.
        change: The part of the recipe that put it here.
        inner: What replaces the convolutions inside, if anything does.
    """

    name: str
    part: str
    slot: str
    layer: str
    inputs: tuple[str, ...]
    channels_in: tuple[int, ...]
    channels: int
    level: int
    arguments: Arguments = ()
    copies: int = 1
    repeats: int = 1
    expansion: float = 0.5
    entry: Entry | None = None
    change: Change | None = None
    inner: tuple[Entry, Change] | None = None

    @property
    def tags(self) -> frozenset[str]:
        """The places of recipes that mean this node, its name among them."""
        if self.slot == "head":
            return frozenset({self.name})
        level = f"p{self.level}"
        words = self.name.split(".")
        prefixes = {".".join(words[: count + 1]) for count in range(len(words))}
        return frozenset({self.part, level, f"{self.part}.{level}", *prefixes})


@dataclass(frozen=True, slots=True)
class Graph:
    """A network that can be built.

    Attributes:
        design: What it is a form of.
        nodes: In the order of the computation; the last one is the head.
        modern: Whether the class branches of its head are depth-wise.
    """

    design: Design
    nodes: tuple[Node, ...]
    modern: bool

    @property
    def head(self) -> Node:
        """The last node."""
        return self.nodes[-1]

    @property
    def strides(self) -> tuple[int, ...]:
        """Stride of each feature map that the head reads, in pixels."""
        levels = {node.name: node.level for node in self.nodes}
        return tuple(2 ** levels[name] for name in self.head.inputs)

    @property
    def stride(self) -> int:
        """What the sides of the input must be multiples of, in pixels."""
        return int(2 ** max(node.level for node in self.nodes))

    def node(self, name: str) -> Node:
        """Return a node by its name."""
        return next(node for node in self.nodes if node.name == name)


def of(design: Design) -> Graph:
    """Return the graph of a design: channels, strides and names of all its lines.

    Raises:
        RecipeError: The lines do not fit together; the sentence says which.
    """
    if design.classes < 1:
        raise RecipeError(
            N_("{name} is for no classes at all."),
            N_("There must be one at least."),
            name=design.name,
        )
    drawn = _Drawing(design)
    for index, row in enumerate((*design.backbone, *design.neck)):
        drawn.add(index, row)
    if not drawn.nodes or drawn.nodes[-1].slot != "head":
        raise RecipeError(
            N_("{name} does not end with a head."),
            N_("The last line must be one of: {heads}."),
            name=design.name,
            heads=", ".join(name for name, layer in LAYERS.items() if layer.slot == "head"),
        )
    modern = any(row.layer in MODERN for row in (*design.backbone, *design.neck))
    return Graph(design, tuple(drawn.nodes), modern)


def mask_stride(graph: Graph) -> int:
    """Return the stride of the masks of a network that segments, in pixels.

    Its prototypes are twice as fine as the finest feature map that its head reads.
    """
    return max(1, graph.strides[0] // 2)


class _Drawing:
    """Goes through the lines of a design and keeps what the next ones need."""

    def __init__(self, design: Design) -> None:
        self.nodes: list[Node] = []
        self._design = design
        self._strides: list[float] = []
        self._names: Counter[str] = Counter()
        self._down = False

    def add(self, index: int, row: Row) -> None:
        """Append the node of a line."""
        layer = LAYERS[row.layer]
        arguments = tuple(self._resolve(argument) for argument in row.arguments)
        sources = [self._source(index, source, row) for source in row.sources]
        channels_in = [CHANNELS if at < 0 else self.nodes[at].channels for at in sources]
        strides = [1.0 if at < 0 else self._strides[at] for at in sources]
        self._check_inputs(index, row, channels_in, strides)
        try:
            called, channels, copies, repeats = self._call(row, layer, arguments, channels_in)
            factor = layer.factor(arguments)
            stride = strides[-1] * factor**copies
            expansion = _expansion(row.layer, called)
        except (ArithmeticError, IndexError, TypeError, ValueError) as error:
            raise self._refusal(
                index, row, N_("Line {line} of {name}: {layer} cannot have these arguments.")
            ) from error
        if copies > 1 or keeps_channels(row.layer, called):
            self._check_channels(index, row, channels_in[0], channels)
        part = "backbone" if index < len(self._design.backbone) else "neck"
        slot = layer.slot
        if slot == "conv" and factor > 1:
            slot = "down" if self.nodes else "stem"
        level = self._level(index, row, stride)
        self._strides.append(stride)
        self.nodes.append(
            Node(
                name=self._name(part, slot, level),
                part="head" if slot == "head" else part,
                slot=slot,
                layer=row.layer,
                inputs=tuple(PICTURE if at < 0 else self.nodes[at].name for at in sources),
                channels_in=tuple(channels_in),
                channels=channels,
                level=level,
                arguments=called,
                copies=copies,
                repeats=repeats,
                expansion=expansion,
            )
        )

    def _check_inputs(
        self, index: int, row: Row, channels_in: list[Any], strides: list[float]
    ) -> None:
        """Refuse a layer that cannot read what it is given, whatever its arguments."""
        layer = LAYERS[row.layer]
        if self.nodes and self.nodes[-1].slot == "head":
            raise self._refusal(index, row, N_("Line {line} of {name} stands behind the head."))
        if not channels_in or (len(channels_in) > 1 and not layer.joins):
            message = N_("Line {line} of {name}: {layer} reads one feature map, not {count}.")
            raise self._refusal(index, row, message, count=len(channels_in))
        if layer.form is not Form.GATHER and any(isinstance(each, tuple) for each in channels_in):
            message = N_("Line {line} of {name} reads a layer that only CBFuse can read.")
            raise self._refusal(index, row, message)
        if layer.form is Form.JOIN and len(set(strides)) > 1:
            raise self._refusal(
                index, row, N_("Line {line} of {name} joins feature maps of different sizes.")
            )
        if layer.once and self._design.scale.repeats(row.repeats) > 1:
            message = N_("Line {line} of {name}: {layer} stands once and cannot be repeated.")
            raise self._refusal(index, row, message)

    def _check_channels(self, index: int, row: Row, first: int, channels: int) -> None:
        """Refuse a layer that must give as many channels as it reads and does not."""
        if channels != first:
            message = N_("Line {line} of {name}: {layer} must give the {first} channels that it"
                         " reads, not {channels}.")  # fmt: skip
            raise self._refusal(index, row, message, first=first, channels=channels)

    def _level(self, index: int, row: Row, stride: float) -> int:
        """Return the level of a stride."""
        if not (1 <= stride <= HIGHEST and math.frexp(stride)[0] == 0.5):
            message = N_("Line {line} of {name} makes feature maps of stride {stride}; strides are"
                         " powers of two from 1 to {most}.")  # fmt: skip
            raise self._refusal(index, row, message, stride=f"{stride:g}", most=HIGHEST)
        return int(math.log2(stride))

    def _source(self, index: int, source: int, row: Row) -> int:
        """Return the index of the line that a source names, -1 for the picture."""
        at = index + source if source < 0 else source
        if not -1 <= at < index or (at == -1 and index > 0):
            message = N_("Line {line} of {name} reads line {source}, which is not before it.")
            raise self._refusal(index, row, message, source=source)
        return at

    def _resolve(self, argument: object) -> object:
        if argument == "nc":
            return self._design.classes
        if argument == "kpt_shape":
            return self._design.keypoints
        return argument

    def _call(
        self, row: Row, layer: Layer, arguments: Arguments, channels_in: list[Any]
    ) -> tuple[Arguments, Any, int, int]:
        """Return what a class is called with, its channels, its copies and its repeats."""
        design, scale, form = self._design, self._design.scale, layer.form
        repeats = scale.repeats(row.repeats)
        first = channels_in[0]
        if form is Form.SCALED:
            channels = scale.channels(arguments[0])
            inside = repeats if layer.depth is None else arguments[layer.depth]
            return (first, channels, *arguments[1:]), channels, repeats, inside
        if form is Form.REPEATED:
            channels = scale.channels(arguments[0])
            rest = adjusted(row.layer, arguments, scale)[1:]
            return (first, channels, repeats, *rest), channels, 1, repeats
        if form is Form.PLAIN:
            return arguments, first, repeats, 1
        if form is Form.SAME:
            # Normalisation knows its channels alone, whatever a file says of them.
            rest = () if row.layer == "nn.BatchNorm2d" else arguments
            return (first, *rest), first, repeats, 1
        if form is Form.JOIN:
            if arguments not in ((), (1,)):
                raise ValueError("feature maps are joined along their channels")
            return arguments, sum(channels_in), repeats, 1
        if form is Form.MIDDLE:
            called = (first, *arguments)
            if row.layer == "HGBlock":
                return (*called[:4], repeats, *called[4:]), arguments[1], 1, repeats
            return called, arguments[1], repeats, 1
        if form is Form.RESIDUAL:
            if arguments[0] != first:
                raise ValueError("it is told other channels than it reads")
            is_stem = len(arguments) > 3 and arguments[3]
            return arguments, arguments[1] if is_stem else arguments[1] * 4, repeats, 1
        if form is Form.SPREAD:
            if not isinstance(arguments[0], tuple):
                raise TypeError("it is told one number of channels instead of several")
            return (first, *arguments), arguments[0], repeats, 1
        if form is Form.GATHER:
            *spread, channels = channels_in
            chosen = [each[at] for each, at in zip(spread, arguments[0], strict=True)]
            if not chosen or set(chosen) != {channels}:
                raise ValueError("what it adds up has different channels")
            return arguments, channels, repeats, 1
        if form is Form.END_TO_END:
            return (*arguments, channels_in), design.classes, 1, 1
        if form is Form.CLASSES:
            return (first, *arguments), design.classes, 1, 1
        if layer.task == "segment":
            arguments = (*arguments[:2], scale.channels(arguments[2]), *arguments[3:])
        called = (*arguments, design.bins, design.end_to_end, channels_in)
        return called, design.classes, 1, 1

    def _name(self, part: str, slot: str, level: int) -> str:
        """Return a name that stays the same whatever is changed elsewhere in the network."""
        if slot == "head":
            return "head"
        if part == "neck":
            self._down = self._down or slot == "down"
            part = "neck.down" if self._down else "neck.up"
        name = f"{part}.p{level}.{slot}"
        self._names[name] += 1
        return name if self._names[name] == 1 else f"{name}.{self._names[name]}"

    def _refusal(self, index: int, row: Row, message: str, **values: object) -> RecipeError:
        return RecipeError(
            message,
            N_("Its module is {layer}; compare it with the file it was made from."),
            line=index,
            name=self._design.name,
            layer=row.layer,
            **values,
        )


def _expansion(layer: str, called: Arguments) -> float:
    """Return how wide a block is inside, where what it is called with tells."""
    return float(called[4]) if layer == "C3k2" and len(called) > 4 else 0.5
