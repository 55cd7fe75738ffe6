"""The list of files: thumbnail, name, count; a row that is chosen comes on screen."""

from __future__ import annotations

from PyQt6.QtCore import QModelIndex, QRect, QSize, Qt, QTimer, pyqtSignal
from PyQt6.QtGui import QPainter, QPixmap
from PyQt6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QLabel,
    QListView,
    QStackedWidget,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from desktop import icons, theme
from desktop.panels.source_model import OUTCOME, THUMB, THUMBNAIL, SourceModel
from desktop.state import AppState, Outcome, Place
from desktop.widgets.buttons import text_button
from desktop.widgets.note import Note
from engine.i18n import translate as _

ROW = 44
GAP = 8
WANT_AFTER_MS = 40


class SourceList(QWidget):
    """The files of the state.

    Args:
        state: Read, listened to, and told which file comes on screen.
        parent: The owner.

    Signals:
        pictures_requested: Files are to be chosen.
        folder_requested: A folder is to be chosen.
    """

    pictures_requested = pyqtSignal()
    folder_requested = pyqtSignal()

    def __init__(self, *, state: AppState, parent: QWidget | None = None) -> None:
        """Show the files that are there."""
        super().__init__(parent)
        self._state = state
        self.model = SourceModel(state=state, ratio=self.devicePixelRatioF(), parent=self)
        self._view = QListView()
        self._view.setModel(self.model)
        self._view.setItemDelegate(_Delegate(self._view))
        self._view.setUniformItemSizes(True)
        self._view.setAccessibleName(_("Files"))
        self._view.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self._view.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self._view.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._view.setMinimumHeight(3 * ROW)
        self._count = QLabel()
        self._count.setProperty("role", "caption")
        title = QLabel(_("Source"))
        title.setProperty("role", "title")
        head = QHBoxLayout()
        head.addWidget(title)
        head.addStretch(1)
        head.addWidget(self._count)
        buttons = QHBoxLayout()
        buttons.setSpacing(GAP)
        files = _("Videos…") if state.kind == "video" else _("Pictures…")
        for text, icon, signal in (
            (files, "plus", self.pictures_requested),
            (_("Folder…"), "folder", self.folder_requested),
        ):
            button = text_button(icon, text)
            button.clicked.connect(signal)
            buttons.addWidget(button, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GAP)
        layout.addLayout(head)
        layout.addLayout(buttons)
        self._pages = QStackedWidget()
        self._pages.addWidget(self._view)
        self._pages.addWidget(Note(_("Files you open are listed here.")))
        layout.addWidget(self._pages, 1)
        # Scrolling through thousands of rows must not ask for each on the way.
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(WANT_AFTER_MS)
        self._pause.timeout.connect(self._want_visible)
        bar = self._view.verticalScrollBar()
        assert bar is not None
        bar.valueChanged.connect(lambda value: self._pause.start())
        self.model.modelReset.connect(self._on_reset)
        chosen = self._view.selectionModel()
        assert chosen is not None
        chosen.currentChanged.connect(self._on_current)
        state.place_changed.connect(self._on_place)
        self._on_reset()
        self._on_place(state.place)

    def close_threads(self) -> None:
        """End the thread of the thumbnails."""
        self._pause.stop()
        self.model.close()

    def resizeEvent(self, event: object) -> None:
        """Ask for the thumbnails that came into sight."""
        self._pause.start()

    def _want_visible(self) -> None:
        viewport = self._view.viewport()
        assert viewport is not None
        first = self._view.indexAt(viewport.rect().topLeft()).row()
        last = self._view.indexAt(viewport.rect().bottomLeft()).row()
        if first >= 0:
            self.model.want(first, last if last >= 0 else self.model.rowCount() - 1)

    def _on_reset(self) -> None:
        count = self.model.rowCount()
        self._count.setText(_("Files: {count}").format(count=count) if count else "")
        self._pages.setCurrentIndex(0 if count else 1)
        self._pause.start()

    def _on_current(self, index: QModelIndex, former: QModelIndex) -> None:
        if index.isValid():
            path = str(self.model.path(index.row()))
            if self._state.place is None or self._state.place.path != path:
                self._state.change(place=Place(path), selection=None)

    def _on_place(self, place: Place | None) -> None:
        row = None if place is None else self.model.row_of(place.path)
        if row is not None and row != self._view.currentIndex().row():
            self._view.setCurrentIndex(self.model.index(row))


class _Delegate(QStyledItemDelegate):
    """Paints a row: thumbnail, name, count or a warning sign."""

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex) -> QSize:
        """Return the size of every row."""
        return QSize(120, ROW)

    def paint(
        self, painter: QPainter | None, option: QStyleOptionViewItem, index: QModelIndex
    ) -> None:
        """Paint one row."""
        assert painter is not None
        row: QRect = option.rect
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        hovered = bool(option.state & QStyle.StateFlag.State_MouseOver)
        if chosen or hovered:
            painter.fillRect(row, theme.colour("selection" if chosen else "hover"))
        frame = QRect(row.left() + 6, row.top() + (ROW - THUMB[1]) // 2, *THUMB)
        thumb = index.data(THUMBNAIL)
        if isinstance(thumb, QPixmap):
            size = thumb.deviceIndependentSize().toSize()
            size = size.scaled(frame.size(), Qt.AspectRatioMode.KeepAspectRatio)
            target = QRect(0, 0, size.width(), size.height())
            target.moveCenter(frame.center())
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawPixmap(target, thumb)
        else:
            painter.fillRect(frame, theme.colour("sunken"))
        right = row.right() - 8
        outcome = index.data(OUTCOME)
        if isinstance(outcome, Outcome):
            right = self._paint_outcome(painter, option, outcome, right)
        name = QRect(frame.right() + GAP, row.top(), right - frame.right() - 2 * GAP, ROW)
        painter.setPen(theme.colour("text"))
        text = option.fontMetrics.elidedText(
            str(index.data()), Qt.TextElideMode.ElideMiddle, name.width()
        )
        painter.drawText(name, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, text)

    def _paint_outcome(
        self, painter: QPainter, option: QStyleOptionViewItem, outcome: Outcome, right: int
    ) -> int:
        """Paint what became of a file and return where the name must end."""
        row: QRect = option.rect
        if outcome.error or (outcome.warning and outcome.total is None):
            icon = icons.icon("warning", "error" if outcome.error else "warn")
            place = QRect(right - 16, row.center().y() - 8, 16, 16)
            icon.paint(painter, place)
            return place.left()
        text = str(outcome.total)
        width = option.fontMetrics.horizontalAdvance(text)
        place = QRect(right - width, row.top(), width, ROW)
        painter.setPen(theme.colour("text" if outcome.total else "muted"))
        painter.drawText(place, Qt.AlignmentFlag.AlignVCenter, text)
        return place.left()
