"""Verbs for a run: detect, pause, stop; and the timers that pull from it what it has found."""

from __future__ import annotations

import dataclasses
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from PyQt6.QtCore import QObject, QTimer, pyqtSignal

from desktop.background import Job, start
from desktop.messages import Act, Kind, Message, Messages
from desktop.settings import Settings
from desktop.state import AppState, Outcome, View
from engine.counting import counter_text
from engine.errors import EngineError
from engine.i18n import N_
from engine.i18n import translate as _
from engine.inference.shelf import DetectorShelf
from engine.session import Entry, Phase, Request, Session

if TYPE_CHECKING:
    from engine.recording import RecordingSwitch
    from engine.resumption import Resumption
    from engine.sources.listing import SourceList
    from engine.sources.live import LiveSource

TABS = {"image": N_("Image"), "video": N_("Video"), "camera": N_("Camera")}
"""What the tabs that detect are called, by the kind of their states."""

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
        state.session_changed.connect(self._look_for_rest)
        state.phase_changed.connect(self._look_for_rest)
        self._frames = self._timer(FRAME_EVERY_MS, self._pull_result)
        self._journal = self._timer(JOURNAL_EVERY_MS, self._pull_entries)

    @property
    def dropped(self) -> int:
        """Frames that a camera delivered and the run under way left out."""
        return 0 if self._session is None else self._session.dropped

    def detect(self, asked: tuple[str, ...] = ()) -> None:
        """Work through the files of the list."""
        if not self._state.sources:
            return
        from engine.sources.listing import SourceList

        files = self._state.sources
        listed = SourceList(files)
        named = asked or tuple(str(path) for path in files[:1])
        self.begin(listed, named, total=listed.total_frames)

    def begin(
        self,
        sources: SourceList | LiveSource,
        asked: tuple[str, ...],
        *,
        total: int | None = None,
        recording: RecordingSwitch | None = None,
        resumption: Resumption | None = None,
    ) -> bool:
        """Start a run and tell whether it did; where another is under way, say so.

        Args:
            sources: What to work through.
            asked: What the person named; the first gives the session its name.
            total: Frames to expect, where they were counted.
            recording: Switches the recording of a camera on and off.
            resumption: Of the run that goes on, None for a new one.
        """
        state = self._state
        if state.engaged:
            self._messages.info(
                _("A run is under way in the tab {tab}.").format(tab=_(TABS[state.engaged])),
                _("Stop it first."),
            )
            return False
        from engine.store.writer import new_session_folder

        # Pictures have nothing to follow from one to the next.
        following = state.kind != "image" and state.config.track != "off"
        config = dataclasses.replace(
            state.config,
            track=state.config.track if following else "off",
            counters=tuple(map(counter_text, state.counters)) if following else (),
        )
        self._number += 1
        request = Request(
            sources=sources,
            config=config if resumption is None else resumption.config,
            folder=new_session_folder(Path(asked[0]).name)
            if resumption is None
            else resumption.path.parent,
            asked=asked,
            title=self._settings.preferences.title,
            media=True if resumption is None else resumption.media,
            total=total,
            recording=recording,
            resumption=resumption,
        )
        self._start(request)
        return True

    def _start(self, request: Request) -> None:
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
            engaged=self._state.kind,
            phase=Phase.LOADING,
            session=None,
            view=None,
            selection=None,
            outcomes=self._state.outcomes if request.resumption else {},
            progress=None,
            counted=None,
            resumable=None,
        )
        session.start()
        self._frames.start()
        self._journal.start()

    def resume_run(self) -> None:
        """Go on with the run on show, which was cut short."""
        resumption = self._state.resumable
        if resumption is not None:
            self.begin(resumption.sources, (resumption.source,), resumption=resumption)

    def _look_for_rest(self) -> None:
        """Find out whether the run on show has something left to do, and offer that."""
        session = self._state.session
        if session is None or self._state.phase.busy:
            self._state.change(resumable=None)
            return

        def look(job: Job) -> Resumption | None:
            from engine.resumption import prepare
            from engine.store import SessionReader

            with SessionReader.open(session) as reader:
                if reader.run.state not in ("interrupted", "failed"):
                    return None
            try:
                return prepare(session)
            except EngineError:
                # What keeps it from going on is nobody's concern before somebody wants it to.
                return None

        def offer(resumption: Resumption | None) -> None:
            if session != self._state.session or self._state.phase.busy:
                return
            self._state.change(resumable=resumption)
            if resumption is not None:
                self._messages.show(
                    Message(
                        _("This run was not finished."),
                        Kind.INFO,
                        _("It can go on where it stopped."),
                        act=Act(_("Go on"), self.resume_run),
                    )
                )

        start(self, look, done=offer, failed=self._messages.error)

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

    def _timer(self, every_ms: int, do: Callable[[], None]) -> QTimer:
        timer = QTimer(self)
        timer.setInterval(every_ms)
        timer.timeout.connect(do)
        return timer

    def _pull_result(self) -> None:
        result = None if self._session is None else self._session.latest.take()
        if result is not None:
            self._state.change(counted=result.counted)
            self.result_came.emit(result)

    def _pull_entries(self) -> None:
        if self._session is None:
            return
        self._state.change(live=self._session.live)
        entries = self._session.take_journal()
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
        view, session = self._state.view, self._state.session
        if session is not None and not session.exists():
            # A camera that never showed anything leaves no session.
            view = session = None
        elif view is not None:
            view = View(view.path, view.origin)
        self._session = None
        self._state.change(engaged="", phase=phase, view=view, session=session)
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
