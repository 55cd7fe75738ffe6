"""The objects of a session as a table model that never waits: what is not there yet is empty."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace
from pathlib import Path

from PyQt6.QtCore import QAbstractTableModel, QModelIndex, QObject, Qt, QTimer, pyqtSignal

from desktop.background import Lane
from desktop.panels.object_pages import (
    PAGE,
    Answer,
    Arrangement,
    Errand,
    Facts,
    Failed,
    ObjectPages,
    Ranges,
    Wish,
)
from desktop.panels.result_columns import RESULT_COLUMNS, Row, class_name
from desktop.state import ObjectKey, Place, View
from desktop.widgets.swatch import swatch_icon
from engine.colours import class_colours
from engine.i18n import translate as _

PAGES_KEPT = 64
PAGES_IN_SIGHT = 3
REFRESH_MS = 1000
NO_INDEX = QModelIndex()
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter


class ObjectModel(QAbstractTableModel):
    """The rows of `RESULT_COLUMNS` over a session file, which may be growing.

    Every query runs in a thread of its own. A page that is not there yet is asked for when one of
    its cells is, and the cells are empty until it comes. While the session grows, new rows are
    looked for once a second.

    Signals:
        arranged: Rows may stand elsewhere: where those of `set_selection` stand now, and the one
            with the focus, -1 for nowhere.
        facts_changed: `Facts` of the session, None without one.
        found: `Found`, the object of `look_for`, after each change of the table.
        pages_came: Rows that were missing are there.
        fetched: Purpose, numbers of the rows and text of a `fetch`.
        failed: EngineError, the session cannot be read.
    """

    arranged = pyqtSignal(object, int)
    facts_changed = pyqtSignal(object)
    found = pyqtSignal(object)
    pages_came = pyqtSignal()
    fetched = pyqtSignal(str, object, str)
    failed = pyqtSignal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        """Start the thread that reads; show nothing."""
        super().__init__(parent)
        self._path: Path | None = None
        self._opening = 0
        self._facts: Facts | None = None
        self._arrangement = Arrangement()
        self._edition = 0
        self._shown = 0
        self._count = 0
        self._pages: OrderedDict[int, tuple[Row, ...]] = OrderedDict()
        self._in_sight: OrderedDict[int, None] = OrderedDict()
        self._selected: Ranges = ()
        self._current = -1
        self._key: ObjectKey | None = None
        self._errand: Errand | None = None
        self._moving = False
        self._lane = Lane("objects", ObjectPages().answer, parent=self)
        self._lane.answered.connect(self._on_answered)
        # All that is wanted within one turn of the event loop is one wish.
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(0)
        self._soon.timeout.connect(self._ask)
        self._refresh = QTimer(self)
        self._refresh.setInterval(REFRESH_MS)
        self._refresh.timeout.connect(self._on_refresh)

    def close(self) -> None:
        """End the thread."""
        self._soon.stop()
        self._refresh.stop()
        self._lane.close()

    @property
    def facts(self) -> Facts | None:
        """What is known of the session, None before it was read."""
        return self._facts

    @property
    def arrangement(self) -> Arrangement:
        """How the rows are, or soon will be, sorted and filtered."""
        return self._arrangement

    @property
    def settled(self) -> bool:
        """Whether the rows on screen are those of the last arrangement."""
        return self._shown == self._edition

    @property
    def moving(self) -> bool:
        """Whether rows come, go or change places right now, so that a selection may jump."""
        return self._moving

    def set_view(self, view: View | None) -> None:
        """Show another session, or what came to the same one."""
        path = None if view is None else view.path
        if path != self._path:
            self._path = path
            self._opening += 1
        if view is not None and view.growing:
            self._refresh.start()
        else:
            self._refresh.stop()
        if path is None:
            self._edition += 1
            self._clear(self._edition)
        else:
            self._rearrange()

    def set_text(self, text: str) -> None:
        """Show only rows whose picture or class is named so, in part; all for an empty text."""
        self._change(replace(self._arrangement, text=text.strip()))

    def set_place(self, place: Place | None) -> None:
        """Show only the rows of one frame, all for None."""
        self._change(replace(self._arrangement, place=place))

    def set_selection(self, rows: Ranges, current: int) -> None:
        """Say which rows are selected and which has the focus, so that they can be followed."""
        self._selected, self._current = rows, current

    def look_for(self, key: ObjectKey | None) -> None:
        """Ask where an object stands; `found` answers, from now on after each change."""
        self._key = key
        if key is not None:
            self._soon.start()

    def fetch(self, purpose: str, rows: Ranges, columns: tuple[str, ...] = ()) -> None:
        """Ask for the numbers of rows and, where columns are named, for their text."""
        self._errand = Errand(purpose, self._shown, rows, columns)
        self._soon.start()

    def row(self, row: int) -> Row | None:
        """Return a row, None while it is not there yet."""
        if not 0 <= row < self._count:
            return None
        page = self._pages.get(row // PAGE)
        self._touch(row // PAGE)
        if page is None:
            self._soon.start()
            return None
        return page[row % PAGE] if row % PAGE < len(page) else None

    def rowCount(self, parent: QModelIndex = NO_INDEX) -> int:  # noqa: B008 - Qt's own default
        """Return the number of rows that pass the filter."""
        return 0 if parent.isValid() else self._count

    def columnCount(self, parent: QModelIndex = NO_INDEX) -> int:  # noqa: B008 - Qt's own default
        """Return the number of columns, hidden ones too."""
        return 0 if parent.isValid() else len(RESULT_COLUMNS)

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Return what a cell shows."""
        column = RESULT_COLUMNS[index.column()]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _RIGHT if column.numeric else _LEFT
        if role not in (
            Qt.ItemDataRole.DisplayRole,
            Qt.ItemDataRole.DecorationRole,
            Qt.ItemDataRole.ToolTipRole,
        ):
            return None
        row = self.row(index.row())
        if row is None or self._facts is None:
            return None
        if role == Qt.ItemDataRole.ToolTipRole:
            return row.source if column.name == "picture" else None
        if column.name != "class":
            return column.text(row) if role == Qt.ItemDataRole.DisplayRole else None
        names, class_id = self._facts.model.names, row.record.class_id
        if role == Qt.ItemDataRole.DisplayRole:
            return class_name(names, class_id)
        return swatch_icon(class_colours(names)[class_id]) if class_id < len(names) else None

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object:
        """Return what stands above a column."""
        if orientation != Qt.Orientation.Horizontal or not 0 <= section < len(RESULT_COLUMNS):
            return None
        column = RESULT_COLUMNS[section]
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            return _(column.title)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _RIGHT if column.numeric else _LEFT
        return None

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Sort by a column; the rows change places when the answer comes."""
        if 0 <= column < len(RESULT_COLUMNS):
            name = RESULT_COLUMNS[column].name
            descending = order == Qt.SortOrder.DescendingOrder
            self._change(replace(self._arrangement, column=name, descending=descending))

    def _change(self, arrangement: Arrangement) -> None:
        if arrangement != self._arrangement:
            self._arrangement = arrangement
            if self._path is not None:
                self._rearrange()

    def _rearrange(self) -> None:
        self._edition += 1
        self._soon.start()

    def _on_refresh(self) -> None:
        # A thread that is still busy with the last time is not driven on.
        if self._lane.idle() and self.settled:
            self._rearrange()

    def _touch(self, page: int) -> None:
        self._in_sight[page] = None
        self._in_sight.move_to_end(page)
        while len(self._in_sight) > PAGES_IN_SIGHT:
            self._in_sight.popitem(last=False)

    def _ask(self) -> None:
        if self._path is None:
            return
        pages = tuple(self._in_sight) or (0,)
        if self.settled:
            pages = tuple(page for page in pages if page not in self._pages)
        wish = Wish(
            self._path,
            self._edition,
            self._arrangement,
            self._shown,
            pages,
            self._selected,
            self._current,
            self._key,
            self._errand,
            self._opening,
        )
        self._lane.ask(wish)

    def _on_answered(self, answer: Answer | Failed) -> None:
        wish = answer.wish
        if (wish.path, wish.opening) != (self._path, self._opening):
            return
        if isinstance(answer, Failed):
            self._errand = None
            self._refresh.stop()
            if self._facts is None or self._facts.path != wish.path:
                self._clear(wish.edition)
            self.failed.emit(answer.error)
            return
        if wish.edition < self._shown:
            return
        if wish.edition > self._shown:
            if (wish.selected, wish.current) != (self._selected, self._current):
                # The person has selected something else meanwhile: that is to be followed too.
                self._soon.start()
                return
            self._adopt(answer)
        else:
            self._keep(answer)
        if answer.found is not None and answer.found.key == self._key:
            self.found.emit(answer.found)
        if wish.errand is not None and wish.errand is self._errand:
            self._errand = None
            self.fetched.emit(wish.errand.purpose, answer.ids, answer.text)

    def _adopt(self, answer: Answer) -> None:
        """Show another edition of the table."""
        former, now = self._facts, answer.facts
        other = former is None or former.path != now.path
        count = 0 if other else self._count
        self._moving = True
        if other:
            self._clear(answer.wish.edition, now)
        self._facts, self._shown = now, answer.wish.edition
        self._pages = OrderedDict(answer.pages)
        if answer.count > count:
            self.beginInsertRows(NO_INDEX, count, answer.count - 1)
            self._count = answer.count
            self.endInsertRows()
        elif answer.count < count:
            self.beginRemoveRows(NO_INDEX, answer.count, count - 1)
            self._count = answer.count
            self.endRemoveRows()
        self._moving = False
        if now is not former:
            self.facts_changed.emit(now)
        self._tell(0, self._count - 1)
        self.arranged.emit(answer.selected, answer.current)

    def _clear(self, edition: int, facts: Facts | None = None) -> None:
        """Show no rows."""
        self.beginResetModel()
        self._count, self._shown, self._facts = 0, edition, facts
        self._pages.clear()
        self._in_sight.clear()
        self._selected, self._current = (), -1
        self.endResetModel()
        if facts is None:
            self.facts_changed.emit(None)

    def _keep(self, answer: Answer) -> None:
        """Add pages to those that are there."""
        for page, rows in answer.pages.items():
            self._pages[page] = rows
            self._pages.move_to_end(page)
            self._tell(page * PAGE, page * PAGE + len(rows) - 1)
        while len(self._pages) > PAGES_KEPT:
            self._pages.popitem(last=False)
        if answer.pages:
            self.pages_came.emit()

    def _tell(self, first: int, last: int) -> None:
        if last >= first:
            self.dataChanged.emit(
                self.index(first, 0), self.index(last, len(RESULT_COLUMNS) - 1)
            )
