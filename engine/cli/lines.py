"""A result as a line of JSON and as a line of words."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from engine.cli.output import one_line
from engine.i18n import translate as _
from engine.masks import rings
from engine.sources import Failure
from engine.types import Detections, ModelInfo, Result, Rle

TOP = 5
RING_TOLERANCE = 0.5


def result_line(result: Result, info: ModelInfo) -> dict[str, Any]:
    """Return a result as the public JSON object of a picture or frame."""
    frame = result.frame
    return {
        "source": frame.origin,
        "frame": frame.index,
        "time_s": None if frame.time_s is None else round(frame.time_s, 6),
        "width": frame.width,
        "height": frame.height,
        "detections": [
            _detection(result.detections, position, info)
            for position in range(len(result.detections))
        ],
        "top5": _top(result, info),
        "error": frame.warning,
    }


def failure_line(failure: Failure) -> dict[str, Any]:
    """Return a failure as the same object, without a picture."""
    return {
        "source": failure.origin,
        "frame": None,
        "time_s": None,
        "width": None,
        "height": None,
        "detections": [],
        "top5": None,
        "error": str(failure.error),
    }


def result_words(result: Result, info: ModelInfo) -> str:
    """Return a result as one line for a person."""
    name = Path(result.frame.origin).name
    if result.frame.index:
        name = f"{name} [{result.frame.index + 1}]"
    top = _top(result, info)
    if top is not None:
        found = ", ".join(f"{entry['name']} {entry['confidence']:.2f}" for entry in top)
    else:
        counts = Counter(info.names[index] for index in result.detections.classes.tolist())
        found = ", ".join(f"{count} {label}" for label, count in counts.items()) or _("nothing")
    warning = f"  ({result.frame.warning})" if result.frame.warning else ""
    return one_line(f"{name}: {found}{warning}")


def _detection(found: Detections, position: int, info: ModelInfo) -> dict[str, Any]:
    index = int(found.classes[position])
    points = None if found.keypoints is None else found.keypoints[position]
    return {
        "class": index,
        "name": info.names[index],
        "confidence": round(float(found.scores[position]), 5),
        "box": [round(float(value), 2) for value in found.boxes[position]],
        "polygons": None if found.masks is None else _polygons(found.masks[position]),
        "keypoints": None if points is None else np.round(points.astype(float), 3).tolist(),
        "angle": None if found.angles is None else round(float(found.angles[position]), 5),
        "track": None if found.ids is None else int(found.ids[position]) or None,
        "measures": {},
    }


def _polygons(mask: Rle) -> list[list[list[float]]]:
    """Return the rings of a mask, each outer one followed by its holes."""
    parts = rings(mask, RING_TOLERANCE)
    return [ring.tolist() for outer, holes in parts for ring in (outer, *holes)]


def _top(result: Result, info: ModelInfo) -> list[dict[str, Any]] | None:
    if result.probabilities is None:
        return None
    order = np.argsort(-result.probabilities, kind="stable")[:TOP]
    return [
        {"class": i, "name": info.names[i], "confidence": round(float(result.probabilities[i]), 5)}
        for i in order.tolist()
    ]
