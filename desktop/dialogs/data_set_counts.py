"""How much a data set has: pictures and objects of each split, and of each class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PyQt6.QtCore import QAbstractTableModel, QModelIndex, QObject, QRectF, QSize, Qt
from PyQt6.QtGui import QColor, QFont, QPainter, QPen
from PyQt6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from desktop import theme
from desktop.figures import count, number, tabular
from desktop.widgets.swatch import SIDE, outline, swatch_icon
from engine.colours import Colour, class_colours
from engine.i18n import N_
from engine.i18n import translate as _

if TYPE_CHECKING:
    from engine.datasets import Report, SplitCounts

ROW, HEADER = 24, 28
NAME_PX, FIGURE_PX = 130, 64
BAR_HEIGHT = 8
SHARE = Qt.ItemDataRole.UserRole + 1
COLOUR = Qt.ItemDataRole.UserRole + 2
NO_INDEX = QModelIndex()
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
SPLITS = {"train": N_("Training"), "val": N_("Validation"), "test": N_("Test")}
"""What splits are called; any other by its own name."""


def split_word(split: str) -> str:
    """Return what a split is called in the active language."""
    return _(SPLITS[split]) if split in SPLITS else split


@dataclass(frozen=True, slots=True)
class CountRow:
    """A row of figures.

    Attributes:
        name: What is counted.
        figures: One a split.
        share: Of all objects, None where the row is no class.
        length: Of the bar, 0 to 1.
        colour: Of the class, None where the row is no class.
    """

    name: str
    figures: tuple[int, ...]
    share: float | None = None
    length: float = 0.0
    colour: Colour | None = None


class CountsModel(QAbstractTableModel):
    """The figures of a report: three rows for the whole, then a row a class."""

    def __init__(self, parent: QObject | None = None) -> None:
        """Show nothing yet."""
        super().__init__(parent)
        self._splits: tuple[str, ...] = ()
        self._rows: list[CountRow] = []

    def show_report(self, report: Report | None) -> None:
        """Show the figures of a report, or none."""
        self.beginResetModel()
        self._splits = () if report is None else tuple(report.splits)
        self._rows = [] if report is None else _rows(report.splits, report.names)
        self.endResetModel()

    def rowCount(self, parent: QModelIndex = NO_INDEX) -> int:  # noqa: B008 - Qt's own default
        """Return the number of rows."""
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: QModelIndex = NO_INDEX) -> int:  # noqa: B008 - Qt's own default
        """Return the number of columns: names, one a split, balance."""
        return 0 if parent.isValid() or not self._rows else len(self._splits) + 2

    def headerData(
        self,
        section: int,
        orientation: Qt.Orientation,
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> object:
        """Return what stands above a column."""
        if orientation != Qt.Orientation.Horizontal:
            return None
        figures = 0 < section <= len(self._splits)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _RIGHT if figures else _LEFT
        if role == Qt.ItemDataRole.DisplayRole:
            if figures:
                return split_word(self._splits[section - 1])
            return _("Share of objects") if section else _("Class")
        return None

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Return what a cell says and how."""
        if not index.isValid():
            return None
        row, place = self._rows[index.row()], index.column()
        figures = 0 < place <= len(self._splits)
        if role == Qt.ItemDataRole.DisplayRole:
            if figures:
                return count(row.figures[place - 1])
            if place:
                return None if row.share is None else f"{number(100 * row.share, 1)} %"
            return row.name
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _RIGHT if figures else _LEFT
        if role == Qt.ItemDataRole.DecorationRole and not place and row.colour is not None:
            return swatch_icon(row.colour)
        if role == Qt.ItemDataRole.FontRole and row.colour is None:
            font = QFont()
            font.setBold(True)
            return font
        if role == Qt.ItemDataRole.ForegroundRole and figures and not row.figures[place - 1]:
            return theme.colour("muted")
        if role == SHARE:
            return row.length
        if role == COLOUR:
            return row.colour
        return None


class CountsTable(QTableView):
    """The figures as a table, with a bar a class that shows how balanced they are."""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Show nothing yet."""
        super().__init__(parent)
        self.counts = CountsModel(self)
        self.setModel(self.counts)
        self.setAccessibleName(_("Counts of the data set"))
        self.setFont(tabular(self.font()))
        self.setIconSize(QSize(SIDE, SIDE))
        self.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setShowGrid(False)
        self.setWordWrap(False)
        rows, header = self.verticalHeader(), self.horizontalHeader()
        assert rows is not None
        assert header is not None
        rows.hide()
        rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        rows.setMinimumSectionSize(ROW)
        rows.setDefaultSectionSize(ROW)
        header.setFixedHeight(HEADER)
        header.setHighlightSections(False)
        header.setSectionsClickable(False)
        header.setStretchLastSection(True)
        self._header = header

    def show_report(self, report: Report | None) -> None:
        """Show the figures of a report, or none."""
        self.counts.show_report(report)
        last = self.counts.columnCount() - 1
        for section in range(last):
            wanted = FIGURE_PX if section else NAME_PX
            self._header.resizeSection(section, max(wanted, self._header.sectionSizeHint(section)))
            self.setItemDelegateForColumn(section, None)
        if last > 0:
            self.setItemDelegateForColumn(last, _Bars(self))


class _Bars(QStyledItemDelegate):
    """Paints the share of a class as a bar with its figure behind."""

    def paint(
        self, painter: QPainter | None, option: QStyleOptionViewItem, index: QModelIndex
    ) -> None:
        """Paint one."""
        colour, length = index.data(COLOUR), index.data(SHARE)
        if painter is None or colour is None or not isinstance(length, float):
            return
        words = str(index.data() or "")
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        room = option.rect.adjusted(8, 0, -8, 0)
        figure = option.fontMetrics.horizontalAdvance("100.0 %")
        whole = max(room.width() - figure - 8, 0)
        if length:
            top = room.center().y() - BAR_HEIGHT / 2 + 0.5
            bar = QRectF(room.left() + 0.5, top, max(whole * length, 2), BAR_HEIGHT)
            painter.setPen(QPen(outline(colour), 1))
            painter.setBrush(QColor(*colour))
            painter.drawRoundedRect(bar, 2, 2)
        painter.setPen(theme.colour("text" if length else "muted"))
        painter.setFont(tabular(option.font))
        painter.drawText(room, _RIGHT, words)
        painter.restore()


def _rows(splits: Mapping[str, SplitCounts], names: Sequence[str]) -> list[CountRow]:
    counts = list(splits.values())
    rows = [
        CountRow(_("Pictures"), tuple(each.pictures for each in counts)),
        CountRow(_("No objects"), tuple(each.backgrounds for each in counts)),
        CountRow(_("Objects"), tuple(each.objects for each in counts)),
    ]
    sums = [sum(each.classes[place] for each in counts) for place in range(len(names))]
    total, most = max(sum(sums), 1), max(sums, default=0) or 1
    for place, (name, colour) in enumerate(zip(names, class_colours(names), strict=True)):
        figures = tuple(each.classes[place] for each in counts)
        share, length = sums[place] / total, sums[place] / most
        rows.append(CountRow(name, figures, share, length, colour))
    return rows
