"""Which moment of a video is due, against a clock that tests replace."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable

_LATELY_S = 1.0


class Clock:
    """Time as it passes."""

    def now(self) -> float:
        """Return seconds since some moment; they never go back."""
        return time.monotonic()

    def wait(
        self, changed: threading.Condition, is_over: Callable[[], bool], seconds: float | None
    ) -> None:
        """Wait until something is so, at most so long; None for no limit.

        Args:
            changed: Told when it may be so; the caller has locked it.
            is_over: Tells whether it is so.
            seconds: The limit.
        """
        changed.wait_for(is_over, seconds)


class Pace:
    """Ties the times of a video to a clock."""

    def __init__(self, clock: Clock) -> None:
        """Begin with the start of the video, at its own speed."""
        self._clock = clock
        self._speed = 1.0
        self._began = clock.now()
        self._from_s = 0.0

    @property
    def speed(self) -> float:
        """Seconds of the video that pass in a second."""
        return self._speed

    @speed.setter
    def speed(self, speed: float) -> None:
        self.begin(self.moment())
        self._speed = speed

    def begin(self, time_s: float) -> None:
        """Let a moment of the video be due now."""
        self._began = self._clock.now()
        self._from_s = time_s

    def moment(self) -> float:
        """Return the moment of the video that is due now, in seconds."""
        return self._from_s + (self._clock.now() - self._began) * self._speed

    def until(self, time_s: float) -> float:
        """Return the seconds until a moment of the video is due, at least 0."""
        return max((time_s - self.moment()) / self._speed, 0.0)


class Meter:
    """Counts how often something happens."""

    def __init__(self, clock: Clock) -> None:
        """Begin with nothing."""
        self._clock = clock
        self._times: deque[float] = deque()

    def count(self) -> None:
        """Note that it happened now."""
        now = self._clock.now()
        self._times.append(now)
        while self._times[0] < now - _LATELY_S:
            self._times.popleft()

    def clear(self) -> None:
        """Forget what happened."""
        self._times.clear()

    @property
    def rate_hz(self) -> float:
        """How often it happened a second lately, 0 while that is not known."""
        if len(self._times) < 2 or self._times[-1] == self._times[0]:
            return 0.0
        return (len(self._times) - 1) / (self._times[-1] - self._times[0])
