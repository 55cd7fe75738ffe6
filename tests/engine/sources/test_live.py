"""A live source goes on after a loss, counts on, says what it does, and stops when told."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pytest

from engine.errors import LiveError, PictureError, SourceError
from engine.sources.live import (
    BACKOFF_S,
    LiveSettings,
    LiveSource,
    LiveState,
    LiveStatus,
    is_live,
    open_live,
)
from engine.types import Frame, UInt8
from tests.helpers.watching import Watch

GONE = LiveError("It is gone.", "Plug it in.")
WRONG = LiveError("Wrong password.").for_good()


@dataclass
class Clock:
    """Seconds that pass only when somebody waits."""

    now: float = 1000.0
    pauses: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        return self.now

    def wait(self, seconds: float) -> bool:
        self.pauses.append(seconds)
        self.now += seconds
        return False


@dataclass
class Device:
    """A camera that gives a picture every tenth of a second, and what is told to it.

    Attributes:
        clock: Moved on by every picture.
        script: For each opening how many pictures come before the loss, or why there is none.
        missed_each: Pictures left out before each one after the first.
        opened: Number of openings that succeeded.
        closed: Number of closings.
    """

    clock: Clock
    script: list[int | Exception]
    missed_each: int = 0
    opened: int = 0
    closed: int = 0
    loss: Exception = GONE

    def __call__(self, stopped: threading.Event) -> DeviceCapture:
        step = self.script.pop(0) if self.script else 10**9
        if isinstance(step, Exception):
            raise step
        self.opened += 1
        return DeviceCapture(self, step)


@dataclass
class DeviceCapture:
    device: Device
    left: int
    missed: int = 0
    begun: bool = False

    def read(self) -> UInt8:
        if self.left == 0:
            raise self.device.loss
        self.left -= 1
        self.device.clock.now += 0.1
        self.missed += self.device.missed_each if self.begun else 0
        self.begun = True
        return np.zeros((48, 64, 3), np.uint8)

    def close(self) -> None:
        self.device.closed += 1


def source_of(device: Device) -> LiveSource:
    return LiveSource("camera:Fake", device, clock=device.clock, wait=device.clock.wait)


def take(
    source: LiveSource, count: int, look: Callable[[LiveStatus], None] = lambda status: None
) -> list[Frame]:
    """Return so many frames and stop the source."""
    frames: list[Frame] = []
    for frame in source:
        frames.append(frame)
        look(source.status)
        if len(frames) == count:
            source.stop()
    return frames


def test_frames_carry_index_time_arrival_and_origin() -> None:
    frames = take(source_of(Device(Clock(), [])), 4)
    assert [frame.index for frame in frames] == [0, 1, 2, 3]
    assert [frame.time_s for frame in frames] == pytest.approx([0, 0.1, 0.2, 0.3])
    assert [frame.arrived for frame in frames] == pytest.approx([1000.1, 1000.2, 1000.3, 1000.4])
    assert {frame.origin for frame in frames} == {"camera:Fake"}
    assert {frame.warning for frame in frames} == {None}


def test_the_status_tells_size_rate_and_count() -> None:
    seen: list[LiveStatus] = []
    device = Device(Clock(), [])
    source = source_of(device)
    assert source.status == LiveStatus(LiveState.CONNECTING)
    take(source, 50, seen.append)
    assert (seen[0].state, seen[0].rate_hz, seen[0].captured) == (LiveState.LIVE, 0, 1)
    assert (seen[-1].width, seen[-1].height, seen[-1].captured) == (64, 48, 50)
    assert seen[-1].rate_hz == pytest.approx(10)
    assert source.status.state is LiveState.ENDED
    assert source.status.captured == 50
    assert device.closed == 1


def test_the_rate_is_that_of_the_last_seconds() -> None:
    seen: list[LiveStatus] = []
    device = Device(Clock(), [])

    def look(status: LiveStatus) -> None:
        seen.append(status)
        if status.captured > 50:
            device.clock.now += 0.1

    take(source_of(device), 100, look)
    assert seen[49].rate_hz == pytest.approx(10)
    assert seen[-1].rate_hz == pytest.approx(5)


def test_frames_that_the_device_left_out_are_counted() -> None:
    seen: list[LiveStatus] = []
    frames = take(source_of(Device(Clock(), [3, 10], missed_each=2)), 5, seen.append)
    assert [frame.index for frame in frames] == [0, 3, 6, 7, 10]
    assert seen[-1].captured == 11
    assert seen[1].rate_hz == pytest.approx(30)


def test_a_loss_is_followed_by_growing_pauses_and_then_goes_on() -> None:
    clock = Clock()
    device = Device(clock, [3, *[GONE] * 6])
    frames = take(source_of(device), 5)
    assert clock.pauses == [1, 2, 4, 8, 10, 10, 10]
    assert [frame.index for frame in frames] == [0, 1, 2, 3, 4]
    assert frames[3].time_s == pytest.approx(0.2 + sum(clock.pauses) + 0.1)
    assert frames[3].warning == "There was no picture for 45.1 s before this frame."
    assert frames[4].warning is None
    assert (device.opened, device.closed) == (2, 2)


def test_pauses_start_anew_after_a_picture() -> None:
    clock = Clock()
    take(source_of(Device(clock, [1, GONE, 1, 0, 5])), 5)
    assert clock.pauses == [1, 2, 1, 2]


def test_the_status_while_waiting_says_why_and_until_when() -> None:
    clock = Clock()
    seen: list[LiveStatus] = []
    source = LiveSource(
        "camera:Fake",
        Device(clock, [1, GONE]),
        clock=clock,
        wait=lambda seconds: seen.append(source.status) or clock.wait(seconds),  # type: ignore[func-returns-value]
    )
    take(source, 2)
    assert [status.state for status in seen] == [LiveState.WAITING] * 2
    assert [status.attempt for status in seen] == [1, 2]
    assert [status.error for status in seen] == [GONE, GONE]
    assert [status.rate_hz for status in seen] == [0, 0]
    assert seen[0].retry_at == pytest.approx(1000.1 + BACKOFF_S[0])
    assert seen[1].retry_at == pytest.approx(1001.1 + BACKOFF_S[1])
    assert source.status.error is None
    assert source.status.retry_at is None


def test_without_a_first_picture_the_error_is_raised() -> None:
    for device in (Device(Clock(), [GONE]), Device(Clock(), [0])):
        source = source_of(device)
        with pytest.raises(LiveError) as caught:
            list(source)
        assert caught.value is GONE
        assert (source.status.state, source.status.error) == (LiveState.FAILED, GONE)
        assert device.clock.pauses == []
        assert device.closed == device.opened


def test_what_trying_again_cannot_mend_is_raised_also_later() -> None:
    device = Device(Clock(), [2, GONE, WRONG])
    source = source_of(device)
    with pytest.raises(LiveError) as caught:
        list(source)
    assert caught.value is WRONG
    source.stop()
    assert source.status.state is LiveState.FAILED
    assert source.status.captured == 2
    assert device.clock.pauses == [1, 2]


def test_errors_of_other_kinds_count_as_a_loss_too() -> None:
    device = Device(Clock(), [2], loss=PictureError("Broken."))
    assert len(take(source_of(device), 4)) == 4
    assert device.clock.pauses == [1]


def test_a_bug_leaves_no_device_open_and_the_state_failed() -> None:
    device = Device(Clock(), [2], loss=ZeroDivisionError())
    source = source_of(device)
    with pytest.raises(ZeroDivisionError):
        list(source)
    assert source.status.state is LiveState.FAILED
    assert device.closed == 1


def test_time_grows_also_where_the_clock_stands_still() -> None:
    device = Device(Clock(), [])
    source = LiveSource("camera:Fake", device, clock=lambda: 5.0)
    times = [frame.time_s for frame in take(source, 4)]
    assert times[0] == 0
    assert all(later > earlier for earlier, later in zip(times, times[1:], strict=False))  # type: ignore[operator]


def test_leaving_the_loop_closes_the_device() -> None:
    device = Device(Clock(), [])
    source = source_of(device)
    frames = iter(source)
    next(frames)
    frames.close()
    assert device.closed == 1
    assert source.status.state is LiveState.ENDED


def test_stopped_before_it_began_it_opens_nothing() -> None:
    device = Device(Clock(), [])
    source = source_of(device)
    source.stop()
    assert source.status.state is LiveState.ENDED
    assert list(source) == []
    assert device.opened == 0


def test_stop_ends_a_wait_at_once() -> None:
    device = Device(Clock(), [2, *[GONE] * 9])
    with Watch(LiveSource("camera:Fake", device)) as watch:
        watch.until_state(LiveState.WAITING)
        watch.source.stop()
    assert watch.error is None
    assert watch.source.status.state is LiveState.ENDED
    assert len(watch.frames) == 2


def test_stop_while_connecting_raises_nothing() -> None:
    connecting, go = threading.Event(), threading.Event()

    def connect(stopped: threading.Event) -> DeviceCapture:
        connecting.set()
        go.wait(30)
        raise GONE

    with Watch(LiveSource("camera:Fake", connect)) as watch:
        assert connecting.wait(30)
        watch.until_state(LiveState.CONNECTING)
        watch.source.stop()
        go.set()
    assert watch.error is None
    assert watch.source.status.state is LiveState.ENDED


def test_a_picture_that_comes_after_stop_is_not_given() -> None:
    device = Device(Clock(), [])
    source = source_of(device)

    class Late(DeviceCapture):
        def read(self) -> UInt8:
            source.stop()
            return super().read()

    source._connect = lambda stopped: Late(device, 5)
    assert list(source) == []


@pytest.mark.parametrize(
    "spec",
    [
        "camera:0", "Camera:Logitech C920", "camera:", "sim:", "SIM:a.mp4@30", "sim:@5",
        "rtsp://host/live", "RTSPS://host", "http://host/video", "https://host/", " camera:0 ",
    ],
)  # fmt: skip
def test_names_of_live_sources(spec: str) -> None:
    assert is_live(spec)


@pytest.mark.parametrize(
    "spec", ["a.mp4", "", "cameras/a.jpg", "camera", "C:/camera:0", "ftp://host/a", "file:///a.mp4"]
)
def test_names_of_other_sources(spec: str) -> None:
    assert not is_live(spec)
    with pytest.raises(SourceError, match="neither a camera nor a stream"):
        open_live(spec)


@pytest.mark.parametrize(
    ("spec", "origin"),
    [
        ("camera: Logitech C920 ", "camera:Logitech C920"),
        ("CAMERA:1", "camera:1"),
        ("sim:", "sim:"),
        ("sim:film.mp4@25", "sim:film.mp4@25"),
        ("RTSP://anna:secret@Host:554/Live", "rtsp://Host:554/Live"),
    ],
)
def test_the_origin_is_what_was_named(spec: str, origin: str) -> None:
    source = open_live(spec)
    assert source.origin == origin
    assert source.status.state is LiveState.CONNECTING


@pytest.mark.parametrize(
    "settings",
    [
        LiveSettings(width=0),
        LiveSettings(height=-1),
        LiveSettings(width=10**6),
        LiveSettings(rate_hz=0),
        LiveSettings(rate_hz=float("nan")),
    ],
)
def test_settings_that_make_no_sense(settings: LiveSettings) -> None:
    with pytest.raises(LiveError, match="cannot be asked for this size or rate"):
        open_live("camera:0", settings)
