"""Verbs that find out before a training what it would be: its data, its time, its memory."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PyQt6.QtCore import QObject

from desktop.background import Job, start
from desktop.messages import Messages
from desktop.training_state import DataCheck, DataFacts, TrainingState
from engine.errors import Cancelled
from engine.i18n import translate as _
from engine.training.config import TrainConfig
from engine.training.preflight import Check, Preflight

if TYPE_CHECKING:
    from engine.datasets import Report

DEFAULT_SIZE, CLASSIFY_SIZE = 640, 224


class CheckVerbs(QObject):
    """Looks through the data set and measures the training, one after the other.

    Args:
        state: Gets what was found out.
        messages: Told what stands in the way.
        parent: The owner.
    """

    def __init__(
        self, *, state: TrainingState, messages: Messages, parent: QObject | None = None
    ) -> None:
        """Take the parts of the application."""
        super().__init__(parent)
        self._state = state
        self._messages = messages
        self._job: Job | None = None
        self._process: Check | None = None
        state.engaged_changed.connect(self._on_engaged)

    def check(self) -> None:
        """Find out what the training of the settings would be."""
        if self._state.checking:
            return
        data = self._state.data
        if data is None:
            self._messages.info(_("There is no data set yet."), _("Choose one first."))
            return
        self._state.change(checking=True, data_check=None, preflight=None)
        config, task = self._state.config, self._state.recipe.task

        def look(job: Job) -> DataCheck:
            return _look(job, data, task, config)

        def done(found: DataCheck) -> None:
            if self._job is job:
                self._state.change(data_check=found)
                self._measure(config)

        self._job = job = start(
            self,
            look,
            done=done,
            failed=self._messages.error,
            ended=lambda: self._on_ended(job),
        )

    def cancel(self) -> None:
        """End the check."""
        self._forget()
        process, self._process = self._process, None
        if process is not None:
            # It may take its process a moment to end.
            start(self, lambda job: process.cancel())

    def close(self) -> None:
        """End the check and wait for its process."""
        self._forget()
        process, self._process = self._process, None
        if process is not None:
            process.cancel()

    def _measure(self, config: TrainConfig) -> None:
        def measure(job: Job) -> Preflight:
            process = self._process = Check(config)
            if job.should_stop():
                process.cancel()
            return process.result()

        def done(found: Preflight) -> None:
            # Settings that were changed meanwhile make another training of it.
            if self._job is job and self._state.config == config:
                self._state.change(preflight=found)

        self._job = job = start(
            self,
            measure,
            done=done,
            failed=self._messages.error,
            ended=lambda: self._on_ended(job),
        )

    def _on_engaged(self, engaged: bool) -> None:
        """Leave the machine to a training that begins."""
        if engaged:
            self.cancel()

    def _on_ended(self, job: Job) -> None:
        # After the data come the measurements, which are a job of their own.
        if self._job is job:
            self._job = self._process = None
            self._state.change(checking=False)

    def _forget(self) -> None:
        if self._job is not None:
            self._job.cancel()
            self._job = None
            self._state.change(checking=False)


def _look(job: Job, data: DataFacts, task: str, config: TrainConfig) -> DataCheck:
    from engine.datasets import check, find

    task = task or data.tasks[0]
    size = config.input_size or (CLASSIFY_SIZE if task == "classify" else DEFAULT_SIZE)
    report: Report = check(
        find(Path(data.path), task),
        task,
        size,
        progress=job.report,
        cancelled=job.should_stop,
    )
    if job.should_stop():
        raise Cancelled
    return summed_up(report)


def summed_up(report: Report) -> DataCheck:
    """Return how many kinds of errors and warnings a check has found."""
    kinds = [finding.severity for finding in report.findings]
    return DataCheck(errors=kinds.count("error"), warnings=kinds.count("warning"))
