"""A data set before it is trained on: its counts, what is wrong with it, its pictures."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PyQt6.QtCore import Qt, QUrl, pyqtSignal
from PyQt6.QtGui import QDesktopServices
from PyQt6.QtWidgets import (
    QComboBox,
    QDialog,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from desktop.background import Job
from desktop.dialogs import data_set_jobs as jobs
from desktop.dialogs.data_set_counts import CountsTable
from desktop.dialogs.data_set_findings import FindingsTree
from desktop.dialogs.data_set_pictures import PictureGrid
from desktop.dialogs.data_set_split import SplitDialog
from desktop.dialogs.data_set_work import WorkBar
from desktop.panels.parameters import TASK_WORDS
from desktop.widgets.buttons import text_button
from desktop.widgets.elided_label import ElidedLabel
from desktop.widgets.empty_state import EmptyState
from desktop.widgets.note import Note
from engine.errors import EngineError
from engine.i18n import translate as _
from engine.types import Task

if TYPE_CHECKING:
    from engine.datasets import Report

SIZE = (1080, 720)
LEFT_PX = 480
MARGIN = 16


class DataSetDialog(QDialog):
    """Shows and checks a data set; makes mended or newly split copies of it. Nothing waits for it.

    Args:
        path: Description or folder of the data set.
        task: What is to be trained, by default what its labels can train.
        input_size: Longer side of the network's input in pixels.
        base: Where copies are made, by default below the person's folder.
        parent: The owner.

    Attributes:
        report: What the last check found, None before.
        counts, findings, pictures, work: The parts.

    Signals:
        data_chosen: Path of a copy to train on.
        checked: Report.
    """

    data_chosen = pyqtSignal(object)
    checked = pyqtSignal(object)

    def __init__(
        self,
        *,
        path: Path,
        task: Task | None = None,
        input_size: int | None = None,
        base: Path | None = None,
        parent: QWidget | None = None,
    ) -> None:
        """Read the data set and check it, outside the UI thread."""
        super().__init__(parent)
        self.setWindowTitle(_("Data set"))
        self.setWindowFlag(Qt.WindowType.WindowMaximizeButtonHint)
        self.resize(*SIZE)
        self.report: Report | None = None
        self._path, self._task, self._input_size, self._base = path, task, input_size, base
        self._loaded: jobs.Loaded | None = None
        self._copy: Path | None = None
        self._build()
        self.pictures.list.setFocus()
        self.open_data(path)

    def open_data(self, path: Path) -> None:
        """Show another data set."""
        self._path, self._loaded, self._copy = path, None, None
        self._name.setText(path.parent.name if path.suffix else path.name)
        self._where.setText(str(path))
        self._offer.hide()
        self._read()

    def done(self, result: int) -> None:
        """End what is under way with the dialog."""
        self.close_threads()
        super().done(result)

    def close_threads(self) -> None:
        """End what is under way; nothing is left of a copy that is not whole."""
        self.work.stop()
        self.pictures.close_threads()

    def _build(self) -> None:
        self.counts, self.findings, self.pictures = CountsTable(), FindingsTree(), PictureGrid()
        self._none = Note(_("Nothing to complain of."))
        self._waiting = Note(_("The check is under way …"))
        self._found = QStackedWidget()
        for page in (self._waiting, self.findings, self._none):
            self._found.addWidget(page)
        parts = QSplitter(Qt.Orientation.Horizontal)
        parts.addWidget(self._left())
        right = QWidget()
        beside = QVBoxLayout(right)
        beside.setContentsMargins(MARGIN, 0, 0, 0)
        beside.addWidget(self.pictures)
        parts.addWidget(right)
        parts.setSizes([LEFT_PX, SIZE[0] - LEFT_PX])
        parts.setStretchFactor(1, 1)
        parts.setChildrenCollapsible(False)
        parts.setHandleWidth(1)
        self._pages = QStackedWidget()
        self._pages.addWidget(parts)
        self._parts = parts
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 12, 16, 12)
        layout.setSpacing(12)
        layout.addLayout(self._head())
        layout.addWidget(self._pages, 1)
        layout.addLayout(self._foot())

    def _head(self) -> QHBoxLayout:
        self._name = ElidedLabel()
        self._name.setProperty("role", "state")
        self._where = ElidedLabel()
        self._where.setProperty("role", "muted")
        self._tasks = QComboBox()
        self._tasks.setAccessibleName(_("Task"))
        self._tasks.setToolTip(_("What the labels are checked for"))
        self._tasks.hide()
        self._tasks.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self._tasks.activated.connect(self._on_task)
        reveal = text_button("folder", _("Open folder"))
        reveal.clicked.connect(self._on_reveal)
        self._again = text_button("refresh", _("Check again"))
        self._again.clicked.connect(self._read)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self._name)
        row.addWidget(self._where, 1)
        for widget in (self._tasks, reveal, self._again):
            row.addWidget(widget)
        return row

    def _left(self) -> QWidget:
        self._fix = text_button("check", _("Fix on a copy"))
        self._fix.setToolTip(
            _("Makes a copy with all that can be put right by itself; the data set stays as it is.")
        )
        self._fix.clicked.connect(self._on_fix)
        self._split = text_button("layers", _("Split anew on a copy…"))
        self._split.clicked.connect(self._on_split)
        acts = QHBoxLayout()
        acts.setSpacing(8)
        acts.addWidget(self._fix)
        acts.addWidget(self._split)
        acts.addStretch(1)
        left = QWidget()
        layout = QVBoxLayout(left)
        layout.setContentsMargins(0, 0, MARGIN, 0)
        layout.setSpacing(8)
        counts = _title(_("Counts"))
        # As high as what chooses the split beside it.
        counts.setMinimumHeight(self.pictures.splits.sizeHint().height())
        layout.addWidget(counts)
        layout.addWidget(self.counts, 3)
        layout.addSpacing(4)
        self._summary = _title("")
        layout.addWidget(self._summary)
        layout.addWidget(self._found, 4)
        layout.addLayout(acts)
        return left

    def _foot(self) -> QHBoxLayout:
        self.work = WorkBar()
        self.work.busy_changed.connect(self._enable)
        self.work.cancelled.connect(self._on_cancelled)
        self._offer = QPushButton(_("Use the copy"))
        self._offer.setProperty("role", "primary")
        self._offer.clicked.connect(self._on_offer)
        self._offer.hide()
        close = QPushButton(_("Close"))
        close.clicked.connect(self.reject)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.work, 1)
        for button in (self._offer, close):
            button.setAutoDefault(False)
            row.addWidget(button)
        return row

    def _read(self) -> None:
        """Find the data set, show its pictures, then check it."""
        self._show_report(None)
        self._pages.setCurrentWidget(self._parts)
        path, wanted, words = self._path, self._task, _("Reading the data set …")
        self.work.begin(
            words, lambda job: jobs.load(path, wanted), self._on_loaded, failed=self._on_unreadable
        )

    def _on_loaded(self, loaded: jobs.Loaded) -> None:
        self._loaded = loaded
        self._tasks.clear()
        for task in loaded.tasks:
            self._tasks.addItem(_(TASK_WORDS[task]), task)
        self._tasks.setVisible(len(loaded.tasks) > 1)
        self.pictures.show_data(loaded.data, loaded.pictures)
        words, size = _("Checking: {done} of {total} pictures"), self._input_size
        self.work.begin(words, lambda job: jobs.check(loaded, size, job), self._on_checked)

    def _on_checked(self, report: Report) -> None:
        self._show_report(report)
        self.checked.emit(report)

    def _show_report(self, report: Report | None) -> None:
        self.report = report
        self.counts.show_report(report)
        self.findings.show_report(report, self._path if self._path.is_dir() else self._path.parent)
        self._none.set_text(_("Nothing to complain of."))
        page: QWidget = self._waiting
        if report is not None:
            page = self.findings if report.findings else self._none
        self._found.setCurrentWidget(page)
        self._summary.setText(_("Check") if report is None else _summary(report))
        self._enable()

    def _on_unreadable(self, error: EngineError) -> None:
        self._tasks.hide()
        page = EmptyState(icon="error", text=_wrapping(error.message), hint=_wrapping(error.hint))
        former = self._pages.widget(1)
        if former is not None:
            self._pages.removeWidget(former)
            former.deleteLater()
        self._pages.addWidget(page)
        self._pages.setCurrentWidget(page)
        self._loaded = None
        self._enable()

    def _on_task(self, place: int) -> None:
        self._task = self._tasks.itemData(place)
        self._read()

    def _on_reveal(self) -> None:
        folder = self._path if self._path.is_dir() else self._path.parent
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder)))

    def _on_fix(self) -> None:
        loaded, report, base = self._loaded, self.report, self._base
        if loaded is not None and report is not None:
            self._copy_by(lambda job: jobs.fix(loaded, report, base, job))

    def _on_split(self) -> None:
        dialog = SplitDialog(self)
        dialog.asked.connect(self.split)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def split(self, share: float, seed: int) -> None:
        """Make a copy that is split anew.

        Args:
            share: Of the pictures that are to validate, above 0 and below 1.
            seed: The same seed gives the same split.
        """
        loaded, base = self._loaded, self._base
        if loaded is not None:
            self._copy_by(lambda job: jobs.split(loaded, base, share, seed, job))

    def _copy_by(self, work: Callable[[Job], Path]) -> None:
        self.work.begin(_("Copying: {done} of {total} pictures"), work, self._on_copied)

    def _on_copied(self, path: Path) -> None:
        self._copy = path
        self._offer.show()
        self.work.say(_("The copy is ready: {path}").format(path=path))

    def _on_offer(self) -> None:
        copy = self._copy
        if copy is not None:
            self.data_chosen.emit(copy)
            self.open_data(copy)

    def _on_cancelled(self) -> None:
        if self.report is None:
            self._none.set_text(_("The check was cancelled."))
            self._found.setCurrentWidget(self._none)

    def _enable(self) -> None:
        busy, report = self.work.busy, self.report
        self._fix.setEnabled(not busy and report is not None and bool(report.fixable))
        self._split.setEnabled(not busy and self._loaded is not None)
        self._again.setEnabled(not busy)
        self._tasks.setEnabled(not busy)


def _wrapping(words: str) -> str:
    """Return a sentence whose paths may go on in the next line."""
    return words.replace(os.sep, f"{os.sep}\N{ZERO WIDTH SPACE}")


def _title(words: str) -> QLabel:
    label = QLabel(words)
    label.setProperty("role", "title")
    return label


def _summary(report: Report) -> str:
    """Return how many findings of each severity there are."""
    severities = [each.severity for each in report.findings]
    return _("Errors {errors}, warnings {warnings}, notes {notes}").format(
        errors=severities.count("error"),
        warnings=severities.count("warning"),
        notes=severities.count("note"),
    )
