"""The past sessions as a model: read outside the UI thread, the newest first, as they come."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path

from PyQt6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QObject,
    QSortFilterProxyModel,
    Qt,
    pyqtSignal,
)
from PyQt6.QtGui import QImage, QPixmap

from desktop.background import Lane
from engine.errors import EngineError
from engine.history import SessionCard

THUMB = (96, 64)
BATCH = 40
CARD = Qt.ItemDataRole.UserRole + 1
THUMBNAIL = Qt.ItemDataRole.UserRole + 2
NO_INDEX = QModelIndex()


class HistoryModel(QAbstractListModel):
    """A row a session.

    Args:
        ratio: Device pixels a device-independent one, for sharp thumbnails.
        parent: The owner.

    Signals:
        loaded: All sessions have been read.
        rename_requested: Folder and the name that was typed for it.
    """

    loaded = pyqtSignal()
    rename_requested = pyqtSignal(object, str)
    _read = pyqtSignal(int, object)
    _made = pyqtSignal(str, object)
    _ended = pyqtSignal(int)

    def __init__(self, *, ratio: float = 1.0, parent: QObject | None = None) -> None:
        """Show nothing yet; `refresh` reads."""
        super().__init__(parent)
        self._ratio = ratio
        self._cards: list[SessionCard] = []
        self._thumbs: dict[str, QPixmap] = {}
        self._turn = 0
        self._coming: OrderedDict[Path, SessionCard] = OrderedDict()
        self._lane = Lane("history", self._work, parent=self)
        self._read.connect(self._on_read)
        self._made.connect(self._on_made)
        self._ended.connect(self._on_ended)

    def close(self) -> None:
        """End the thread."""
        self._lane.close()

    def refresh(self) -> None:
        """Read the sessions again; what is on screen stays until they have been."""
        self._turn += 1
        self._coming.clear()
        self._lane.ask(self._turn)

    def card(self, row: int) -> SessionCard:
        """Return the session of a row."""
        return self._cards[row]

    def row_of(self, path: Path) -> int | None:
        """Return the row of a session file, None where it is not in the list."""
        return next((row for row, card in enumerate(self._cards) if card.path == path), None)

    def remove(self, folder: Path) -> None:
        """Take the session of a folder out of the list."""
        for row, card in enumerate(self._cards):
            if card.path.parent == folder:
                self.beginRemoveRows(NO_INDEX, row, row)
                del self._cards[row]
                self.endRemoveRows()
                return

    def rowCount(self, parent: QModelIndex = NO_INDEX) -> int:  # noqa: B008 - Qt's own default
        """Return the number of sessions read so far."""
        return 0 if parent.isValid() else len(self._cards)

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Return a session's name, card or thumbnail."""
        if not index.isValid():
            return None
        card = self._cards[index.row()]
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.EditRole):
            return card.name
        if role == CARD:
            return card
        if role == THUMBNAIL:
            return self._thumbs.get(str(card.path))
        if role == Qt.ItemDataRole.ToolTipRole:
            return str(card.path.parent)
        return None

    def setData(
        self, index: QModelIndex, value: object, role: int = Qt.ItemDataRole.EditRole
    ) -> bool:
        """Ask for another name; the row changes once the folder has it."""
        card = self._cards[index.row()]
        if role == Qt.ItemDataRole.EditRole and str(value).strip() != card.name:
            self.rename_requested.emit(card.path.parent, str(value).strip())
        return False

    def flags(self, index: QModelIndex) -> Qt.ItemFlag:
        """Let names be edited, but for a run that still writes."""
        flags = super().flags(index)
        if index.isValid() and not is_written(self._cards[index.row()]):
            flags |= Qt.ItemFlag.ItemIsEditable
        return flags

    def _work(self, turn: int) -> None:
        from engine.history import find_sessions, read_card

        cards: list[SessionCard] = []
        paths = list(find_sessions())
        for number, path in enumerate(paths):
            if self._lane.superseded():
                return
            try:
                cards.append(read_card(path))
            except EngineError:
                continue  # What is no session, or was deleted meanwhile, is not listed.
            if len(cards) == BATCH or number == len(paths) - 1:
                self._read.emit(turn, tuple(cards))
                self._make_thumbnails(cards)
                cards.clear()
        self._ended.emit(turn)

    def _make_thumbnails(self, cards: list[SessionCard]) -> None:
        from engine.sources.thumbnails import thumbnail

        for card in cards:
            if self._lane.superseded():
                return
            if card.thumbnail is None or str(card.path) in self._thumbs:
                continue
            try:
                pixels = thumbnail(card.thumbnail, round(THUMB[0] * self._ratio))
            except EngineError:
                continue
            height, width = pixels.shape[:2]
            data = pixels.tobytes()
            image = QImage(data, width, height, 3 * width, QImage.Format.Format_RGB888)
            self._made.emit(str(card.path), image.copy())

    def _on_read(self, turn: int, cards: tuple[SessionCard, ...]) -> None:
        if turn == self._turn:
            self._coming.update((card.path, card) for card in cards)
            if len(self._coming) >= len(self._cards):
                self._show(list(self._coming.values()))

    def _on_ended(self, turn: int) -> None:
        if turn == self._turn:
            self._show(list(self._coming.values()))
            self.loaded.emit()

    def _show(self, cards: list[SessionCard]) -> None:
        if cards == self._cards:
            return
        former = self._cards
        if cards[: len(former)] == former:
            self.beginInsertRows(NO_INDEX, len(former), len(cards) - 1)
            self._cards = cards
            self.endInsertRows()
            return
        self.beginResetModel()
        self._cards = cards
        self.endResetModel()

    def _on_made(self, path: str, image: QImage) -> None:
        pixmap = QPixmap.fromImage(image)
        pixmap.setDevicePixelRatio(self._ratio)
        self._thumbs[path] = pixmap
        row = self.row_of(Path(path))
        if row is not None:
            self.dataChanged.emit(self.index(row), self.index(row), [THUMBNAIL])


class HistoryFilter(QSortFilterProxyModel):
    """The sessions whose name, title, weights or classes hold a text."""

    def __init__(self, parent: QObject | None = None) -> None:
        """Let all through."""
        super().__init__(parent)
        self._text = ""

    def set_text(self, text: str) -> None:
        """Let through what holds a text, any case."""
        self._text = text.strip().casefold()
        self.invalidateFilter()

    def filterAcceptsRow(self, row: int, parent: QModelIndex) -> bool:
        """Tell whether a session holds the text."""
        model = self.sourceModel()
        assert isinstance(model, HistoryModel)
        card = model.card(row)
        words = (card.name, card.title, card.model_name, card.started, *dict(card.counts))
        return self._text in " ".join(words).casefold()


def is_written(card: SessionCard) -> bool:
    """Tell whether a run still writes a session."""
    return card.state == "running" and not card.unfinished
