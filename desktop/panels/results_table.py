"""The table of the results dock: its columns, its selection, copying and the context menu."""

from __future__ import annotations

from PyQt6.QtCore import (
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QPoint,
    QSize,
    Qt,
    pyqtSignal,
)
from PyQt6.QtGui import QAction, QKeySequence
from PyQt6.QtWidgets import QAbstractItemView, QHeaderView, QMenu, QTableView, QWidget

from desktop import icons
from desktop.figures import tabular
from desktop.panels.object_model import ObjectModel
from desktop.panels.object_pages import Ranges
from desktop.panels.result_columns import RESULT_COLUMNS, applies
from desktop.panels.results_bar import EXPORTS
from desktop.settings import Settings
from desktop.widgets.swatch import SIDE
from engine.i18n import language
from engine.i18n import translate as _

ROW, HEADER = 24, 28
HEADER_PADDING = 40
NO_INDEX = QModelIndex()
_SELECT = QItemSelectionModel.SelectionFlag.ClearAndSelect | QItemSelectionModel.SelectionFlag.Rows


class ResultsTable(QTableView):
    """The rows of an `ObjectModel`.

    Args:
        model: The rows.
        settings: Remembers which columns are hidden, in which order they are and how wide.
        parent: The owner.

    Attributes:
        columns_menu: Shows and hides columns.
        rows_are_objects: False where they are whole pictures, of which no selection is exported.

    Signals:
        row_chosen: int, a row got the focus by the person, or was asked for again.
        selected: bool, whether any row is selected.
        copy_requested: The selected rows are to be copied.
        export_requested: Kind, a key of `EXPORTS`: the selected rows are to be exported.
    """

    row_chosen = pyqtSignal(int)
    selected = pyqtSignal(bool)
    copy_requested = pyqtSignal()
    export_requested = pyqtSignal(str)

    def __init__(
        self, *, model: ObjectModel, settings: Settings, parent: QWidget | None = None
    ) -> None:
        """Show the rows."""
        super().__init__(parent)
        self.rows_are_objects = True
        self._objects = model
        self._settings = settings
        # True while the selection is made to follow: what changes then is no choice.
        self._following = False
        self._focused = -1
        self.setModel(model)
        self._set_up()
        header = self.horizontalHeader()
        assert header is not None
        self._set_up_header(header)
        self._header = header
        self._copy = QAction(icons.icon("copy"), _("Copy"), self)
        self._copy.setShortcut(QKeySequence(QKeySequence.StandardKey.Copy))
        self._copy.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        self._copy.triggered.connect(self.copy_requested)
        self.addAction(self._copy)
        self.columns_menu = QMenu(self)
        self.columns_menu.aboutToShow.connect(self._fill_columns_menu)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(self._on_menu)
        chosen = self.selectionModel()
        assert chosen is not None
        self._chosen = chosen
        chosen.selectionChanged.connect(self._on_selected)
        chosen.currentRowChanged.connect(self._on_current)
        self.activated.connect(lambda index: self.row_chosen.emit(index.row()))
        self.show_columns()

    @property
    def current_row(self) -> int:
        """The row with the focus, -1 for none."""
        return self.currentIndex().row()

    def ranges(self) -> Ranges:
        """Return the selected rows as stretches in their order."""
        selection = self._chosen.selection()
        parts = [selection[at] for at in range(len(selection))]
        merged: list[tuple[int, int]] = []
        for first, last in sorted((part.top(), part.bottom()) for part in parts if part.isValid()):
            if merged and first <= merged[-1][1] + 1:
                merged[-1] = merged[-1][0], max(last, merged[-1][1])
            else:
                merged.append((first, last))
        return tuple(merged)

    def select(self, rows: Ranges, current: int) -> None:
        """Select rows and give one the focus, without taking it for a choice of the person."""
        selection, last = QItemSelection(), self._objects.columnCount() - 1
        for first, end in rows:
            selection.select(self._objects.index(first, 0), self._objects.index(end, last))
        self._following = True
        self._chosen.setCurrentIndex(
            self._objects.index(current, 0) if current >= 0 else NO_INDEX,
            QItemSelectionModel.SelectionFlag.NoUpdate,
        )
        self._chosen.select(selection, _SELECT)
        self._following = False

    def reveal(self, row: int) -> None:
        """Scroll to a row where it is out of sight."""
        for section in self._visible()[:1]:
            self.scrollTo(self._objects.index(row, section))

    def visible_columns(self) -> tuple[str, ...]:
        """Return the names of the columns on show from left to right."""
        return tuple(RESULT_COLUMNS[section].name for section in self._visible())

    def visible_titles(self) -> list[str]:
        """Return what stands above the columns on show."""
        return [_(RESULT_COLUMNS[section].title) for section in self._visible()]

    def show_columns(self) -> None:
        """Show the columns that apply to the session and were not hidden."""
        hidden = self._settings.preferences.columns
        for section, column in enumerate(RESULT_COLUMNS):
            self.setColumnHidden(section, column.name in hidden or not self._applies(section))

    def keep_layout(self) -> None:
        """Remember how wide the columns are and in which order."""
        self._settings.keep_layout(_layout_name(), self._header.saveState())

    def context_menu(self) -> QMenu:
        """Return what can be done with the rows that are selected."""
        some = self._chosen.hasSelection()
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction(self._copy)
        show = QAction(icons.icon("image"), _("Show in picture"), menu)
        show.setEnabled(self.current_row >= 0)
        show.triggered.connect(lambda: self.row_chosen.emit(self.current_row))
        menu.addAction(show)
        menu.addSeparator()
        export = QMenu(_("Export the selection"), menu)
        export.setIcon(icons.icon("export"))
        export.setEnabled(some and self.rows_are_objects)
        for kind, words in EXPORTS.items():
            export.addAction(_(words), lambda kind=kind: self.export_requested.emit(kind))
        menu.addMenu(export)
        return menu

    def _set_up(self) -> None:
        self.setAccessibleName(_("Results"))
        self.setFont(tabular(self.font()))
        self.setIconSize(QSize(SIDE, SIDE))
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
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
        header.setTextElideMode(Qt.TextElideMode.ElideRight)
        metrics = header.fontMetrics()
        for section, column in enumerate(RESULT_COLUMNS):
            needed = metrics.horizontalAdvance(_(column.title)) + HEADER_PADDING
            header.resizeSection(section, max(column.width, needed))
        header.setSortIndicator(0, Qt.SortOrder.AscendingOrder)
        header.setStretchLastSection(False)
        kept = self._settings.layout(_layout_name())
        if kept is not None:
            header.restoreState(kept)
        self.setSortingEnabled(True)

    def _visible(self) -> list[int]:
        sections = [self._header.logicalIndex(place) for place in range(self._header.count())]
        return [section for section in sections if not self.isColumnHidden(section)]

    def _applies(self, section: int) -> bool:
        facts = self._objects.facts
        if facts is None:
            return applies(RESULT_COLUMNS[section], "detect", False)
        return applies(RESULT_COLUMNS[section], facts.model.task, facts.tracked)

    def _on_current(self, current: QModelIndex, former: QModelIndex) -> None:
        self._objects.set_selection(self.ranges(), current.row())
        own = not self._following and not self._objects.moving
        self._focused = current.row() if own else -1
        self._choose_focused()

    def _on_selected(self) -> None:
        self._objects.set_selection(self.ranges(), self.current_row)
        self.selected.emit(self._chosen.hasSelection())
        self._choose_focused()

    def _choose_focused(self) -> None:
        """Tell of the row that got the focus once it is selected, whichever comes first.

        The focus alone, as when the table is reached with the tab key, is no choice.
        """
        row = self._focused
        if row >= 0 and row == self.current_row and self._chosen.isSelected(self.currentIndex()):
            self._focused = -1
            self.row_chosen.emit(row)

    def _fill_columns_menu(self) -> None:
        self.columns_menu.clear()
        for section, column in enumerate(RESULT_COLUMNS):
            if self._applies(section):
                action = QAction(_(column.title), self.columns_menu)
                action.setCheckable(True)
                action.setChecked(not self.isColumnHidden(section))
                action.toggled.connect(
                    lambda on, name=column.name: self._on_column_toggled(name, on)
                )
                self.columns_menu.addAction(action)

    def _on_column_toggled(self, name: str, on: bool) -> None:
        hidden = {*self._settings.preferences.columns} - {name} | (set() if on else {name})
        left = [
            column.name
            for section, column in enumerate(RESULT_COLUMNS)
            if self._applies(section) and column.name not in hidden
        ]
        # A table without columns could not be told from one without rows.
        if left:
            self._settings.change(columns=tuple(sorted(hidden)))
        self.show_columns()

    def _on_menu(self, at: QPoint) -> None:
        viewport = self.viewport()
        assert viewport is not None
        self.context_menu().popup(viewport.mapToGlobal(at))


def _layout_name() -> str:
    """Return what the widths are kept under: titles of another language need other ones."""
    return f"results-columns-{language()}"
