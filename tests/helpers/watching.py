"""Watches a live source from a thread, as a run does, and waits for what is to happen."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Self

from engine.errors import EngineError
from engine.sources.live import LiveSource, LiveState
from engine.types import Frame

PATIENCE_S = 30.0


def until(condition: Callable[[], bool], what: str = "it") -> None:
    """Wait for a condition, generously; fail where it does not come true."""
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not happen"
        time.sleep(0.002)


class Watch:
    """Iterates a source in a thread until the end of a `with`.

    Attributes:
        source: The source.
        frames: What came.
        error: What ended the iteration, None where nothing did.
    """

    def __init__(self, source: LiveSource) -> None:
        self.source = source
        self.frames: list[Frame] = []
        self.error: EngineError | None = None
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.source.stop()
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive()

    @property
    def over(self) -> bool:
        """Whether the iteration has ended."""
        return not self._thread.is_alive()

    def until_state(self, state: LiveState) -> None:
        """Wait until the source says so."""
        until(lambda: self.source.status.state is state, f"{state} (now {self.source.status})")

    def until_frames(self, count: int) -> None:
        """Wait until so many frames have come."""
        until(lambda: len(self.frames) >= count or self.over, f"{count} frames")
        assert len(self.frames) >= count, self.error

    def _watch(self) -> None:
        try:
            for frame in self.source:
                self.frames.append(frame)
        except EngineError as error:
            self.error = error
