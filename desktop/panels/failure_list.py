"""What could not be worked on, a row a file with its sentence."""

from __future__ import annotations

from collections.abc import Sequence

from PyQt6.QtCore import QAbstractTableModel, QModelIndex, QObject, Qt
from PyQt6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from engine.i18n import translate as _
from engine.store.query import file_name
from engine.store.records import FailureRecord

ROW = 24
MOST_ROWS = 4
NAME_WIDTH = 240
NO_INDEX = QModelIndex()


class FailureList(QTableView):
    """A table of failures, at most four rows high."""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Show none."""
        super().__init__(parent)
        self._model = _FailureModel(self)
        self.setModel(self._model)
        self.setAccessibleName(_("Files that could not be worked on"))
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setTabKeyNavigation(False)
        self.setShowGrid(False)
        self.setWordWrap(False)
        down, across = self.verticalHeader(), self.horizontalHeader()
        assert down is not None
        assert across is not None
        down.hide()
        down.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        down.setDefaultSectionSize(ROW)
        across.hide()
        across.setStretchLastSection(True)
        self.setColumnWidth(0, NAME_WIDTH)

    def set_failures(self, failures: Sequence[FailureRecord]) -> None:
        """Show these."""
        self._model.set_failures(failures)
        self.setFixedHeight(ROW * min(max(len(failures), 1), MOST_ROWS) + 2)


class _FailureModel(QAbstractTableModel):
    """File and sentence."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._failures: Sequence[FailureRecord] = ()

    def set_failures(self, failures: Sequence[FailureRecord]) -> None:
        self.beginResetModel()
        self._failures = failures
        self.endResetModel()

    def rowCount(self, parent: QModelIndex = NO_INDEX) -> int:  # noqa: B008 - Qt's own default
        return 0 if parent.isValid() else len(self._failures)

    def columnCount(self, parent: QModelIndex = NO_INDEX) -> int:  # noqa: B008 - Qt's own default
        return 0 if parent.isValid() else 2

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        failure = self._failures[index.row()]
        sentence = f"{failure.message} {failure.hint}".strip()
        if role == Qt.ItemDataRole.DisplayRole:
            return sentence if index.column() else file_name(failure.source)
        if role == Qt.ItemDataRole.ToolTipRole:
            return sentence if index.column() else failure.source
        return None
