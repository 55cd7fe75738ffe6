"""The list of all trainings: find, watch, go on, use, report, compare, delete to the bin."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from PyQt6.QtCore import QPoint, Qt, QTimer, QUrl, pyqtBoundSignal, pyqtSignal
from PyQt6.QtGui import QDesktopServices, QHideEvent, QShowEvent
from PyQt6.QtWidgets import (
    QAbstractItemView,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from desktop import icons
from desktop.background import Job, start
from desktop.panels.training import runs_actions as actions
from desktop.panels.training.runs_bin import ask_for_bin
from desktop.panels.training.runs_curves import RunsCurves
from desktop.panels.training.runs_model import RunsModel
from desktop.panels.training.runs_table import RunsTable
from desktop.widgets.elided_label import ElidedLabel
from desktop.widgets.empty_state import EmptyState
from desktop.widgets.note import Note
from engine.i18n import translate as _
from engine.store.writer import safe_name
from engine.training import runs
from engine.training.folder import RunFolder
from engine.training.runs import Run

REFRESH_MS = 3000


class RunsPanel(QWidget):
    """All runs on disk, the newest first.

    Args:
        base: Where runs are kept, by default with a person's sessions.
        parent: The owner.

    Attributes:
        table: The rows.
        actions_by_name: What can be done with those that are selected.

    Signals:
        watch_requested: RunFolder to show in the live panel.
        use_requested: Path of weights to detect with.
        resume_requested: RunFolder to go on with.
        extend_requested: RunFolder that is to train longer than was wanted.
        settings_requested: TrainConfig to fill the form with.
        start_requested: Nothing is here yet; the person wants to begin.
        report_written: Path of a workbook.
        failed: EngineError.
    """

    watch_requested = pyqtSignal(object)
    use_requested = pyqtSignal(object)
    resume_requested = pyqtSignal(object)
    extend_requested = pyqtSignal(object)
    settings_requested = pyqtSignal(object)
    start_requested = pyqtSignal()
    report_written = pyqtSignal(object)
    failed = pyqtSignal(object)

    def __init__(self, *, base: Path | None = None, parent: QWidget | None = None) -> None:
        """Show nothing until it is seen, or until `refresh`."""
        super().__init__(parent)
        self._loaded = False
        self.model = RunsModel(base=base, parent=self)
        self.table = RunsTable(model=self.model)
        self.curves = RunsCurves()
        self.curves.hide()
        self.actions_by_name = actions.build(
            self,
            {
                "show": partial(self._pass_on, self.watch_requested),
                "use": self._on_use,
                "resume": partial(self._pass_on, self.resume_requested),
                "extend": partial(self._pass_on, self.extend_requested),
                "again": self._on_again,
                "report": self._on_report,
                "rename": partial(self.table.edit_cell, "name"),
                "notes": partial(self.table.edit_cell, "notes"),
                "reveal": self._on_reveal,
                "delete": self._on_delete,
                "refresh": self.refresh,
            },
        )
        self._build_layout()
        self.setFocusProxy(self.table)
        self._timer = QTimer(self)
        self._timer.setInterval(REFRESH_MS)
        self._timer.timeout.connect(self._on_tick)
        self.table.chosen.connect(self._on_chosen)
        self.table.customContextMenuRequested.connect(self._on_menu)
        self.table.activated.connect(lambda index: self.actions_by_name["show"].trigger())
        self.model.loaded.connect(self._on_loaded)
        self.model.rename_requested.connect(self._on_renamed)
        self.model.notes_requested.connect(self._on_noted)
        self.curves.failed.connect(self.failed)
        self._on_chosen()

    def refresh(self) -> None:
        """Look for runs again."""
        self.model.refresh()

    def select(self, folder: Path) -> bool:
        """Choose the row of a run and tell whether it is there."""
        self.table.select((folder,))
        return self.model.row_of(folder) is not None

    def close_threads(self) -> None:
        """End the threads that read."""
        self._timer.stop()
        self.model.close()
        self.curves.close_threads()

    def showEvent(self, event: QShowEvent | None) -> None:
        """Read, and read again from time to time while it is seen."""
        super().showEvent(event)
        self.refresh()
        self._timer.start()

    def hideEvent(self, event: QHideEvent | None) -> None:
        """Rest."""
        self._timer.stop()
        super().hideEvent(event)

    def _build_layout(self) -> None:
        self._empty = EmptyState(
            icon="history",
            text=_("No trainings yet"),
            hint=_("Every training is kept here, with its settings, curves and weights."),
            primary=_("Set up a training"),
        )
        self._empty.pressed.connect(lambda name: self.start_requested.emit())
        parts = QSplitter(Qt.Orientation.Vertical)
        parts.addWidget(self.table)
        parts.addWidget(self.curves)
        parts.setStretchFactor(0, 3)
        parts.setStretchFactor(1, 2)
        parts.setChildrenCollapsible(False)
        parts.setHandleWidth(1)
        self._pages = QStackedWidget()
        self._no_match = Note(_("No run matches the filter."))
        for page in (parts, self._empty, self._no_match):
            self._pages.addWidget(page)
        self._rows = parts
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 12, 16, 12)
        layout.setSpacing(12)
        layout.addLayout(self._head())
        layout.addLayout(actions.bar(self.actions_by_name))
        layout.addWidget(self._pages, 1)

    def _head(self) -> QHBoxLayout:
        title = QLabel(_("Runs"))
        title.setProperty("role", "state")
        self._count = QLabel()
        self._count.setProperty("role", "muted")
        self._said = ElidedLabel()
        self._said.setProperty("role", "muted")
        self._said.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        search = QLineEdit()
        search.setPlaceholderText(_("Search"))
        search.setAccessibleName(_("Search runs"))
        search.setToolTip(_("Name, recipe, data, notes, state, device or date"))
        search.setClearButtonEnabled(True)
        search.addAction(icons.icon("search", "muted"), QLineEdit.ActionPosition.LeadingPosition)
        search.setMinimumWidth(160)
        search.setMaximumWidth(280)
        search.textChanged.connect(self._on_search)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(title)
        row.addWidget(self._count)
        row.addWidget(self._said, 1)
        row.addWidget(search, 1)
        return row

    def _one(self) -> Run | None:
        chosen = self.table.selected()
        return chosen[0] if len(chosen) == 1 else None

    def _on_chosen(self) -> None:
        chosen = self.table.selected()
        actions.enable(self.actions_by_name, chosen)
        self.curves.show_runs(chosen)
        self._say_count()

    def _on_tick(self) -> None:
        # A field that somebody types in would be closed.
        if self.table.state() != QAbstractItemView.State.EditingState:
            self.refresh()

    def _on_loaded(self) -> None:
        self.table.show_columns()
        self._show_page()
        if not self._loaded and self.model.rowCount() and not self.table.selected():
            self.table.select((self.model.run(0).path,))
        self._loaded = True
        self._on_chosen()

    def _on_search(self, text: str) -> None:
        self.model.set_text(text)
        self._show_page()
        self._say_count()

    def _show_page(self) -> None:
        page: QWidget = self._rows if self.model.rowCount() else self._no_match
        self._pages.setCurrentWidget(page if self.model.total else self._empty)

    def _say_count(self) -> None:
        chosen, shown = len(self.table.selected()), self.model.rowCount()
        words = _("Runs: {count}").format(count=shown) if self.model.total else ""
        if chosen > 1:
            words = _("Runs: {count}, {chosen} selected").format(count=shown, chosen=chosen)
        elif shown > 1:
            words += " · " + _("select several to compare their curves")
        self._count.setText(words)

    def _on_menu(self, at: QPoint) -> None:
        viewport = self.table.viewport()
        assert viewport is not None
        actions.menu(self, self.actions_by_name).popup(viewport.mapToGlobal(at))

    def _pass_on(self, signal: pyqtBoundSignal) -> None:
        run = self._one()
        if run is not None:
            signal.emit(RunFolder(run.path))

    def _on_use(self) -> None:
        run = self._one()
        if run is not None and run.best is not None:
            self.use_requested.emit(run.best)

    def _on_again(self) -> None:
        run = self._one()
        if run is not None and run.config is not None:
            self.settings_requested.emit(run.config)

    def _on_reveal(self) -> None:
        run = self._one()
        if run is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(run.path)))

    def _on_renamed(self, run: Run, name: str) -> None:
        self._change(partial(runs.rename, RunFolder(run.path), name))

    def _on_noted(self, run: Run, notes: str) -> None:
        self._change(partial(runs.set_notes, RunFolder(run.path), notes))

    def _change(self, change: Callable[[], None]) -> None:
        def work(job: Job) -> None:
            change()

        start(self, work, done=lambda nothing: self.refresh(), failed=self.failed.emit)

    def _on_report(self) -> None:
        run = self._one()
        if run is None:
            return
        dialog = QFileDialog(self, _("Report on a training"))
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilter(_("Excel workbook (*.xlsx)"))
        dialog.setDefaultSuffix("xlsx")
        dialog.selectFile(str(Path.home() / f"{safe_name(run.name) or run.path.name}.xlsx"))
        folder = RunFolder(run.path)
        dialog.fileSelected.connect(lambda path: self.write_report(folder, Path(path)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def write_report(self, folder: RunFolder, path: Path) -> None:
        """Write a run's workbook, in the background."""

        def work(job: Job) -> Path:
            from engine.training.report import write_report

            return write_report(folder, path)

        self._said.setText(_("Writing the report …"))
        start(self, work, done=self._on_written, failed=self._on_failed)

    def _on_written(self, path: Path) -> None:
        self._said.setText(_("Written: {path}").format(path=path))
        self.report_written.emit(path)

    def _on_failed(self, error: object) -> None:
        self._said.clear()
        self.failed.emit(error)

    def _on_delete(self) -> None:
        chosen = self.table.selected()
        ask_for_bin(self, chosen, done=self.model.remove, failed=self.failed.emit)
