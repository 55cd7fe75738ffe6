"""How a player is, as its view reads it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from engine.errors import EngineError
from engine.types import ModelInfo


class PlayerState(StrEnum):
    """What a player is doing."""

    LOADING = "loading"
    PAUSED = "paused"
    PLAYING = "playing"
    ENDED = "ended"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class PlayerStatus:
    """How a player is at one moment.

    Attributes:
        state: What it is doing.
        index: The frame on screen, counted from 0; None before the first one.
        time_s: Its time in the video in seconds.
        frames: Number of frames, None while it is not known.
        duration_s: Length of the video in seconds, None while it is not known.
        rate_hz: Mean frame rate of the video.
        width: Width of the frame on screen in pixels.
        height: Height of the frame on screen in pixels.
        speed: So many times as fast as the video says.
        loop: Whether it begins again at the end.
        detecting: Whether frames are detected in before they are shown.
        yielded: Whether it would, but somebody else has the detector.
        stored: Whether what is shown in the frame is from the session.
        model: What found the objects in the frame, None where nothing was looked for.
        dropped: Frames left out since the start to keep pace.
        shown_hz: Frames shown a second lately, 0 while it does not play.
        detect_ms: Time that detection took for the last frame, None without.
        error: What went wrong last, None where nothing did.
        version: Grows with every change.
    """

    state: PlayerState = PlayerState.LOADING
    index: int | None = None
    time_s: float | None = None
    frames: int | None = None
    duration_s: float | None = None
    rate_hz: float = 0.0
    width: int = 0
    height: int = 0
    speed: float = 1.0
    loop: bool = False
    detecting: bool = False
    yielded: bool = False
    stored: bool = False
    model: ModelInfo | None = None
    dropped: int = 0
    shown_hz: float = 0.0
    detect_ms: float | None = None
    error: EngineError | None = None
    version: int = 0
