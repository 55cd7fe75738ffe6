"""One piece of work at a time, with a bar, words and Cancel."""

from __future__ import annotations

from collections.abc import Callable

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton, QWidget

from desktop.background import Job, start
from engine.errors import EngineError
from engine.i18n import translate as _
from engine.types import Progress

BAR_PX = 160


class WorkBar(QWidget):
    """Carries out work outside the UI thread and says how far it is.

    Args:
        parent: The owner.

    Attributes:
        busy: Whether something is under way.

    Signals:
        busy_changed: It has begun or ended.
        cancelled: The person has.
    """

    busy_changed = pyqtSignal()
    cancelled = pyqtSignal()

    def __init__(self, parent: QWidget | None = None) -> None:
        """Show nothing."""
        super().__init__(parent)
        self._job: Job | None = None
        self._words = ""
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setAccessibleName(_("Progress"))
        self._bar.setFixedWidth(BAR_PX)
        self._bar.hide()
        self._said = QLabel()
        self._said.setWordWrap(True)
        self._said.setTextFormat(Qt.TextFormat.PlainText)
        self._cancel = QPushButton(_("Cancel"))
        self._cancel.setAutoDefault(False)
        self._cancel.clicked.connect(self._on_cancel)
        self._cancel.hide()
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(self._bar)
        layout.addWidget(self._said, 1)
        layout.addWidget(self._cancel)

    @property
    def busy(self) -> bool:
        """Whether something is under way."""
        return self._job is not None

    @property
    def text(self) -> str:
        """What is said."""
        return self._said.text()

    def begin(
        self,
        words: str,
        work: Callable[[Job], object],
        done: Callable[..., object],
        *,
        failed: Callable[[EngineError], object] | None = None,
    ) -> None:
        """Begin something; what is under way is cancelled and has nothing to say any more.

        Args:
            words: Said meanwhile; may name `done` and `total`.
            work: Called in another thread.
            done: Called with what it returned.
            failed: Called with the error that ended it; by default that is said.
        """
        self.stop()
        self._words = words
        self._bar.setRange(0, 0)
        self.say("" if "{done}" in words else words)
        answer = failed or self._on_failed
        job = start(
            self,
            work,
            done=lambda result: self._pass_on(job, done, result),
            failed=lambda error: self._pass_on(job, answer, error),
            progressed=lambda progress: self._pass_on(job, self._on_progress, progress),
            ended=lambda: self._on_ended(job),
        )
        self._job = job
        self._show()

    def stop(self) -> None:
        """Cancel what is under way."""
        if self._job is not None:
            self._job.cancel()
            self._job = None
            self._show()

    def say(self, words: str, role: str = "muted") -> None:
        """Show a sentence.

        Args:
            words: The sentence.
            role: Of the style sheet.
        """
        self._said.setProperty("role", role)
        style = self._said.style()
        if style is not None:
            style.polish(self._said)
        self._said.setText(words)

    def _pass_on(self, job: Job, do: Callable[..., object], value: object) -> None:
        if job is self._job:
            if do != self._on_progress:
                self.say("")
            do(value)

    def _on_progress(self, progress: Progress) -> None:
        if progress.total and "{done}" in self._words:
            self._bar.setRange(0, progress.total)
            self._bar.setValue(progress.done)
            self.say(self._words.format(done=progress.done, total=progress.total))

    def _on_failed(self, error: EngineError) -> None:
        self.say(f"{error.message} {error.hint}".strip(), "error")

    def _on_cancel(self) -> None:
        self.stop()
        self.say(_("Cancelled."))
        self.cancelled.emit()

    def _on_ended(self, job: Job) -> None:
        if job is self._job:
            self._job = None
            self._show()

    def _show(self) -> None:
        self._bar.setVisible(self.busy)
        self._cancel.setVisible(self.busy)
        self.busy_changed.emit()
