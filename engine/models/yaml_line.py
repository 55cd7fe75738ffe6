"""One line of an Ultralytics YAML file: what it may say and what not.

Modules and words are looked up in tables and nowhere else. What is in none of them is refused, with
the nearest that is.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from engine.errors import RecipeError
from engine.i18n import N_
from engine.models.design import Row
from engine.models.layers import LAYERS, Arguments, Form, Layer, Scale
from engine.models.words import nearest

MOST = 65536
"""The largest number among arguments, so that a file cannot ask for terabytes."""
MOST_REPEATS = 1000
"""Of one line, and of all lines together."""
MOST_ARGUMENTS = 32

FOREIGN = (
    "C2fAttn", "CBAM", "Depth", "ImagePoolingAttn", "Index", "RepConv", "RTDETRDecoder",
    "SemanticSegment", "TorchVision", "WorldDetect", "YOLOEDetect", "YOLOESegment",
    "YOLOESegment26",
)  # fmt: skip
"""Modules that ultralytics has and that have no place here."""

_PLAIN: dict[str, Any] = {"None": None, "True": True, "False": False}
_WORDS = {"nn.Upsample": ("nearest", "bilinear", "bicubic")}
_OF_HEADS = ("nc", "kpt_shape")
_HEADS: dict[str, Arguments] = {
    "detect": ("nc",),
    "segment": ("nc", 32, 256),
    "pose": ("nc", "kpt_shape"),
    "obb": ("nc", 1),
    "classify": ("nc",),
}
"""Arguments of the heads; the numbers can be others."""
_WHOLE = re.compile(r"-?\d{1,9}")
_NUMBER = re.compile(r"-?(?:\d{1,9}\.\d{0,9}|\.\d{1,9}|\d{1,9})(?:[eE][+-]?\d{1,2})?")
_SHAPE = N_("A line is such as [-1, 1, Conv, [64, 3, 2]].")
_SIMPLE = N_("Arguments are numbers, None, True, False and a few words such as nc and nearest.")


class Where(NamedTuple):
    """The line that a sentence is about, counted from 0 as lines count each other."""

    name: str
    line: int


def row(value: object, where: Where, scale: Scale) -> Row:
    """Return a line as a row of a design.

    Args:
        value: As YAML has it.
        where: For sentences.
        scale: Of the network.

    Raises:
        RecipeError: It is no line, or nothing that can be built.
    """
    if not isinstance(value, list | tuple) or len(value) != 4:
        raise _shapeless(where)
    sources, repeats, module, arguments = value
    several = sources if isinstance(sources, list | tuple) else [sources]
    if not 1 <= len(several) <= MOST_ARGUMENTS or not all(map(_is_line, several)):
        raise _shapeless(where)
    if not isinstance(module, str) or not isinstance(arguments, list | tuple):
        raise _shapeless(where)
    if not _is_whole(repeats) or not 1 <= repeats <= MOST_REPEATS:
        raise RecipeError(
            N_("Line {line} of {name} is repeated {repeats} times, which is no whole number from 1"
               " to {most}."),
            _SHAPE,
            **where._asdict(),
            repeats=shown(repeats),
            most=MOST_REPEATS,
        )  # fmt: skip
    layer = _layer(module, where)
    if len(arguments) > MOST_ARGUMENTS:
        raise _shapeless(where)
    made = tuple(_argument(each, module, where) for each in arguments)
    _check_channels(layer, made, scale, where)
    if layer.task:
        _check_head(module, layer, made, where)
    return Row(tuple(several), repeats, module, made)


def blocks(made: Row, scale: Scale) -> int:
    """Return how many layers a row stands for, those inside among them."""
    depth = LAYERS[made.layer].depth
    inside = made.arguments[depth] if depth is not None and depth < len(made.arguments) else 1
    return scale.repeats(made.repeats) * (max(inside, 1) if _is_whole(inside) else 1)


def shown(value: object) -> str:
    """Return what a stranger wrote as a short text."""
    if isinstance(value, list | tuple):
        return "[…]"
    if isinstance(value, dict | set | bytes):
        return "{…}"
    if isinstance(value, int) and abs(value) > 10**15:
        return "…"
    text = str(value)
    return text if len(text) <= 60 else text[:60] + "…"


def _layer(module: str, where: Where) -> Layer:
    if module in FOREIGN:
        raise RecipeError(
            N_("Line {line} of {name} has {module}, which is not among the modules that LabSight"
               " runs."),
            N_("Choose a network for detecting, segmenting, poses, oriented boxes or classes."),
            **where._asdict(),
            module=module,
        )  # fmt: skip
    if module not in LAYERS:
        raise RecipeError(
            N_("Line {line} of {name} has {module}, which is no known module; the nearest is"
               " {nearest}."),
            _SHAPE,
            **where._asdict(),
            module=shown(module) or "''",
            nearest=nearest(shown(module), LAYERS),
        )  # fmt: skip
    return LAYERS[module]


def _argument(value: object, module: str, where: Where, *, inner: bool = False) -> Any:  # noqa: ANN401
    """Return an argument as it is meant; words stay words only where a module knows them."""
    words = _OF_HEADS if LAYERS[module].task else _WORDS.get(module, ())
    if isinstance(value, str):
        if value in _PLAIN:
            return _PLAIN[value]
        if value in words:
            return value
        if _WHOLE.fullmatch(value):
            value = int(value)
        elif _NUMBER.fullmatch(value):
            value = float(value)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int | float) and abs(value) <= MOST:
        return value
    if isinstance(value, list | tuple) and not inner and len(value) <= MOST_ARGUMENTS:
        return tuple(_argument(each, module, where, inner=True) for each in value)
    if isinstance(value, int | float):
        raise RecipeError(
            N_("Line {line} of {name} has the number {argument}; the largest is {most}."),
            _SIMPLE,
            **where._asdict(),
            argument=shown(value),
            most=MOST,
        )
    raise RecipeError(
        N_("Line {line} of {name} has the argument {argument}, which is not known there; the"
           " nearest is {nearest}."),
        _SIMPLE,
        **where._asdict(),
        argument=shown(value) or "''",
        nearest=nearest(shown(value), (*words, *_PLAIN)),
    )  # fmt: skip


def _check_channels(layer: Layer, arguments: Arguments, scale: Scale, where: Where) -> None:
    for position in layer.channels:
        value = arguments[position] if position < len(arguments) else 1
        for each in value if layer.form is Form.SPREAD and isinstance(value, tuple) else (value,):
            if not _is_whole(each) or not 1 <= each <= MOST or scale.channels(each) > MOST:
                raise RecipeError(
                    N_("Line {line} of {name} has {channels} channels, which is no whole number"
                       " from 1 to {most}."),
                    _SHAPE,
                    **where._asdict(),
                    channels=shown(each),
                    most=MOST,
                )  # fmt: skip


def _check_head(module: str, layer: Layer, arguments: Arguments, where: Where) -> None:
    usual = _HEADS[layer.task]
    more = layer.form is Form.CLASSES
    fits = len(arguments) == len(usual) or (more and len(arguments) > len(usual))
    for each, pattern in zip(arguments, usual, strict=False):
        fits = fits and (each == pattern if isinstance(pattern, str) else _is_whole(each))
    if not fits:
        raise RecipeError(
            N_("Line {line} of {name}: {module} must have the arguments {arguments}."),
            N_("Say with nc and kpt_shape at the top of the file what it is for."),
            **where._asdict(),
            module=module,
            arguments=f"[{', '.join(map(str, usual))}]",
        )


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_line(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) <= MOST


def _shapeless(where: Where) -> RecipeError:
    return RecipeError(
        N_("Line {line} of {name} is not of the form [from, repeats, module, arguments]."),
        _SHAPE,
        **where._asdict(),
    )
