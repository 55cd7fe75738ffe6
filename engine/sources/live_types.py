"""What is said about live sources, and what one kind of them has to do."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from engine.errors import EngineError
from engine.types import UInt8


class LiveState(StrEnum):
    """What a live source is doing."""

    CONNECTING = "connecting"
    LIVE = "live"
    WAITING = "waiting"
    """The picture was lost; it will try again."""
    ENDED = "ended"
    """It was stopped."""
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class LiveStatus:
    """How a live source is, at one moment.

    Attributes:
        state: What it is doing.
        error: Why there is no picture, None while there is one.
        retry_at: When it tries again, by `time.monotonic`; None where it does not wait.
        attempt: Number of the attempt to get the picture back, 0 where it was not lost.
        width: Width of the pictures in pixels, 0 while unknown.
        height: Height of the pictures in pixels, 0 while unknown.
        rate_hz: Pictures per second over the last seconds, 0 while unknown.
        captured: Pictures so far, with those that nobody took in time.
    """

    state: LiveState = LiveState.CONNECTING
    error: EngineError | None = None
    retry_at: float | None = None
    attempt: int = 0
    width: int = 0
    height: int = 0
    rate_hz: float = 0.0
    captured: int = 0


@dataclass(frozen=True, slots=True)
class LiveSettings:
    """What is asked of a device; it may give something else.

    Attributes:
        width: Width in pixels, None for the device's own.
        height: Height in pixels, None for the device's own.
        rate_hz: Pictures per second, None for the device's own.
    """

    width: int | None = None
    height: int | None = None
    rate_hz: float | None = None


class Capture(Protocol):
    """An open device or connection.

    Attributes:
        missed: Pictures since it was opened that the device made and that nobody took in time.
    """

    @property
    def missed(self) -> int:
        """See the class."""
        ...

    def read(self) -> UInt8 | None:
        """Wait for the next picture.

        Returns:
            [H, W, 3] uint8 RGB, the receiver's own; None where the wait was ended by the event
            that the capture was opened with.

        Raises:
            EngineError: The picture is lost.
        """
        ...

    def close(self) -> None:
        """Let go of the device."""
        ...


Connect = Callable[[threading.Event], Capture]
"""Opens a capture whose waits end when the event is set; raises EngineError where it cannot."""
