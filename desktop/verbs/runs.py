"""Verbs for a run: detect, pause, stop; and the timers that pull from it what it has found."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from PyQt6.QtCore import QObject, QTimer, pyqtSignal

from desktop.messages import Messages
from desktop.settings import Settings
from desktop.state import AppState, Outcome, View
from engine.errors import EngineError
from engine.inference.shelf import DetectorShelf
from engine.session import Entry, Phase, Request, Session

FRAME_EVERY_MS = 16
JOURNAL_EVERY_MS = 100


class RunVerbs(QObject):
    """Owns the one session that may be under way.

    Args:
        state: Gets phase, progress and what becomes of each file.
        settings: For the title that a run records.
        messages: Told why a run ended.
        shelf: Where detectors are kept between runs.
        parent: The owner.

    Signals:
        result_came: The newest `Result`, at most every 16 ms; older ones are left out.
        entries_came: list of `Entry`, what became of the frames since the last time.
        run_ended: `Phase` DONE or FAILED.
    """

    result_came = pyqtSignal(object)
    entries_came = pyqtSignal(object)
    run_ended = pyqtSignal(object)

    def __init__(
        self,
        *,
        state: AppState,
        settings: Settings,
        messages: Messages,
        shelf: DetectorShelf,
        parent: QObject | None = None,
    ) -> None:
        """Take the parts of the application."""
        super().__init__(parent)
        self._state = state
        self._settings = settings
        self._messages = messages
        self._shelf = shelf
        self._number = 0
        self._session: Session | None = None
        self._frames = self._timer(FRAME_EVERY_MS, self._pull_result)
        self._journal = self._timer(JOURNAL_EVERY_MS, self._pull_entries)

    @property
    def dropped(self) -> int:
        """Results that the screen left out in this run."""
        return 0 if self._session is None else self._session.latest.dropped

    def detect(self, asked: tuple[str, ...] = ()) -> None:
        """Work through the files of the list."""
        if self._state.phase.busy or not self._state.sources:
            return
        from engine.sources.listing import SourceList
        from engine.store.writer import new_session_folder

        files = self._state.sources
        name = asked[0] if asked else str(files[0])
        self._number += 1
        request = Request(
            sources=SourceList(files),
            config=self._state.config,
            folder=new_session_folder(Path(name).name),
            asked=asked or tuple(str(path) for path in files[:1]),
            title=self._settings.preferences.title,
        )
        session = Session(self._number, request, self._shelf, parent=self)
        session.phase_changed.connect(self._on_phase)
        session.opened.connect(self._on_opened)
        session.progressed.connect(self._on_progress)
        session.failed.connect(self._on_failed)
        session.crashed.connect(self._on_crashed)
        session.ended.connect(self._on_ended)
        session.finished.connect(session.deleteLater)
        self._session = session
        self._messages.clear()
        self._state.change(
            phase=Phase.LOADING,
            session=None,
            view=None,
            selection=None,
            outcomes={},
            progress=None,
        )
        session.start()
        self._frames.start()
        self._journal.start()

    def pause_or_resume(self) -> None:
        """Hold the run before its next frame, or go on."""
        if self._session is None:
            return
        if self._state.phase is Phase.PAUSED:
            self._session.resume()
        else:
            self._session.pause()

    def stop(self) -> None:
        """End the run; what was found is kept."""
        if self._session is not None and self._state.phase.busy:
            self._session.stop()

    def close(self) -> None:
        """End the run and wait for its thread."""
        self._session = None
        self._frames.stop()
        self._journal.stop()
        for session in self.findChildren(Session):
            session.stop()
            session.wait()
        self._shelf.clear()

    def _timer(self, every_ms: int, do: Callable[[], None]) -> QTimer:
        timer = QTimer(self)
        timer.setInterval(every_ms)
        timer.timeout.connect(do)
        return timer

    def _pull_result(self) -> None:
        result = None if self._session is None else self._session.latest.take()
        if result is not None:
            self.result_came.emit(result)

    def _pull_entries(self) -> None:
        entries = [] if self._session is None else self._session.take_journal()
        if entries:
            self._state.change(outcomes=with_entries(self._state.outcomes, entries))
            self.entries_came.emit(entries)

    def _on_phase(self, number: int) -> None:
        if number != self._number or self._session is None:
            return
        # What it says of its end comes last, after all else that it has to say.
        if self._session.phase.busy:
            self._state.change(phase=self._session.phase)

    def _on_ended(self, number: int, phase: Phase) -> None:
        if number != self._number or self._session is None:
            return
        self._pull_result()
        self._pull_entries()
        self._frames.stop()
        self._journal.stop()
        view = self._state.view
        if view is not None:
            view = View(view.path, view.origin)
        self._session = None
        self._state.change(phase=phase, view=view)
        self.run_ended.emit(phase)

    def _on_opened(self, number: int, path: Path) -> None:
        if number == self._number:
            self._state.change(session=path, view=View(path, path, growing=True))

    def _on_progress(self, number: int, progress: object) -> None:
        if number == self._number:
            self._state.change(progress=progress)

    def _on_failed(self, number: int, error: EngineError) -> None:
        if number == self._number:
            self._messages.error(error)

    def _on_crashed(self, error: BaseException) -> None:
        sys.excepthook(type(error), error, error.__traceback__)


def with_entries(
    outcomes: Mapping[str, Outcome], entries: Iterable[Entry]
) -> dict[str, Outcome]:
    """Return what is known of each file after some more of its frames."""
    known = dict(outcomes)
    for entry in entries:
        former = known.get(entry.origin, Outcome())
        if entry.error is not None:
            known[entry.origin] = Outcome(former.counts, str(entry.error))
        else:
            counts = Counter(former.counts or {})
            counts.update(entry.counts)
            known[entry.origin] = Outcome(dict(counts), former.error, former.warning)
    return known
