"""A picture of a data set with its labels, to be looked at."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.datasets import lines
from engine.datasets.dataset import DataSet, label_of
from engine.datasets.headers import read_header
from engine.types import Detections, Frame, Result, Rle, UInt8

Points = NDArray[np.float64]

_FAR = 1e4


@dataclass(frozen=True, slots=True)
class Shape:
    """An object of a label file.

    Attributes:
        class_index: Into the names of the data set; it may be outside of them.
        ring: [N, 2] corners in shares of the picture, those of the box where it is one.
        is_box: Whether it is an upright box.
        keypoints: [K, 2 or 3] in shares and, where it is told, 0 absent, 1 hidden, 2 seen.
    """

    class_index: int
    ring: Points
    is_box: bool
    keypoints: Points | None = None


@dataclass(frozen=True, slots=True)
class Labelled:
    """A picture and what is marked in it.

    Attributes:
        size: Width and height in pixels as a person sees it.
        shapes: What its label file says, as far as that can be read.
    """

    size: tuple[int, int]
    shapes: tuple[Shape, ...]


def labels(picture: Path, data: DataSet) -> Labelled:
    """Return what is marked in a picture.

    Args:
        picture: One of the data set's.
        data: The data set.

    Raises:
        PictureError: The picture cannot be read.
    """
    size = read_header(picture).size
    return Labelled(size, () if data.classifies else _shapes(picture, data))


def preview(picture: Path, data: DataSet, longest: int = 320) -> UInt8:
    """Return a small copy of a picture with its labels drawn in the colours of the classes.

    Args:
        picture: One of the data set's.
        data: The data set.
        longest: The longer side may have this many pixels.

    Returns:
        [h, w, 3] uint8 RGB.

    Raises:
        EngineError: The picture cannot be read.
    """
    from engine.draw import DrawStyle, annotate
    from engine.sources.thumbnails import thumbnail

    image = thumbnail(picture, longest)
    shapes = () if data.classifies else _shapes(picture, data)
    # What is so far off is no share of anything, and what is so high no class.
    shapes = tuple(
        shape
        for shape in shapes
        if np.abs(shape.ring).max() < _FAR and shape.class_index < np.iinfo(np.int32).max
    )
    if not shapes:
        return image
    frame = Frame(image, 0, None, str(picture))
    result = Result(frame, _detections(shapes, image.shape[1], image.shape[0]))
    return annotate(result, data.names, style=DrawStyle(show_confidence=False))


def _shapes(picture: Path, data: DataSet) -> tuple[Shape, ...]:
    shape = data.stated_keypoints
    try:
        found = lines.read(label_of(picture), shape)
    except OSError:
        return ()
    return tuple(
        Shape(
            class_index=line.class_index,
            ring=line.ring(),
            is_box=line.is_box,
            keypoints=line.values[4:].reshape(shape) if shape and line.keypoints else None,
        )
        for line in found.lines
        if line.readable
    )


def _detections(shapes: tuple[Shape, ...], width: int, height: int) -> Detections:
    """Return shapes as the drawing takes objects."""
    rings = [shape.ring * (width, height) for shape in shapes]
    boxes = [np.concatenate((ring.min(axis=0), ring.max(axis=0))) for ring in rings]
    masks = [
        Rle(height, width, np.array([height * width], np.uint32))
        if shape.is_box
        else _mask(ring, width, height)
        for shape, ring in zip(shapes, rings, strict=True)
    ]
    posed = all(shape.keypoints is not None for shape in shapes)
    return Detections(
        boxes=np.array(boxes, np.float32),
        scores=np.ones(len(shapes), np.float32),
        classes=np.array([shape.class_index for shape in shapes], np.int32),
        masks=tuple(masks),
        keypoints=_keypoints(shapes, width, height) if posed else None,
    )


def _mask(ring: Points, width: int, height: int) -> Rle:
    """Fill a ring by the even-odd rule, as a training does."""
    from engine.cv import cv2
    from engine.masks import encode

    inside = np.zeros((height, width), np.uint8)
    reach = 4.0 * (width + height)
    points = np.round(np.clip(ring, -reach, reach) - 0.5).astype(np.int32)
    cv2.fillPoly(inside, [points], 1)
    return encode(inside > 0, 0, 0, height, width)


def _keypoints(shapes: tuple[Shape, ...], width: int, height: int) -> NDArray[np.float32]:
    """Return keypoints [N, K, 3] in pixels with 1 for those that were placed."""
    table = np.array([shape.keypoints for shape in shapes], np.float32)
    there = table[..., 2:] > 0 if table.shape[2] == 3 else np.ones((*table.shape[:2], 1))
    places = table[..., :2] * np.array((width, height), np.float32)
    found: NDArray[np.float32] = np.concatenate((places, there), axis=2).astype(np.float32)
    return found
