"""From a place to what is painted there: reading, suppressing and tracing outside the UI thread."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PyQt6.QtCore import QObject, pyqtSignal

from desktop.background import Lane
from desktop.finds import Finds
from desktop.scene import Overlay, Picture
from desktop.state import Place
from engine.config import RunConfig
from engine.errors import EngineError, PictureError, StoreError
from engine.i18n import N_
from engine.sources.live import is_live
from engine.types import Frame, ModelInfo, Result

if TYPE_CHECKING:
    from engine.store import FrameRecord, SessionReader

ReadFrame = Callable[[Path, int, float | None], Frame]
"""Called with a file, a position in it and, where known, the time of that frame in its video."""

_FIRST_TOLERANCE = 1.0
# Outlines nearer to a mask than this run along the edges of its pixels.
_EXACT_BELOW = 0.2


@dataclass(frozen=True, slots=True, eq=False)
class _Subject:
    """What is to be on screen.

    Attributes:
        number: Answers to an earlier number are stale. The results of one run share theirs.
        place: Of the picture.
        session: The run to take finds from, if any.
        result: In place of both, a result with its frame.
        info: The weights that found the result.
    """

    number: int
    place: Place
    session: Path | None = None
    result: Result | None = None
    info: ModelInfo | None = None


@dataclass(frozen=True, slots=True, eq=False)
class _Request:
    subject: _Subject
    config: RunConfig
    model: ModelInfo | None
    tolerance: float
    scale: float


@dataclass(frozen=True, slots=True, eq=False)
class _Answer:
    number: int
    picture: Picture | None = None
    overlay: Overlay | None = None
    error: EngineError | None = None


class Presenter(QObject):
    """Prepares the picture on screen and what was found in it. Lives in the UI thread.

    Every call returns at once. Only the newest request counts: a slider that is dragged never
    queues. Call `close` before dropping a presenter.

    Args:
        read: Reads a frame, `engine.sources.frames.read_frame` when left out.
        parent: The owner.

    Signals:
        picture_ready: `Picture`.
        overlay_ready: `Overlay` of the picture said last; first what is there at once, then again
            with the outlines of all masks.
        failed: The EngineError because of which there is no picture, or nothing found to show.
    """

    picture_ready = pyqtSignal(object)
    overlay_ready = pyqtSignal(object)
    failed = pyqtSignal(object)
    _answered = pyqtSignal(object)

    def __init__(self, *, read: ReadFrame | None = None, parent: QObject | None = None) -> None:
        """Start the thread."""
        super().__init__(parent)
        self._number = 0
        self._subject: _Subject | None = None
        self._config = RunConfig()
        self._model: ModelInfo | None = None
        self._tolerance = _FIRST_TOLERANCE
        self._scale = 0.0
        self._answered.connect(self._on_answered)
        self._worker = _Worker(read or _read_frame, self._answered.emit)
        self._lane = Lane("present", self._work, at_end=self._worker.close, parent=self)

    def show(self, place: Place, session: Path | None) -> None:
        """Show a frame and, where it is in a session, what was found in it."""
        self._number += 1
        self._subject = _Subject(self._number, place, session)
        self._ask()

    def show_result(self, result: Result, info: ModelInfo | None) -> None:
        """Show the newest result of a run or a player.

        Args:
            result: What to show.
            info: The weights that found it, None where nothing was looked for.
        """
        if self._subject is None or self._subject.result is None:
            self._number += 1
        place = Place(result.frame.origin, result.frame.index)
        self._subject = _Subject(self._number, place, result=result, info=info)
        self._ask()

    def set_thresholds(self, config: RunConfig, info: ModelInfo | None) -> None:
        """Show what is left of the finds at other thresholds.

        Args:
            config: The thresholds.
            info: The weights in use, which numbers in `config.classes` are of.
        """
        self._config, self._model = config, info
        self._ask()

    def set_zoom(self, zoom: float) -> None:
        """Trace masks as finely as a zoom, screen pixels a picture pixel, lets one see."""
        wanted = 0.5 / max(zoom, 1e-6)
        near = wanted / 2 <= self._tolerance <= 2 * wanted
        if near or max(wanted, self._tolerance) < _EXACT_BELOW:
            return
        exact = wanted < _EXACT_BELOW
        self._tolerance = 0.0 if exact else 2.0 ** math.floor(math.log2(wanted))
        self._ask()

    def set_scale(self, scale: float) -> None:
        """Make the results to come ready for this many device pixels a picture pixel."""
        self._scale = scale

    def close(self) -> None:
        """End the thread; what is still on its way is not said any more."""
        self._lane.close()
        self._number += 1

    def _ask(self) -> None:
        if self._subject is not None:
            self._lane.ask(
                _Request(self._subject, self._config, self._model, self._tolerance, self._scale)
            )

    def _work(self, request: _Request) -> None:
        self._worker.answer(request, self._lane.superseded)

    def _on_answered(self, answer: _Answer) -> None:
        if answer.number != self._number:
            return
        if answer.picture is not None:
            self.picture_ready.emit(answer.picture)
        if answer.overlay is not None:
            self.overlay_ready.emit(answer.overlay)
        if answer.error is not None:
            self.failed.emit(answer.error)


class _Worker:
    """The part of the presenter that lives in its thread, with all that it opened and made."""

    def __init__(self, read: ReadFrame, tell: Callable[[_Answer], None]) -> None:
        self._read = read
        self._tell = tell
        self._reader: SessionReader | None = None
        self._subject: _Subject | None = None
        self._picture: Picture | None = None
        self._version: tuple[int, int] | None = None
        self._finds: Finds | None = None

    def answer(self, request: _Request, superseded: Callable[[], bool]) -> None:
        """Load what is asked for unless it is there, then choose at the thresholds."""
        subject = request.subject
        if subject is not self._subject:
            self._subject, self._finds = subject, None
            try:
                self._load(subject, request.scale)
            except EngineError as error:
                self._tell(_Answer(subject.number, error=error))
        finds = self._finds
        if finds is None:
            if subject.result is not None:
                self._tell(_Answer(subject.number, self._picture))
            return
        choice = finds.choose(request.config, request.model)
        untraced = finds.untraced(choice, request.tolerance)
        if subject.result is not None:
            # Results follow one another faster than the eye: each is shown whole, picture and all.
            finds.trace(choice, request.tolerance, lambda: False)
            overlay = finds.overlay(choice, request.tolerance)
            self._tell(_Answer(subject.number, self._picture, overlay))
            return
        self._tell(_Answer(subject.number, overlay=finds.overlay(choice, request.tolerance)))
        if untraced and finds.trace(choice, request.tolerance, superseded):
            self._tell(_Answer(subject.number, overlay=finds.overlay(choice, request.tolerance)))
        finds.prepare()

    def close(self) -> None:
        """Close the session."""
        self._close_session()

    def _load(self, subject: _Subject, scale: float) -> None:
        if subject.result is not None:
            self._take(subject.place, subject.result, subject.info, scale)
            return
        record, failure = self._find(subject)
        self._read_picture(subject.place, None if record is None else record.time_s)
        self._tell(_Answer(subject.number, self._picture))
        if failure is not None:
            raise failure
        if record is not None:
            self._finds = self._found(subject.place, record)

    def _find(self, subject: _Subject) -> tuple[FrameRecord | None, EngineError | None]:
        """Return the frame in the session; what went wrong may not keep its picture away."""
        try:
            self._open_session(subject.session)
            if self._reader is None:
                return None, None
            return self._reader.find(subject.place.path, subject.place.index), None
        except EngineError as error:
            return None, error
        except sqlite3.Error as error:
            return None, _unreadable(subject.session, error)

    def _take(self, place: Place, result: Result, info: ModelInfo | None, scale: float) -> None:
        self._picture = Picture.of(result.frame, place, scale)
        self._version = _version(place)
        if info is None:
            return
        self._finds = Finds(
            place=place,
            size=(result.frame.height, result.frame.width),
            info=info,
            detections=result.detections,
            candidates=result.candidates,
            probabilities=result.probabilities,
        )

    def _read_picture(self, place: Place, time_s: float | None) -> None:
        """Read the frame of a place, unless it is the one that was shown last."""
        version = _version(place)
        known, live = self._picture, is_live(place.path) and version is None
        same = live or version == self._version is not None
        if known is not None and known.place == place and same:
            return
        self._picture = None
        if live:
            raise PictureError(
                N_("The pictures of {source} were not kept, only what was found in them."),
                N_("What was recorded is in the session's folder."),
                source=place.path,
            )
        frame = self._read(Path(place.path), place.index, time_s)
        self._picture = Picture.of(frame, place)
        self._version = version

    def _open_session(self, path: Path | None) -> None:
        if path is None or (self._reader is not None and self._reader.path != path):
            self._close_session()
        if path is not None and self._reader is None:
            from engine.store import SessionReader

            self._reader = SessionReader.open(path)
            self._info = self._reader.run.model

    def _close_session(self) -> None:
        if self._reader is not None:
            self._reader.close()
            self._reader = None

    def _found(self, place: Place, record: FrameRecord) -> Finds:
        assert self._reader is not None
        try:
            detections = self._reader.detections(record.id)
            candidates = self._reader.candidates(record.id)
        except sqlite3.Error as error:
            raise _unreadable(self._reader.path, error) from error
        return Finds(
            place=place,
            size=(record.height, record.width),
            info=self._info,
            detections=detections,
            candidates=candidates,
            probabilities=record.probabilities,
            frame_id=record.id,
        )


def _read_frame(path: Path, index: int, time_s: float | None) -> Frame:
    from engine.sources.frames import read_frame

    return read_frame(path, index, time_s=time_s)


def _unreadable(path: Path | None, error: sqlite3.Error) -> StoreError:
    failure = StoreError(
        N_("The session {path} can no longer be read."),
        N_("It may have been moved, or its disk may be gone."),
        path=path,
    )
    failure.__cause__ = error
    return failure


def _version(place: Place) -> tuple[int, int] | None:
    """Return what tells one version of a file from another, None where it is gone."""
    try:
        state = Path(place.path).stat()
    except OSError:
        return None
    return state.st_size, state.st_mtime_ns
