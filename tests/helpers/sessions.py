"""Small sessions whose rows can be told apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from engine.errors import PictureError
from engine.store import RunRecord, SessionWriter
from engine.types import Detections, Frame, ModelInfo, Result, Task

NAMES = ("serum", "cells", "gel")
INFO = ModelInfo("small", "detect", NAMES, 640, 32, "0" * 64)
RUN = RunRecord(
    started="2026-01-01T00:00:00+00:00",
    model=INFO,
    settings={},
    device="cpu",
    versions={},
    sources=("in",),
)


def found(
    origin: str,
    classes: Sequence[int],
    *,
    index: int = 0,
    tracked: bool = False,
    rotated: bool = False,
) -> Result:
    """Return a picture with one object a class given, confidences 0.9, 0.8, … in that order."""
    count = len(classes)
    places = np.arange(count, dtype=np.float32)
    corners = np.stack((places * 10, places * 5), axis=1)
    sides = np.stack((places + 20.5, places + 8.25), axis=1)
    boxes = np.concatenate((corners, corners + sides), axis=1).astype(np.float32)
    detections = Detections(
        boxes.reshape(-1, 4),
        (0.9 - 0.1 * places).astype(np.float32),
        np.array(classes, np.int32),
        angles=np.full(count, np.pi / 4, np.float32) if rotated else None,
        ids=np.arange(7, 7 + count, dtype=np.int32) if tracked else None,
    )
    return Result(Frame(np.zeros((480, 640, 3), np.uint8), index, None, origin), detections)


def classified(origin: str, shares: Sequence[float]) -> Result:
    """Return a classified picture."""
    frame = Frame(np.zeros((8, 8, 3), np.uint8), 0, None, origin)
    return Result(frame, Detections.empty(), probabilities=np.array(shares, np.float32))


def write_session(
    folder: Path,
    results: Sequence[Result],
    *,
    task: Task = "detect",
    failed: Sequence[str] = (),
) -> Path:
    """Write a finished session and return its file."""
    run = replace(RUN, model=replace(INFO, task=task))
    with SessionWriter.create(folder, run) as writer:
        for result in results:
            writer.add(result)
        for source in failed:
            writer.fail(source, PictureError("{path} is empty.", "Copy it again.", path=source))
    return writer.path
