"""From a network's output to candidates in the pixels of the picture."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from engine.inference.backends.base import Output
from engine.inference.preprocess import Letterbox
from engine.types import Candidates, Float32, ModelInfo


@dataclass(frozen=True, slots=True)
class Decoded:
    """Candidates and what is needed to decode their masks.

    Attributes:
        candidates: Best first, without masks.
        coefficients: [N, M] float32 mask coefficients of each, None without masks.
    """

    candidates: Candidates
    coefficients: Float32 | None


def decode(output: Output, info: ModelInfo, letterbox: Letterbox, floor: float) -> Decoded:
    """Return what a network proposed above `floor`."""
    boxes, scores, classes, extra = _parts(output.predictions, info, floor)
    order = np.argsort(-scores, kind="stable")
    boxes, scores, classes, extra = boxes[order], scores[order], classes[order], extra[order]
    angles = points = coefficients = None
    if info.task == "obb":
        boxes, angles = _upright(boxes, extra[:, 0], letterbox)
    else:
        boxes = letterbox.to_picture(boxes.reshape(-1, 2, 2)).reshape(-1, 4)
    if info.task == "pose" and info.keypoint_shape:
        points = extra.reshape(-1, *info.keypoint_shape).copy()
        points[..., :2] = letterbox.to_picture(points[..., :2])
    if info.task == "segment":
        coefficients = extra
    found = Candidates(
        boxes=boxes,
        scores=scores,
        classes=classes.astype(np.int32),
        angles=angles,
        keypoints=points,
        suppressed=info.end_to_end,
    )
    return Decoded(found, coefficients)


def _parts(
    predictions: Float32, info: ModelInfo, floor: float
) -> tuple[Float32, Float32, Float32, Float32]:
    """Return corners (with angles: centre and size), scores, classes and the rest, a row each."""
    if info.end_to_end:
        rows = predictions[predictions[:, 4] > floor]
        return rows[:, :4], rows[:, 4], rows[:, 5], rows[:, 6:]
    end = 4 + len(info.names)
    best = predictions[4:end].max(axis=0)
    columns = np.flatnonzero(best > floor)
    rows = predictions[:, columns].T
    boxes = rows[:, :4]
    if info.task != "obb":
        half = boxes[:, 2:] / 2
        boxes = np.concatenate((boxes[:, :2] - half, boxes[:, :2] + half), axis=1)
    return boxes, best[columns], rows[:, 4:end].argmax(axis=1).astype(np.float32), rows[:, end:]


def _upright(
    boxes: Float32, angles: Float32, letterbox: Letterbox
) -> tuple[Float32, Float32]:
    """Return corners before rotation in the picture, and angles in [0, pi / 2).

    A quarter turn more is the same rectangle with its sides exchanged.
    """
    centre = letterbox.to_picture(boxes[:, :2])
    sides = boxes[:, 2:] / np.array(letterbox.gain[::-1], np.float32)
    swap = angles % math.pi >= math.pi / 2
    half = np.where(swap[:, None], sides[:, ::-1], sides) / 2
    corners = np.concatenate((centre - half, centre + half), axis=1).astype(np.float32)
    return corners, (angles % (math.pi / 2)).astype(np.float32)
