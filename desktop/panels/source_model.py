"""The list of files as a model: names, thumbnails made outside the UI thread, counts."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from PyQt6.QtCore import QAbstractListModel, QModelIndex, QObject, Qt, pyqtSignal
from PyQt6.QtGui import QImage, QPixmap

from desktop.background import Lane
from desktop.state import AppState, Outcome
from engine.errors import EngineError
from engine.i18n import translate as _

THUMB = (48, 36)
KEPT = 1500
OUTCOME = Qt.ItemDataRole.UserRole + 1
THUMBNAIL = Qt.ItemDataRole.UserRole + 2
NO_INDEX = QModelIndex()


class SourceModel(QAbstractListModel):
    """The files of the state with what became of them.

    Thumbnails are made for what `want` names, newest wish first, and the latest `KEPT` of them
    stay in memory.

    Args:
        state: Read and listened to.
        ratio: Device pixels a device-independent one, for sharp thumbnails.
        parent: The owner.
    """

    _made = pyqtSignal(str, object)

    def __init__(
        self, *, state: AppState, ratio: float = 1.0, parent: QObject | None = None
    ) -> None:
        """Show the files that are there."""
        super().__init__(parent)
        self._state = state
        self._ratio = ratio
        self._files = state.sources
        self._rows = {str(path): row for row, path in enumerate(self._files)}
        self._known = state.outcomes
        self._thumbs: OrderedDict[str, QPixmap | None] = OrderedDict()
        self._lane = Lane("thumbnails", self._make, parent=self)
        self._made.connect(self._on_made)
        state.sources_changed.connect(self._on_sources)
        state.outcomes_changed.connect(self._on_outcomes)

    def close(self) -> None:
        """End the thread of the thumbnails."""
        self._lane.close()

    def row_of(self, path: str) -> int | None:
        """Return where a file stands, None when it is not in the list."""
        return self._rows.get(path)

    def path(self, row: int) -> Path:
        """Return the file of a row."""
        return self._files[row]

    def want(self, first: int, last: int) -> None:
        """Ask for the thumbnails of the rows from `first` to `last`."""
        rows = self._files[max(first, 0) : last + 1]
        missing = [path for path in rows if str(path) not in self._thumbs]
        if missing:
            self._lane.ask(missing)

    def rowCount(self, parent: QModelIndex = NO_INDEX) -> int:  # noqa: B008 - Qt's own default
        """Return the number of files."""
        return 0 if parent.isValid() else len(self._files)

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Return the name, thumbnail or outcome of a file."""
        if not index.isValid():
            return None
        path = self._files[index.row()]
        outcome = self._state.outcomes.get(str(path))
        if role == Qt.ItemDataRole.DisplayRole:
            return path.name
        if role == THUMBNAIL:
            return self._thumbs.get(str(path))
        if role == OUTCOME:
            return outcome
        if role == Qt.ItemDataRole.ToolTipRole:
            said = outcome.error or outcome.warning if outcome else ""
            return f"{path}\n{said}" if said else str(path)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{path.name}, {in_words(outcome)}"
        return None

    def _make(self, paths: Sequence[Path]) -> None:
        from engine.sources.thumbnails import thumbnail

        for path in paths:
            if self._lane.superseded():
                return
            try:
                pixels = thumbnail(path, round(THUMB[0] * self._ratio))
            except EngineError:
                self._made.emit(str(path), None)
                continue
            height, width = pixels.shape[:2]
            pixels = np.ascontiguousarray(pixels)
            image = QImage(pixels.tobytes(), width, height, 3 * width, QImage.Format.Format_RGB888)
            self._made.emit(str(path), image.copy())

    def _on_made(self, path: str, image: QImage | None) -> None:
        pixmap = None
        if image is not None:
            pixmap = QPixmap.fromImage(image)
            pixmap.setDevicePixelRatio(self._ratio)
        self._thumbs[path] = pixmap
        while len(self._thumbs) > KEPT:
            self._thumbs.popitem(last=False)
        row = self._rows.get(path)
        if row is not None:
            index = self.index(row)
            self.dataChanged.emit(index, index, [THUMBNAIL])

    def _on_sources(self, files: tuple[Path, ...]) -> None:
        self.beginResetModel()
        self._files = files
        self._rows = {str(path): row for row, path in enumerate(files)}
        self._thumbs.clear()
        self.endResetModel()

    def _on_outcomes(self, outcomes: Mapping[str, Outcome]) -> None:
        former, self._known = self._known, outcomes
        rows = [
            self._rows[path]
            for path in {**former, **outcomes}
            if path in self._rows and former.get(path) != outcomes.get(path)
        ]
        if rows:
            self.dataChanged.emit(self.index(min(rows)), self.index(max(rows)), [OUTCOME])


def in_words(outcome: Outcome | None) -> str:
    """Return what became of a file in words."""
    if outcome is None:
        return _("not worked on yet")
    if outcome.error:
        return outcome.error
    return _("{count} objects").format(count=outcome.total or 0)
