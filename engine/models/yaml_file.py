"""Reading networks from Ultralytics' YAML files, without running anything that is written in them.

What a file can name is in tables: modules, words among their arguments, activation functions.
What is in none of them is refused, with the nearest that is.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from engine.errors import RecipeError
from engine.i18n import N_
from engine.models.design import Design, Row
from engine.models.layers import LAYERS, Scale
from engine.models.words import listed, nearest
from engine.models.yaml_line import MOST, MOST_REPEATS, Where, blocks, row, shown

MOST_BYTES = 1 << 20
MOST_LINES = 1000
ACTIVATIONS = (
    "CELU", "ELU", "GELU", "Hardswish", "Identity", "LeakyReLU", "Mish", "ReLU", "ReLU6", "SELU",
    "Sigmoid", "SiLU", "Softplus", "Tanh",
)  # fmt: skip
"""Classes of torch.nn that are called without arguments here and have no parameters."""

_TAG = re.compile(r"for the tag '([^']{1,200})'")
_ACTIVATION = re.compile(r"(?:torch\.)?nn\.(\w{1,60})\((.*)\)", re.DOTALL)
_GUESS = re.compile(r"yolo(?:e-)?v?\d+([nslmx])")
_SIZED = re.compile(r"(\d+)[nslmx](.+)?$")
_NEEDS = N_("It needs nc, backbone and head, as Ultralytics' files have them.")
_OTHER = N_("Choose a file such as yolo11.yaml.")


def read(path: Path) -> Design:
    """Return the network that a YAML file describes.

    The size is told by the file's name: `yolo11s.yaml`, or `yolo11.yaml` beside it, at scale s.

    Raises:
        RecipeError: The file is missing, is no YAML or describes no network that can be built.
    """
    content = _load(path, _found(path))
    guess = _GUESS.search(path.stem)
    if guess is not None and isinstance(content, dict):
        content["scale"] = guess[1]
    return from_content(content, path.stem)


def from_content(content: Mapping[str, Any], name: str) -> Design:
    """Return the network that the content of a YAML file describes.

    Args:
        content: As `yaml.safe_load` gives it, or the `yaml` of ultralytics' models.
        name: What to call the network.

    Raises:
        RecipeError: It describes no network that can be built.
    """
    if not isinstance(content, Mapping):
        raise RecipeError(N_("{name} does not describe a network."), _NEEDS, name=name)
    scale = _scale(content, name)
    backbone, neck = _parts(content, name, scale)
    last = LAYERS[neck[-1].layer]
    if not last.task:
        raise RecipeError(
            N_("{name} does not end with a head."),
            N_("The last line must be one of: {heads}."),
            name=name,
            heads=", ".join(key for key, layer in LAYERS.items() if layer.task),
        )
    channels = next((content[key] for key in ("channels", "ch") if content.get(key)), 3)
    if channels != 3:
        raise RecipeError(
            N_("{name} reads pictures of {channels} channels; LabSight's have 3."),
            N_("Write channels: 3 or leave it out."),
            name=name,
            channels=shown(channels),
        )
    return Design(
        name=name,
        task=last.task,
        scale=scale,
        backbone=backbone,
        neck=neck,
        classes=_whole(content.get("nc"), "nc", name, MOST),
        keypoints=_keypoints(content, name) if last.task == "pose" else (17, 3),
        bins=_whole(content.get("reg_max", 16), "reg_max", name, 256),
        end_to_end=content.get("end2end") is True,
        activation=_activation(content.get("activation"), name),
    )


def _found(path: Path) -> Path:
    """Return the file that is meant: this one or the one of all sizes beside it."""
    if path.exists():
        return path
    unsized = path.with_name(_SIZED.sub(r"\1\2", path.name))
    if unsized.exists():
        return unsized
    raise RecipeError(
        N_("There is no network file {path}."),
        N_("Check the name; yolo11n and others need no file."),
        path=path,
    )


def _load(path: Path, found: Path) -> Any:  # noqa: ANN401 - whatever a stranger wrote
    try:
        with found.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise RecipeError(
            N_("Cannot read {path}: {reason}."),
            N_("Check the file and its permissions."),
            path=path,
            reason=error.strerror or error,
        ) from error
    if len(data) > MOST_BYTES:
        raise RecipeError(
            N_("{path} is too large for the description of a network."), _NEEDS, path=path
        )
    try:
        content = yaml.safe_load(data.decode("utf-8-sig"))
    except yaml.MarkedYAMLError as error:
        tag = _TAG.search(error.problem or "")
        mark = error.problem_mark
        raise RecipeError(
            N_("{path} has the tag {tag}, which could run code, and was not read.")
            if tag
            else N_("{path} is not a YAML file: line {line} cannot be read."),
            _OTHER,
            path=path,
            tag=tag[1] if tag else "",
            line=mark.line + 1 if mark else "?",
        ) from error
    # What its constructors raise on numbers and dates that are none.
    except (yaml.YAMLError, ArithmeticError, AttributeError, LookupError, RecursionError,
            TypeError, ValueError) as error:  # fmt: skip
        raise RecipeError(N_("{path} is not a YAML file."), _OTHER, path=path) from error
    if content is None:
        raise RecipeError(N_("{path} is empty."), _NEEDS, path=path)
    return content


def _scale(content: Mapping[str, Any], name: str) -> Scale:
    wanted, scales = content.get("scale") or "", content.get("scales")
    if not isinstance(scales, Mapping) or not scales:
        # The larger sizes have other blocks inside even where nothing is multiplied.
        letter = wanted if isinstance(wanted, str) else ""
        depth, width = (content.get(key, 1.0) for key in ("depth_multiple", "width_multiple"))
        return _checked(letter, (depth, width, math.inf), name)
    known = {shown(key): value for key, value in scales.items()}
    letter = shown(wanted) or next(iter(known))
    if letter not in known:
        raise RecipeError(
            N_("{name} has no scale {scale}; the nearest is {nearest}."),
            N_("Its scales are: {scales}."),
            name=name,
            scale=letter,
            nearest=nearest(letter, known),
            scales=listed(known),
        )
    return _checked(letter, known[letter], name)


def _checked(letter: str, values: object, name: str) -> Scale:
    """Return a scale if what is said of it are three numbers."""
    fits = isinstance(values, list | tuple) and len(values) == 3
    numbers: list[Any] = list(values) if isinstance(values, list | tuple) and fits else []
    for value, most in zip(numbers, (MOST_REPEATS, MOST, math.inf), strict=False):
        number = isinstance(value, int | float) and not isinstance(value, bool)
        fits = fits and number and 0 < value <= most
    if not fits:
        raise RecipeError(
            N_("The scale {scale} of {name} is not three positive numbers."),
            N_("A scale is [depth, width, most channels], such as [0.50, 0.25, 1024]."),
            name=name,
            scale=letter or "''",
        )
    return Scale(letter, *numbers)


def _parts(
    content: Mapping[str, Any], name: str, scale: Scale
) -> tuple[tuple[Row, ...], tuple[Row, ...]]:
    """Return the lines of the backbone and those after them."""
    lines: list[object] = []
    for part in ("backbone", "head"):
        found = content.get(part)
        if not isinstance(found, list | tuple) or not found:
            raise RecipeError(N_("{name} has no {part}."), _NEEDS, name=name, part=part)
        lines += found
    if len(lines) > MOST_LINES:
        raise RecipeError(
            N_("{name} has more than {most} lines."), _NEEDS, name=name, most=MOST_LINES
        )
    rows = tuple(row(value, Where(name, line), scale) for line, value in enumerate(lines))
    if sum(blocks(each, scale) for each in rows) > MOST_REPEATS:
        raise RecipeError(
            N_("{name} has more than {most} layers, repeats among them."),
            N_("Give its lines fewer repeats."),
            name=name,
            most=MOST_REPEATS,
        )
    length = len(content["backbone"])
    return rows[:length], rows[length:]


def _whole(value: object, key: str, name: str, most: int) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= most:
        return value
    raise RecipeError(
        N_("{name} has {key}: {value}, which is no whole number from 1 to {most}."),
        N_("nc is the number of classes; reg_max can be left out."),
        name=name,
        key=key,
        value=shown(value),
        most=most,
    )


def _keypoints(content: Mapping[str, Any], name: str) -> tuple[int, int]:
    shape = content.get("kpt_shape")
    if isinstance(shape, list | tuple) and len(shape) == 2 and shape[1] in (2, 3):
        return _whole(shape[0], "kpt_shape", name, MOST_REPEATS), int(shape[1])
    raise RecipeError(
        N_("{name} is for poses and needs kpt_shape: [number of keypoints, 2 or 3]."),
        N_("For people it is [17, 3]."),
        name=name,
    )


def _activation(value: object, name: str) -> str:
    """Return the name of a class of torch.nn, empty for the usual one."""
    if not value:
        return ""
    found = _ACTIVATION.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        raise RecipeError(
            N_("{name} has the activation {activation}, which is not of the form torch.nn.ReLU()."),
            N_("Known are: {known}."),
            name=name,
            activation=shown(value),
            known=listed(ACTIVATIONS, len(ACTIVATIONS)),
        )
    if found[1] not in ACTIVATIONS:
        raise RecipeError(
            N_("{name} has the activation {activation}; the nearest known one is {nearest}."),
            N_("Known are: {known}."),
            name=name,
            activation=found[1],
            nearest=nearest(found[1], ACTIVATIONS),
            known=listed(ACTIVATIONS, len(ACTIVATIONS)),
        )
    if found[2].strip():
        raise RecipeError(
            N_("{name} gives {activation} arguments, which LabSight does not."),
            N_("Write torch.nn.{activation}()."),
            name=name,
            activation=found[1],
        )
    # What ultralytics' convolutions have anyway.
    return "" if found[1] == "SiLU" else found[1]
