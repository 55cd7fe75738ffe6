"""Detectors side by side: in order, at the same time, each on a frame of its own."""

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from engine import device, pipeline
from engine.config import RunConfig
from engine.errors import PictureError
from engine.inference.detector import Detector, open_detector
from engine.inference.fake import FakeDetector
from engine.inference.team import Team
from engine.scenes.tubes import render_tubes
from engine.sources import Failure
from engine.types import Frame, Result


class Crew(FakeDetector):
    """Two that work at once: the first waits with its first frame until the other has one."""

    def __init__(self) -> None:
        super().__init__(1)
        self.other = FakeDetector(1)
        self.counts: list[int] = []
        self.met = threading.Barrier(2, timeout=20)
        self.together = 0

    def side_by_side(self, count: int) -> Sequence[Detector]:  # type: ignore[override]
        self.counts.append(count)
        twin = _Twin(self)
        return [_Twin(self), twin][:count]


class _Twin(FakeDetector):
    def __init__(self, crew: Crew) -> None:
        super().__init__(1)
        self._crew = crew

    def detect(self, frame: Frame, config: RunConfig) -> Result:
        if frame.index < 2:
            self._crew.met.wait()
            self._crew.together += 1
        return super().detect(frame, config)


class Notebook:
    """A sink that remembers the order."""

    def __init__(self) -> None:
        self.order: list[int] = []

    def write(self, result: Result) -> None:
        self.order.append(result.frame.index)

    def fail(self, failure: Failure) -> None:
        self.order.append(-1)

    def tick(self) -> float | None:
        return None


def frames(count: int) -> Iterator[Frame]:
    for index in range(count):
        yield Frame(np.zeros((32, 32, 3), np.uint8), index, index / 10, "v.mp4")


def test_two_frames_are_worked_on_at_once_and_come_in_order(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(device, "cores", lambda: 2)
    crew, sink = Crew(), Notebook()
    summary = pipeline.run(frames(9), crew, RunConfig, sink)
    assert crew.together == 2
    assert sink.order == list(range(9))
    assert summary.frames == 9
    # At the end the first has the processor to itself again.
    assert crew.counts == [2, 1]


def test_a_failure_keeps_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device, "cores", lambda: 2)
    first, *rest = frames(4)
    broken = Failure("b.jpg", PictureError("broken"))
    sink = Notebook()
    pipeline.run([first, rest[0], broken, *rest[1:]], Crew(), RunConfig, sink)
    assert sink.order == [0, 1, -1, 2, 3]


def test_an_error_of_any_of_them_ends_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken(FakeDetector):
        def side_by_side(self, count: int) -> list[FakeDetector]:
            return [self] * count

        def detect(self, frame: Frame, config: RunConfig) -> Result:
            if frame.index == 3:
                raise PictureError("no memory")
            return super().detect(frame, config)

    monkeypatch.setattr(device, "cores", lambda: 2)
    sink = Notebook()
    with pytest.raises(PictureError):
        pipeline.run(frames(9), Broken(1), RunConfig, sink)
    assert sink.order == [0, 1, 2]
    assert not [each for each in threading.enumerate() if each.name.startswith("labsight-det")]


def test_one_alone_answers_in_the_thread_that_asks() -> None:
    class Where(FakeDetector):
        thread: threading.Thread | None = None

        def detect(self, frame: Frame, config: RunConfig) -> Result:
            self.thread = threading.current_thread()
            return super().detect(frame, config)

    detector = Where(1)
    with Team(detector, alone=True) as team:
        assert team.size == 1
        assert team.ask(next(frames(1)), RunConfig()).done()
    assert detector.thread is threading.current_thread()


def test_twins_of_a_network_find_the_same_and_hold_their_weights_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(device, "cores", lambda: 2)
    config = RunConfig(device="cpu")
    detector = open_detector(config)
    first, second = detector.side_by_side(2)
    frame = Frame(render_tubes(7, (640, 480)).image, 0, None, "a")
    ours, theirs = first.detect(frame, config), second.detect(frame, config)
    assert len(ours.detections)
    np.testing.assert_array_equal(ours.detections.boxes, theirs.detections.boxes)
    addresses = [
        {weight.data_ptr() for weight in each._backend._network.parameters()}  # type: ignore[attr-defined]
        for each in (first, second)
    ]
    assert addresses[0] == addresses[1]
    detector.close()
