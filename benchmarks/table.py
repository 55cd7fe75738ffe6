"""A million detections as a table: sorting by each column and turning to any page."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median

from benchmarks import made
from benchmarks.harness import Measurement, Plan, at_most
from engine.store import SessionReader
from engine.store.query import COLUMNS, ObjectTable

FRAMES = 20_000
OBJECTS = 50
ROWS = 100
SORT_LIMIT_S = 1.5
PAGE_LIMIT_MS = 100.0

_RANDOM_PAGES = 20


def measure(plan: Plan) -> list[Measurement]:
    """Measure the first page after each sorting, and pages all over the table."""
    frames = plan.size(FRAMES)
    session = plan.made(
        f"tracked-session-{frames}x{OBJECTS}",
        lambda folder: made.write_session(folder, frames, OBJECTS, tracked=True),
    )
    return turn(session, plan.repeats)


def turn(session: Path, repeats: int) -> list[Measurement]:
    """Sort a session's table by every column, both ways, and turn to its pages."""
    measurements = []
    pages: list[float] = []
    with SessionReader.open(session) as reader:
        table = ObjectTable(reader)
        rows = f"{len(table):,} rows"
        places = _places(len(table))
        for column in COLUMNS:
            slowest = 0.0
            for descending in (False, True):
                arrange = partial(table.arrange, column, descending=descending)
                times = [_first_page(table, arrange) for _ in range(repeats)]
                slowest = max(slowest, median(times))
                pages += [_page(table, place) for place in places]
            name = f"{rows}: first page sorted by {column}"
            measurements.append(at_most(name, slowest, "s", SORT_LIMIT_S))
        arrange = partial(
            table.arrange, "area", descending=True, classes=(1,), confidence=0.5, text="9"
        )
        name = f"{rows}: first page filtered by class, confidence and picture"
        filtered = median(_first_page(table, arrange) for _ in range(repeats))
        measurements.append(Measurement(name, filtered, "s"))
    worst, middle = max(pages) * 1000, median(pages) * 1000
    measurements.append(at_most(f"{rows}: any later page, slowest", worst, "ms", PAGE_LIMIT_MS))
    measurements.append(Measurement(f"{rows}: any later page, median", middle, "ms"))
    return measurements


def _places(count: int) -> list[int]:
    """Return where the pages begin that are turned to: second, middle, last and random ones."""
    last = max(count - ROWS, 0)
    chosen = random.Random(0)
    anywhere = [chosen.randint(0, last) for _ in range(_RANDOM_PAGES)]
    return [min(ROWS, last), last // 2, last, *anywhere]


def _first_page(table: ObjectTable, arrange: Callable[[], None]) -> float:
    began = time.perf_counter()
    arrange()
    table.page(0, ROWS)
    return time.perf_counter() - began


def _page(table: ObjectTable, place: int) -> float:
    began = time.perf_counter()
    table.page(place, ROWS)
    return time.perf_counter() - began
