"""Detectors of one model side by side, each on a frame of its own, answering in order.

On a processor this is quicker than one network on all cores: threads that share the work of a layer
wait for one another at its end, a hundred times a frame; threads with a frame each never do.
"""

from __future__ import annotations

import queue
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Self

from engine import device
from engine.config import RunConfig
from engine.inference.detector import Detector
from engine.types import Frame, Result

MOST = 4
"""More networks at once would share the memory bus more than they win."""


class Team:
    """Detectors that work at the same time, in threads of their own.

    Args:
        detector: The first of them; it belongs to the team until that is closed.
        alone: It works alone, in the thread that asks: an answer is soonest there so.

    Attributes:
        size: How many there are.
    """

    def __init__(self, detector: Detector, *, alone: bool = False) -> None:
        """Gather the team."""
        self._first = detector
        count = 1 if alone else min(MOST, device.cores())
        self._free: queue.SimpleQueue[Detector] = queue.SimpleQueue()
        members = detector.side_by_side(count)
        for member in members:
            self._free.put(member)
        self.size = len(members)
        self._pool = None
        if self.size > 1:
            self._pool = ThreadPoolExecutor(self.size, thread_name_prefix="labsight-detector")

    def ask(self, frame: Frame, config: RunConfig) -> Future[Result]:
        """Return the answer to come; where the detector is alone, it is there at once."""
        if self._pool is not None:
            return self._pool.submit(self._detect, frame, config)
        answer: Future[Result] = Future()
        answer.set_result(self._first.detect(frame, config))
        return answer

    def close(self) -> None:
        """Wait for the frames under way and give the processor back to the first detector."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
        self._first.side_by_side(1)

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the team."""
        self.close()

    def _detect(self, frame: Frame, config: RunConfig) -> Result:
        member = self._free.get()
        try:
            return member.detect(frame, config)
        finally:
            self._free.put(member)
