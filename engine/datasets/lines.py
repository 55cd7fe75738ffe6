"""Label files of YOLO: a line an object, and everything that can be wrong with one.

A line is a class and a box (centre, width, height), a ring (x and y in turn) or a box with
keypoints, all in shares of the picture. What a line is cannot be told without its file: five
numbers are a box, more of them a ring unless the data set has keypoints.
"""

from __future__ import annotations

import codecs
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]

_BOX = 5
_WITH_CONFIDENCE = 6
_SMALLEST_RING = 7


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a label file.

    Attributes:
        number: In its file, from 1.
        text: As it stands there.
        class_index: Of its object; -1 where it cannot be read.
        values: [N] The numbers behind the class; empty where they cannot be read.
        problems: Kinds of findings, as in `engine.datasets.findings`, of its form alone.
        keypoints: How many of the numbers behind the box each keypoint has; 0 without keypoints.
    """

    number: int
    text: str
    class_index: int
    values: Points
    problems: tuple[str, ...] = ()
    keypoints: int = 0

    @property
    def readable(self) -> bool:
        """Whether it tells of an object at all."""
        return self.class_index >= 0 and len(self.values) > 0

    @property
    def is_box(self) -> bool:
        """Whether its first four numbers are those of a box."""
        return self.keypoints > 0 or len(self.values) < _SMALLEST_RING - 1

    def points(self) -> Points:
        """Return where its keypoints are, [K, 2] in shares; none without."""
        if not self.keypoints:
            return np.zeros((0, 2))
        return self.values[_BOX - 1 :].reshape(-1, self.keypoints)[:, :2]

    def ring(self) -> Points:
        """Return its corners [N, 2]: those of the ring, or the four of the box."""
        if not self.is_box:
            return self.values[: len(self.values) // 2 * 2].reshape(-1, 2)
        x, y, width, height = self.values[: _BOX - 1]
        return corners_of(x - width / 2, y - height / 2, x + width / 2, y + height / 2)


@dataclass(frozen=True, slots=True)
class LabelFile:
    """A label file as it was read.

    Attributes:
        lines: Its lines that are not blank.
        encoding: "utf-8", "bom" or "utf-16"; "unknown" where it is no text.
        blank: Whether it has bytes and none of them tells of an object.
    """

    lines: tuple[Line, ...]
    encoding: str
    blank: bool


def corners_of(x1: float, y1: float, x2: float, y2: float) -> Points:
    """Return the corners [4, 2] of an upright box, clockwise on screen."""
    return np.array(((x1, y1), (x2, y1), (x2, y2), (x1, y2)), np.float64)


def box_of(ring: Points) -> Points:
    """Return centre, width and height [4] of the upright box around points [N, 2]."""
    low, high = ring.min(axis=0), ring.max(axis=0)
    return np.concatenate(((low + high) / 2, high - low))


def read(path: Path, keypoints: tuple[int, int] | None = None) -> LabelFile:
    """Read a label file, however it is written.

    Args:
        path: The file.
        keypoints: Number of keypoints and values of each, for a data set that has them.

    Raises:
        OSError: It cannot be opened.
    """
    text, encoding = _decoded(path.read_bytes())
    lines = [
        _parse(number, line, keypoints)
        for number, line in enumerate(text.splitlines(), 1)
        if line.strip()
    ]
    return LabelFile(tuple(lines), encoding, bool(text) and not lines)


def written(class_index: int, values: Points) -> str:
    """Return a line: seven decimals are finer than a thousandth of any picture's pixel."""
    numbers = (f"{value:.7f}".rstrip("0").rstrip(".") for value in values.tolist())
    return f"{class_index} {' '.join(numbers)}\n"


def _decoded(data: bytes) -> tuple[str, str]:
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", errors="replace"), "utf-16"
    encoding = "bom" if data.startswith(codecs.BOM_UTF8) else "utf-8"
    try:
        return data.decode("utf-8-sig"), encoding
    except UnicodeDecodeError:
        return data.decode("latin-1"), "unknown"


def _parse(number: int, text: str, keypoints: tuple[int, int] | None) -> Line:
    words, problems = text.split(), []
    if "," in text:
        # Between numbers without blanks they part them; beside blanks they stand for points.
        words = text.replace(",", " " if len(words) == 1 else ".").split()
        problems.append("commas")
    try:
        numbers = [float(word) for word in words]
    except ValueError:
        return Line(number, text, -1, np.zeros(0), ("not_numbers",))
    if not all(map(math.isfinite, numbers)):
        return Line(number, text, -1, np.zeros(0), ("not_finite",))
    if len(numbers) < _BOX:
        return Line(number, text, -1, np.zeros(0), ("short",))
    first = numbers[0]
    values = np.array(numbers[1:], np.float64)
    if first < 0:
        problems.append("class_negative")
    if first != int(first):
        return Line(number, text, -1, values, ("class_fraction",))
    if not words[0].lstrip("+-").isdigit():
        problems.append("class_decimal")
    problems += _form(values, keypoints)
    each = 0
    if keypoints is not None and len(values) == _BOX - 1 + keypoints[0] * keypoints[1]:
        each = keypoints[1]
    return Line(number, text, int(first), values, tuple(problems), each)


def _form(values: Points, keypoints: tuple[int, int] | None) -> list[str]:
    """Tell what is wrong with how many numbers there are."""
    count = len(values) + 1
    if keypoints is not None:
        return [] if count == _BOX + keypoints[0] * keypoints[1] else ["other_task"]
    if count == _WITH_CONFIDENCE:
        return ["six_values"]
    return ["odd_count"] if count > _WITH_CONFIDENCE and count % 2 == 0 else []
