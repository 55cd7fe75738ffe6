"""What the network proposed, kept so that thresholds can move without it.

Candidates are stored in single precision: half precision moves a box by up to half a pixel beyond
512 px, and suppressing moved boxes again does not give the run's own detections back.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from engine import masks
from engine.inference.nms import keep_boxes, keep_rotated
from engine.types import Candidates, Detections, Float32, Rle

FLOOR = 0.01
MOST = 1000
MASK_FLOOR = 0.05
MOST_MASKS = 100
"""So many masks are kept besides those of the detections."""

# Overlaps at which a slider is likely to be left, the tighter ones first: they add the least.
_OTHER_IOUS = (0.6, 0.5, 0.3, 0.8, 0.9)

_HEADER = struct.Struct("<IHHBI")


def pack(candidates: Candidates, detected: Sequence[Rle] = ()) -> bytes:
    """Pack candidates into one compressed blob, without loss.

    Args:
        candidates: The candidates.
        detected: Masks that are kept elsewhere, those of the detections in their order: the same
            masks among the candidates are not packed again.
    """
    points = candidates.keypoints
    shape = (0, 0) if points is None else points.shape[1:]
    flags = (
        (candidates.angles is not None)
        | (candidates.masks is not None) << 1
        | candidates.suppressed << 2
        | bool(detected) << 3
    )
    floats = [candidates.boxes, candidates.scores, candidates.angles, points]
    parts = [_planes(values) for values in floats if values is not None]
    parts.append(candidates.classes.astype("<u2").tobytes())
    packed = b""
    if candidates.masks is not None:
        there = np.array([mask is not None for mask in candidates.masks], bool)
        parts.append(np.packbits(there).tobytes())
        known = _known(candidates.masks, detected)
        if detected:
            parts.append(np.packbits(known).tobytes())
        own = zip(candidates.masks, known.tolist(), strict=True)
        # Packed masks are small already: compressing them takes longer than writing them.
        packed = masks.pack([mask for mask, kept in own if mask is not None and not kept])
    body = zlib.compress(b"".join(parts), 1)
    return _HEADER.pack(len(candidates), *shape, flags, len(body)) + body + packed


def _known(among: Sequence[Rle | None], detected: Sequence[Rle]) -> NDArray[np.bool_]:
    """Tell which masks are the detected ones, as far as they come in the same order."""
    known = np.zeros(len(among), bool)
    waiting = iter(detected)
    following = next(waiting, None)
    for place, mask in enumerate(among):
        if mask is not None and mask is following:
            known[place] = True
            following = next(waiting, None)
    return known


def unpack(
    data: bytes, size: tuple[int, int], detected: Sequence[Rle] = ()
) -> Candidates:
    """Return the candidates that `pack` made for a picture of this (height, width).

    Args:
        data: The blob.
        size: Of the picture.
        detected: The masks that `pack` was told of.
    """
    count, number, dimensions, flags, length = _HEADER.unpack_from(data)
    body = zlib.decompress(memoryview(data)[_HEADER.size : _HEADER.size + length])
    at = 0

    def floats(*shape: int) -> Float32:
        nonlocal at
        length = 4 * int(np.prod(shape))
        planes = np.frombuffer(body, np.uint8, length, at).reshape(4, -1)
        at += length
        return np.ascontiguousarray(planes.T).view("<f4").astype(np.float32).reshape(shape)

    boxes, scores = floats(count, 4), floats(count)
    angles = floats(count) if flags & 1 else None
    points = floats(count, number, dimensions) if number else None
    classes = np.frombuffer(body, "<u2", count, at).astype(np.int32)
    at += 2 * count
    kept: tuple[Rle | None, ...] | None = None
    if flags & 2:
        width = -(-count // 8)
        there = np.unpackbits(np.frombuffer(body, np.uint8, width, at), count=count)
        known = np.zeros(count, np.uint8)
        if flags & 8:
            known = np.unpackbits(np.frombuffer(body, np.uint8, width, at + width), count=count)
        sources = iter(masks.unpack(data[_HEADER.size + length :], *size)), iter(detected)
        kept = tuple(
            next(sources[elsewhere]) if bit else None
            for bit, elsewhere in zip(there.tolist(), known.tolist(), strict=True)
        )
    return Candidates(boxes, scores, classes, angles, points, kept, bool(flags & 4))


def _planes(values: Float32) -> bytes:
    """Return the first bytes of all values, then the second ones: alike bytes compress better."""
    return values.astype("<f4").reshape(-1, 1).view(np.uint8).T.tobytes()


def choose(
    candidates: Candidates,
    *,
    confidence: float,
    iou: float,
    classes: Sequence[int] | None = None,
    most: int = 300,
) -> NDArray[np.intp]:
    """Return the positions of the candidates that are detections at these thresholds.

    Args:
        candidates: Best first.
        confidence: Only scores above this, 0 to 1.
        iou: Of two boxes of one class that overlap more, the better one stays, 0 to 1.
        classes: Only these class indices, None for all.
        most: At most this many.
    """
    wanted = candidates.scores > confidence
    if classes is not None:
        wanted &= np.isin(candidates.classes, np.asarray(list(classes), np.int32))
    positions = np.flatnonzero(wanted)
    if not candidates.suppressed and len(positions):
        boxes, groups = candidates.boxes[positions], candidates.classes[positions]
        if candidates.angles is None:
            positions = positions[keep_boxes(boxes, groups, iou, most)]
        else:
            positions = positions[keep_rotated(boxes, candidates.angles[positions], groups, iou)]
    return positions[:most]


def detections(
    candidates: Candidates, chosen: NDArray[np.intp], size: tuple[int, int]
) -> Detections:
    """Return the chosen candidates as detections of a picture of this (height, width).

    For a model with masks, objects whose mask is empty or was not kept are left out.
    """
    height, width = size
    kept: tuple[Rle, ...] | None = None
    if candidates.masks is not None:
        pairs = [(position, candidates.masks[position]) for position in chosen.tolist()]
        filled = [(position, mask) for position, mask in pairs if mask is not None and mask.area]
        chosen = np.array([position for position, _ in filled], np.intp)
        kept = tuple(mask for _, mask in filled)
    part = take(candidates, chosen)
    boxes, points = part.boxes, part.keypoints
    if part.angles is None:
        boxes = np.clip(boxes, 0, np.array((width, height, width, height), np.float32))
    if points is not None:
        points[..., :2] = np.clip(points[..., :2], 0, np.array((width, height), np.float32))
    return Detections(boxes, part.scores, part.classes, kept, points, part.angles)


def reconsider(
    candidates: Candidates,
    size: tuple[int, int],
    *,
    confidence: float,
    iou: float,
    classes: Sequence[int] | None = None,
    most: int = 300,
) -> Detections:
    """Return the detections at other thresholds, see `choose`, without the network."""
    chosen = choose(candidates, confidence=confidence, iou=iou, classes=classes, most=most)
    return detections(candidates, chosen, size)


def worth_keeping(candidates: Candidates, chosen: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return the positions to store: above the floor, at most `MOST`, and all that are chosen.

    A candidate is dropped by a better one only, so what is chosen among the best ones and the
    former survivors is what was chosen among all.
    """
    return np.union1d(np.flatnonzero(candidates.scores >= FLOOR)[:MOST], chosen)


