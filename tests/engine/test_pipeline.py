"""The run: everything reaches the sink, memory stays bounded, ends are clean."""

import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
import pytest

from engine import pipeline
from engine.config import RunConfig
from engine.errors import PictureError, StoreError
from engine.inference.fake import FakeDetector
from engine.sources import Failure
from engine.types import Frame, Progress, Result


def frame(index: int, time_s: float | None = None) -> Frame:
    return Frame(np.zeros((48, 64, 3), np.uint8), index, time_s, "source")


@dataclass
class Notebook:
    """A sink that remembers, and can fail at a chosen result."""

    fail_at: int | None = None
    results: list[Result] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    threads: set[str] = field(default_factory=set)

    def write(self, result: Result) -> None:
        if self.fail_at == len(self.results):
            raise StoreError("The disk is full.")
        self.threads.add(threading.current_thread().name)
        self.results.append(result)

    def fail(self, failure: Failure) -> None:
        self.failures.append(failure)

    def tick(self) -> float | None:
        return None


def run(
    source: Iterable[pipeline.Item],
    sink: Notebook,
    *,
    total: int | None = None,
    should_stop: Callable[[], bool] = lambda: False,
    on_progress: Callable[[Progress], None] = lambda progress: None,
) -> pipeline.Summary:
    config = RunConfig()
    return pipeline.run(
        source,
        FakeDetector(3),
        lambda: config,
        sink,
        total=total,
        should_stop=should_stop,
        on_progress=on_progress,
    )


def test_every_frame_and_failure_arrives_in_order() -> None:
    bad = Failure("bad.jpg", PictureError("{path} is empty.", path="bad.jpg"))
    sink = Notebook()
    told: list[Progress] = []
    items: list[pipeline.Item] = [frame(0), frame(1, 0.5), bad, frame(2), bad]
    summary = run(items, sink, total=5, on_progress=told.append)
    assert [result.frame.index for result in sink.results] == [0, 1, 2]
    assert sink.failures == [bad, bad]
    assert (summary.pictures, summary.frames, summary.detections) == (2, 3, 9)
    assert (summary.failed, summary.state) == (1, "done")
    assert told[-1].done == 3
    assert told[-1].total == 5
    assert sink.threads == {"labsight-writer"}


def test_the_reader_never_runs_far_ahead() -> None:
    read: list[int] = []
    ahead: list[int] = []

    def source() -> Iterator[Frame]:
        for index in range(200):
            read.append(index)
            yield frame(index)

    class Slow(Notebook):
        def write(self, result: Result) -> None:
            super().write(result)
            ahead.append(len(read) - len(self.results))

    run(source(), Slow())
    assert len(read) == 200
    # Two queues, the frame in the detector, the one in the writer and the one being read.
    assert max(ahead) <= 2 * pipeline.AHEAD + 3


def test_a_stop_keeps_what_was_found_and_closes_the_source() -> None:
    closed: list[bool] = []

    def endless() -> Iterator[Frame]:
        try:
            index = 0
            while True:
                yield frame(index)
                index += 1
        finally:
            closed.append(True)

    sink = Notebook()
    summary = run(endless(), sink, should_stop=lambda: len(sink.results) >= 10)
    assert summary.state == "interrupted"
    assert summary.frames == len(sink.results) >= 10
    assert closed == [True]


def test_a_failing_sink_ends_an_endless_run() -> None:
    def endless() -> Iterator[Frame]:
        while True:
            yield frame(0)

    sink = Notebook(fail_at=7)
    with pytest.raises(StoreError, match="disk is full"):
        run(endless(), sink)
    assert len(sink.results) == 7
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("labsight-")]


def test_a_failing_source_or_detector_is_not_swallowed() -> None:
    def broken() -> Iterator[Frame]:
        yield frame(0)
        raise RuntimeError("a bug in a source")

    with pytest.raises(RuntimeError, match="a bug in a source"):
        run(broken(), Notebook())

    class Broken(FakeDetector):
        def detect(self, one: Frame, config: RunConfig) -> Result:
            if one.index == 2:
                raise RuntimeError("a bug in a detector")
            return super().detect(one, config)

    sink = Notebook()
    config = RunConfig()
    with pytest.raises(RuntimeError, match="a bug in a detector"):
        pipeline.run([frame(i) for i in range(9)], Broken(), lambda: config, sink)
    assert [result.frame.index for result in sink.results] == [0, 1]


def test_settings_change_between_frames() -> None:
    configs = iter([RunConfig(confidence=0.0)] * 2 + [RunConfig(confidence=1.0)] * 2)
    sink = Notebook()
    pipeline.run([frame(i) for i in range(4)], FakeDetector(5), lambda: next(configs), sink)
    assert [len(result.detections) for result in sink.results] == [5, 5, 0, 0]


def test_the_same_frame_gives_the_same_objects() -> None:
    first, second = (FakeDetector(4).detect(frame(7), RunConfig()) for _ in range(2))
    assert np.array_equal(first.detections.boxes, second.detections.boxes)
    other = FakeDetector(4).detect(frame(8), RunConfig())
    assert not np.array_equal(first.detections.boxes, other.detections.boxes)
