"""Which classes count: a list to tick, with a search field where there are many."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PyQt6.QtCore import (
    QModelIndex,
    QSignalBlocker,
    QSize,
    QSortFilterProxyModel,
    Qt,
    pyqtSignal,
)
from PyQt6.QtGui import QAction, QStandardItem, QStandardItemModel
from PyQt6.QtWidgets import QAbstractItemView, QLineEdit, QListView, QVBoxLayout, QWidget

from desktop.widgets.swatch import swatch_icon
from engine.colours import class_colours
from engine.i18n import translate as _

SEARCHED_FROM = 9
MOST_ROWS = 8
ROW = 24


class ClassFilter(QWidget):
    """The classes of a model, each with its colour and a tick.

    Signals:
        changed: tuple of the names that are ticked; empty when all are.
    """

    changed = pyqtSignal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        """Show nothing yet."""
        super().__init__(parent)
        self._names: tuple[str, ...] = ()
        self._before: Qt.CheckState | None = None
        self._model = QStandardItemModel(self)
        self._shown = QSortFilterProxyModel(self)
        self._shown.setSourceModel(self._model)
        self._shown.setFilterCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self._search = QLineEdit()
        self._search.setPlaceholderText(_("Search classes"))
        self._search.setAccessibleName(_("Search classes"))
        self._search.setClearButtonEnabled(True)
        self._search.textChanged.connect(self._shown.setFilterFixedString)
        self._list = QListView()
        self._list.setModel(self._shown)
        self._list.setAccessibleName(_("Classes"))
        self._list.setUniformItemSizes(True)
        self._list.setIconSize(QSize(12, 12))
        self._list.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self._list.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self._list.setTextElideMode(Qt.TextElideMode.ElideRight)
        self._list.pressed.connect(self._on_pressed)
        self._list.clicked.connect(self._on_clicked)
        self._list.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
        for text, do in (
            (_("Only this class"), self._on_only),
            (_("All classes"), self.tick_all),
        ):
            action = QAction(text, self._list)
            action.triggered.connect(do)
            self._list.addAction(action)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(self._search)
        layout.addWidget(self._list)
        self._model.itemChanged.connect(self._on_item_changed)

    def set_classes(self, names: Sequence[str], ticked: Sequence[str] = ()) -> None:
        """Show the classes of a model.

        Args:
            names: By index.
            ticked: Names that count; all of them when empty.
        """
        self._names = tuple(names)
        wanted = {name.casefold() for name in ticked}
        blocker = QSignalBlocker(self._model)
        self._model.clear()
        for name, colour in zip(names, class_colours(names), strict=True):
            item = QStandardItem(swatch_icon(colour), name)
            item.setToolTip(name)
            item.setSizeHint(QSize(0, ROW))
            item.setCheckable(True)
            on = not wanted or name.casefold() in wanted
            item.setCheckState(Qt.CheckState.Checked if on else Qt.CheckState.Unchecked)
            self._model.appendRow(item)
        blocker.unblock()
        self._model.layoutChanged.emit()
        self._shown.invalidate()
        self._search.clear()
        self._search.setVisible(len(names) >= SEARCHED_FROM)
        self._list.setFixedHeight(ROW * min(max(len(names), 1), MOST_ROWS) + 6)

    def ticked(self) -> tuple[str, ...]:
        """Return the names that are ticked."""
        items = [self._model.item(row) for row in range(self._model.rowCount())]
        return tuple(
            item.text()
            for item in items
            if item is not None and item.checkState() == Qt.CheckState.Checked
        )

    def tick_all(self) -> None:
        """Tick every class."""
        self._tick(lambda item: True)

    def _on_pressed(self, index: QModelIndex) -> None:
        item = self._item(index)
        self._before = None if item is None else item.checkState()

    def _on_clicked(self, index: QModelIndex) -> None:
        """Tick a row wherever it is clicked; on the box itself Qt has done so already."""
        item = self._item(index)
        if item is not None and item.checkState() == self._before:
            off = item.checkState() == Qt.CheckState.Checked
            item.setCheckState(Qt.CheckState.Unchecked if off else Qt.CheckState.Checked)

    def _on_only(self) -> None:
        item = self._item(self._list.currentIndex())
        if item is not None:
            self._tick(lambda each: each is item)

    def _on_item_changed(self, item: QStandardItem) -> None:
        if not self.ticked():
            # Without a class there would be nothing to detect: the last one stays.
            item.setCheckState(Qt.CheckState.Checked)
            return
        self._tell()

    def _item(self, index: QModelIndex) -> QStandardItem | None:
        return self._model.itemFromIndex(self._shown.mapToSource(index))

    def _tick(self, wanted: Callable[[QStandardItem], bool]) -> None:
        with QSignalBlocker(self._model):
            for row in range(self._model.rowCount()):
                item = self._model.item(row)
                if item is not None:
                    on = wanted(item)
                    item.setCheckState(Qt.CheckState.Checked if on else Qt.CheckState.Unchecked)
        self._shown.invalidate()
        self._tell()

    def _tell(self) -> None:
        ticked = self.ticked()
        self.changed.emit(() if len(ticked) == len(self._names) else ticked)
