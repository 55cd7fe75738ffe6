"""Binary masks as COCO run lengths: from a crop, to a crop, to rings, to bytes.

A mask of one object fills a small part of its picture, so every function here works on the part
inside its bounds and never builds the whole picture unless asked to.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from engine.types import Float32, Rle

Ring = Float32
Bounds = tuple[int, int, int, int]


def encode(mask: NDArray[np.bool_], x: int, y: int, height: int, width: int) -> Rle:
    """Encode a crop that stands at (x, y) in a picture.

    Args:
        mask: [h, w] bool, the crop.
        x: Column of its left edge.
        y: Row of its top edge.
        height: Height of the picture.
        width: Width of the picture.

    Raises:
        ValueError: The crop reaches outside the picture.
    """
    rows, columns = mask.shape
    if x < 0 or y < 0 or x + columns > width or y + rows > height:
        raise ValueError("the crop reaches outside the picture")
    # One row of zeros below each column keeps the runs of neighbouring columns apart.
    flat = np.zeros(columns * (rows + 1) + 1, bool)
    flat[1:].reshape(columns, rows + 1)[:, :rows] = mask.T
    column, row = np.divmod(np.flatnonzero(flat[1:] != flat[:-1]), rows + 1)
    return from_edges((column + x) * height + row + y, height, width)


def from_edges(edges: NDArray[np.int64], height: int, width: int) -> Rle:
    """Encode a mask given by where its runs start and end.

    Args:
        edges: [2 R] ascending, start and end in turn, counted down the columns of the picture;
            a run may be empty or begin where the one before it ends.
        height: Height of the picture.
        width: Width of the picture.
    """
    filled = edges[1::2] > edges[::2]
    if not filled.all():
        edges = edges[np.repeat(filled, 2)]
    apart = edges[1:-1:2] != edges[2::2]
    if not apart.all():
        edges = edges[np.concatenate(([True], np.repeat(apart, 2), [True]))]
    bounds = np.empty(len(edges) + 2, np.int64)
    bounds[0], bounds[1:-1], bounds[-1] = 0, edges, height * width
    counts = (bounds[1:] - bounds[:-1]).astype(np.uint32)
    return Rle(height, width, counts[:-1] if len(counts) > 1 and counts[-1] == 0 else counts)


def decode(rle: Rle) -> NDArray[np.bool_]:
    """Return the mask at picture size, [H, W] bool."""
    values = np.arange(len(rle.counts)) % 2 == 1
    return np.repeat(values, rle.counts).reshape(rle.width, rle.height).T


def _runs(rle: Rle) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return where the filled runs start and end, counted down the columns."""
    edges = np.cumsum(rle.counts, dtype=np.int64)
    start, end = edges[: len(edges) // 2 * 2 : 2], edges[1::2]
    filled = end > start
    return start[filled], end[filled]


def _bounds(rle: Rle, start: NDArray[np.int64], end: NDArray[np.int64]) -> Bounds:
    if not len(start):
        return 0, 0, 0, 0
    first, last = start // rle.height, (end - 1) // rle.height
    y1, y2 = 0, rle.height
    if np.array_equal(first, last):
        # Otherwise a run goes from the foot of a column to the head of the next.
        y1, y2 = int((start - first * rle.height).min()), int((end - last * rle.height).max())
    return int(first[0]), y1, int(last[-1]) + 1, y2


def bounds(rle: Rle) -> Bounds:
    """Return x1, y1, x2, y2 of the smallest upright box around the mask; zeros when empty."""
    return _bounds(rle, *_runs(rle))


def crop(rle: Rle) -> tuple[NDArray[np.bool_], int, int]:
    """Return the mask inside its bounds, [h, w] bool, and the crop's x and y."""
    start, end = _runs(rle)
    x1, y1, x2, y2 = _bounds(rle, start, end)
    edges = np.empty(2 * len(start) + 2, np.int64)
    edges[0], edges[-1] = x1 * rle.height, x2 * rle.height
    edges[1:-1:2], edges[2:-1:2] = start, end
    inside = np.repeat(np.arange(len(edges) - 1) % 2 == 1, np.diff(edges))
    return inside.reshape(x2 - x1, rle.height)[:, y1:y2].T, x1, y1


def rings(rle: Rle, tolerance: float = 0.0) -> list[tuple[Ring, list[Ring]]]:
    """Trace the mask along the edges of its pixels.

    Args:
        rle: The mask.
        tolerance: Douglas-Peucker tolerance in pixels; 0 keeps every corner.

    Returns:
        A pair a part: the outer ring [P, 2] float32 (x, y) and the rings of its holes. Parts that
        touch at a corner are one part.
    """
    from engine.cv import cv2

    mask, x, y = crop(rle)
    if not mask.size:
        return []
    # On a grid of twice the size a pixel is its closed square: the contour that OpenCV draws
    # through the centres of border cells then runs along the pixel's edges.
    closed = np.zeros((2 * mask.shape[0] + 3, 2 * mask.shape[1] + 3), np.uint8)
    closed[2:-2:2, 2:-2:2] = mask
    closed = np.asarray(cv2.dilate(closed, np.ones((3, 3), np.uint8)), np.uint8)
    contours, tree = cv2.findContours(closed, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    origin = np.array((x, y), np.float32)
    parts: dict[int, tuple[Ring, list[Ring]]] = {}
    holes: list[tuple[int, Ring]] = []
    for index, contour in enumerate(contours):
        corners = _corners(np.asarray(contour, np.int32).reshape(-1, 2), closed)
        if tolerance > 0:
            simple = cv2.approxPolyDP(corners, 2 * tolerance, closed=True)
            corners = np.asarray(simple, np.int32).reshape(-1, 2)
        ring: Ring = ((corners.astype(np.float32) - 1) / 2 + origin).astype(np.float32)
        parent = int(tree[0][index][3])
        if parent < 0:
            parts[index] = ring, []
        elif len(ring) > 2:
            holes.append((parent, ring))
    for parent, hole in holes:
        parts[parent][1].append(hole)
    return [part for part in parts.values() if len(part[0]) > 2]


def _corners(contour: NDArray[np.int32], closed: NDArray[np.uint8]) -> NDArray[np.int32]:
    """Return the corners of a contour, with those that OpenCV cuts off by a diagonal step."""
    following = np.roll(contour, -1, axis=0)
    cut = np.all(contour != following, axis=1)
    across = np.stack((following[:, 0], contour[:, 1]), axis=1)
    down = np.stack((contour[:, 0], following[:, 1]), axis=1)
    corner = np.where(closed[across[:, 1], across[:, 0]][:, None] > 0, across, down)
    points = np.stack((contour, corner), axis=1)[np.stack((np.ones_like(cut), cut), axis=1)]
    before, after = points - np.roll(points, 1, axis=0), np.roll(points, -1, axis=0) - points
    turns = before[:, 0] * after[:, 1] != before[:, 1] * after[:, 0]
    corners: NDArray[np.int32] = points[turns | np.all(before == -after, axis=1)]
    return corners


def pack(masks: Sequence[Rle]) -> bytes:
    """Pack masks of one picture into bytes: lengths, then run lengths, as variable-size integers.

    A run differs little from the run two before it (the same run one column earlier), so the
    difference is kept, most often in one byte. The idea is that of COCO's own compressed form.
    """
    lengths = np.array([len(mask.counts) for mask in masks], np.int64)
    joined = [mask.counts for mask in masks] or [np.zeros(0, np.uint32)]
    counts = np.concatenate(joined).astype(np.int64)
    deltas = counts.copy()
    deltas[2:] -= counts[:-2]
    starts = np.cumsum(lengths) - lengths
    for place in range(3):
        first = starts[lengths > place] + place
        deltas[first] = counts[first]
    zigzag = (deltas << 1) ^ (deltas >> 63)
    return _to_varints(np.concatenate(([len(masks)], lengths, zigzag)).astype(np.uint64))


def unpack(data: bytes, height: int, width: int) -> tuple[Rle, ...]:
    """Return the masks that `pack` made for a picture of this size."""
    values = _from_varints(data)
    number = int(values[0])
    sizes = values[1 : number + 1].astype(np.int64)
    coded = values[number + 1 :]
    signed = (coded >> np.uint64(1)).astype(np.int64) ^ -(coded & np.uint64(1)).astype(np.int64)
    masks = []
    for part in np.split(signed, np.cumsum(sizes)[:-1]) if number else []:
        counts = part.copy()
        counts[1::2] = np.cumsum(part[1::2])
        if len(part) > 2:
            counts[2::2] = np.cumsum(part[2::2])
        masks.append(Rle(height, width, counts.astype(np.uint32)))
    return tuple(masks)


def _to_varints(values: NDArray[np.uint64]) -> bytes:
    """Write unsigned integers in groups of seven bits, low group first."""
    low = values.astype(np.uint8)
    big = np.flatnonzero(values >= 0x80)
    low[big] |= 0x80
    large = values[big]
    more = np.ones(len(big), np.int64)
    for bits in range(14, 36, 7):
        more += large >= np.uint64(1 << bits)
    # Most values are one byte; the further bytes of the others are put in after their first.
    owner = np.repeat(np.arange(len(big)), more)
    group = np.arange(1, len(owner) + 1) - np.repeat(np.cumsum(more) - more, more)
    part = (large[owner] >> (7 * group).astype(np.uint64)) & np.uint64(0x7F)
    part |= (more[owner] > group).astype(np.uint64) << np.uint64(7)
    return np.insert(low, np.repeat(big + 1, more), part.astype(np.uint8)).tobytes()


def _from_varints(data: bytes) -> NDArray[np.uint64]:
    raw = np.frombuffer(data, np.uint8)
    ends = np.flatnonzero(raw < 0x80) + 1
    starts = np.concatenate(([0], ends[:-1]))
    values = np.zeros(len(ends), np.uint64)
    for group in range(int((ends - starts).max(initial=0))):
        chosen = ends - starts > group
        part = (raw[starts[chosen] + group] & 0x7F).astype(np.uint64)
        values[chosen] |= part << np.uint64(7 * group)
    return values
