"""A run: source to detector to sink, each in its own thread, bounded queues between them.

The reader decodes ahead, detectors work side by side, the writer stores and draws
behind. Memory does not grow with the length of a run, and what was written stays written whatever
happens after. From a camera or stream the detector takes the newest frame: one that it had no time
for is left out and counted.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from engine.channel import Channel, Closed
from engine.config import RunConfig
from engine.freshest import freshest, instead
from engine.inference.detector import Detector
from engine.inference.team import Team
from engine.sources import Failure
from engine.sources.live import LiveSource
from engine.store.records import RunState
from engine.types import Frame, Progress, Result

if TYPE_CHECKING:
    from engine.following import Follower

AHEAD = 4
PROGRESS_EVERY_S = 0.1
LOOK_EVERY_S = 0.05
"""So often a wait for the next frame looks whether the run is to stop."""
PATIENCE_S = 1.0
"""So long the end of a run waits for a device; one that is stuck ends by its own time-out."""

Item = Frame | Failure
Outcome = Result | Failure


class Sink(Protocol):
    """Where the results of a run go. Called from one thread."""

    def write(self, result: Result) -> None:
        """Keep one result."""

    def fail(self, failure: Failure) -> None:
        """Note a source that could not be worked on."""

    def tick(self) -> float | None:
        """Do what is due while nothing comes; return the seconds until more is, if any."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What a run did.

    Attributes:
        pictures: Still pictures worked on, pages counted singly.
        frames: Pictures and video frames worked on.
        detections: Objects found.
        failed: Sources that could not be worked on, or not to their end.
        dropped: Frames of a camera or stream that were left out to keep pace.
        seconds: Wall time from the first decoding to the last writing.
        state: How it ended.
    """

    pictures: int
    frames: int
    detections: int
    failed: int
    seconds: float
    state: RunState
    dropped: int = 0

    @property
    def fps(self) -> float:
        """Frames a second."""
        return self.frames / self.seconds if self.seconds > 0 else 0.0


def run(
    source: Iterable[Item],
    detector: Detector,
    config: Callable[[], RunConfig],
    sink: Sink,
    *,
    total: int | None = None,
    follower: Follower | None = None,
    should_stop: Callable[[], bool] = lambda: False,
    on_progress: Callable[[Progress], None] = lambda progress: None,
    on_result: Callable[[Result, int], None] = lambda result, dropped: None,
) -> Summary:
    """Work through a source.

    Args:
        source: Frames and failures, read in a thread of its own.
        detector: Used with its like at the same time, see `engine.inference.team`.
        config: Asked once a frame, so that settings can change while the run goes on.
        sink: Used in a thread of its own.
        total: Frames to expect, None while unknown.
        follower: Gives objects their tracks, in the caller's thread; None without tracking.
        should_stop: Asked at least once a frame; True ends the run with what was found so far.
        on_progress: Told at most ten times a second, in the caller's thread.
        on_result: Told of each result before it is stored, in the caller's thread, and how many
            frames were left out so far.

    Raises:
        EngineError: The source, the detector or the sink failed in a way that ends the run.
    """
    began = time.monotonic()
    live = source if isinstance(source, LiveSource) else None
    frames: Channel[Item] = Channel(1, heir=instead) if live else Channel(AHEAD)
    outcomes: Channel[Outcome] = Channel(AHEAD)
    tally = _Tally(sink)
    reader = _Worker("reader", lambda: _read(source, frames), lambda: frames.close())
    writer = _Worker(
        "writer",
        lambda: _write(outcomes, tally),
        lambda: _abandon(frames, outcomes),
    )
    reader.start()
    writer.start()
    meter = _Meter(total, on_progress)
    stopped = False

    def items() -> Iterator[Item | None]:
        nonlocal stopped
        for item in _items(frames) if live is None else freshest(_items(frames), frames, live):
            stopped = should_stop()
            if stopped:
                return
            yield item

    try:
        with Team(detector, alone=live is not None) as team:
            for outcome in _outcomes(items(), team, config):
                if isinstance(outcome, Failure):
                    written = outcomes.put(outcome)
                else:
                    result = outcome
                    # In pictures nothing moves from one to the next.
                    if follower is not None and outcome.frame.time_s is not None:
                        result = follower.follow(outcome)
                    on_result(result, frames.dropped)
                    written = outcomes.put(result)
                    meter.count()
                if not written:
                    break
    finally:
        frames.close(discard=True)
        outcomes.close()
        if live is not None:
            live.stop()
        reader.join(None if live is None else PATIENCE_S)
        writer.join()
    for worker in (writer, reader):
        if worker.error is not None:
            raise worker.error
    meter.finish()
    # A camera has no end of its own: stopping it is how its run is done.
    state: RunState = "interrupted" if stopped and live is None else "done"
    return tally.summary(time.monotonic() - began, state, frames.dropped)


def _outcomes(
    items: Iterable[Item | None], team: Team, config: Callable[[], RunConfig]
) -> Iterator[Outcome]:
    """Yield what becomes of the items, in their order, while the team is at the next ones."""
    under_way: deque[Failure | Future[Result]] = deque()
    for item in items:
        if item is not None:
            under_way.append(item if isinstance(item, Failure) else team.ask(item, config()))
        # One more than there are detectors, so that none waits for its next frame.
        room = 0 if item is None or team.size == 1 else team.size
        while len(under_way) > room:
            yield _outcome(under_way.popleft())
    while under_way:
        yield _outcome(under_way.popleft())


def _outcome(answer: Failure | Future[Result]) -> Outcome:
    return answer if isinstance(answer, Failure) else answer.result()


def _abandon(frames: Channel[Item], outcomes: Channel[Outcome]) -> None:
    """A writer that ends, by a failure too, leaves nobody to work for."""
    outcomes.close(discard=True)
    frames.close(discard=True)


def _items(frames: Channel[Item]) -> Iterator[Item | None]:
    """Yield what comes, and None where nothing came for a moment."""
    while True:
        try:
            yield frames.get(LOOK_EVERY_S)
        except Closed:
            return


def _read(source: Iterable[Item], frames: Channel[Item]) -> None:
    iterator = iter(source)
    try:
        for item in iterator:
            if not frames.put(item):
                return
    finally:
        close = getattr(iterator, "close", None)
        if close is not None:
            close()


def _write(outcomes: Channel[Outcome], tally: _Tally) -> None:
    while True:
        try:
            outcome = outcomes.get(tally.sink.tick())
        except Closed:
            return
        if outcome is not None:
            tally.take(outcome)


class _Worker(threading.Thread):
    """A thread that keeps the exception that ended it for whoever joins it."""

    def __init__(
        self, name: str, work: Callable[[], None], at_end: Callable[[], object]
    ) -> None:
        super().__init__(name=f"labsight-{name}", daemon=True)
        self._work = work
        self._at_end = at_end
        self.error: BaseException | None = None

    def run(self) -> None:
        try:
            self._work()
        except BaseException as error:  # noqa: BLE001 - raised again in the caller's thread
            self.error = error
        finally:
            self._at_end()


class _Tally:
    """Hands outcomes to the sink and counts them."""

    def __init__(self, sink: Sink) -> None:
        self.sink = sink
        self._pictures = self._frames = self._detections = 0
        self._failed: set[str] = set()

    def take(self, outcome: Outcome) -> None:
        if isinstance(outcome, Failure):
            self.sink.fail(outcome)
            self._failed.add(outcome.origin)
            return
        self.sink.write(outcome)
        self._frames += 1
        self._pictures += outcome.frame.time_s is None
        self._detections += len(outcome.detections)

    def summary(self, seconds: float, state: RunState, dropped: int) -> Summary:
        return Summary(
            self._pictures,
            self._frames,
            self._detections,
            len(self._failed),
            seconds,
            state,
            dropped,
        )


class _Meter:
    """Tells how far a run is, at most ten times a second."""

    def __init__(self, total: int | None, tell: Callable[[Progress], None]) -> None:
        self._total = total
        self._tell = tell
        self._done = 0
        self._began = self._told = time.monotonic()

    def count(self) -> None:
        self._done += 1
        now = time.monotonic()
        if now - self._told >= PROGRESS_EVERY_S:
            self._told = now
            self._tell(Progress(self._done, self._total, self._done / (now - self._began)))

    def finish(self) -> None:
        elapsed = max(time.monotonic() - self._began, 1e-9)
        self._tell(Progress(self._done, self._total, self._done / elapsed))
