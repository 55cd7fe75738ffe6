"""The pictures of a data set with their labels: thumbnails that are made when they are seen."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PyQt6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QObject,
    QPoint,
    QRect,
    QSize,
    Qt,
    QTimer,
    pyqtSignal,
)
from PyQt6.QtGui import QFont, QImage, QPainter, QPixmap, QResizeEvent
from PyQt6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
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
from desktop.background import Lane
from desktop.dialogs.data_set_counts import split_word
from desktop.dialogs.data_set_picture import LabelledPicture, as_image
from desktop.figures import count
from desktop.widgets.note import Note
from engine.errors import EngineError
from engine.i18n import translate as _

if TYPE_CHECKING:
    from engine.datasets import DataSet

HIGH, LEAST_WIDE = 136, 152
LONGEST = 220
GAP, CAPTION = 8, 20
KEPT = 500
THUMBNAIL = Qt.ItemDataRole.UserRole + 1
PATH = Qt.ItemDataRole.UserRole + 2
SOON_MS = 40
CAPTION_PX = 12
NO_INDEX = QModelIndex()


class PicturesModel(QAbstractListModel):
    """Pictures of one split; thumbnails are made of those that `want` names, the newest wish first.

    Args:
        ratio: Device pixels a device-independent one, for sharp thumbnails.
        parent: The owner.
    """

    _made = pyqtSignal(int, object, object)

    def __init__(self, *, ratio: float = 1.0, parent: QObject | None = None) -> None:
        """Show nothing yet."""
        super().__init__(parent)
        self._ratio = ratio
        self._data: DataSet | None = None
        self._pictures: Sequence[Path] = ()
        # None for a picture that cannot be read.
        self._thumbs: OrderedDict[Path, QPixmap | None] = OrderedDict()
        self._lane = Lane("data-set-pictures", self._make, parent=self)
        self._made.connect(self._on_made)

    def close(self) -> None:
        """End the thread of the thumbnails."""
        self._lane.close()

    def show_pictures(self, data: DataSet | None, pictures: Sequence[Path]) -> None:
        """Show the pictures of a data set."""
        self.beginResetModel()
        if data is not self._data:
            self._thumbs.clear()
        self._data, self._pictures = data, pictures
        self.endResetModel()

    @property
    def pictures(self) -> Sequence[Path]:
        """The pictures that are shown."""
        return self._pictures

    def want(self, first: int, last: int) -> None:
        """Ask for the thumbnails of the rows from `first` to `last`."""
        first = max(first, 0)
        rows = enumerate(self._pictures[first : last + 1], first)
        missing = [(row, path) for row, path in rows if path not in self._thumbs]
        if missing and self._data is not None:
            self._lane.ask((self._data, missing))

    def rowCount(self, parent: QModelIndex = NO_INDEX) -> int:  # noqa: B008 - Qt's own default
        """Return the number of pictures."""
        return 0 if parent.isValid() else len(self._pictures)

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Return the name or thumbnail of a picture."""
        if not index.isValid():
            return None
        path = self._pictures[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return path.name
        if role == Qt.ItemDataRole.ToolTipRole:
            return str(path)
        if role == PATH:
            return path
        if role == THUMBNAIL:
            return self._thumbs.get(path)
        return None

    def _make(self, wish: tuple[DataSet, Sequence[tuple[int, Path]]]) -> None:
        from engine.datasets import preview

        data, rows = wish
        for row, path in rows:
            if self._lane.superseded():
                return
            try:
                image = as_image(preview(path, data, round(LONGEST * self._ratio)))
            except EngineError:
                self._made.emit(row, path, None)
                continue
            self._made.emit(row, path, image)

    def _on_made(self, row: int, path: Path, image: QImage | None) -> None:
        pixmap = None
        if image is not None:
            pixmap = QPixmap.fromImage(image)
            pixmap.setDevicePixelRatio(self._ratio)
        self._thumbs[path] = pixmap
        while len(self._thumbs) > KEPT:
            self._thumbs.popitem(last=False)
        # Another split may be shown by now.
        if list(self._pictures[row : row + 1]) == [path]:
            self.dataChanged.emit(self.index(row), self.index(row), [THUMBNAIL])


class PictureGrid(QWidget):
    """A chooser of splits above the pictures of one; a click or Enter enlarges a picture.

    Args:
        parent: The owner.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        """Show nothing yet."""
        super().__init__(parent)
        self._data: DataSet | None = None
        self._pictures: Mapping[str, Sequence[Path]] = {}
        self.model = PicturesModel(ratio=self.devicePixelRatioF(), parent=self)
        self.splits = QComboBox()
        self.splits.setAccessibleName(_("Split"))
        self.splits.setMinimumWidth(140)
        self.splits.activated.connect(lambda place: self._show_split())
        self._count = QLabel()
        self._count.setProperty("role", "muted")
        self.list = _Grid(self.model)
        self.list.clicked.connect(self._on_chosen)
        self.list.activated.connect(self._on_chosen)
        self._none = Note(_("This split has no pictures."))
        self._pages = QStackedWidget()
        self._pages.addWidget(self.list)
        self._pages.addWidget(self._none)
        title = QLabel(_("Pictures with their labels"))
        title.setProperty("role", "title")
        bar = QHBoxLayout()
        bar.setSpacing(8)
        bar.addWidget(title)
        bar.addStretch(1)
        bar.addWidget(self._count)
        bar.addWidget(self.splits)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addLayout(bar)
        layout.addWidget(self._pages, 1)

    def close_threads(self) -> None:
        """End the thread of the thumbnails."""
        self.model.close()

    def show_data(self, data: DataSet | None, pictures: Mapping[str, Sequence[Path]]) -> None:
        """Show the pictures of a data set by split, beginning with the first."""
        self._data, self._pictures = data, pictures
        self.splits.clear()
        for split in pictures:
            self.splits.addItem(split_word(split), split)
        self.splits.setEnabled(len(pictures) > 1)
        self._show_split()

    def _show_split(self) -> None:
        shown = self._pictures.get(str(self.splits.currentData()), ())
        self.model.show_pictures(self._data, shown)
        words = _("{pictures} pictures").format(pictures=count(len(shown)))
        self._count.setText(words if self._data is not None else "")
        self._pages.setCurrentWidget(self.list if shown or self._data is None else self._none)
        self.list.scrollToTop()
        self.list.look_soon()

    def _on_chosen(self, index: QModelIndex) -> None:
        if self._data is None:
            return
        former = [each for each in self.findChildren(LabelledPicture) if each.isVisible()]
        if former:
            former[0].go(index.row())
            former[0].activateWindow()
            return
        shown = self.model.pictures
        LabelledPicture(data=self._data, pictures=shown, row=index.row(), parent=self).show()


class _Grid(QListView):
    """Rows of thumbnails that says which of them are in sight."""

    def __init__(self, model: PicturesModel) -> None:
        super().__init__()
        self._pictures = model
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(SOON_MS)
        self._soon.timeout.connect(self._look)
        self.setModel(model)
        self.setItemDelegate(_Thumbnails(self))
        self.setAccessibleName(_("Pictures with their labels"))
        # A list that wraps is laid out faster than a view of icons.
        self.setFlow(QListView.Flow.LeftToRight)
        self.setWrapping(True)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setUniformItemSizes(True)
        self.setMouseTracking(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        bar = self.verticalScrollBar()
        assert bar is not None
        bar.valueChanged.connect(self.look_soon)

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """Fill the lines anew and look what is in sight now."""
        self.scheduleDelayedItemsLayout()
        super().resizeEvent(event)
        self.look_soon()

    def cell(self) -> QSize:
        """Return the size of a cell: a line of them is as wide as the view."""
        viewport = self.viewport()
        width = 0 if viewport is None else viewport.width()
        across = max(width // (LEAST_WIDE + GAP), 1)
        return QSize(max(width // across, LEAST_WIDE + GAP), HIGH + GAP + CAPTION)

    def look_soon(self) -> None:
        """Ask for the thumbnails in sight once scrolling rests for a moment."""
        self._soon.start()

    def _look(self) -> None:
        viewport = self.viewport()
        assert viewport is not None
        first = self.indexAt(QPoint(GAP, GAP)).row()
        width, height = viewport.width(), viewport.height()
        size = self.cell()
        across, down = max(width // size.width(), 1), height // size.height() + 2
        self._pictures.want(first, max(first, 0) + across * down)


class _Thumbnails(QStyledItemDelegate):
    """Paints a picture over its name."""

    def __init__(self, view: _Grid) -> None:
        super().__init__(view)
        self._view = view

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex) -> QSize:
        """Return the size of every cell."""
        return self._view.cell()

    def paint(
        self, painter: QPainter | None, option: QStyleOptionViewItem, index: QModelIndex
    ) -> None:
        """Paint one cell."""
        if painter is None:
            return
        painter.save()
        cell: QRect = option.rect
        wide = cell.width() - GAP
        place = QRect(cell.left() + GAP // 2, cell.top() + GAP // 2, wide, HIGH)
        painter.fillRect(place, theme.colour("canvas"))
        self._paint_picture(painter, place, index)
        chosen = option.state & QStyle.StateFlag.State_Selected
        if chosen or option.state & QStyle.StateFlag.State_MouseOver:
            painter.setPen(theme.colour("accent" if chosen else "control"))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(place.adjusted(0, 0, -1, -1))
        font = QFont(option.font)
        font.setPixelSize(CAPTION_PX)
        painter.setFont(font)
        painter.setPen(theme.colour("text" if chosen else "muted"))
        line = QRect(place.left(), place.bottom() + 1, wide, CAPTION)
        name = painter.fontMetrics().elidedText(
            str(index.data()), Qt.TextElideMode.ElideMiddle, wide
        )
        painter.drawText(line, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, name)
        painter.restore()

    def _paint_picture(self, painter: QPainter, place: QRect, index: QModelIndex) -> None:
        thumbnail = index.data(THUMBNAIL)
        if isinstance(thumbnail, QPixmap):
            size = thumbnail.deviceIndependentSize().toSize()
            size.scale(place.size(), Qt.AspectRatioMode.KeepAspectRatio)
            target = QRect(0, 0, size.width(), size.height())
            target.moveCenter(place.center())
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawPixmap(target, thumbnail)
            return
        mark = QRect(0, 0, 20, 20)
        mark.moveCenter(place.center())
        icons.icon("image", "muted").paint(painter, mark)
