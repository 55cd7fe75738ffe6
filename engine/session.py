"""A detection run behind a window: the Qt skin of `engine.pipeline`.

The window pulls: results wait in a mailbox of one place and counts in a journal, which a timer
empties. Signals are rare (a change of phase, progress ten times a second, a failure) and carry the
number of their session, so that what an older one still has to say can be told apart.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from PyQt6.QtCore import QObject, QThread, pyqtSignal

from engine import device
from engine.config import RunConfig
from engine.errors import EngineError
from engine.mailbox import Mailbox
from engine.sources.live import LiveSource
from engine.types import Result

if TYPE_CHECKING:
    from engine.inference.detector import Detector
    from engine.inference.shelf import DetectorShelf
    from engine.pipeline import Summary
    from engine.recording import RecordingSwitch
    from engine.resumption import Resumption
    from engine.sources import Failure, SourceList
    from engine.sources.live import LiveStatus


class Phase(StrEnum):
    """What a session is doing."""

    IDLE = "idle"
    LOADING = "loading"
    RUNNING = "running"
    PAUSED = "paused"
    STOPPING = "stopping"
    DONE = "done"
    FAILED = "failed"

    @property
    def busy(self) -> bool:
        """Tell whether a session in this phase still works."""
        return self in (Phase.LOADING, Phase.RUNNING, Phase.PAUSED, Phase.STOPPING)


TRANSITIONS: Mapping[Phase, frozenset[Phase]] = {
    Phase.IDLE: frozenset({Phase.LOADING}),
    Phase.LOADING: frozenset({Phase.RUNNING, Phase.STOPPING, Phase.FAILED}),
    Phase.RUNNING: frozenset({Phase.PAUSED, Phase.STOPPING, Phase.DONE, Phase.FAILED}),
    # A pause that was asked for after the last frame has nothing left to hold.
    Phase.PAUSED: frozenset({Phase.RUNNING, Phase.STOPPING, Phase.DONE, Phase.FAILED}),
    Phase.STOPPING: frozenset({Phase.DONE, Phase.FAILED}),
    Phase.DONE: frozenset(),
    Phase.FAILED: frozenset(),
}
"""Where each phase may lead."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What became of one frame, without its picture.

    Attributes:
        origin: The file it came from.
        counts: Objects by class index; for classification the best class once.
        total_ms: Time from picture to detections.
        error: Why the file, or the rest of it, could not be worked on.
    """

    origin: str
    counts: Mapping[int, int] = field(default_factory=dict)
    total_ms: float = 0.0
    error: EngineError | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """What to run.

    Attributes:
        sources: The files, or a camera or stream.
        config: Weights and thresholds; a run keeps its thresholds to the end.
        folder: Where the session is made; it must not exist yet.
        asked: What the person named, for the record.
        title: The title of the window, for the record.
        media: Whether annotated pictures are kept.
        total: Frames to expect, None where that is not known.
        recording: Switches the recording of a camera or stream on and off.
        resumption: Of the run that goes on in its own folder, None for a new one.
    """

    sources: SourceList | LiveSource
    config: RunConfig
    folder: Path
    asked: tuple[str, ...]
    title: str = ""
    media: bool = True
    total: int | None = None
    recording: RecordingSwitch | None = None
    resumption: Resumption | None = None


class Session(QThread):
    """One run in a thread of its own.

    `stop`, `pause` and `resume` are called in the UI thread and return at once; they are plain
    methods, as a slot of a QThread would run in the UI thread too. To end: `stop`, then `wait`.

    Attributes:
        number: Of this session, from 1.
        latest: The newest result, for the screen.
        folder: Where the session is.
        dropped: Frames of a camera or stream that were left out to keep pace.

    Signals:
        phase_changed: Number; read `phase`. What the thread said earlier may arrive after what the
            caller of `stop` hears at once, so the signal does not carry it.
        opened: Number and the path of the session file, once it can be read; of a camera or stream
            with its first frame.
        progressed: Number and `Progress`, at most ten times a second.
        failed: Number and the EngineError that ended the run.
        summed_up: Number and the `Summary` of a run that ended by itself or was stopped.
        crashed: An exception nobody expected, for the exception hook of the UI thread.
        ended: Number and the `Phase` DONE or FAILED; the last of all.
    """

    phase_changed = pyqtSignal(int)
    opened = pyqtSignal(int, object)
    progressed = pyqtSignal(int, object)
    failed = pyqtSignal(int, object)
    summed_up = pyqtSignal(int, object)
    crashed = pyqtSignal(object)
    ended = pyqtSignal(int, object)

    def __init__(
        self,
        number: int,
        request: Request,
        shelf: DetectorShelf,
        parent: QObject | None = None,
    ) -> None:
        """Prepare a run; `start` begins it."""
        super().__init__(parent)
        self.setObjectName(f"session-{number}")
        self.number = number
        self.folder = request.folder
        self.latest: Mailbox[Result] = Mailbox()
        self.dropped = 0
        self._request = request
        self._shelf = shelf
        self._lock = threading.Lock()
        self._phase = Phase.IDLE
        self._running = threading.Event()
        self._running.set()
        self._journal: list[Entry] = []

    @property
    def phase(self) -> Phase:
        """What the session is doing."""
        return self._phase

    @property
    def live(self) -> LiveStatus | None:
        """How the camera or stream of the run is, None for files."""
        sources = self._request.sources
        return sources.status if isinstance(sources, LiveSource) else None

    def pause(self) -> None:
        """Hold the run before its next frame; what was found is kept."""
        if self._move(Phase.PAUSED):
            self._running.clear()

    def resume(self) -> None:
        """Go on after a pause."""
        if self._move(Phase.RUNNING):
            self._running.set()

    def stop(self) -> None:
        """End the run after the frame under way; what was found is kept."""
        self._move(Phase.STOPPING)
        self.requestInterruption()
        if isinstance(self._request.sources, LiveSource):
            self._request.sources.stop()
        self._running.set()

    def take_journal(self) -> list[Entry]:
        """Return what became of the frames since the last call."""
        with self._lock:
            journal, self._journal = self._journal, []
        return journal

    def run(self) -> None:
        """Work in the thread; called by Qt."""
        device.give_way()
        self._move(Phase.LOADING)
        try:
            summary = self._work()
        except EngineError as error:
            self.failed.emit(self.number, error)
            self._move(Phase.FAILED)
        except Exception as error:  # noqa: BLE001 - shown by the exception hook of the UI thread
            self.crashed.emit(error)
            self._move(Phase.FAILED)
        else:
            if summary is not None:
                self.summed_up.emit(self.number, summary)
            self._move(Phase.DONE)
        self.ended.emit(self.number, self._phase)

    def _work(self) -> Summary | None:
        # Imported here, in the thread: what draws and what reads weights takes its time.
        from engine.inference.detector import class_indices

        request = self._request
        detector = self._shelf.take(request.config, should_stop=self.isInterruptionRequested)
        try:
            class_indices(detector.info.names, request.config.classes)
            if not self._move(Phase.RUNNING):
                return None
            return self._detect(detector)
        finally:
            self._shelf.put(detector, request.config)

    def _detect(self, detector: Detector) -> Summary:
        from engine import pipeline
        from engine.opening import close_recorder, open_follower, open_recorder

        request = self._request
        # A camera that never shows anything leaves no session: nobody is to read it before.
        live = isinstance(request.sources, LiveSource)

        def written(result: Result) -> None:
            nonlocal live
            self._written(result)
            if live:
                live = False
                self.opened.emit(self.number, recorder.path)

        recorder = open_recorder(
            detector,
            request.config,
            sources=request.sources,
            folder=request.folder,
            asked=request.asked,
            title=request.title,
            media=request.media,
            record=request.recording,
            resumption=request.resumption,
            on_written=written,
            on_failed=self._not_read,
        )
        try:
            follower = open_follower(request.config, request.resumption)
            if not live:
                self.opened.emit(self.number, recorder.path)
            summary = pipeline.run(
                request.sources,
                detector,
                lambda: request.config,
                recorder,
                total=request.total,
                follower=follower,
                should_stop=self._should_stop,
                on_progress=lambda progress: self.progressed.emit(self.number, progress),
                on_result=self._on_result,
            )
        except BaseException:
            close_recorder(recorder, request.sources, "failed")
            raise
        close_recorder(recorder, request.sources, summary.state)
        return summary

    def _should_stop(self) -> bool:
        self._running.wait()
        return self.isInterruptionRequested()

    def _written(self, result: Result) -> None:
        found = result.detections.classes.tolist()
        if result.probabilities is not None:
            found = [int(result.probabilities.argmax())]
        counts = {index: found.count(index) for index in set(found)}
        with self._lock:
            self._journal.append(Entry(result.frame.origin, counts, result.timing.total_ms))

    def _on_result(self, result: Result, dropped: int) -> None:
        self.dropped = dropped
        self.latest.put(result)

    def _not_read(self, failure: Failure) -> None:
        with self._lock:
            self._journal.append(Entry(failure.origin, error=failure.error))

    def _move(self, phase: Phase) -> bool:
        """Change the phase where the table allows it and tell whether it did; for any thread."""
        with self._lock:
            if phase not in TRANSITIONS[self._phase]:
                return False
            self._phase = phase
        self.phase_changed.emit(self.number)
        return True


NewSession = Callable[[int, Request], Session]
