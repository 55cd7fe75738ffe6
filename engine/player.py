"""A video that is played: first frame at once, play, seek, step, with detection while it plays.

The view pulls: results wait in a mailbox of one place, and how the player is in a status with a
version. Commands come from any thread and return at once; of those of one kind the newest counts,
so that a slider that is dragged never queues.
"""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

from engine.config import RunConfig
from engine.errors import EngineError
from engine.inference.shelf import DetectorShelf
from engine.mailbox import Mailbox
from engine.playback.desk import Desk, Goal
from engine.playback.finder import Finder
from engine.playback.pace import Clock
from engine.playback.projector import Projector
from engine.playback.status import PlayerState, PlayerStatus
from engine.types import Result

__all__ = ["SPEEDS", "Player", "PlayerState", "PlayerStatus"]

SPEEDS = (0.1, 16.0)
"""Slowest and fastest playing, in seconds of the video a second."""


class Player:
    """One video with a thread that shows it. To end: `close`.

    It starts at once, paused at the first frame. Where showing or detecting every frame is slower
    than the video, frames are left out and the time on screen keeps pace; where not even decoding
    keeps pace, it plays slower. With detection, each frame is shown with what was found in it,
    never with what was found in another.

    Attributes:
        path: The video.
        latest: The newest result, for the screen; one without objects where nothing is looked for.
    """

    def __init__(
        self,
        path: Path,
        *,
        shelf: DetectorShelf | None = None,
        clock: Clock | None = None,
    ) -> None:
        """Open a video and show its first frame.

        Args:
            path: The video.
            shelf: Lends the detector for detection while playing; without one there is none.
            clock: What playing keeps pace with, time as it passes when left out.
        """
        self.path = path
        self.latest: Mailbox[Result] = Mailbox()
        self._shelf = shelf
        self._clock = clock or Clock()
        self._desk = Desk(self._clock)
        self._status = PlayerStatus()
        self._taken = -1
        self._thread = threading.Thread(target=self._run, name="labsight-player", daemon=True)
        self._thread.start()

    @property
    def status(self) -> PlayerStatus:
        """How the player is now."""
        return self._status

    @property
    def over(self) -> bool:
        """Whether its thread has ended."""
        return not self._thread.is_alive()

    def take_status(self) -> PlayerStatus | None:
        """Return how the player is, None where that is what the last call returned."""
        status = self._status
        if status.version == self._taken:
            return None
        self._taken = status.version
        return status

    def play(self) -> None:
        """Play on from the frame on screen; from the start where the video has ended."""
        self._desk.ask(playing=True)

    def pause(self) -> None:
        """Hold the frame on screen."""
        self._desk.ask(playing=False)

    def seek(self, index: int) -> None:
        """Go to a frame, counted from 0, and go on doing what it does; the last one beyond it."""
        self._desk.ask(goal=Goal(index=max(index, 0)))

    def seek_time(self, time_s: float) -> None:
        """Go to the frame that is shown at a time in seconds."""
        self._desk.ask(goal=Goal(time_s=max(time_s, 0.0)))

    def step(self, by: int) -> None:
        """Pause and go so many frames on, or back where negative."""
        self._desk.ask(goal=Goal(by=by), playing=False)

    def set_speed(self, speed: float) -> None:
        """Play so many times as fast as the video says, within `SPEEDS`."""
        slowest, fastest = SPEEDS
        self._desk.ask(speed=min(max(speed, slowest), fastest))

    def set_loop(self, on: bool) -> None:
        """Begin again at the end, or stop there."""
        self._desk.ask(loop=on)

    def detect_with(self, config: RunConfig | None) -> None:
        """Detect in the frames that are shown, from now on with this config; None for no more.

        While somebody else needs the detector, frames are shown without detections.
        """
        self._desk.ask(detection=(config,))

    def show_session(self, path: Path | None) -> None:
        """Show what a run that ended has found in the frames, where it has; None for no more.

        Frames that are in its session are not detected in.
        """
        self._desk.ask(session=(path,))

    def close(self, *, wait: bool = True) -> None:
        """End, and give the detector back.

        Args:
            wait: Return when the thread has ended: after the frame, the network's call or the
                loading of weights that is under way.
        """
        self._desk.close()
        if wait:
            self._thread.join()

    def _run(self) -> None:
        # Imported here, in the thread, as it takes its time.
        from engine.sources.cursor import VideoCursor

        finder = Finder(self._shelf, self._desk.wake)
        try:
            with VideoCursor(self.path) as cursor:
                Projector(
                    cursor, finder, self._desk, self._clock, show=self.latest.put, tell=self._tell
                ).run()
        except EngineError as error:
            self._tell(replace(self._status, state=PlayerState.FAILED, error=error))
        except BaseException:
            self._tell(replace(self._status, state=PlayerState.FAILED))
            raise
        finally:
            finder.close()

    def _tell(self, status: PlayerStatus) -> None:
        former = self._status
        if replace(status, version=former.version) != former:
            self._status = replace(status, version=former.version + 1)
