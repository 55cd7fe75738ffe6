"""What is wrong with a label file, line by line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engine.datasets import lines
from engine.datasets.lines import LabelFile, Line
from engine.datasets.rings import crosses_itself, is_flat
from engine.i18n import translate as _

TINY_PX, SMALL_PX = 3, 8
"""Objects with a longer side below these can hardly be learned, or only with care."""

_CORNERS = 8

# Ultralytics leaves out a picture with a share beyond 0 and 1 by more than this.
_REFUSED = 0.01
# What reaches out by less was rounded.
_ROUNDED = 0.002
# Larger than any share that a slip of the hand gives.
_PIXELS = 2.0


@dataclass(frozen=True, slots=True)
class Rules:
    """What the lines of a data set have to keep to.

    Attributes:
        classes: How many there are.
        task: What is to be trained.
        keypoints: Number of keypoints and values of each, None without.
        input_size: Longer side of the network's input in pixels.
    """

    classes: int
    task: str
    keypoints: tuple[int, int] | None
    input_size: int


Seen = Iterator[tuple[str, int | None, str]]
"""Kinds of findings with their lines and what else is to say."""


def whole_file(label: LabelFile) -> Seen:
    """Yield what is wrong with a file as a whole."""
    if label.encoding in ("utf-16", "unknown"):
        yield "encoding", None, label.encoding
    elif label.encoding == "bom":
        yield "bom", None, ""
    if not label.lines:
        yield "empty_label", None, _("blank lines only") if label.blank else ""
    sorts = {line.is_box for line in label.lines if line.readable}
    if len(sorts) == 2:
        yield "mixed", None, ""
    first: dict[tuple[int, bytes], int] = {}
    for line in label.lines:
        key = key_of(line)
        if line.readable and key in first:
            detail = _("the same as line {number}").format(number=first[key])
            yield "duplicate_line", line.number, detail
        first.setdefault(key, line.number)


def key_of(line: Line) -> tuple[int, bytes]:
    """Return what two lines of one object have in common."""
    return line.class_index, np.round(line.values, 6).tobytes()


def one_line(line: Line, rules: Rules, size: tuple[int, int] | None) -> Seen:
    """Yield what is wrong with a line.

    Args:
        line: The line.
        rules: What it has to keep to.
        size: Width and height of its picture in pixels, None where that cannot be read.
    """
    text = line.text.strip()[:80]
    for kind in line.problems:
        yield kind, line.number, text
    if not line.readable:
        return
    if line.class_index >= rules.classes:
        yield "class_out_of_range", line.number, text
    if _is_of_another_task(line, rules) and "other_task" not in line.problems:
        yield "other_task", line.number, text
    if {"odd_count", "six_values", "other_task"} & {*line.problems}:
        return
    where = beyond(line)
    if where is not None:
        yield where, line.number, text
    form = shapeless(line) if where != "pixels" else None
    if form is not None:
        yield form, line.number, text
    elif where != "pixels" and size is not None:
        yield from _too_small(line, rules, size)


def _is_of_another_task(line: Line, rules: Rules) -> bool:
    if rules.task == "obb":
        return line.is_box or len(line.values) != _CORNERS
    return rules.task == "segment" and line.is_box


def beyond(line: Line) -> str | None:
    """Tell how a line leaves its picture: "pixels", "far_outside", "outside" or not at all."""
    shares = line.values[:4] if line.keypoints else line.values
    points = line.points()
    if max(np.abs(shares).max(), np.abs(points).max(initial=0.0)) > _PIXELS:
        return "pixels"
    # Of a ring ultralytics looks at the box around it.
    box = line.values[:4] if line.is_box else lines.box_of(line.ring())
    low = min(box[:2].min(), points.min(initial=0.0))
    if low < -_REFUSED or max(box.max(), points.max(initial=0.0)) > 1 + _REFUSED:
        return "far_outside"
    ring = line.ring()
    return "outside" if ring.min() < -_ROUNDED or ring.max() > 1 + _ROUNDED else None


def shapeless(line: Line) -> str | None:
    """Tell whether a line has no area or a strange one: the kind of finding, None for neither."""
    if line.is_box:
        sides = line.values[2:4]
        if sides.min() < 0:
            return "negative_size"
        return "zero_size" if sides.min() == 0 else None
    ring = line.ring()
    if is_flat(ring):
        return "flat"
    return "crossing" if crosses_itself(ring) else None


def _too_small(line: Line, rules: Rules, size: tuple[int, int]) -> Seen:
    scale = rules.input_size / max(size)
    sides = lines.box_of(line.ring())[2:] * size * scale
    longest = float(sides.max())
    if longest < SMALL_PX:
        detail = f"{sides[0]:.1f} × {sides[1]:.1f} px"
        yield "tiny" if longest < TINY_PX else "small", line.number, detail


def counted(label: LabelFile, classes: int) -> list[int]:
    """Return the class indices of the objects in a file that a training would see."""
    return [
        line.class_index
        for line in label.lines
        if line.readable and line.class_index < classes and "odd_count" not in line.problems
    ]


def label_listing(folder: Path, known: dict[Path, dict[str, str]]) -> dict[str, str]:
    """Return the files of a folder by their lower-case names; each folder is read once."""
    if folder not in known:
        try:
            known[folder] = {path.name.lower(): path.name for path in folder.iterdir()}
        except OSError:
            known[folder] = {}
    return known[folder]
