"""The live panel of a training: how far it is, its curves, its pictures, its classes, its log."""

from __future__ import annotations

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtWidgets import QHBoxLayout, QSplitter, QStackedWidget, QTabBar, QVBoxLayout, QWidget

from desktop.panels.training.class_table import ClassTable
from desktop.panels.training.header import Header
from desktop.panels.training.log import LogView
from desktop.panels.training.outcome_panel import OutcomePanel
from desktop.panels.training.picture_strip import PictureStrip
from desktop.panels.training.plots import CoursePlots, LearningPlots
from desktop.panels.training.series import Series
from desktop.widgets.empty_state import EmptyState
from desktop.widgets.note import Note
from engine.i18n import translate as _
from engine.training.folder import RunFolder
from engine.training.record import RunRecord

_CURVES, _COURSE, _OUTCOME = range(3)
# Shares of the height: plots, pictures beside classes, log.
_HEIGHTS = (290, 205, 115)
_WIDTHS = (440, 600)


class LivePanel(QWidget):
    """Shows a run, while it trains and afterwards.

    The record belongs to whoever reads the events; after new ones were added to it, `refresh` is to
    be called, at most ten times a second.

    Args:
        parent: The owner.

    Signals:
        folder_requested: The folder of the run is to be opened.
        failed: EngineError, a plot could not be written.
    """

    folder_requested = pyqtSignal()
    failed = pyqtSignal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        """Show the sentence that there is no run."""
        super().__init__(parent)
        self._record: RunRecord | None = None
        self._folder: RunFolder | None = None
        self._series = Series()
        self._busy = False
        self.header = Header()
        self.learning = LearningPlots()
        self.course = CoursePlots()
        self.outcome = OutcomePanel()
        self.pictures = PictureStrip()
        self.classes = ClassTable()
        self.log = LogView()
        self.log.folder_requested.connect(self.folder_requested)
        for part in (self.learning, self.course, self.outcome):
            part.failed.connect(self.failed)
        empty = EmptyState(
            icon="chart",
            text=_("No training to show"),
            hint=_("Choose data and a recipe on the left and start a training."),
        )
        self._pages = QStackedWidget()
        self._pages.addWidget(empty)
        self._pages.addWidget(self._run_page())
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._pages)

    def show_record(self, record: RunRecord | None, folder: RunFolder | None) -> None:
        """Show another run.

        Args:
            record: What is known of it, None for no run.
            folder: Where it is, None where that is unknown.
        """
        self._record, self._folder = record, folder
        self._series = Series()
        self._pages.setCurrentIndex(0 if record is None else 1)
        if record is None:
            self.header.close_threads()
            return
        for plots in (self.learning, self.course):
            plots.forget()
        self.tabs.setCurrentIndex(_CURVES)
        self.header.show_record(record)
        self.pictures.show_record(record, folder)
        self.log.show_record(record, folder)
        self.refresh()

    def refresh(self) -> None:
        """Show what was added to the record; what did not change costs next to nothing."""
        record = self._record
        if record is None:
            return
        self.header.refresh()
        self.log.refresh()
        self.pictures.refresh()
        self.classes.refresh(record)
        self._show_outcome(record)
        busy = record.stage.busy
        if self._series.follow(record) or busy != self._busy:
            self._busy = busy
            self._draw(record)
        self._show_plots()

    def close_threads(self) -> None:
        """End what runs; the panel is of no use afterwards."""
        self.header.close_threads()
        self.pictures.close_threads()

    def _run_page(self) -> QWidget:
        self.tabs = QTabBar()
        self.tabs.setDrawBase(False)
        self.tabs.setExpanding(False)
        self.tabs.setAccessibleName(_("Plots"))
        for words in (_("Curves"), _("Speed and memory")):
            self.tabs.addTab(words)
        self.tabs.currentChanged.connect(self._show_plots)
        self._note = Note()
        self._plots = QStackedWidget()
        pages: tuple[QWidget, ...] = (self.learning, self.course, self.outcome, self._note)
        for each in pages:
            self._plots.addWidget(each)
        above = QWidget()
        column = QVBoxLayout(above)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        row = QHBoxLayout()
        row.setContentsMargins(4, 0, 0, 0)
        row.addWidget(self.tabs)
        column.addLayout(row)
        column.addWidget(self._plots, 1)
        middle = _splitter(Qt.Orientation.Horizontal, (self.pictures, self.classes), _WIDTHS)
        self.parts = _splitter(Qt.Orientation.Vertical, (above, middle, self.log), _HEIGHTS)
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.header)
        layout.addWidget(self.parts, 1)
        return page

    def _draw(self, record: RunRecord) -> None:
        if len(self._series):
            self.learning.show_series(self._series, record)
            self.course.show_series(self._series, record)

    def _show_outcome(self, record: RunRecord) -> None:
        path = record.curves
        if path is not None and self._folder is not None:
            # The run may have been moved since.
            path = self._folder.curves
        self.outcome.show_file(path)
        # It is the last tab, and there only while there is something to show in it.
        if path is not None and self.tabs.count() == _OUTCOME:
            self.tabs.addTab(_("Best weights"))
        elif path is None and self.tabs.count() > _OUTCOME:
            self.tabs.removeTab(_OUTCOME)

    def _show_plots(self) -> None:
        """Show the page that is chosen; a sentence instead of axes without curves."""
        chosen = self.tabs.currentIndex()
        if chosen == _OUTCOME or len(self._series):
            self._plots.setCurrentIndex(chosen)
            return
        busy = self._record is not None and not self._has_ended(self._record)
        said = (
            _("Curves appear after the first epoch.")
            if busy
            else _("This run ended before its first epoch was done.")
        )
        self._note.set_text(said)
        self._plots.setCurrentWidget(self._note)

    @staticmethod
    def _has_ended(record: RunRecord) -> bool:
        return not record.stage.busy and record.stage is not record.stage.WAITING


def _splitter(
    orientation: Qt.Orientation, parts: tuple[QWidget, ...], sizes: tuple[int, ...]
) -> QSplitter:
    splitter = QSplitter(orientation)
    splitter.setChildrenCollapsible(False)
    splitter.setHandleWidth(1)
    for place, part in enumerate(parts):
        splitter.addWidget(part)
        splitter.setStretchFactor(place, sizes[place])
    splitter.setSizes(list(sizes))
    return splitter
