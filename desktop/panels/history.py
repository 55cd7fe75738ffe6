"""The tab of past sessions: find, open, rename, show in its folder, delete to the bin."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PyQt6.QtCore import QFile, QModelIndex, QPoint, Qt, QUrl, pyqtSignal
from PyQt6.QtGui import QAction, QDesktopServices, QKeySequence
from PyQt6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListView,
    QMenu,
    QMessageBox,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from desktop import icons
from desktop.background import Job, start
from desktop.panels.history_delegate import HistoryDelegate
from desktop.panels.history_model import CARD, HistoryFilter, HistoryModel, is_written
from desktop.state import AppState
from desktop.widgets.buttons import action_button
from desktop.widgets.empty_state import EmptyState
from desktop.widgets.note import Note
from engine.errors import StoreError
from engine.history import SessionCard
from engine.i18n import N_
from engine.i18n import translate as _


class HistoryPanel(QWidget):
    """Past sessions, the newest first.

    Args:
        state: Listened to: a run that ends is a session more.
        parent: The owner.

    Attributes:
        list: The rows.

    Signals:
        open_requested: Path of the session file to show.
        start_requested: Nothing is here yet; the person wants to begin.
        session_moved: Folder as it was and as it is now, None when it went to the bin.
        failed: EngineError.
    """

    open_requested = pyqtSignal(object)
    start_requested = pyqtSignal()
    session_moved = pyqtSignal(object, object)
    failed = pyqtSignal(object)

    def __init__(self, *, state: AppState, parent: QWidget | None = None) -> None:
        """Show nothing until `refresh`."""
        super().__init__(parent)
        self._state = state
        # The session that stays chosen when the list is read again.
        self._kept: Path | None = None
        self.model = HistoryModel(ratio=self.devicePixelRatioF(), parent=self)
        self._shown = HistoryFilter(self)
        self._shown.setSourceModel(self.model)
        self.list = QListView()
        self.list.setModel(self._shown)
        self.list.setItemDelegate(HistoryDelegate(self.list))
        self.list.setAccessibleName(_("Sessions"))
        self.list.setEditTriggers(QAbstractItemView.EditTrigger.EditKeyPressed)
        self.list.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.list.setUniformItemSizes(True)
        self.list.setMouseTracking(True)
        self.list.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.list.customContextMenuRequested.connect(self._on_menu)
        self.list.activated.connect(lambda index: self._open.trigger())
        self._empty = EmptyState(
            icon="history",
            text=_("No sessions yet"),
            hint=_("Every run leaves one here, by itself."),
            primary=_("Detect in pictures"),
        )
        self._empty.pressed.connect(lambda name: self.start_requested.emit())
        self._pages = QStackedWidget()
        self._pages.addWidget(self.list)
        self._pages.addWidget(self._empty)
        self._no_match = Note(_("Nothing matches the filter."))
        self._pages.addWidget(self._no_match)
        self._build_actions()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 12, 16, 12)
        layout.setSpacing(12)
        layout.addLayout(self._bar())
        layout.addWidget(self._pages, 1)
        chosen = self.list.selectionModel()
        assert chosen is not None
        chosen.currentChanged.connect(self._on_current)
        self.model.loaded.connect(self._on_loaded)
        self.model.rename_requested.connect(self._on_rename)
        state.phase_changed.connect(self._on_phase)
        self._on_current()

    def refresh(self) -> None:
        """Look for sessions again."""
        self.model.refresh()

    def close_threads(self) -> None:
        """End the thread that reads."""
        self.model.close()

    def select(self, path: Path) -> bool:
        """Choose the row of a session file and tell whether it is there."""
        row = self.model.row_of(path)
        if row is None:
            return False
        index = self._shown.mapFromSource(self.model.index(row))
        self.list.setCurrentIndex(index)
        return index.isValid()

    def _bar(self) -> QHBoxLayout:
        title = QLabel(_("History"))
        title.setProperty("role", "state")
        self._count = QLabel()
        self._count.setProperty("role", "muted")
        search = QLineEdit()
        search.setPlaceholderText(_("Search"))
        search.setAccessibleName(_("Search sessions"))
        search.setToolTip(_("Name, title, weights, class or date"))
        search.setClearButtonEnabled(True)
        search.addAction(icons.icon("search", "muted"), QLineEdit.ActionPosition.LeadingPosition)
        search.setMinimumWidth(160)
        search.setMaximumWidth(280)
        search.textChanged.connect(self._on_search)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(title)
        row.addWidget(self._count)
        row.addStretch(1)
        row.addWidget(search, 1)
        for action in (self._rename, self._reveal, self._delete):
            row.addWidget(action_button(action, action.objectName()))
        row.addWidget(action_button(self._open, self._open.objectName(), role="primary"))
        return row

    def _build_actions(self) -> None:
        self._open = self._action(_("Open"), "folder", (), self._on_open)
        self._rename = self._action(_("Rename"), "rename", ("F2",), self._on_edit)
        self._reveal = self._action(_("Show in folder"), "eye", (), self._on_reveal)
        self._delete = self._action(_("Delete"), "trash", ("Del",), self._on_delete)
        self._refresh = self._action(_("Refresh"), "refresh", ("F5",), self.refresh)

    def _action(
        self, text: str, icon: str, keys: tuple[str, ...], do: Callable[[], object]
    ) -> QAction:
        action = QAction(icons.icon(icon), text, self)
        action.setObjectName(icon)
        action.setShortcuts([QKeySequence(each) for each in keys])
        action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        action.triggered.connect(lambda checked=False: do())
        self.addAction(action)
        return action

    def _card(self) -> SessionCard | None:
        card = self.list.currentIndex().data(CARD)
        return card if isinstance(card, SessionCard) else None

    def _on_current(self, *_: QModelIndex) -> None:
        card = self._card()
        if card is not None:
            self._kept = card.path
        for action in (self._open, self._reveal):
            action.setEnabled(card is not None)
        for action in (self._rename, self._delete):
            action.setEnabled(card is not None and not is_written(card))

    def _on_loaded(self) -> None:
        self._say_count()
        self._show_page()
        if self.list.currentIndex().isValid():
            return
        if self._kept is None or not self.select(self._kept):
            self.list.setCurrentIndex(self._shown.index(0, 0))

    def _on_search(self, text: str) -> None:
        self._shown.set_text(text)
        self._say_count()
        self._show_page()

    def _show_page(self) -> None:
        page: QWidget = self.list if self._shown.rowCount() else self._no_match
        self._pages.setCurrentWidget(page if self.model.rowCount() else self._empty)

    def _say_count(self) -> None:
        count = self._shown.rowCount()
        any_here = self.model.rowCount() > 0
        self._count.setText(_("Sessions: {count}").format(count=count) if any_here else "")

    def _on_phase(self) -> None:
        if self.isVisible():
            self.refresh()

    def _on_menu(self, at: QPoint) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addActions([self._open, self._rename, self._reveal, self._delete])
        menu.addSeparator()
        menu.addAction(self._refresh)
        viewport = self.list.viewport()
        assert viewport is not None
        menu.popup(viewport.mapToGlobal(at))

    def _on_open(self) -> None:
        card = self._card()
        if card is not None:
            self.open_requested.emit(card.path)

    def _on_edit(self) -> None:
        self.list.edit(self.list.currentIndex())

    def _on_reveal(self) -> None:
        card = self._card()
        if card is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(card.path.parent)))

    def _on_rename(self, folder: Path, name: str) -> None:
        def work(job: Job) -> Path:
            from engine.history import rename

            return rename(folder, name)

        def done(now: Path) -> None:
            if self._kept is not None and self._kept.parent == folder:
                self._kept = now / self._kept.name
            self.session_moved.emit(folder, now)
            self.refresh()

        start(self, work, done=done, failed=self.failed.emit)

    def _on_delete(self) -> None:
        card = self._card()
        if card is None:
            return
        folder = card.path.parent
        question = QMessageBox(
            QMessageBox.Icon.Question,
            "LabSight",
            _("Move the session {name} to the bin?").format(name=card.name),
            parent=self,
        )
        question.setTextFormat(Qt.TextFormat.PlainText)
        said = _("{pictures} pictures, {objects} objects and the annotated pictures go with it.")
        question.setInformativeText(said.format(pictures=card.pictures, objects=card.objects))
        yes = question.addButton(_("Move to the bin"), QMessageBox.ButtonRole.AcceptRole)
        question.addButton(_("Keep"), QMessageBox.ButtonRole.RejectRole)
        question.finished.connect(
            lambda code: self._bin(folder) if question.clickedButton() is yes else None
        )
        question.finished.connect(question.deleteLater)
        question.open()

    def _bin(self, folder: Path) -> None:
        # What shows the session lets go of its file first.
        self.session_moved.emit(folder, None)

        def work(job: Job) -> Path:
            moved, _where = QFile.moveToTrash(str(folder))
            if not moved:
                raise StoreError(
                    N_("{path} could not be moved to the bin."),
                    N_("Delete the folder by hand, or check its permissions."),
                    path=folder,
                )
            return folder

        start(self, work, done=self.model.remove, failed=self.failed.emit)