def worth_a_mask(
    candidates: Candidates, chosen: NDArray[np.intp], iou: float
) -> NDArray[np.intp]:
    """Return the positions whose masks are kept: the chosen ones and what sliders may bring back.

    The best candidates of a dense picture are duplicates of its surest objects, which no setting
    brings back. So what counts is what survives: first at the run's own overlap, which makes the
    confidence exact down to `MASK_FLOOR`, then at others, `MOST_MASKS` besides the chosen.

    Args:
        candidates: Best first.
        chosen: The positions of the detections.
        iou: The run's own overlap, 0 to 1.
    """
    most = len(chosen) + MOST_MASKS
    worth = chosen
    for overlap in (iou, *(() if candidates.suppressed else _OTHER_IOUS)):
        survivors = choose(candidates, confidence=MASK_FLOOR, iou=overlap, most=most)
        fresh = np.setdiff1d(survivors, worth, assume_unique=True)
        worth = np.concatenate((worth, fresh))[:most]
        if len(worth) == most:
            break
    return np.sort(worth)


def take(candidates: Candidates, positions: NDArray[np.intp]) -> Candidates:
    """Return the candidates at these positions, without masks."""
    return Candidates(
        boxes=candidates.boxes[positions],
        scores=candidates.scores[positions],
        classes=candidates.classes[positions],
        angles=None if candidates.angles is None else candidates.angles[positions],
        keypoints=None if candidates.keypoints is None else candidates.keypoints[positions],
        suppressed=candidates.suppressed,
    )
