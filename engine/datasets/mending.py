"""Mending the lines of a label file, as far as there is no doubt what they should be."""

from __future__ import annotations

from collections.abc import Collection, Iterator

import numpy as np

from engine.datasets.label_checks import beyond, shapeless
from engine.datasets.lines import LabelFile, Line, Points, box_of, written
from engine.datasets.rings import clipped, is_flat

_UNREADABLE = frozenset({
    "not_numbers", "not_finite", "short", "odd_count", "class_negative", "class_fraction",
})  # fmt: skip
_SPELLING = frozenset({"commas", "class_decimal"})
_SHAPELESS = frozenset({"negative_size", "zero_size", "flat"})


_BROKEN = _UNREADABLE | {"six_values"}


def is_lost(label: LabelFile, text: str, classes: int) -> bool:
    """Tell whether a file had broken lines and has none any more.

    Its picture would teach a network that nothing is on it.

    Args:
        label: As it was read.
        text: As it was mended.
        classes: How many there are.
    """
    return not text and any(
        _BROKEN & {*line.problems}
        or line.class_index >= classes
        or (line.readable and beyond(line) is not None)
        for line in label.lines
    )


def mended(label: LabelFile, kinds: Collection[str], classes: int) -> str:
    """Return a label file anew.

    Args:
        label: As it was read.
        kinds: Kinds of findings to do something about.
        classes: How many there are.
    """
    kept = list(_kept(label, kinds, classes))
    mixed = "mixed" in kinds and len({line.is_box for line, _values in kept}) == 2
    text, seen = [], set()
    for line, values in kept:
        key = line.class_index, np.round(values, 6).tobytes()
        if "duplicate_line" in kinds and key in seen:
            continue
        seen.add(key)
        if mixed and line.is_box:
            values = Line(line.number, "", line.class_index, values).ring().ravel()
        same = len(values) == len(line.values) and bool((values == line.values).all())
        spelt = _SPELLING & {*line.problems} & {*kinds}
        # What is right stays as it was written, to the last digit.
        text.append(
            f"{line.text.strip()}\n" if same and not spelt else written(line.class_index, values)
        )
    return "".join(text)


def _kept(label: LabelFile, kinds: Collection[str], classes: int) -> Iterator[tuple[Line, Points]]:
    """Yield the lines that stay, with the numbers that they are to have."""
    for line in label.lines:
        if _UNREADABLE & {*line.problems} & {*kinds}:
            continue
        values: Points | None = line.values
        if line.readable:
            if "class_out_of_range" in kinds and line.class_index >= classes:
                continue
            values = _values(line, kinds)
        if values is not None:
            yield line, values


def _values(line: Line, kinds: Collection[str]) -> Points | None:
    """Return the numbers of a line with its fixes, None for a line that is dropped."""
    if "six_values" in line.problems:
        if "six_values" not in kinds:
            return line.values
        line = Line(line.number, line.text, line.class_index, line.values[:4])
        if beyond(line) is not None or shapeless(line) is not None:
            return None
        return line.values
    kind = beyond(line)
    if kind == "pixels" and kind in kinds:
        return None
    shape = shapeless(line) if kind != "pixels" else None
    if shape in _SHAPELESS and shape in kinds:
        return None
    if kind in ("outside", "far_outside") and kind in kinds:
        return _clipped(line)
    return line.values


def _clipped(line: Line) -> Points | None:
    """Return the numbers of a line cut off at the border, None where nothing is left."""
    if not line.is_box:
        ring = clipped(line.ring())
        return None if is_flat(ring) else ring.ravel()
    ring = np.clip(line.ring(), 0.0, 1.0)
    if is_flat(ring):
        return None
    values = line.values.copy()
    values[:4] = box_of(ring)
    if line.keypoints:
        table = values[4:].reshape(-1, line.keypoints)
        table[:, :2] = np.clip(table[:, :2], 0.0, 1.0)
    return values
