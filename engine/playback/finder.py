"""What is found in the frames that a player shows: by a detector, or by a run before."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from engine.config import RunConfig
from engine.errors import Cancelled, EngineError
from engine.inference.shelf import DetectorShelf
from engine.playback.errand import Errand
from engine.types import Detections, Frame, ModelInfo, Result

if TYPE_CHECKING:
    from engine.following import Follower
    from engine.inference.detector import Detector
    from engine.playback.stored import StoredResults


class Finder:
    """Makes results of frames. Lives in the player's thread.

    The detector is borrowed when a frame first needs it, in a thread of its own, as weights take
    their time, and is given back as soon as somebody else cannot do without.

    Attributes:
        model: What found the objects of the last frame, None where nothing was looked for.
        stored: Whether they are from the session.
        yielded: Whether somebody else has the detector.
        detect_ms: Time that detection took for the last frame, None without.
        error: Why nothing is found, None where nothing went wrong.
    """

    def __init__(self, shelf: DetectorShelf | None, wake: Callable[[], None]) -> None:
        """Find nothing.

        Args:
            shelf: Lends the detector; None where there is none to borrow.
            wake: Called in any thread when `tend` has something to do.
        """
        self.model: ModelInfo | None = None
        self.stored = False
        self.yielded = False
        self.detect_ms: float | None = None
        self.error: EngineError | None = None
        self._shelf = shelf
        self._wake = wake
        self._config: RunConfig | None = None
        self._needed = False
        self._borrowing: Errand[Detector] | None = None
        self._asked: RunConfig | None = None
        self._detector: Detector | None = None
        self._follower: Follower | None = None
        self._session: StoredResults | None = None

    @property
    def detecting(self) -> bool:
        """Whether frames are detected in."""
        return self._detector is not None and self._config is not None

    def detect_with(self, config: RunConfig | None) -> bool:
        """Detect with a config from the next frame on, None for not at all.

        Returns:
            False where that is so already.
        """
        if config == self._config and self.error is None:
            return False
        self._config = config
        self.error = None
        self.restart()
        if config is None:
            self._needed = self.yielded = False
        if self._borrowing is not None and not self._suits():
            self._borrowing.cancel()
        return True

    def use_session(self, path: Path | None, origin: str) -> None:
        """Show what a session has of the frames of `origin`, None for no session."""
        from engine.playback.stored import StoredResults

        self.error = None
        self._close_session()
        if path is None:
            return
        try:
            self._session = StoredResults(path, origin)
        except EngineError as error:
            self.error = error

    def restart(self) -> None:
        """Follow objects anew: the next frame does not come after the last one."""
        self._follower = None

    def tend(self) -> bool:
        """Borrow or give back the detector; return True where frames look different after it."""
        changed = False
        if self._borrowing is not None and self._borrowing.ready:
            changed = self._collect()
        if self._detector is not None:
            suits = self._suits()
            assert self._shelf is not None
            if not suits or self._shelf.wanted:
                self.yielded = suits
                self._give_back()
                changed = True
        if self._detector is None and self._borrowing is None and self._needed:
            self._borrow()
        return changed

    def find(self, frame: Frame) -> Result:
        """Return what is in a frame; nothing where it is neither stored nor detected in."""
        self.model, self.stored, self.detect_ms = None, False, None
        stored = self._look_up(frame)
        if stored is not None:
            return stored
        if self._config is None:
            return Result(frame, Detections.empty())
        if self._detector is None:
            self._needed = self._shelf is not None and self.error is None
            return Result(frame, Detections.empty())
        try:
            result = self._follow(self._detector.detect(frame, self._config))
        except EngineError as error:
            self._fail(error)
            return Result(frame, Detections.empty())
        self.model = self._detector.info
        self.detect_ms = result.timing.total_ms
        return result

    def close(self) -> None:
        """Give back the detector and close the session."""
        self._config = None
        if self._borrowing is not None:
            self._borrowing.cancel()
            self._collect()
        self._give_back()
        self._close_session()

    def _look_up(self, frame: Frame) -> Result | None:
        if self._session is None:
            return None
        try:
            result = self._session.find(frame)
        except (EngineError, sqlite3.Error) as error:
            self.error = self._session.unreadable(error)
            self._close_session()
            return None
        if result is not None:
            self.model, self.stored = self._session.model, True
        return result

    def _follow(self, result: Result) -> Result:
        assert self._config is not None
        if self._config.track == "off":
            return result
        if self._follower is None:
            from engine.following import Follower

            self._follower = Follower(self._config)
        return self._follower.follow(result)

    def _suits(self) -> bool:
        """Tell whether the detector that was asked for is the one to detect with."""
        config, asked = self._config, self._asked
        if config is None or asked is None:
            return False
        return (config.weights, config.device, config.backend) == (
            asked.weights,
            asked.device,
            asked.backend,
        )

    def _borrow(self) -> None:
        shelf, config = self._shelf, self._config
        if shelf is None or config is None:
            return
        self._asked = config
        self.yielded = self.yielded or shelf.lent
        self._borrowing = Errand(
            "player-model",
            lambda should_stop: shelf.take(
                config,
                patience_s=math.inf,
                owner=self,
                urgent=False,
                should_stop=should_stop,
                on_wanted=self._wake,
            ),
            self._wake,
        )

    def _collect(self) -> bool:
        """Take the borrowed detector and tell whether there is one to detect with."""
        errand, self._borrowing = self._borrowing, None
        assert errand is not None
        try:
            self._detector = errand.outcome()
        except Cancelled:
            return False
        except EngineError as error:
            if self._suits():
                self._fail(error)
            return False
        if not self._suits():
            self._give_back()
            return False
        self.yielded = False
        self.restart()
        return True

    def _fail(self, error: EngineError) -> None:
        """Detect no more until it is asked for again."""
        self.error = error
        self._config = None
        self._needed = self.yielded = False
        self._give_back()

    def _give_back(self) -> None:
        detector, self._detector = self._detector, None
        if detector is not None:
            assert self._shelf is not None
            assert self._asked is not None
            self._shelf.put(detector, self._asked)

    def _close_session(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            session.close()
