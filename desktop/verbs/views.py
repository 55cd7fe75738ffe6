"""Verbs for what a finished run looks like at the thresholds of the sliders, and for opening one.

A run keeps its own thresholds. Where the sliders stand elsewhere, a second session file is derived
from the kept candidates, in a scratch folder and without the network; tables, counts and exports
then read that one.
"""

from __future__ import annotations

import dataclasses
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PyQt6.QtCore import QObject, QTimer

from desktop.background import Lane, start
from desktop.messages import Messages
from desktop.state import AppState, Outcome, Place, View
from engine.config import RunConfig
from engine.counting import Counter, parse_counters
from engine.errors import EngineError
from engine.i18n import translate as _
from engine.types import Counted, ModelInfo

if TYPE_CHECKING:
    from engine.store import SessionReader

SETTLE_MS = 150


@dataclass(frozen=True, slots=True)
class Wanted:
    """A session at some thresholds."""

    origin: Path
    config: RunConfig


@dataclass(frozen=True, slots=True)
class Derived:
    """The answer: the session file to read and what it holds, file by file."""

    wanted: Wanted
    path: Path
    outcomes: Mapping[str, Outcome]
    without_mask: int


@dataclass(frozen=True, slots=True)
class Opened:
    """A session from disk and what the window shows of it."""

    path: Path
    model: ModelInfo
    config: RunConfig
    sources: tuple[Path, ...]
    outcomes: Mapping[str, Outcome]
    counted: Counted | None


class ViewVerbs(QObject):
    """Keeps `AppState.view` at the thresholds of `AppState.config`.

    Args:
        state: Read and changed.
        messages: Told what cannot be opened.
        parent: The owner.
    """

    def __init__(
        self, *, state: AppState, messages: Messages, parent: QObject | None = None
    ) -> None:
        """Start the thread that derives."""
        super().__init__(parent)
        self._state = state
        self._messages = messages
        self._scratch = Path(tempfile.mkdtemp(prefix="labsight-view-"))
        self._number = 0
        self._lane = Lane("derive", self._derive, parent=self)
        self._lane.answered.connect(self._on_derived)
        self._lane.failed.connect(messages.error)
        self._settle = QTimer(self)
        self._settle.setSingleShot(True)
        self._settle.setInterval(SETTLE_MS)
        self._settle.timeout.connect(self.refresh)
        state.config_changed.connect(lambda config: self._settle.start())
        state.phase_changed.connect(lambda phase: self._settle.start())

    def refresh(self) -> None:
        """Ask for the finished run at the present thresholds."""
        session = self._state.session
        if session is not None and not self._state.phase.busy:
            self._lane.ask(Wanted(session, self._state.config))

    def open(self, path: Path) -> None:
        """Show a session from disk in place of what is on screen."""
        if self._state.phase.busy:
            self._messages.info(_("A run is under way."), _("Stop it first."))
            return
        start(
            self,
            lambda job: read_session(path, self._state.config),
            done=self._on_opened,
            failed=self._messages.error,
        )

    def forget(self, folder: Path) -> None:
        """Take a session that was moved or deleted off the screen."""
        session = self._state.session
        if session is not None and folder in (session, *session.parents):
            self._state.change(session=None, view=None, selection=None, outcomes={})

    def close(self) -> None:
        """End the thread and remove what was derived."""
        self._settle.stop()
        self._lane.close()
        shutil.rmtree(self._scratch, ignore_errors=True)

    def _derive(self, wanted: Wanted) -> Derived:
        from engine.store import SessionReader
        from engine.store.derive import at_thresholds

        with SessionReader.open(wanted.origin) as reader:
            own = RunConfig.from_json(reader.run.settings)
            names = {name.casefold() for name in reader.run.model.names}
            # The filter may be of other weights than those of the session on show.
            classes = tuple(name for name in wanted.config.classes if name.casefold() in names)
            config = dataclasses.replace(wanted.config, classes=classes)
            if same_thresholds(own, config):
                return Derived(wanted, wanted.origin, outcomes_of(reader), 0)
            self._number += 1
            derived = at_thresholds(
                reader,
                self._scratch / str(self._number),
                config,
                should_stop=self._lane.superseded,
            )
        with SessionReader.open(derived.path) as reader:
            outcomes = outcomes_of(reader)
        return Derived(wanted, derived.path, outcomes, derived.without_mask)

    def _on_derived(self, derived: Derived) -> None:
        state = self._state
        if state.session != derived.wanted.origin or state.phase.busy:
            return
        former = state.view
        view = View(derived.path, derived.wanted.origin, without_mask=derived.without_mask)
        state.change(view=view, outcomes=derived.outcomes)
        if former is not None and former.path not in (former.origin, view.path):
            # Readers hold it open until they have moved on; the folder goes at the end anyway.
            start(self, lambda job: shutil.rmtree(former.path.parent, ignore_errors=True))

    def _on_opened(self, opened: Opened) -> None:
        self._messages.clear()
        first = Place(str(opened.sources[0])) if opened.sources else None
        self._state.change(
            sources=opened.sources,
            place=first,
            config=opened.config,
            model=opened.model,
            session=opened.path,
            view=View(opened.path, opened.path),
            selection=None,
            outcomes=opened.outcomes,
            progress=None,
            counters=counters_of(opened.config),
            counted=opened.counted,
        )


def counters_of(config: RunConfig) -> tuple[Counter, ...]:
    """Return the lines and zones of a run, none where they are not of this version."""
    try:
        return parse_counters(config.counters)
    except EngineError:
        return ()


def same_thresholds(first: RunConfig, second: RunConfig) -> bool:
    """Tell whether two configs make the same detections of the same candidates."""
    return (
        first.confidence == second.confidence
        and first.iou == second.iou
        and set(first.classes) == set(second.classes)
        and first.max_detections == second.max_detections
    )


def read_session(path: Path, now: RunConfig) -> Opened:
    """Read what the window shows of a session; for a background thread.

    Args:
        path: The session file or its folder.
        now: The settings in force, kept where the session's own cannot be used.

    Raises:
        StoreError: It is missing, damaged or of a newer version.
    """
    from engine.store import SessionReader
    from engine.store.recover import finish

    with SessionReader.open(path) as reader:
        unfinished, file = reader.run.unfinished, reader.path
    if unfinished:
        finish(file)
    with SessionReader.open(file) as reader:
        try:
            config = RunConfig.from_json(reader.run.settings)
        except EngineError:
            config = now
        outcomes = outcomes_of(reader)
        return Opened(
            path=file,
            model=reader.run.model,
            config=config,
            sources=tuple(Path(each) for each in outcomes),
            outcomes=outcomes,
            counted=counted_of(reader, config),
        )


def counted_of(reader: SessionReader, config: RunConfig) -> Counted | None:
    """Return what tracking has counted over a session, None without tracking."""
    if config.track == "off":
        return None
    return Counted(totals=reader.counter_totals(), unique=reader.unique_counts())


def outcomes_of(reader: SessionReader) -> Mapping[str, Outcome]:
    """Return what became of each file of a session, in the order of their arrival."""
    outcomes = {
        source: Outcome(counts, warning=warning or "")
        for source, (counts, warning) in reader.sources().items()
    }
    for failure in reader.failures():
        former = outcomes.get(failure.source, Outcome())
        text = f"{failure.message} {failure.hint}".strip()
        outcomes[failure.source] = dataclasses.replace(former, error=text)
    return outcomes
