"""Writing results to a session, commits included."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from statistics import mean, median

import numpy as np

from benchmarks import made
from benchmarks.harness import Measurement, Plan, at_most
from engine.store import SessionWriter
from engine.types import Result

FRAMES = 2000
OBJECTS = 50
LIMIT_MS = 2.0

# Made once: the time to make a result is no part of writing it.
_DIFFERENT = 20


def measure(plan: Plan) -> list[Measurement]:
    """Measure what a frame of 50 objects costs, with masks and candidates and without."""
    rng = np.random.default_rng(0)
    kinds = {
        "boxes": [made.result(rng, OBJECTS) for _ in range(_DIFFERENT)],
        "masks and candidates": [made.segmented(rng, OBJECTS) for _ in range(_DIFFERENT)],
    }
    measurements = []
    for kind, results in kinds.items():
        runs = []
        for _ in range(plan.repeats):
            with tempfile.TemporaryDirectory(dir=plan.folder) as folder:
                runs.append(write(Path(folder) / "session", results, plan.size(FRAMES)))
        what = f"a frame of {OBJECTS} objects, {kind}"
        middle = median(median(times) for times in runs)
        whole = median(mean(times) for times in runs)
        measurements.append(at_most(f"{what}: median", middle, "ms", LIMIT_MS))
        measurements.append(at_most(f"{what}: mean with commits", whole, "ms", LIMIT_MS))
        measurements.append(
            Measurement(f"{what}: slowest", median(max(times[:-1]) for times in runs), "ms")
        )
    return measurements


def write(folder: Path, results: Sequence[Result], frames: int) -> list[float]:
    """Write a session and return the milliseconds of each frame and, last, of the closing."""
    times = []
    session = SessionWriter.create(folder, made.run_record())
    for index in range(frames):
        one = results[index % len(results)]
        one = replace(one, frame=replace(one.frame, index=index))
        began = time.perf_counter()
        session.add(one)
        times.append((time.perf_counter() - began) * 1000)
    began = time.perf_counter()
    session.close()
    return [*times, (time.perf_counter() - began) * 1000]
