"""How far an export is, and whether to go on."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from typing import TypeVar

from engine.errors import Cancelled
from engine.types import Progress

Report = Callable[[Progress], None]
Question = Callable[[], bool]
Item = TypeVar("Item")


@contextmanager
def finished(items: Iterator[Item]) -> Iterator[Iterator[Item]]:
    """Yield an iterator and close it, so that after an exception no query outlives its session."""
    try:
        yield items
    finally:
        if isinstance(items, Generator):
            items.close()


class Ticker:
    """Counts finished rows, reports now and then, and stops the work when asked to.

    Every method raises `Cancelled` once the person has stopped the work.
    """

    def __init__(
        self, total: int, progress: Report | None, should_stop: Question | None, every: int = 1000
    ) -> None:
        """Start at nothing done.

        Args:
            total: Rows in all.
            progress: Called with how far the work is, or None.
            should_stop: True ends the work, or None.
            every: Rows between two reports.
        """
        self._total = total
        self._progress = progress
        self._should_stop = should_stop
        self._every = every
        self._done = 0
        self._next = every
        self._start = time.monotonic()
        self._report()

    def step(self, rows: int = 1) -> None:
        """Count rows as finished."""
        self._done += rows
        if self._done >= self._next:
            self._next = self._done + self._every
            self._report()

    def finish(self) -> None:
        """Report that everything is done."""
        self._done = self._total
        self._report()

    def _report(self) -> None:
        if self._should_stop is not None and self._should_stop():
            raise Cancelled
        if self._progress is not None:
            elapsed_s = time.monotonic() - self._start
            rate_hz = self._done / elapsed_s if self._done and elapsed_s > 0 else 0.0
            # A session may grow while it is exported.
            self._progress(Progress(self._done, max(self._total, self._done), rate_hz))
