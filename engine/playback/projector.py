"""What a player does in its thread: shows the frame that is due, goes where it is asked to."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from engine.errors import Cancelled, EngineError, VideoError
from engine.playback.desk import Desk, Goal, Wishes
from engine.playback.errand import Errand
from engine.playback.finder import Finder
from engine.playback.pace import Clock, Meter, Pace
from engine.playback.status import PlayerState, PlayerStatus
from engine.sources.timeline import read_index
from engine.types import Frame, Result

if TYPE_CHECKING:
    from engine.sources.cursor import VideoCursor
    from engine.sources.timeline import VideoIndex

LONGEST_DECODING_S = 0.2
"""Where decoding to the frame that is due takes longer, one before it is shown, and the clock
slips: with its colours converted a frame is on screen every quarter of a second."""
SEEK_PATIENCE_S = 0.25
"""A seek that takes longer gives way to a newer one; quicker ones are shown while one drags."""
# A frame is shown so much before its time rather than waited for.
_EARLY_S = 0.0005


class Projector:
    """Shows a video. Lives in the player's thread, as the cursor and the finder do.

    Args:
        cursor: The video.
        finder: Finds what is in its frames.
        desk: Where wishes come from.
        clock: Passes the time.
        show: Given each result.
        tell: Given each status; its version is left to the listener.
    """

    def __init__(
        self,
        cursor: VideoCursor,
        finder: Finder,
        desk: Desk,
        clock: Clock,
        *,
        show: Callable[[Result], None],
        tell: Callable[[PlayerStatus], None],
    ) -> None:
        """Take the parts."""
        self._cursor = cursor
        self._finder = finder
        self._desk = desk
        self._clock = clock
        self._show_result = show
        self._tell = tell
        self._pace = Pace(clock)
        self._meter = Meter(clock)
        self._state = PlayerState.LOADING
        self._frame: Frame | None = None
        self._goal: Goal | None = None
        self._loop = False
        self._dropped = 0
        self._outdated = False
        self._error: EngineError | None = None
        self._indexing: Errand[VideoIndex | None] | None = None

    def run(self) -> None:
        """Work until the desk is closed.

        Raises:
            VideoError: Not even the first frame can be read.
        """
        path = self._cursor.path
        self._go(Goal(index=0))
        self._report()
        self._indexing = Errand(
            "player-index", lambda should_stop: read_index(path, should_stop), self._desk.wake
        )
        try:
            while not self._desk.closing:
                self._obey(self._desk.take())
                pause_s = self._turn()
                self._report()
                if pause_s is None or pause_s > 0:
                    self._desk.rest(pause_s)
        finally:
            if self._indexing is not None:
                self._indexing.cancel()
                self._indexing.join()

    def _obey(self, wishes: Wishes) -> None:
        """Take over what was asked for."""
        if wishes.loop is not None:
            self._loop = wishes.loop
        if wishes.speed is not None:
            self._pace.speed = wishes.speed
        if wishes.detection is not None:
            self._outdated = self._finder.detect_with(*wishes.detection) or self._outdated
        if wishes.session is not None and self._frame is not None:
            self._finder.use_session(*wishes.session, self._frame.origin)
            self._outdated = True
        if wishes.goal is not None:
            self._goal = wishes.goal
        if wishes.playing is not None:
            self._play() if wishes.playing else self._pause()

    def _play(self) -> None:
        if self._state is PlayerState.PLAYING or self._frame is None:
            return
        if self._state is PlayerState.ENDED and self._goal is None:
            self._goal = Goal(index=0)
        self._state, self._error = PlayerState.PLAYING, None
        self._meter.clear()
        self._pace.begin(self._frame.time_s or 0.0)

    def _pause(self) -> None:
        if self._state is PlayerState.PLAYING:
            self._state = PlayerState.PAUSED

    def _turn(self) -> float | None:
        """Do the next thing; return the seconds to rest after it, None for until a wish comes."""
        try:
            self._take_index()
            self._outdated = self._finder.tend() or self._outdated
            if self._goal is not None:
                if not self._can_go(self._goal):
                    return None
                goal, self._goal = self._goal, None
                self._go(goal)
                return 0.0
            if self._state is PlayerState.PLAYING:
                return self._play_on()
        except VideoError as error:
            self._state, self._error = PlayerState.FAILED, error
        if self._outdated and self._frame is not None:
            self._show(self._frame)
            return 0.0
        return None

    def _take_index(self) -> None:
        """Know the times of the frames once they were read."""
        if self._indexing is None or not self._indexing.ready:
            return
        indexing, self._indexing = self._indexing, None
        try:
            self._cursor.use(indexing.outcome())
        except Cancelled:
            return

    def _can_go(self, goal: Goal) -> bool:
        """Tell whether a goal can be met now; others wait for the times of the frames."""
        if self._indexing is None:
            return True
        if goal.time_s is not None:
            return False
        return self._cursor.is_near(self._base(goal) + goal.by)

    def _base(self, goal: Goal) -> int:
        if goal.index is not None:
            return goal.index
        return 0 if self._frame is None else self._frame.index

    def _go(self, goal: Goal) -> None:
        """Show the frame of a goal, unless a newer one comes before it is found."""
        began = self._clock.now()

        def stop() -> bool:
            patient = self._clock.now() - began < SEEK_PATIENCE_S
            return self._desk.closing or (self._desk.has_seek and not patient)

        base = self._base(goal) if goal.time_s is None else self._cursor.at(goal.time_s, stop)
        position = max(base + goal.by, 0)
        reached = self._cursor.reach(position, stop)
        if reached != position and reached + 1 != self._cursor.count:
            return
        frame = self._cursor.frame(reached)
        assert frame is not None
        if not (goal.is_step and goal.by == 1):
            self._finder.restart()
        if self._state is not PlayerState.PLAYING:
            self._state = PlayerState.PAUSED
        self._error = None
        self._show(frame)
        self._pace.begin(frame.time_s or 0.0)

    def _play_on(self) -> float | None:
        """Show the frame that is due, or return how long there is none."""
        assert self._frame is not None
        began = self._clock.now()
        shown = self._frame.index
        upcoming_s = self._cursor.time_of(shown + 1)
        if upcoming_s is None:
            return self._finish()
        if self._pace.until(upcoming_s) > _EARLY_S:
            return self._pace.until(upcoming_s)

        def stop() -> bool:
            late = self._clock.now() - began > LONGEST_DECODING_S
            return late or self._desk.closing or self._desk.has_seek

        due = max(self._cursor.at(self._pace.moment() + _EARLY_S, stop), shown + 1)
        reached = self._cursor.reach(due, stop)
        if reached <= shown:
            # What should follow is damaged: the cursor knows better now where the video ends.
            return 0.0
        frame = self._cursor.frame(reached)
        assert frame is not None
        self._dropped += reached - shown - 1
        self._show(frame)
        if reached < due:
            self._pace.begin(frame.time_s or 0.0)
        return 0.0

    def _finish(self) -> float | None:
        """Keep the last frame on screen for its time, then begin again or end."""
        assert self._frame is not None
        shown_s = self._frame.time_s or 0.0
        end_s = self._cursor.duration_s
        if end_s is None or end_s <= shown_s:
            end_s = shown_s + 1 / self._cursor.rate_hz
        if self._pace.until(end_s) > _EARLY_S:
            return self._pace.until(end_s)
        if self._loop:
            self._goal = Goal(index=0)
            return 0.0
        self._state, self._error = PlayerState.ENDED, self._cursor.damage
        return None

    def _show(self, frame: Frame) -> None:
        result = self._finder.find(frame)
        self._frame, self._outdated = frame, False
        self._meter.count()
        self._show_result(result)

    def _report(self) -> None:
        cursor, finder, frame = self._cursor, self._finder, self._frame
        playing = self._state is PlayerState.PLAYING
        self._tell(
            PlayerStatus(
                state=self._state,
                index=None if frame is None else frame.index,
                time_s=None if frame is None else frame.time_s,
                frames=cursor.count,
                duration_s=cursor.duration_s,
                rate_hz=cursor.rate_hz,
                width=0 if frame is None else frame.width,
                height=0 if frame is None else frame.height,
                speed=self._pace.speed,
                loop=self._loop,
                detecting=finder.detecting,
                yielded=finder.yielded,
                stored=finder.stored,
                model=finder.model,
                dropped=self._dropped,
                shown_hz=self._meter.rate_hz if playing else 0.0,
                detect_ms=finder.detect_ms,
                error=self._error or finder.error,
            )
        )
