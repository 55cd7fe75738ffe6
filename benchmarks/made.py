"""Results and sessions made up for measurements of everything behind a network."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from engine import masks
from engine.inference.candidates import MOST, MOST_MASKS
from engine.store import RunRecord, SessionWriter
from engine.store.writer import now
from engine.types import Candidates, Detections, Float32, Frame, ModelInfo, Result, Rle, Timing

NAMES = ("serum", "cells", "gel")
SIZE = 768, 1024
"""Height and width that the results are made for, in pixels."""

INFO = ModelInfo(
    name="made", task="detect", names=NAMES, input_size=640, stride=32, sha256="0" * 64
)


def run_record() -> RunRecord:
    """Return how a made-up run was made."""
    return RunRecord(
        started=now(),
        model=INFO,
        settings={"confidence": 0.25, "iou": 0.7},
        device="none",
        versions={},
        sources=("made",),
    )


def boxes(rng: np.random.Generator, count: int) -> Float32:
    """Return [N, 4] boxes of 20 to 120 pixels a side inside the picture."""
    height, width = SIZE
    half = rng.uniform(10, 60, (count, 2))
    centres = half + rng.uniform(0, 1, (count, 2)) * (np.array((width, height)) - 2 * half)
    return np.concatenate((centres - half, centres + half), axis=1).astype(np.float32)


def scores(rng: np.random.Generator, count: int, low: float) -> Float32:
    """Return [N] scores from `low` to 1, best first."""
    return np.sort(rng.uniform(low, 1.0, count))[::-1].astype(np.float32)


def ellipse(box: list[float]) -> Rle:
    """Return the mask of the ellipse in a box."""
    x1, y1, x2, y2 = (round(value) for value in box)
    across = (np.arange(x2 - x1) + 0.5) / (x2 - x1) * 2 - 1
    down = (np.arange(y2 - y1) + 0.5) / (y2 - y1) * 2 - 1
    return masks.encode(across**2 + down[:, None] ** 2 <= 1, x1, y1, *SIZE)


def result(
    rng: np.random.Generator,
    objects: int,
    *,
    origin: str = "made.jpg",
    index: int = 0,
    tracked: bool = False,
) -> Result:
    """Return a result without masks and candidates; `tracked` adds track numbers and angles."""
    found = Detections(
        boxes(rng, objects),
        scores(rng, objects, 0.25),
        rng.integers(0, len(NAMES), objects).astype(np.int32),
        angles=rng.uniform(0, np.pi / 2, objects).astype(np.float32) if tracked else None,
        ids=rng.integers(1, 10_000, objects).astype(np.int32) if tracked else None,
    )
    frame = Frame(np.zeros((1, 1, 3), np.uint8), index, None, origin)
    return Result(frame, found, None, Timing(network_ms=float(rng.uniform(20, 30))))


def write_session(folder: Path, frames: int, objects: int, *, tracked: bool = False) -> None:
    """Write a session of as many pictures, whose names are in no order."""
    rng = np.random.default_rng(0)
    order = rng.permutation(frames).tolist()
    with SessionWriter.create(folder, run_record()) as session:
        for number in order:
            session.add(result(rng, objects, origin=f"made/{number:06}.jpg", tracked=tracked))


def segmented(rng: np.random.Generator, objects: int) -> Result:
    """Return a result with masks and candidates in the number that a small network proposes.

    LabSight's own weights propose up to 18 candidates an object on rendered tubes, of which 1.4
    are worth a mask (measured); here it is 2, up to the engine's limits.
    """
    found = boxes(rng, objects)
    count, masked = min(18 * objects, MOST), objects + min(objects, MOST_MASKS)
    near = found[rng.integers(0, objects, count)]
    proposed = (near + rng.normal(0, 2, near.shape)).astype(np.float32)
    proposed[:objects] = found
    proposed = np.clip(proposed, 0, np.array(SIZE[::-1] * 2, np.float32))
    sure = scores(rng, objects, 0.25)
    classes = rng.integers(0, len(NAMES), count).astype(np.int32)
    shapes = tuple(ellipse(box) for box in proposed[:masked].tolist())
    return Result(
        Frame(np.zeros((*SIZE, 3), np.uint8), 0, None, "made.jpg"),
        Detections(found, sure, classes[:objects], shapes[:objects]),
        Candidates(
            proposed,
            np.concatenate((sure, scores(rng, count - objects, 0.01) / 4)),
            classes,
            masks=shapes + (None,) * (count - masked),
        ),
        Timing(network_ms=25.0),
    )
