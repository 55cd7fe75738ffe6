"""The results dock: every object of the session on show, in step with the picture on screen."""

from __future__ import annotations

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtGui import QGuiApplication, QKeySequence, QShortcut
from PyQt6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from desktop.actions import PRIMARY
from desktop.panels.failure_list import FailureList
from desktop.panels.object_model import ObjectModel
from desktop.panels.object_pages import Arrangement, Facts, Found, Ranges
from desktop.panels.result_columns import Row
from desktop.panels.results_bar import EXPORTS, ResultsBar
from desktop.panels.results_table import ResultsTable
from desktop.settings import Settings
from desktop.state import AppState, ObjectKey, Place, View
from desktop.widgets.note import Note
from engine.i18n import translate as _
from engine.store.records import ObjectRecord

_COPY = "copy"


class ResultsPanel(QWidget):
    """Table, filter and export of what was found.

    Choosing a row brings its picture on screen and selects its object there; an object selected
    elsewhere is selected here.

    Args:
        state: Read, listened to, and told of place and selection.
        settings: Remembers which columns are hidden and how wide they are.
        parent: The owner.

    Attributes:
        model: The rows.
        table: Shows them.

    Signals:
        export_requested: Kind, a key of `EXPORTS`, and a tuple of object ids, None for all.
        folder_requested: The folder of the session is to be shown.
        counts_changed: dict of objects (classified pictures) by class index over the session.
        confidences_changed: tuple of their numbers in equal parts of the confidences from 0 to 1.
        model_changed: `ModelInfo` of the session's weights or None.
        object_record_changed: `ObjectRecord` of the selected object or None.
        failed: EngineError, the session cannot be read.
    """

    export_requested = pyqtSignal(str, object)
    folder_requested = pyqtSignal()
    counts_changed = pyqtSignal(object)
    confidences_changed = pyqtSignal(object)
    model_changed = pyqtSignal(object)
    object_record_changed = pyqtSignal(object)
    failed = pyqtSignal(object)

    def __init__(
        self, *, state: AppState, settings: Settings, parent: QWidget | None = None
    ) -> None:
        """Show the session of the state."""
        super().__init__(parent)
        self._state = state
        self._only_here = False
        self._reveal: ObjectKey | None = None
        self._unread = False
        self._record: ObjectRecord | None = None
        self._arranged = Arrangement()
        self.model = ObjectModel(self)
        self.table = ResultsTable(model=self.model, settings=settings)
        self._bar = ResultsBar(columns=self.table.columns_menu)
        self._failures = FailureList()
        self._failures.hide()
        self._nothing = Note()
        self._no_match = Note(_("Nothing matches the filter."), _("Clear filter"))
        self._pages = QStackedWidget()
        for page in (self.table, self._nothing, self._no_match):
            self._pages.addWidget(page)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self._bar)
        layout.addWidget(self._failures)
        layout.addWidget(self._pages, 1)
        find = QShortcut(QKeySequence(QKeySequence.StandardKey.Find), self)
        find.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        find.activated.connect(self._bar.search.setFocus)
        self._connect()
        self._on_view(state.view)
        self._on_selection(state.selection)

    def close_threads(self) -> None:
        """Keep the widths of the columns and end the thread of the table."""
        self.table.keep_layout()
        self.model.close()

    def _connect(self) -> None:
        state, model, bar, table = self._state, self.model, self._bar, self.table
        bar.text_changed.connect(model.set_text)
        bar.scope_changed.connect(self._on_scope)
        bar.export_requested.connect(self._on_export)
        bar.folder_requested.connect(self.folder_requested)
        bar.failures_toggled.connect(self._failures.setVisible)
        self._no_match.pressed.connect(bar.clear_filter)
        table.row_chosen.connect(self._choose)
        table.selected.connect(self._on_selected)
        table.copy_requested.connect(self._on_copy)
        table.export_requested.connect(lambda kind: self._on_export(kind, True))
        model.facts_changed.connect(self._on_facts)
        model.arranged.connect(self._on_arranged)
        model.found.connect(self._on_found)
        model.pages_came.connect(self._on_pages)
        model.fetched.connect(self._on_fetched)
        model.failed.connect(self.failed)
        state.view_changed.connect(self._on_view)
        state.place_changed.connect(self._on_place)
        state.selection_changed.connect(self._on_selection)

    def _on_view(self, view: View | None) -> None:
        self.model.set_view(view)
        self._show_page()

    def _on_facts(self, facts: Facts | None) -> None:
        self.table.show_columns()
        # The rows of a classification are pictures: there are no objects to make a selection of.
        self.table.rows_are_objects = facts is None or facts.model.task != "classify"
        self._failures.set_failures(() if facts is None else facts.failures)
        self.model_changed.emit(None if facts is None else facts.model)
        self.counts_changed.emit({} if facts is None else dict(facts.counts))
        self.confidences_changed.emit(() if facts is None else facts.confidences)
        if facts is None:
            self._tell(None)
        self._show_page()

    def _on_selected(self, some: bool) -> None:
        self._bar.set_selected(some and self.table.rows_are_objects)

    def _on_scope(self, only_here: bool) -> None:
        self._only_here = only_here
        self.model.set_place(self._state.place if only_here else None)

    def _on_place(self, place: Place | None) -> None:
        if self._only_here:
            self.model.set_place(place)
        current = self.model.row(self.table.current_row)
        if current is not None and place != Place(current.source, current.index):
            self.table.select((), -1)
            self._tell(None)

    def _show_page(self) -> None:
        view, facts, model = self._state.view, self.model.facts, self.model
        self._bar.show_facts(facts, model.rowCount())
        page: QWidget = self.table
        if view is None:
            words = _(PRIMARY[self._state.kind])
            self._nothing.set_text(
                _("No results yet. Press {button} to find objects.").format(button=words)
            )
            page = self._nothing
        elif facts is not None and not facts.total:
            self._nothing.set_text(
                _("Nothing found yet.")
                if view.growing
                else _("Nothing was found at these thresholds.")
            )
            page = self._nothing
        elif facts is not None and model.settled and not model.rowCount():
            page = self._no_match
        self._pages.setCurrentWidget(page)

    def _choose(self, place: int) -> None:
        """Bring the picture of a row on screen with its object selected."""
        row = self.model.row(place)
        self._unread = row is None
        if row is None:
            return
        self._tell(row.record)
        self._state.change(place=Place(row.source, row.index), selection=self._key_of(row))

    def _on_pages(self) -> None:
        if self._unread:
            self._choose(self.table.current_row)

    def _on_selection(self, key: ObjectKey | None) -> None:
        current = self.model.row(self.table.current_row)
        if key is not None and (current is None or self._key_of(current) != key):
            self._reveal = key
        elif key is None and current is not None and self._key_of(current) is not None:
            self.table.select((), -1)
        if key is None:
            self._reveal = None
            self._tell(None)
        self.model.look_for(key)

    def _on_found(self, found: Found) -> None:
        self._tell(found.record)
        if self._reveal == found.key and self.model.settled:
            self._reveal = None
            if found.row is None:
                self.table.select((), -1)
            elif found.row != self.table.current_row:
                self.table.select(((found.row, found.row),), found.row)
                self.table.reveal(found.row)

    def _on_arranged(self, selected: Ranges, current: int) -> None:
        if (selected, current) != (self.table.ranges(), self.table.current_row):
            self.table.select(selected, current)
        if self.model.arrangement != self._arranged:
            self._arranged = self.model.arrangement
            if current >= 0:
                self.table.reveal(current)
            else:
                self.table.scrollToTop()
        self._show_page()

    def _key_of(self, row: Row) -> ObjectKey | None:
        """Return what the state selects for a row: of a classified picture, nothing."""
        facts = self.model.facts
        if facts is None or facts.model.task == "classify":
            return None
        return ObjectKey(row.record.frame_id, row.record.number)

    def _tell(self, record: ObjectRecord | None) -> None:
        if record != self._record:
            self._record = record
            self.object_record_changed.emit(record)

    def _on_export(self, kind: str, only_selected: bool) -> None:
        if only_selected:
            self.model.fetch(kind, self.table.ranges())
        else:
            self.export_requested.emit(kind, None)

    def _on_copy(self) -> None:
        if self.table.ranges():
            self.model.fetch(_COPY, self.table.ranges(), self.table.visible_columns())

    def _on_fetched(self, purpose: str, ids: tuple[int, ...], text: str) -> None:
        if purpose in EXPORTS:
            self.export_requested.emit(purpose, ids)
            return
        clipboard = QGuiApplication.clipboard()
        if clipboard is not None and text:
            titles = "\t".join(self.table.visible_titles())
            clipboard.setText(f"{titles}\n{text}\n")
