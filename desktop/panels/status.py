"""The status bar: what runs, how fast, where the results are, what could not be read."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtWidgets import (
    QLabel,
    QProgressBar,
    QPushButton,
    QStatusBar,
    QWidget,
)

from desktop import icons
from desktop.panels.parameters import device_words
from desktop.state import AppState
from desktop.training_state import TrainingState
from desktop.widgets.elided_label import ElidedLabel
from desktop.widgets.memory_gauge import MemoryGauge
from engine.i18n import N_
from engine.i18n import translate as _
from engine.session import Entry, Phase
from engine.types import Progress

WORDS = {
    Phase.IDLE: N_("Ready"),
    Phase.LOADING: N_("Loading the network …"),
    Phase.RUNNING: N_("Detecting"),
    Phase.PAUSED: N_("Paused"),
    Phase.STOPPING: N_("Stopping after this picture …"),
    Phase.DONE: N_("Done"),
    Phase.FAILED: N_("Failed"),
}
DOTS = {Phase.FAILED: "error", Phase.PAUSED: "warn", Phase.STOPPING: "warn"}
RECENT = 50


class StatusBar(QStatusBar):
    """One line at the foot of the window.

    Args:
        state: Read and listened to.
        training: Likewise, where the tab that trains is on show.
        parent: The owner.

    Signals:
        cancel_requested: The export under way is to end.
        folder_requested: The folder of the session is to be shown.
    """

    cancel_requested = pyqtSignal()
    folder_requested = pyqtSignal()

    def __init__(
        self, *, state: AppState, training: TrainingState, parent: QWidget | None = None
    ) -> None:
        """Show what the states hold."""
        super().__init__(parent)
        self._state = state
        self._training = training
        self._times: deque[float] = deque(maxlen=RECENT)
        self.setSizeGripEnabled(False)
        self._dot = QLabel()
        self._dot.setFixedWidth(28)
        self._words = QLabel()
        self._speed = QLabel()
        self._speed.setProperty("role", "muted")
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setFixedWidth(140)
        self._bar.setAccessibleName(_("Progress"))
        self._left = QLabel()
        self._left.setProperty("role", "muted")
        self._export = QLabel()
        self._cancel = QPushButton(_("Cancel"))
        self._cancel.setProperty("role", "link")
        self._cancel.clicked.connect(self.cancel_requested)
        self._saved = ElidedLabel(mode=Qt.TextElideMode.ElideLeft)
        self._note = QLabel()
        self._note.setProperty("role", "muted")
        self._failed = QLabel()
        self._failed.setProperty("role", "warn")
        for part in (
            self._dot,
            self._words,
            self._bar,
            self._left,
            self._speed,
            self._export,
            self._cancel,
            self._failed,
        ):
            self.addWidget(part)
        self.addWidget(self._saved, 1)
        self.addWidget(self._note)
        self.addPermanentWidget(MemoryGauge())
        state.phase_changed.connect(self._refresh)
        state.progress_changed.connect(self._refresh)
        state.session_changed.connect(self._refresh)
        state.outcomes_changed.connect(self._refresh)
        state.config_changed.connect(self._refresh)
        state.kind_changed.connect(self._refresh)
        for signal in (
            training.run_changed,
            training.stage_changed,
            training.engaged_changed,
            training.told_changed,
            training.config_changed,
        ):
            signal.connect(self.show_training)
        self.show_export(None)
        self._refresh()

    def add(self, entries: Sequence[Entry]) -> None:
        """Take note of how long frames took."""
        self._times.extend(entry.total_ms for entry in entries if entry.error is None)
        self._refresh()

    def show_export(self, progress: Progress | None) -> None:
        """Say how far an export is, None when there is none."""
        self._export.setVisible(progress is not None)
        self._cancel.setVisible(progress is not None)
        if progress is not None:
            share = 100 * progress.done / progress.total if progress.total else 0
            self._export.setText(_("Exporting, {share:.0f} %").format(share=share))

    def show_training(self) -> None:
        """Say how the training on show is, where its tab is."""
        if self._state.kind != "train":
            return
        from desktop.panels.training_words import status_line

        line = status_line(self._training)
        self._dot.setPixmap(icons.pixmap("dot", 16, line.dot, self.devicePixelRatioF()))
        self._words.setText(line.words)
        self._speed.setText(line.speed)
        self._note.setText(line.note)
        for part, shown in (
            (self._bar, False),
            (self._left, False),
            (self._failed, False),
            (self._speed, bool(line.speed)),
            (self._saved, bool(line.folder)),
            (self._note, bool(line.note)),
        ):
            part.setVisible(shown)
        self._saved.setText(_("Saved: {folder}").format(folder=line.folder))
        self._saved.setToolTip(line.path)

    def _refresh(self) -> None:
        state = self._state
        self._note.hide()
        if state.kind == "train":
            self.show_training()
            return
        token = DOTS.get(state.phase, "accent" if state.phase.busy else "ok")
        self._dot.setPixmap(icons.pixmap("dot", 16, token, self.devicePixelRatioF()))
        words = _(WORDS[state.phase])
        if not state.phase.busy:
            words = f"{words} · {device_words(state.config.device)}"
        self._words.setText(words)
        progress = state.progress if state.phase.busy else None
        self._bar.setVisible(state.phase.busy)
        self._bar.setRange(0, (progress.total or 0) if progress else 0)
        if progress is not None and progress.total:
            self._bar.setValue(progress.done)
        self._left.setVisible(progress is not None)
        self._left.setText(progress_words(progress) if progress else "")
        self._speed.setVisible(bool(self._times))
        if self._times:
            middle = sorted(self._times)[len(self._times) // 2]
            self._speed.setText(_("{ms:.1f} ms a picture").format(ms=middle))
        failed = sum(1 for outcome in state.outcomes.values() if outcome.error)
        self._failed.setVisible(bool(failed))
        self._failed.setText(_("{count} could not be read").format(count=failed))
        self._saved.setVisible(state.session is not None)
        if state.session is not None:
            folder = state.session.parent
            text = _("Saved: {folder}").format(folder=f"{folder.parent.name} / {folder.name}")
            self._saved.setText(text)
            self._saved.setToolTip(str(folder))


def progress_words(progress: Progress) -> str:
    """Return how far a run is: done, all, rate, time left."""
    if progress.total is None:
        return _("{done} pictures, {rate:.1f} a second").format(
            done=progress.done, rate=progress.rate_hz
        )
    seconds = (progress.total - progress.done) / progress.rate_hz if progress.rate_hz else 0
    return _("{done} of {total}, {rate:.1f} a second, {left} left").format(
        done=progress.done, total=progress.total, rate=progress.rate_hz, left=duration(seconds)
    )


def duration(seconds: float) -> str:
    """Return a time as `m:ss` or `h:mm:ss`."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
