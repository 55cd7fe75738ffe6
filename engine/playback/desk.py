"""What is asked of a player: left by any thread, taken by the player's own."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from pathlib import Path

from engine.config import RunConfig
from engine.playback.pace import Clock


@dataclass(frozen=True, slots=True)
class Goal:
    """A place to go to.

    Attributes:
        index: A frame, None for the one on screen or at a time.
        time_s: A moment of the video, None for none.
        by: So many frames on from there, back where negative.
    """

    index: int | None = None
    time_s: float | None = None
    by: int = 0

    @property
    def is_step(self) -> bool:
        """Tell whether it is counted from the frame on screen."""
        return self.index is None and self.time_s is None


@dataclass(frozen=True, slots=True)
class Wishes:
    """The newest wish of each kind; None for those that nobody had.

    Attributes:
        goal: Where to go.
        playing: Whether to play.
        speed: How fast.
        loop: Whether to begin again at the end.
        detection: One config, or one None for no detection.
        session: One session file, or one None for no session.
    """

    goal: Goal | None = None
    playing: bool | None = None
    speed: float | None = None
    loop: bool | None = None
    detection: tuple[RunConfig | None] | None = None
    session: tuple[Path | None] | None = None


class Desk:
    """Where wishes wait; a newer one of a kind takes the place of the one before.

    Every call but `rest` returns at once.
    """

    def __init__(self, clock: Clock) -> None:
        """Start without wishes."""
        self._clock = clock
        self._changed = threading.Condition()
        self._wishes = Wishes()
        self._awake = False
        self._closing = False

    def ask(
        self,
        *,
        goal: Goal | None = None,
        playing: bool | None = None,
        speed: float | None = None,
        loop: bool | None = None,
        detection: tuple[RunConfig | None] | None = None,
        session: tuple[Path | None] | None = None,
    ) -> None:
        """Leave wishes; a step is counted from the goal that waits, if one does."""
        with self._changed:
            known = self._wishes
            if goal is not None and goal.is_step and known.goal is not None:
                goal = replace(known.goal, by=known.goal.by + goal.by)
            self._wishes = Wishes(
                goal=known.goal if goal is None else goal,
                playing=known.playing if playing is None else playing,
                speed=known.speed if speed is None else speed,
                loop=known.loop if loop is None else loop,
                detection=known.detection if detection is None else detection,
                session=known.session if session is None else session,
            )
        self.wake()

    def close(self) -> None:
        """Ask for the end."""
        self._closing = True
        self.wake()

    def wake(self) -> None:
        """End the rest, or let the next one be none."""
        with self._changed:
            self._awake = True
            self._changed.notify_all()

    @property
    def closing(self) -> bool:
        """Whether the end was asked for."""
        return self._closing

    @property
    def has_seek(self) -> bool:
        """Whether a goal waits that is not counted from the frame on screen."""
        goal = self._wishes.goal
        return goal is not None and not goal.is_step

    def take(self) -> Wishes:
        """Return what was asked for since the last call."""
        with self._changed:
            wishes, self._wishes = self._wishes, Wishes()
            self._awake = False
        return wishes

    def rest(self, seconds: float | None) -> None:
        """Wait until something is asked for, at most so long; None for no limit."""
        with self._changed:
            if not self._awake:
                self._clock.wait(self._changed, lambda: self._awake, seconds)
