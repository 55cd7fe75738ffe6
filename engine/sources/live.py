"""Live sources: cameras and streams as frames that come when they come, again after a loss."""

from __future__ import annotations

import math
import re
import threading
import time
from collections import deque
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import replace
from typing import Any

from engine.errors import EngineError, LiveError
from engine.i18n import N_, translate
from engine.sources.live_types import (
    Capture,
    Connect,
    LiveSettings,
    LiveState,
    LiveStatus,
)
from engine.types import Frame, UInt8

__all__ = [
    "Capture",
    "Connect",
    "LiveSettings",
    "LiveSource",
    "LiveState",
    "LiveStatus",
    "is_live",
    "open_live",
]

BACKOFF_S = (1.0, 2.0, 4.0, 8.0, 10.0)
"""Pauses before the first, second, ... attempt to get a lost picture back; the last one stays."""

RATE_OVER_S = 3.0
"""The rate is measured over this time."""

_LIVE = re.compile(r"(?:(camera|sim):|(?:rtsps?|https?)://)", re.IGNORECASE)
_OWN = LiveSettings()
_LARGEST = 16_384
_FASTEST_HZ = 1000.0


def is_live(spec: str) -> bool:
    """Tell whether a source is named as a camera or a stream is.

    The forms are `camera:NAME`, `camera:INDEX`, `sim:FILE@FPS`, `sim:` and addresses with `rtsp`,
    `rtsps`, `http` or `https`. A file may have such a name; to look for one is the caller's part.
    """
    return _LIVE.match(spec.strip()) is not None


def open_live(spec: str, settings: LiveSettings = _OWN) -> LiveSource:
    """Return the camera or stream that `spec` names; nothing is opened yet.

    Args:
        spec: See `is_live`.
        settings: What is asked of the device.

    Raises:
        LiveError: The name, the address or the settings make no sense.
    """
    spec = spec.strip()
    found = _LIVE.match(spec)
    if found is None:
        raise LiveError(
            N_("This is neither a camera nor a stream: {spec}."),
            N_("Write camera:NAME, sim:FILE@FPS or an address with rtsp:// or http://."),
            spec=spec,
        )
    _check(settings)
    kind = (found[1] or "").lower()
    if kind == "camera":
        from engine.sources.cameras import Camera

        camera = Camera(spec[found.end() :], settings)
        return LiveSource(camera.origin, camera)
    if kind == "sim":
        from engine.sources.simulated import Simulation

        simulation = Simulation(spec[found.end() :], settings)
        return LiveSource(simulation.origin, simulation)
    from engine.sources.streams import Stream

    stream = Stream(spec)
    return LiveSource(stream.origin, stream)


