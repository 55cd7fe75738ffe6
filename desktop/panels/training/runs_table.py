"""The table of the runs: its columns, its selection, editing in place."""

from __future__ import annotations

from pathlib import Path

from PyQt6.QtCore import (
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QRect,
    QSize,
    Qt,
    pyqtSignal,
)
from PyQt6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from desktop.figures import tabular
from desktop.panels.training.runs_columns import PLACES, RUN_COLUMNS
from desktop.panels.training.runs_model import RunsModel
from engine.i18n import translate as _
from engine.training.runs import Run

ROW, HEADER, EDITOR = 28, 28, 28
ICON = 14
HEADER_PADDING = 32
_EXPECTED = {"map50", "map50_95"}
_SELECT = QItemSelectionModel.SelectionFlag.ClearAndSelect | QItemSelectionModel.SelectionFlag.Rows


class RunsTable(QTableView):
    """The rows of a `RunsModel`.

    Args:
        model: The rows.
        parent: The owner.

    Signals:
        chosen: Other rows are selected.
    """

    chosen = pyqtSignal()

    def __init__(self, *, model: RunsModel, parent: QWidget | None = None) -> None:
        """Show the rows, the newest first."""
        super().__init__(parent)
        self._runs = model
        # What stays selected when the rows are made anew.
        self._kept: tuple[Path, ...] = ()
        self._renewing = False
        self.setModel(model)
        self.setItemDelegate(_Editing(self))
        self._set_up()
        header = self.horizontalHeader()
        assert header is not None
        self._set_up_header(header)
        selection = self.selectionModel()
        assert selection is not None
        self._selection = selection
        selection.selectionChanged.connect(self._on_selected)
        model.modelAboutToBeReset.connect(self._on_renewing)
        model.modelReset.connect(self._on_renewed)
        self.show_columns()

    def selected(self) -> list[Run]:
        """Return the runs that are selected, from top to bottom."""
        # Asking for each row by itself takes a second for thousands of them.
        selection = self._selection.selection()
        parts = [selection[at] for at in range(len(selection))]
        rows = {row for part in parts for row in range(part.top(), part.bottom() + 1)}
        return [self._runs.run(row) for row in sorted(rows)]

    def select(self, paths: tuple[Path, ...]) -> None:
        """Select runs by their folders, those that are there."""
        selection, last = QItemSelection(), len(RUN_COLUMNS) - 1
        rows = [row for path in paths if (row := self._runs.row_of(path)) is not None]
        for row in rows:
            selection.select(self._runs.index(row, 0), self._runs.index(row, last))
        if rows:
            self._selection.setCurrentIndex(
                self._runs.index(rows[0], PLACES["name"]),
                QItemSelectionModel.SelectionFlag.NoUpdate,
            )
        self._selection.select(selection, _SELECT)

    def edit_cell(self, name: str) -> None:
        """Open the field for the name or the notes of the row that is selected."""
        rows = self._selection.selectedRows()
        if len(rows) == 1:
            index = self._runs.index(rows[0].row(), PLACES[name])
            self.scrollTo(index)
            self.edit(index)

    def show_columns(self) -> None:
        """Show the metrics that any run has."""
        known = self._runs.metrics()
        for section, column in enumerate(RUN_COLUMNS):
            here = column.metric in (known or _EXPECTED)
            self.setColumnHidden(section, bool(column.metric) and not here)

    def _set_up(self) -> None:
        self.setAccessibleName(_("Runs"))
        self.setFont(tabular(self.font()))
        self.setIconSize(QSize(ICON, ICON))
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.setTabKeyNavigation(False)
        self.setWordWrap(False)
        self.setShowGrid(False)
        rows = self.verticalHeader()
        assert rows is not None
        rows.hide()
        rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        rows.setMinimumSectionSize(ROW)
        rows.setDefaultSectionSize(ROW)

    def _set_up_header(self, header: QHeaderView) -> None:
        header.setFixedHeight(HEADER)
        header.setSectionsMovable(True)
        header.setHighlightSections(False)
        metrics = header.fontMetrics()
        for section, column in enumerate(RUN_COLUMNS):
            needed = metrics.horizontalAdvance(_(column.title)) + HEADER_PADDING
            header.resizeSection(section, max(column.width, needed))
        header.setSortIndicator(PLACES["begun"], Qt.SortOrder.DescendingOrder)
        header.setStretchLastSection(True)
        self.setSortingEnabled(True)

    def _on_selected(self) -> None:
        if not self._renewing:
            self.chosen.emit()

    def _on_renewing(self) -> None:
        self._kept, self._renewing = tuple(run.path for run in self.selected()), True

    def _on_renewed(self) -> None:
        self._renewing = False
        self.select(self._kept)
        self.chosen.emit()


class _Editing(QStyledItemDelegate):
    """Gives the field in a cell the height that it needs."""

    def updateEditorGeometry(
        self, editor: QWidget | None, option: QStyleOptionViewItem, index: QModelIndex
    ) -> None:
        """Put the field over the cell, wide enough to type in."""
        if editor is None:
            return
        cell: QRect = option.rect
        top = cell.top() + (cell.height() - EDITOR) // 2
        editor.setGeometry(cell.left(), top, max(cell.width(), 160), EDITOR)
