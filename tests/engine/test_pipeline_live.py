"""A run over a camera: the newest frame wins, a stop ends it, what was found is shown at once."""

import threading
import time
from collections.abc import Callable

import numpy as np
import pytest

from engine import pipeline
from engine.config import RunConfig
from engine.errors import LiveError
from engine.following import Follower
from engine.freshest import worth_waiting_s
from engine.inference.fake import FakeDetector
from engine.sources import Failure
from engine.sources.live import LiveSource
from engine.types import Frame, Result, UInt8


class Device:
    """A camera that delivers as fast as it is asked, each picture brighter than the last."""

    missed = 0

    def __init__(self, every_s: float = 0.002, fail_at: int | None = None) -> None:
        self._every_s = every_s
        self._fail_at = fail_at
        self.count = 0

    def read(self) -> UInt8:
        if self._fail_at is not None and self.count >= self._fail_at:
            raise LiveError("It does not know you.").for_good()
        time.sleep(self._every_s)
        self.count += 1
        return np.full((24, 32, 3), self.count % 250, np.uint8)

    def close(self) -> None:
        pass


class Notebook:
    """A sink that remembers."""

    def __init__(self) -> None:
        self.results: list[Result] = []
        self.failures: list[Failure] = []

    def write(self, result: Result) -> None:
        self.results.append(result)

    def fail(self, failure: Failure) -> None:
        self.failures.append(failure)

    def tick(self) -> float | None:
        return None


class Slow(FakeDetector):
    """Takes ten times as long as the camera."""

    def detect(self, frame: Frame, config: RunConfig) -> Result:
        time.sleep(0.02)
        return super().detect(frame, config)


def run(
    device: Device,
    detector: FakeDetector,
    sink: Notebook,
    should_stop: Callable[[], bool],
    on_result: Callable[[Result, int], None] = lambda result, dropped: None,
) -> tuple[pipeline.Summary, LiveSource]:
    source = LiveSource("camera:Test", lambda stop: device)
    summary = pipeline.run(
        source, detector, RunConfig, sink, should_stop=should_stop, on_result=on_result
    )
    return summary, source


def test_a_slow_detector_is_given_the_newest_frame_and_the_rest_are_counted() -> None:
    device, sink = Device(), Notebook()
    summary, _source = run(device, Slow(1), sink, lambda: len(sink.results) >= 10)
    indices = [result.frame.index for result in sink.results]
    assert indices == sorted(set(indices))
    # Between two that were detected in, several came and went.
    assert np.median(np.diff(indices)) >= 3
    assert summary.dropped >= indices[-1] - len(indices)
    # At most two frames old: the one that waits and the one that is being read.
    assert device.count - indices[-1] <= 30


@pytest.mark.parametrize(
    ("age_ms", "rate_hz", "waited_ms"),
    [
        (5.0, 30.0, 0.0),
        (16.0, 30.0, 0.0),
        (17.0, 30.0, 21.3),
        (30.0, 30.0, 8.3),
        # The next one is late itself: nobody knows when it comes.
        (34.0, 30.0, 0.0),
        (30.0, 0.0, 0.0),
    ],
)
def test_a_frame_that_is_due_is_worth_as_long_as_the_one_at_hand_is_old(
    age_ms: float, rate_hz: float, waited_ms: float
) -> None:
    waited = 1000 * worth_waiting_s(age_ms / 1000, rate_hz)
    assert waited == pytest.approx(waited_ms, abs=0.05)


def test_a_loss_is_told_though_the_frame_that_told_it_was_left_out() -> None:
    class Torn(Device):
        """Loses its picture once; another frame comes at once after the one that tells it."""

        def read(self) -> UInt8:
            if self.count == 3:
                self.count += 1
                raise LiveError("gone")
            return super().read()

    device, sink = Torn(), Notebook()
    # No pause between losing the picture and getting it back, so that nobody waits for it.
    source = LiveSource("camera:Test", lambda stop: device, wait=lambda seconds: False)
    pipeline.run(source, Slow(1), RunConfig, sink, should_stop=lambda: len(sink.results) >= 5)
    told = [result.frame.index for result in sink.results if result.frame.warning]
    assert len(told) == 1


def test_stopping_a_camera_is_how_its_run_is_done() -> None:
    sink = Notebook()
    summary, source = run(Device(), FakeDetector(1), sink, lambda: len(sink.results) >= 3)
    assert summary.state == "done"
    assert source.status.state == "ended"
    assert not [each for each in threading.enumerate() if each.name.startswith("labsight-")]


def test_a_camera_that_delivers_nothing_can_be_stopped() -> None:
    class Silent(Device):
        def __init__(self) -> None:
            super().__init__()
            self.released = threading.Event()

        def read(self) -> UInt8:
            self.released.wait(30)
            raise LiveError("gone")

    device, sink = Silent(), Notebook()
    asked = 0

    def stop_soon() -> bool:
        nonlocal asked
        asked += 1
        return asked > 3

    began = time.monotonic()
    summary, _source = run(device, FakeDetector(1), sink, stop_soon)
    assert time.monotonic() - began < 10
    assert summary.frames == 0
    device.released.set()
    for thread in threading.enumerate():
        if thread.name == "labsight-reader":
            thread.join(10)
            assert not thread.is_alive()


def test_a_result_is_told_before_it_is_stored() -> None:
    order: list[str] = []

    class Ordered(Notebook):
        def write(self, result: Result) -> None:
            order.append(f"stored {result.frame.index}")
            super().write(result)

    sink = Ordered()
    run(
        Device(),
        FakeDetector(1),
        sink,
        lambda: len(sink.results) >= 2,
        lambda result, dropped: order.append(f"told {result.frame.index}"),
    )
    first = sink.results[0].frame.index
    assert order.index(f"told {first}") < order.index(f"stored {first}")


def test_a_camera_that_cannot_come_back_ends_the_run_with_what_was_found() -> None:
    sink = Notebook()
    with pytest.raises(LiveError, match="does not know you"):
        run(Device(fail_at=3), FakeDetector(1), sink, lambda: False)
    assert 1 <= len(sink.results) <= 3


def test_moments_of_a_video_are_followed_and_pictures_are_not() -> None:
    config = RunConfig(track="bytetrack")
    moments = [Frame(np.zeros((64, 64, 3), np.uint8), 0, at, "v.mp4") for at in (0.0, 0.1)]
    picture = Frame(np.zeros((64, 64, 3), np.uint8), 0, None, "a.jpg")
    sink = Notebook()
    pipeline.run(
        [*moments, picture], FakeDetector(2), lambda: config, sink, follower=Follower(config)
    )
    followed = [result.detections.ids for result in sink.results]
    assert followed[2] is None
    assert followed[1] is not None
    assert followed[1].tolist() == [1, 2]
