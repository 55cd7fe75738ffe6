"""The counts of the summary: a row a class, a row for all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PyQt6.QtCore import QAbstractTableModel, QModelIndex, QObject, QRect, QSize, Qt
from PyQt6.QtGui import QFont, QPainter
from PyQt6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from desktop import theme
from desktop.figures import count, tabular
from desktop.panels.result_columns import class_name
from desktop.widgets.swatch import SIDE, swatch_icon
from engine.colours import class_colours
from engine.i18n import translate as _

ROW = 24
FEW = 12
NO_INDEX = QModelIndex()
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


class CountsModel(QAbstractTableModel):
    """Classes with their counts in the picture on screen and over all.

    A model with many classes shows those that were found.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        """Show no classes."""
        super().__init__(parent)
        self._names: tuple[str, ...] = ()
        self._total_name = ""
        self._here: Mapping[int, int] | None = None
        self._all: Mapping[int, int] = {}
        self._tracks: Mapping[int, int] | None = None
        self._shown: list[int] = []

    @property
    def tracked(self) -> bool:
        """Whether there is anything to say of tracks."""
        return self._tracks is not None

    def set_counts(
        self,
        names: Sequence[str],
        here: Mapping[int, int] | None,
        everywhere: Mapping[int, int],
        total_name: str,
        tracks: Mapping[int, int] | None = None,
    ) -> None:
        """Show counts by class index.

        Args:
            names: Of the classes.
            here: In the picture on screen, None where nothing is known of it.
            everywhere: In the session.
            total_name: What the last row is called.
            tracks: Tracked objects, each counted once; None without tracking.
        """
        known = {**everywhere, **(here or {}), **(tracks or {})}
        indices = {index for index, found in known.items() if found}
        shown = sorted(indices | (set(range(len(names))) if len(names) <= FEW else set()))
        same = (tuple(names), shown, total_name) == (self._names, self._shown, self._total_name)
        if not same:
            self.beginResetModel()
        self._names, self._shown, self._total_name = tuple(names), shown, total_name
        self._here, self._all, self._tracks = here, everywhere, tracks
        if not same:
            self.endResetModel()
        elif shown:
            self.dataChanged.emit(self.index(0, 1), self.index(len(shown), 3))

    def rowCount(self, parent: QModelIndex = NO_INDEX) -> int:  # noqa: B008 - Qt's own default
        """Return the number of classes and one for the total."""
        return 0 if parent.isValid() or not self._shown else len(self._shown) + 1

    def columnCount(self, parent: QModelIndex = NO_INDEX) -> int:  # noqa: B008 - Qt's own default
        """Return class, picture, all, tracks."""
        return 0 if parent.isValid() else 4

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object:
        """Return what stands above a column."""
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _RIGHT
        return self.titles()[section] if role == Qt.ItemDataRole.DisplayRole else None

    @staticmethod
    def titles() -> tuple[str, str, str, str]:
        """Return what stands above the columns."""
        return "", _("picture"), _("all"), _("tracks")

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Return what a cell shows."""
        row, column = index.row(), index.column()
        total = row == len(self._shown)
        if role == Qt.ItemDataRole.TextAlignmentRole and column:
            return _RIGHT
        if role == Qt.ItemDataRole.FontRole and (total or column == 1):
            font = QFont()
            font.setWeight(QFont.Weight.DemiBold)
            return font
        if column:
            return self._number(row, column) if role == Qt.ItemDataRole.DisplayRole else None
        name = self._total_name if total else class_name(self._names, self._shown[row])
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            return name
        if role == Qt.ItemDataRole.DecorationRole and not total:
            place = self._shown[row]
            if place < len(self._names):
                return swatch_icon(class_colours(self._names)[place])
        return None

    def _number(self, row: int, column: int) -> str:
        counts = (self._here, self._all, self._tracks)[column - 1]
        if counts is None:
            return "–"
        if row == len(self._shown):
            return count(sum(counts.values()))
        return count(counts.get(self._shown[row], 0))


class CountsTable(QTableView):
    """Shows a `CountsModel` as high as it is."""

    def __init__(self, model: CountsModel, parent: QWidget | None = None) -> None:
        """Show the model."""
        super().__init__(parent)
        self.setObjectName("counts")
        self.setModel(model)
        self.setAccessibleName(_("Objects by class"))
        self.setFont(tabular(self.font()))
        self.setIconSize(QSize(SIDE, SIDE))
        self.setItemDelegate(_Rows(self))
        self.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setTabKeyNavigation(False)
        self.setShowGrid(False)
        self.setWordWrap(False)
        rows, header = self.verticalHeader(), self.horizontalHeader()
        assert rows is not None
        assert header is not None
        rows.hide()
        rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        rows.setMinimumSectionSize(ROW)
        rows.setDefaultSectionSize(ROW)
        header.hide()
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for section in (1, 2, 3):
            header.setSectionResizeMode(section, QHeaderView.ResizeMode.Fixed)
        model.modelReset.connect(self._fit)
        model.dataChanged.connect(self._fit)
        self._fit()

    def widths(self) -> tuple[int, int, int]:
        """Return the widths of the columns of numbers, 0 for one that is not shown."""
        return self.columnWidth(1), self.columnWidth(2), self.columnWidth(3)

    def _fit(self) -> None:
        model, metrics = self.model(), self.fontMetrics()
        assert isinstance(model, CountsModel)
        last = model.rowCount() - 1
        self.setColumnHidden(3, not model.tracked)
        for section, title in enumerate(model.titles()):
            if section:
                largest = str(model.index(last, section).data() or "") if last >= 0 else ""
                texts = (metrics.horizontalAdvance(text) for text in (title, f"{largest}0"))
                self.setColumnWidth(section, max(44, *(width + 12 for width in texts)))
        self.setFixedHeight(ROW * model.rowCount())


class _Rows(QStyledItemDelegate):
    """Paints cells, and a line above the last row."""

    def paint(
        self, painter: QPainter | None, option: QStyleOptionViewItem, index: QModelIndex
    ) -> None:
        super().paint(painter, option, index)
        model = index.model()
        if painter is not None and model is not None and index.row() == model.rowCount() - 1:
            above: QRect = option.rect.adjusted(0, 0, 0, 1 - option.rect.height())
            painter.fillRect(above, theme.colour("line"))