class LiveSource:
    """A camera or stream; iterating yields its frames, in the thread that iterates.

    One thread iterates, without being slow: what it does not take, it is not given. Until `stop`,
    a picture that was lost is waited for with growing pauses.

    Args:
        origin: What is recorded as the source; it holds no password.
        connect: Opens the device or connection.
        clock: Monotonic seconds.
        wait: Waits some seconds and returns True when `stop` ended it; by default on an event.

    Attributes:
        origin: As given.
    """

    def __init__(
        self,
        origin: str,
        connect: Connect,
        *,
        clock: Callable[[], float] = time.monotonic,
        wait: Callable[[float], bool] | None = None,
    ) -> None:
        """Make a source that has not begun."""
        self.origin = origin
        self._connect = connect
        self._clock = clock
        self._stopped = threading.Event()
        self._wait = wait or self._stopped.wait
        self._lock = threading.Lock()
        self._status = LiveStatus()
        self._iterating = False
        self._first: float | None = None
        self._last = 0.0
        self._time_s = 0.0
        self._lost = False
        self._captured = 0
        self._recent: deque[tuple[float, int]] = deque()

    @property
    def status(self) -> LiveStatus:
        """How it is now; any thread may ask."""
        return self._status

    def stop(self) -> None:
        """End the iteration, from any thread.

        It ends within a frame of a device or a simulation, at once while waiting to try again, and
        at the latest at its time-out while a network does not answer.
        """
        self._stopped.set()
        with self._lock:
            if not self._iterating and self._status.state is not LiveState.FAILED:
                self._status = replace(self._status, state=LiveState.ENDED, retry_at=None)

    def __iter__(self) -> Generator[Frame, None, None]:
        """Yield frames until `stop`.

        `index` counts what was captured, on and on also after a loss; `time_s` is the time since
        the first frame arrived and always grows. The first frame after a loss has a `warning`.

        Raises:
            EngineError: There never was a picture, or trying again cannot bring it back.
        """
        with self._lock:
            self._iterating = True
        last = LiveState.FAILED
        try:
            yield from self._frames()
            last = LiveState.ENDED
        except GeneratorExit:
            last = LiveState.ENDED
            raise
        except EngineError as error:
            self._change(error=error)
            raise
        finally:
            self._change(state=last, retry_at=None, rate_hz=0.0)
            with self._lock:
                self._iterating = False

    def _frames(self) -> Generator[Frame, None, None]:
        attempt = 0
        while not self._stopped.is_set():
            self._change(state=LiveState.CONNECTING, attempt=attempt, retry_at=None)
            try:
                with closing(self._connect(self._stopped)) as capture:
                    missed = 0
                    while (image := self._read(capture)) is not None:
                        attempt = 0
                        yield self._frame(image, capture.missed - missed)
                        missed = capture.missed
            except EngineError as error:
                if self._stopped.is_set():
                    return
                if self._first is None or (isinstance(error, LiveError) and error.lasting):
                    raise
                attempt += 1
                self._lose(error, attempt)
                if self._wait(BACKOFF_S[min(attempt, len(BACKOFF_S)) - 1]):
                    return

    def _read(self, capture: Capture) -> UInt8 | None:
        if self._stopped.is_set():
            return None
        image = capture.read()
        return None if self._stopped.is_set() else image

    def _frame(self, image: UInt8, missed: int) -> Frame:
        """Return a picture that has just come as a frame, and note it in the status."""
        arrived = self._clock()
        warning = None
        if self._first is None:
            self._first = arrived
        else:
            if self._lost:
                text = translate(N_("There was no picture for {seconds} s before this frame."))
                warning = text.format(seconds=f"{arrived - self._last:.1f}")
            # Some clocks stand still between two frames.
            self._time_s = max(arrived - self._first, math.nextafter(self._time_s, math.inf))
        self._last, self._lost = arrived, False
        index = self._captured + missed
        self._captured = index + 1
        self._change(
            state=LiveState.LIVE,
            error=None,
            attempt=0,
            width=int(image.shape[1]),
            height=int(image.shape[0]),
            rate_hz=self._rate_hz(arrived, index),
            captured=self._captured,
        )
        return Frame(image, index, self._time_s, self.origin, warning, arrived)

    def _rate_hz(self, arrived: float, index: int) -> float:
        recent = self._recent
        recent.append((arrived, index))
        while len(recent) > 2 and recent[1][0] <= arrived - RATE_OVER_S:
            recent.popleft()
        since, first = recent[0]
        return (index - first) / (arrived - since) if arrived > since else 0.0

    def _lose(self, error: EngineError, attempt: int) -> None:
        self._lost = True
        self._recent.clear()
        pause_s = BACKOFF_S[min(attempt, len(BACKOFF_S)) - 1]
        self._change(
            state=LiveState.WAITING,
            error=error,
            retry_at=self._clock() + pause_s,
            attempt=attempt,
            rate_hz=0.0,
        )

    def _change(self, **values: Any) -> None:  # noqa: ANN401 - fields of LiveStatus
        with self._lock:
            self._status = replace(self._status, **values)


def _check(settings: LiveSettings) -> None:
    sizes = [size for size in (settings.width, settings.height) if size is not None]
    rate = settings.rate_hz
    if not all(0 < size <= _LARGEST for size in sizes) or not (
        rate is None or 0 < rate <= _FASTEST_HZ
    ):
        raise LiveError(
            N_("A camera cannot be asked for this size or rate."),
            N_("Give up to {largest} pixels a side and up to {fastest} pictures a second."),
            largest=_LARGEST,
            fastest=round(_FASTEST_HZ),
        )
