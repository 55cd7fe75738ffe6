"""Validation pictures with what was found in them: rows of a model, painted by a delegate."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PyQt6.QtCore import QAbstractListModel, QModelIndex, QObject, QRect, QRectF, QSize, Qt
from PyQt6.QtGui import QImage, QImageReader, QPainter
from PyQt6.QtWidgets import QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from desktop import icons, theme
from desktop.figures import tabular
from engine.i18n import translate as _
from engine.training.folder import RunFolder
from engine.training.record import Preview

PREVIEW, IMAGE = Qt.ItemDataRole.UserRole + 1, Qt.ItemDataRole.UserRole + 2
CAPTION = 22
GAP = 8
NARROWEST = 56
MOST_LINES = 3
NO_INDEX = QModelIndex()


@dataclass(frozen=True, slots=True)
class Wish:
    """Pictures to read, no larger than needed.

    Attributes:
        previews: The pictures.
        folder: Of the run, where they are if they are no longer where they were.
        longest: Of their sides, in pixels; 0 for all there are.
    """

    previews: tuple[Preview, ...]
    folder: RunFolder | None
    longest: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """Pictures that were read; one that cannot be read is null."""

    wish: Wish
    images: tuple[QImage, ...]


def read(wish: Wish) -> Answer:
    """Read pictures; for any thread."""
    return Answer(wish, tuple(_read(each, wish) for each in wish.previews))


def _read(preview: Preview, wish: Wish) -> QImage:
    reader = QImageReader(str(_place(preview.path, wish.folder)))
    size = reader.size()
    if wish.longest and max(size.width(), size.height()) > wish.longest:
        size.scale(wish.longest, wish.longest, Qt.AspectRatioMode.KeepAspectRatio)
        reader.setScaledSize(size)
    return reader.read()


def _place(path: Path, folder: RunFolder | None) -> Path:
    """Return where a picture is, also after its run was moved."""
    if folder is None or path.exists():
        return path
    return folder.previews / path.parent.name / path.name


def found_words(preview: Preview) -> str:
    """Return how many of the labelled objects were found."""
    return _("{found} of {labelled}").format(found=preview.found, labelled=preview.labelled)


def whole_words(preview: Preview) -> str:
    """Return all that is to be said of a picture."""
    said = _("{found} of {labelled} labelled objects found, {false} false").format(
        found=preview.found, labelled=preview.labelled, false=preview.false
    )
    return f"{preview.name}: {said}"


class PreviewModel(QAbstractListModel):
    """The pictures of one epoch."""

    def __init__(self, parent: QObject | None = None) -> None:
        """Hold none."""
        super().__init__(parent)
        self._previews: tuple[Preview, ...] = ()
        self._images: tuple[QImage, ...] = ()

    def set_previews(self, previews: Sequence[Preview]) -> None:
        """Show other pictures; what was seen stays until they are read."""
        same = len(previews) == len(self._previews)
        if not same:
            self.beginResetModel()
            self._images = ()
        self._previews = tuple(previews)
        if not same:
            self.endResetModel()
        elif previews:
            self._tell()

    def set_images(self, answer: Answer) -> None:
        """Take pictures that were read, if they are still those to show."""
        if answer.wish.previews == self._previews and self._previews:
            self._images = answer.images
            self._tell()

    @property
    def aspect(self) -> float:
        """Width through height of the pictures."""
        known = next((each for each in self._images if not each.isNull()), None)
        return 4 / 3 if known is None else known.width() / known.height()

    def rowCount(self, parent: QModelIndex = NO_INDEX) -> int:  # noqa: B008 - Qt's own default
        """Return how many pictures there are."""
        return 0 if parent.isValid() else len(self._previews)

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:  # noqa: ANN401
        """Return what is shown of a picture."""
        row = index.row()
        if not 0 <= row < len(self._previews):
            return None
        preview = self._previews[row]
        if role == PREVIEW:
            return preview
        if role == IMAGE:
            return self._images[row] if row < len(self._images) else None
        if role == Qt.ItemDataRole.DisplayRole:
            return preview.name
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            return whole_words(preview)
        return None

    def _tell(self) -> None:
        self.dataChanged.emit(self.index(0), self.index(len(self._previews) - 1))


class PreviewDelegate(QStyledItemDelegate):
    """Paints a picture over its name and how much was found in it."""

    def __init__(self, view: QListView) -> None:
        """Paint for a view, whose size decides on that of the pictures."""
        super().__init__(view)
        self._view = view

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex) -> QSize:
        """Return the room of a picture: as large as lets all be in sight, on one line or more."""
        viewport, model = self._view.viewport(), index.model()
        assert viewport is not None
        assert isinstance(model, PreviewModel)
        bar = self._view.verticalScrollBar()
        assert bar is not None
        # A view that wraps its lines keeps room for a bar, seen or not.
        spare = 0 if bar.isVisible() else bar.sizeHint().width()
        across = viewport.width() - spare - 1
        count, widest, best = max(model.rowCount(), 1), 0, QSize()
        for lines in range(1, MOST_LINES + 1):
            cell = across // math.ceil(count / lines)
            high = viewport.height() // lines
            width = min(cell - GAP, round((high - CAPTION) * model.aspect))
            if width > widest:
                widest, best = width, QSize(cell, high)
        if widest < NARROWEST:
            best = QSize(NARROWEST + GAP, round(NARROWEST / model.aspect) + CAPTION)
        return best

    def paint(
        self, painter: QPainter | None, option: QStyleOptionViewItem, index: QModelIndex
    ) -> None:
        """Paint one picture."""
        preview, image = index.data(PREVIEW), index.data(IMAGE)
        if painter is None or not isinstance(preview, Preview):
            return
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        room: QRect = option.rect.adjusted(0, 0, -GAP, 0)
        place = self._picture_room(room, index)
        self._paint_picture(painter, place, image)
        focused = option.state & QStyle.StateFlag.State_HasFocus
        if focused or option.state & QStyle.StateFlag.State_MouseOver:
            painter.setPen(theme.colour("accent" if focused else "control"))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(place.adjusted(0, 0, -1, -1))
        self._paint_caption(painter, place, room.width(), preview)
        painter.restore()

    def _picture_room(self, room: QRect, index: QModelIndex) -> QRect:
        """Return where the picture goes: at the top, its caption right below."""
        model = index.model()
        assert isinstance(model, PreviewModel)
        size = QSize(round(1000 * model.aspect), 1000)
        size.scale(room.width(), room.height() - CAPTION, Qt.AspectRatioMode.KeepAspectRatio)
        return QRect(room.topLeft(), size)

    def _paint_picture(self, painter: QPainter, place: QRect, image: QImage | None) -> None:
        painter.fillRect(place, theme.colour("canvas"))
        if image is None or image.isNull():
            ratio = self._view.devicePixelRatioF()
            mark = icons.pixmap("image", 20, "muted", ratio)
            painter.drawPixmap(place.center().x() - 10, place.center().y() - 10, mark)
            return
        size = QSize(image.width(), image.height())
        size.scale(place.size(), Qt.AspectRatioMode.KeepAspectRatio)
        target = QRect(0, 0, size.width(), size.height())
        target.moveCenter(place.center())
        painter.drawImage(target, image)

    def _paint_caption(self, painter: QPainter, place: QRect, most: int, preview: Preview) -> None:
        font = tabular(self._view.font())
        font.setPixelSize(12)
        painter.setFont(font)
        metrics, found = painter.fontMetrics(), found_words(preview)
        name, room = Path(preview.name).stem, metrics.horizontalAdvance(found) + GAP
        # As wide as the picture, wider where the name needs it and there is room.
        width = min(max(place.width(), metrics.horizontalAdvance(name) + room + 1), most)
        line = QRectF(place.left(), place.bottom() + 1, width, CAPTION)
        missed = preview.found < preview.labelled
        painter.setPen(theme.colour("warn" if missed else "text"))
        painter.drawText(line, _RIGHT, found)
        painter.setPen(theme.colour("muted"))
        shown = metrics.elidedText(name, Qt.TextElideMode.ElideMiddle, width - room)
        painter.drawText(line, _LEFT, shown)


_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
