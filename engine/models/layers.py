"""How the layers of Ultralytics' YAML files are called; which there are, and nothing else.

A line of such a file is `[from, repeats, module, arguments]`. What the arguments mean differs from
module to module; the table below says it for each. Nothing is looked up by name anywhere else, so
that a file cannot reach a function.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

Arguments = tuple[Any, ...]


class Form(Enum):
    """What a module is called with, where `…` are the arguments of the line."""

    SCALED = auto()
    """(channels in, channels out scaled by the width, …)"""
    REPEATED = auto()
    """(channels in, channels out scaled by the width, repeats, …)"""
    PLAIN = auto()
    """(…); as many channels out as in"""
    SAME = auto()
    """(channels in, …); as many channels out as in"""
    JOIN = auto()
    """(…); the channels of all inputs together"""
    MIDDLE = auto()
    """(channels in, channels in the middle, channels out, …)"""
    RESIDUAL = auto()
    """(channels in, channels of a bottleneck, stride, is stem, repeats)"""
    SPREAD = auto()
    """(channels in, list of channels out, …); for the layers of YOLOv9 that send on several maps"""
    GATHER = auto()
    """(indices); the channels of the last input"""
    BOXES = auto()
    """A head: (classes, …, bins, end to end, channels of all inputs)"""
    END_TO_END = auto()
    """A head: (classes, channels of all inputs)"""
    CLASSES = auto()
    """A head: (channels in, classes, …)"""


@dataclass(frozen=True, slots=True)
class Layer:
    """How one module is called.

    Attributes:
        form: What it is called with.
        slot: The slot of a recipe that can replace it, or `layer`.
        factor: From the arguments of the line, what height and width are divided by.
        task: What a head is for, empty for other modules.
        inner: Positions of arguments that are channels beside those that its form names.
        depth: Position of the argument that says how often something inside is repeated.
    """

    form: Form
    slot: str = "layer"
    factor: Callable[[Arguments], float] = lambda arguments: 1
    task: str = ""
    inner: tuple[int, ...] = ()
    depth: int | None = None

    @property
    def channels(self) -> tuple[int, ...]:
        """Positions of all arguments that are channels."""
        return _CHANNELS.get(self.form, ()) + self.inner

    @property
    def joins(self) -> bool:
        """Whether it reads a list of feature maps instead of one."""
        return self.form in (Form.JOIN, Form.GATHER, Form.BOXES, Form.END_TO_END)

    @property
    def once(self) -> bool:
        """Whether two of it cannot stand one after the other."""
        return self.joins or self.form in (Form.SPREAD, Form.CLASSES)


_CHANNELS = {
    Form.SCALED: (0,),
    Form.REPEATED: (0,),
    Form.MIDDLE: (0, 1),
    Form.RESIDUAL: (0, 1),
    Form.SPREAD: (0,),
}


def _argument(position: int, default: float = 1) -> Callable[[Arguments], float]:
    def factor(arguments: Arguments) -> float:
        return float(arguments[position]) if len(arguments) > position else default

    return factor


def _enlarges(position: int, default: float) -> Callable[[Arguments], float]:
    factor = _argument(position, default)
    return lambda arguments: 1 / factor(arguments)


def _fixed(value: float) -> Callable[[Arguments], float]:
    return lambda arguments: value


def _of_pooling(arguments: Arguments) -> float:
    stride = arguments[1] if len(arguments) > 1 else None
    return float(arguments[0] if stride is None else stride)


def _of_upsample(arguments: Arguments) -> float:
    size, factor = arguments[:2]
    if size is not None:
        raise ValueError("a fixed size fits one size of pictures only")
    return 1 / float(factor)


def _of_residual(arguments: Arguments) -> float:
    is_stem = len(arguments) > 3 and bool(arguments[3])
    # The stem is a convolution and a pooling, each with stride 2.
    return 4 if is_stem else float(arguments[2])


LAYERS = {
    "Conv": Layer(Form.SCALED, "conv", _argument(2)),
    "DWConv": Layer(Form.SCALED, "conv", _argument(2)),
    "GhostConv": Layer(Form.SCALED, "conv", _argument(2)),
    "SCDown": Layer(Form.SCALED, "conv", _argument(2)),
    "Focus": Layer(Form.SCALED, "conv", _fixed(2)),
    "AConv": Layer(Form.SCALED, "conv", _fixed(2)),
    "ADown": Layer(Form.SCALED, "conv", _fixed(2)),
    "ConvTranspose": Layer(Form.SCALED, "up", _enlarges(2, 2)),
    "nn.ConvTranspose2d": Layer(Form.SCALED, "up", _enlarges(2, 1)),
    "DWConvTranspose2d": Layer(Form.SCALED, "up", _enlarges(2, 1)),
    "nn.Upsample": Layer(Form.PLAIN, "up", _of_upsample),
    "nn.MaxPool2d": Layer(Form.PLAIN, factor=_of_pooling),
    "nn.ZeroPad2d": Layer(Form.PLAIN),
    "nn.Identity": Layer(Form.PLAIN),
    "nn.BatchNorm2d": Layer(Form.SAME),
    "Bottleneck": Layer(Form.SCALED, "block"),
    "GhostBottleneck": Layer(Form.SCALED, "block", _argument(2)),
    "RepNCSPELAN4": Layer(Form.SCALED, "block", inner=(1, 2), depth=3),
    "ELAN1": Layer(Form.SCALED, "block", inner=(1, 2)),
    "BottleneckCSP": Layer(Form.REPEATED, "block"),
    "C1": Layer(Form.REPEATED, "block"),
    "C2": Layer(Form.REPEATED, "block"),
    "C2f": Layer(Form.REPEATED, "block"),
    "C3k2": Layer(Form.REPEATED, "block"),
    "C3": Layer(Form.REPEATED, "block"),
    "C3TR": Layer(Form.REPEATED, "block"),
    "C3Ghost": Layer(Form.REPEATED, "block"),
    "C3x": Layer(Form.REPEATED, "block"),
    "RepC3": Layer(Form.REPEATED, "block"),
    "C2fCIB": Layer(Form.REPEATED, "block"),
    "A2C2f": Layer(Form.REPEATED, "block"),
    "HGStem": Layer(Form.MIDDLE, "stem", _fixed(4)),
    "HGBlock": Layer(Form.MIDDLE, "block"),
    "ResNetLayer": Layer(Form.RESIDUAL, "block", _of_residual, depth=4),
    "SPP": Layer(Form.SCALED, "context"),
    "SPPF": Layer(Form.SCALED, "context"),
    "SPPELAN": Layer(Form.SCALED, "context", inner=(1,)),
    "PSA": Layer(Form.SCALED, "psa"),
    "C2PSA": Layer(Form.REPEATED, "psa"),
    "C2fPSA": Layer(Form.REPEATED, "psa"),
    "AIFI": Layer(Form.SAME, "psa", inner=(0,)),
    "Concat": Layer(Form.JOIN, "fuse"),
    "CBLinear": Layer(Form.SPREAD),
    "CBFuse": Layer(Form.GATHER),
    "Detect": Layer(Form.BOXES, "head", task="detect"),
    "v10Detect": Layer(Form.END_TO_END, "head", task="detect"),
    "Segment": Layer(Form.BOXES, "head", task="segment", inner=(1, 2)),
    "Segment26": Layer(Form.BOXES, "head", task="segment", inner=(1, 2)),
    "Pose": Layer(Form.BOXES, "head", task="pose"),
    "Pose26": Layer(Form.BOXES, "head", task="pose"),
    "OBB": Layer(Form.BOXES, "head", task="obb"),
    "OBB26": Layer(Form.BOXES, "head", task="obb"),
    "Classify": Layer(Form.CLASSES, "head", task="classify"),
}

MODERN = ("C3k2", "A2C2f", "C2fCIB")
"""Blocks of networks whose class branches are depth-wise; older ones have plain convolutions."""


@dataclass(frozen=True, slots=True)
class Scale:
    """How a family of networks grows.

    Attributes:
        name: Such as n, s, m, l, x; empty where there is one size.
        depth: Multiplies repeats.
        width: Multiplies channels.
        most: Channels are cut to this before they are multiplied.
    """

    name: str = ""
    depth: float = 1.0
    width: float = 1.0
    most: float = math.inf

    def channels(self, nominal: int) -> int:
        """Return the channels of a layer that has `nominal` in the description."""
        return math.ceil(min(nominal, self.most) * self.width / 8) * 8

    def repeats(self, nominal: int) -> int:
        """Return the repeats of a layer that has `nominal` in the description."""
        return max(round(nominal * self.depth), 1) if nominal > 1 else nominal


def adjusted(name: str, arguments: Arguments, scale: Scale) -> Arguments:
    """Return the arguments of a line as the size of the network wants them.

    Args:
        name: Of the module.
        arguments: Of the line, the channels first.
        scale: The larger sizes have other inner blocks in C3k2 and A2C2f.
    """
    if name == "C3k2" and scale.name in ("m", "l", "x"):
        return (arguments[0], True, *arguments[2:])
    if name == "A2C2f" and scale.name in ("l", "x"):
        return (*arguments, True, 1.2)
    return arguments


def keeps_channels(name: str, called: Arguments) -> bool:
    """Tell whether a layer works only where it gives as many channels as it reads.

    Args:
        name: Of the module.
        called: What its class is called with.
    """
    if name == "A2C2f":
        # The larger sizes add what it reads to what it gives.
        attends = len(called) <= 3 or bool(called[3])
        return attends and len(called) > 5 and bool(called[5])
    return name in ("PSA", "C2PSA", "C2fPSA")
