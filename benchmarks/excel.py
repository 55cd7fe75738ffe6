"""A large session to Excel: time, memory, and how soon it stops when asked to."""

from __future__ import annotations

import importlib
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks import made
from benchmarks.harness import (
    MB,
    Measurement,
    Plan,
    at_most,
    in_fresh_process,
    memory_bytes,
    peak_memory_bytes,
)
from engine.errors import Cancelled
from engine.export import export_excel
from engine.store import SessionReader
from engine.types import Progress

FRAMES = 2000
OBJECTS = 50
LIMIT_S = 15.0
LIMIT_MB = 150.0

# Stops are asked for after these shares of the time that an export takes.
_STOPS = (0.1, 0.3, 0.5, 0.7, 0.9)
# What an export imports when it begins.
_WANTED = ("openpyxl", "openpyxl.cell", "openpyxl.chart", "openpyxl.styles", "openpyxl.utils")


@dataclass(frozen=True, slots=True)
class Exported:
    """What one export took.

    Attributes:
        seconds: Wall time.
        extra_bytes: Peak memory above what the process held with everything imported.
        reports: Calls of the progress callback.
        file_bytes: Size of the workbook.
    """

    seconds: float
    extra_bytes: int
    reports: int
    file_bytes: int


def measure(plan: Plan) -> list[Measurement]:
    """Measure exports of 100,000 detections, each in a fresh process."""
    frames = plan.size(FRAMES)
    session = plan.made(
        f"session-{frames}x{OBJECTS}", lambda folder: made.write_session(folder, frames, OBJECTS)
    )
    with tempfile.TemporaryDirectory(dir=plan.folder) as name:
        target = Path(name) / "results.xlsx"
        runs = [in_fresh_process(export, session, target) for _ in range(plan.repeats)]
        seconds = median(run.seconds for run in runs)
        stops = [in_fresh_process(cancel, session, target, seconds * part) for part in _STOPS]
    what = f"{frames * OBJECTS:,} detections"
    extra = max(run.extra_bytes for run in runs) / MB
    slowest = max((stop for stop in stops if stop is not None), default=0.0)
    return [
        at_most(f"{what}: time", seconds, "s", LIMIT_S),
        at_most(f"{what}: extra memory at its peak", extra, "MB", LIMIT_MB),
        Measurement(f"{what}: size of the file", runs[0].file_bytes / MB, "MB"),
        Measurement(f"{what}: reports of progress", runs[0].reports, ""),
        Measurement(f"{what}: time to stop, slowest of {len(stops)}", slowest * 1000, "ms"),
    ]


def export(session: Path, target: Path) -> Exported:
    """Export a session, in a process of its own for the sake of its peak of memory."""
    for module in _WANTED:
        importlib.import_module(module)
    reports = 0

    def count(progress: Progress) -> None:
        nonlocal reports
        reports += 1

    with SessionReader.open(session) as reader:
        before = memory_bytes()
        began = time.perf_counter()
        export_excel(reader, target, progress=count)
        seconds = time.perf_counter() - began
    return Exported(seconds, peak_memory_bytes() - before, reports, target.stat().st_size)


def cancel(session: Path, target: Path, after_s: float) -> float | None:
    """Ask an export to stop; return the seconds until it has, None when it was done before."""
    for module in _WANTED:
        importlib.import_module(module)
    asked = threading.Event()
    asked_at = 0.0

    def ask() -> None:
        nonlocal asked_at
        asked_at = time.perf_counter()
        asked.set()

    timer = threading.Timer(after_s, ask)
    with SessionReader.open(session) as reader:
        timer.start()
        try:
            export_excel(reader, target, should_stop=asked.is_set)
        except Cancelled:
            return time.perf_counter() - asked_at
        finally:
            timer.cancel()
    return None
