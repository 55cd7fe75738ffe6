"""The runs on disk as a table: read outside the UI thread, filtered and sorted in memory."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from PyQt6.QtCore import QAbstractTableModel, QModelIndex, QObject, Qt, pyqtSignal

from desktop import icons, theme
from desktop.background import Lane
from desktop.panels.training.runs_columns import EDITED, PLACES, RUN_COLUMNS, tip, words
from desktop.panels.training.words import LOOKS
from engine.i18n import translate as _
from engine.training.folder import RunFolder
from engine.training.record import Stage
from engine.training.runs import Run, find_runs, read_run

NO_INDEX = QModelIndex()
RUN = Qt.ItemDataRole.UserRole + 1
# So many stretches of rows may go before it is cheaper to build the view anew.
_MOST_STRETCHES = 32
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


class RunsModel(QAbstractTableModel):
    """A row a run.

    Args:
        base: Where runs are kept, by default with a person's sessions.
        parent: The owner.

    Signals:
        loaded: All runs have been read.
        rename_requested: Run and the name that was typed for it.
        notes_requested: Run and the notes that were typed for it.
    """

    loaded = pyqtSignal()
    rename_requested = pyqtSignal(object, str)
    notes_requested = pyqtSignal(object, str)

    def __init__(self, *, base: Path | None = None, parent: QObject | None = None) -> None:
        """Show nothing yet; `refresh` reads."""
        super().__init__(parent)
        self._base = base
        self._runs: dict[Path, Run] = {}
        self._rows: list[Run] = []
        self._text = ""
        self._sorted = PLACES["begun"], Qt.SortOrder.DescendingOrder
        # Only the thread knows it.
        self._known: dict[Path, tuple[tuple[int, ...], Run]] = {}
        self._lane = Lane("runs", self._read, parent=self)
        self._lane.answered.connect(self._on_read)

    def close(self) -> None:
        """End the thread."""
        self._lane.close()

    def refresh(self) -> None:
        """Read the runs again; what is on screen stays until they have been."""
        self._lane.ask(True)

    @property
    def total(self) -> int:
        """The number of runs, those that the filter hides among them."""
        return len(self._runs)

    def run(self, row: int) -> Run:
        """Return the run of a row."""
        return self._rows[row]

    def row_of(self, path: Path) -> int | None:
        """Return the row of a run's folder, None where it is not in the list."""
        return next((row for row, run in enumerate(self._rows) if run.path == path), None)

    def metrics(self) -> set[str]:
        """Return the metrics that any run has."""
        return {
            name
            for run in self._runs.values()
            for name, value in run.metrics.items()
            if value is not None
        }

    def set_text(self, text: str) -> None:
        """Show only the runs that hold a text, any case."""
        self._text = text.strip().casefold()
        self._arrange()

    def remove(self, paths: Iterable[Path]) -> None:
        """Take runs out of the list."""
        gone = set(paths)
        self._runs = {path: run for path, run in self._runs.items() if path not in gone}
        self._arrange()

    def rowCount(self, parent: QModelIndex = NO_INDEX) -> int:  # noqa: B008 - Qt's own default
        """Return the number of runs that are shown."""
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: QModelIndex = NO_INDEX) -> int:  # noqa: B008 - Qt's own default
        """Return the number of columns."""
        return 0 if parent.isValid() else len(RUN_COLUMNS)

    def headerData(
        self,
        section: int,
        orientation: Qt.Orientation,
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> object:
        """Return what stands above a column."""
        if orientation != Qt.Orientation.Horizontal:
            return None
        column = RUN_COLUMNS[section]
        if role == Qt.ItemDataRole.DisplayRole:
            return _(column.title)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _RIGHT if column.figure else _LEFT
        return None

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Return what a cell says and how."""
        if not index.isValid():
            return None
        run, column = self._rows[index.row()], RUN_COLUMNS[index.column()]
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.EditRole):
            return column.shown(run)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _RIGHT if column.figure else _LEFT
        if role == Qt.ItemDataRole.ToolTipRole:
            return tip(run, column)
        if role == RUN:
            return run
        if column.name == "state" and role == Qt.ItemDataRole.DecorationRole:
            look = LOOKS[run.stage]
            return icons.icon(look.icon, look.token)
        if column.name == "state" and role == Qt.ItemDataRole.ForegroundRole:
            return theme.colour(LOOKS[run.stage].token)
        return None

    def setData(
        self, index: QModelIndex, value: object, role: int = Qt.ItemDataRole.EditRole
    ) -> bool:
        """Ask for another name or other notes; the row changes once the folder has them."""
        run, text = self._rows[index.row()], str(value).strip()
        if role != Qt.ItemDataRole.EditRole:
            return False
        if index.column() == PLACES["name"] and text != run.name:
            self.rename_requested.emit(run, text)
        if index.column() == PLACES["notes"] and text != run.notes:
            self.notes_requested.emit(run, text)
        return False

    def flags(self, index: QModelIndex) -> Qt.ItemFlag:
        """Let names and notes be edited."""
        flags = super().flags(index)
        return flags | Qt.ItemFlag.ItemIsEditable if index.column() in EDITED else flags

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Sort by a column; equal runs stand with the newest first."""
        self._sorted = column, order
        self._arrange()

    def _read(self, _request: object) -> list[Run] | None:
        known: dict[Path, tuple[tuple[int, ...], Run]] = {}
        for folder in find_runs(self._base):
            if self._lane.superseded():
                return None
            mark = _mark(folder)
            former = self._known.get(folder.path)
            if former is not None and former[0] == mark and not _moves(former[1]):
                known[folder.path] = former
                continue
            try:
                known[folder.path] = mark, read_run(folder)
            except (OSError, ValueError):
                continue  # What is no run, or was deleted meanwhile, is not listed.
        self._known = known
        return [run for _mark, run in known.values()]

    def _on_read(self, runs: list[Run]) -> None:
        self._runs = {run.path: run for run in runs}
        self._arrange()
        self.loaded.emit()

    def _arrange(self) -> None:
        """Show the runs that hold the text, in their order."""
        column, order = self._sorted
        wanted = sorted(self._runs.values(), key=lambda run: (run.begun, run.path), reverse=True)
        wanted = [run for run in wanted if self._text in words(run)] if self._text else wanted
        wanted.sort(key=RUN_COLUMNS[column].key, reverse=order == Qt.SortOrder.DescendingOrder)
        self._become(wanted)

    def _become(self, wanted: list[Run]) -> None:
        """Turn the rows into others; what is selected stays so as far as it is still there."""
        paths = {run.path for run in wanted}
        stretches = _stretches([row for row, run in enumerate(self._rows) if run.path not in paths])
        if len(stretches) > _MOST_STRETCHES:
            self.beginResetModel()
            self._rows = wanted
            self.endResetModel()
            return
        for first, last in reversed(stretches):
            self.beginRemoveRows(NO_INDEX, first, last)
            del self._rows[first : last + 1]
            self.endRemoveRows()
        here = {run.path for run in self._rows}
        fresh = [run for run in wanted if run.path not in here]
        if fresh:
            self.beginInsertRows(NO_INDEX, len(here), len(wanted) - 1)
            self._rows = [*self._rows, *fresh]
            self.endInsertRows()
        if [run.path for run in self._rows] != [run.path for run in wanted]:
            self._reorder(wanted)
        changed = [row for row, run in enumerate(self._rows) if run != wanted[row]]
        self._rows = wanted
        for first, last in _stretches(changed):
            self.dataChanged.emit(self.index(first, 0), self.index(last, len(RUN_COLUMNS) - 1))

    def _reorder(self, wanted: list[Run]) -> None:
        former = self._rows
        rows = {run.path: row for row, run in enumerate(wanted)}
        self.layoutAboutToBeChanged.emit()
        kept = self.persistentIndexList()
        here = {run.path: run for run in former}
        self._rows = [here[run.path] for run in wanted]
        moved = [self.index(rows[former[each.row()].path], each.column()) for each in kept]
        self.changePersistentIndexList(kept, moved)
        self.layoutChanged.emit()


def _mark(folder: RunFolder) -> tuple[int, ...]:
    """Return what changes whenever a run does."""
    names = ("summary.json", "about.json", "config.json", "run.json", "weights")
    found = []
    for name in names:
        try:
            found.append((folder.path / name).stat().st_mtime_ns)
        except OSError:
            found.append(0)
    return tuple(found)


def _moves(run: Run) -> bool:
    """Tell whether a run may become another without a word, as by the death of its process."""
    return run.stage.busy or run.stage is Stage.WAITING


def _stretches(rows: list[int]) -> list[tuple[int, int]]:
    """Return ascending rows as first and last of each stretch without gaps."""
    found: list[tuple[int, int]] = []
    for row in rows:
        if found and row == found[-1][1] + 1:
            found[-1] = found[-1][0], row
        else:
            found.append((row, row))
    return found
