"""From prototypes and coefficients to masks at picture size.

A mask is a weighted sum of prototypes (YOLACT, https://arxiv.org/abs/1904.02689), a quarter of
the input's size, enlarged to the picture by bilinear interpolation and cut at zero. Along a column
of the picture that is a line with kinks: the rows where it crosses zero are the ends of the mask's
runs, so that the enlarged mask itself is never computed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine import masks
from engine.inference.preprocess import Letterbox
from engine.types import Float32, Rle

PROTOTYPE_STRIDE = 4


class MaskDecoder:
    """Decodes the masks of one picture.

    Args:
        prototypes: [M, h, w] float32.
        letterbox: How the picture stands in the input.
    """

    def __init__(self, prototypes: Float32, letterbox: Letterbox) -> None:
        """Work out how the prototypes are enlarged."""
        self._prototypes = prototypes
        self._size = letterbox.size
        shape = prototypes.shape[1], prototypes.shape[2]
        # The peer enlarges in two steps, so that the padding is cut at whole cells in between.
        self._rows = _first_step(shape, letterbox.size, axis=0)
        self._inner = _first_step(shape, letterbox.size, axis=1)
        self._columns = interpolation(len(self._inner), letterbox.size[1])

    def decode(self, coefficients: Float32, boxes: Float32) -> list[Rle]:
        """Return a mask an object, zero outside its box.

        Args:
            coefficients: [N, M] float32.
            boxes: [N, 4] x1, y1, x2, y2 in pixels of the picture.
        """
        number, height, width = self._prototypes.shape
        flat = self._prototypes.reshape(number, height * width)
        logits = (coefficients @ flat).reshape(-1, height, width)
        return [self._one(*pair) for pair in zip(logits, boxes.tolist(), strict=True)]

    def _one(self, logits: Float32, box: list[float]) -> Rle:
        height, width = self._size
        x1, y1 = max(math.ceil(box[0]), 0), max(math.ceil(box[1]), 0)
        x2, y2 = min(math.ceil(box[2]), width), min(math.ceil(box[3]), height)
        if x2 <= x1 or y2 <= y1:
            return masks.from_edges(np.zeros(0, np.int64), height, width)
        columns = self._columns[x1:x2]
        inner = self._inner[columns.low[0] : columns.high[-1] + 1]
        scale = height / len(self._rows)
        first = max(math.floor((y1 + 0.5) / scale - 0.5), 0)
        last = min(math.floor((y2 - 0.5) / scale - 0.5) + 2, len(self._rows))
        rows = self._rows[first:last]
        part = inner.apply(logits[rows.low[0] : rows.high[-1] + 1])
        part = columns.apply(part, int(columns.low[0]))
        lines = rows.apply(np.ascontiguousarray(part.T), int(rows.low[0]))
        column, start_end = _crossings(lines, first, scale)
        edges = np.clip(start_end, y1, y2) + (column + x1) * height
        return masks.from_edges(edges, height, width)


def _crossings(
    lines: Float32, first: int, scale: float
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return where the lines are above zero: the column and the row of each start and end.

    Args:
        lines: [columns, K] values at cells `first` and following, `scale` rows apart.
        first: Number of the first cell.
        scale: Rows a cell.
    """
    count = lines.shape[1]
    inside = np.zeros((len(lines), count + 2), bool)
    inside[:, 1:-1] = lines > 0
    column, after = np.divmod(np.flatnonzero(inside[:, 1:] != inside[:, :-1]), count + 1)
    before = np.maximum(after - 1, 0)
    low, high = lines[column, before], lines[column, np.minimum(after, count - 1)]
    with np.errstate(divide="ignore", invalid="ignore"):
        share = low / (low - high)
    place = (first + before + share + 0.5) * scale - 0.5
    # Beyond the outermost cells their value holds to the end of the box.
    place[after == 0], place[after == count] = -np.inf, np.inf
    place = np.clip(place, -1e9, 1e9)
    rows = np.empty(len(place), np.int64)
    rows[::2] = np.floor(place[::2]) + 1
    rows[1::2] = np.ceil(place[1::2])
    return column, rows


@dataclass(frozen=True, slots=True)
class Taps:
    """Bilinear interpolation along one axis: each new cell lies between two old ones.

    Attributes:
        low: [K] the old cell before each new one.
        high: [K] the old cell after it.
        weight: [K] the share of the latter, 0 to 1.
    """

    low: NDArray[np.intp]
    high: NDArray[np.intp]
    weight: Float32

    def __len__(self) -> int:
        """Return the number of new cells."""
        return len(self.low)

    def __getitem__(self, part: slice) -> Taps:
        """Return the interpolation of a part of the new cells."""
        return Taps(self.low[part], self.high[part], self.weight[part])

    def apply(self, values: Float32, start: int = 0) -> Float32:
        """Interpolate along the last axis of values that begin at the old cell `start`."""
        low = values[..., self.low - start]
        return low + (values[..., self.high - start] - low) * self.weight


def _first_step(shape: tuple[int, int], size: tuple[int, int], axis: int) -> Taps:
    """Return how one axis of the prototypes is enlarged and its padding cut off.

    The factor is the smallest of 1, 2 and 4 at which the padding is whole cells.
    """
    side, given = size[axis], shape[axis]
    inputs = [PROTOTYPE_STRIDE * cells for cells in shape]
    gain = min(inputs[0] / size[0], inputs[1] / size[1])
    padding = [whole - max(round(s * gain), 1) for whole, s in zip(inputs, size, strict=True)]
    bits = padding[0] | padding[1]
    factor = PROTOTYPE_STRIDE // math.gcd(PROTOTYPE_STRIDE, bits | bits // 2)
    gain = min(shape[0] * factor / size[0], shape[1] * factor / size[1])
    inner = max(round(side * gain), 1)
    start = round((given * factor - inner) / 2 - 0.1)
    return interpolation(given, given * factor)[start : start + inner]


def interpolation(given: int, wanted: int) -> Taps:
    """Return bilinear interpolation from `given` cells to `wanted`.

    Cell centres are at half-integers; beyond the outermost centres the border value holds.
    """
    places = np.clip((np.arange(wanted) + 0.5) * given / wanted - 0.5, 0, given - 1)
    low = np.floor(places).astype(np.intp)
    return Taps(low, np.minimum(low + 1, given - 1), (places - low).astype(np.float32))
