"""The table of classes: how well each is found in the validation pictures."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import cast

from PyQt6.QtCore import QAbstractTableModel, QModelIndex, QObject, QSize, Qt
from PyQt6.QtGui import QFont, QFontMetrics
from PyQt6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QStackedWidget,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from desktop.figures import count, number, tabular
from desktop.panels.training.plots import validated
from desktop.widgets.elided_label import ElidedLabel
from desktop.widgets.note import Note
from desktop.widgets.swatch import SIDE, swatch_icon
from engine.colours import Colour, class_colours
from engine.i18n import N_
from engine.i18n import translate as _
from engine.training.record import ClassReport, EpochReport, RunRecord

BAR, ROW, HEADER = 36, 24, 28
HEADER_PADDING = 24
NO_INDEX = QModelIndex()
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_KNOWN = {each.name for each in fields(ClassReport)}


@dataclass(frozen=True, slots=True)
class Column:
    """A column of figures.

    Attributes:
        name: Of the field of a `ClassReport`.
        title: What stands above it.
        whole: Whether the figures are counts.
    """

    name: str
    title: str
    whole: bool = False

    def value(self, report: ClassReport) -> float:
        """Return the figure of a class, NaN where it is unknown."""
        value = getattr(report, self.name)
        return math.nan if value is None else float(value)

    def text(self, value: float) -> str:
        """Return a figure as it is shown."""
        if math.isnan(value):
            return "–"
        return count(int(value)) if self.whole else number(value, 3)


COLUMNS = (
    Column("objects", N_("Objects"), True),
    Column("precision", N_("Precision")),
    Column("recall", N_("Recall")),
    Column("map50", "mAP50"),
    Column("map50_95", "mAP50-95"),
    Column("mask_map50", N_("mask 50")),
    Column("mask_map50_95", N_("mask 50-95")),
)
"""To add a column: a field of `ClassReport` and one row here."""


class ClassModel(QAbstractTableModel):
    """The classes of one epoch, all of them together first."""

    def __init__(self, parent: QObject | None = None) -> None:
        """Hold no classes."""
        super().__init__(parent)
        self.columns: tuple[Column, ...] = COLUMNS
        self._all: ClassReport | None = None
        self._classes: tuple[ClassReport, ...] = ()
        self._colours: tuple[Colour, ...] = ()
        self._order: list[int] = []
        self._sorting = (-1, Qt.SortOrder.AscendingOrder)

    def set_epoch(self, report: EpochReport | None) -> None:
        """Show the classes of an epoch, None for nothing."""
        classes = () if report is None else report.classes
        total = None if report is None else _together(report)
        columns = tuple(
            each for each in COLUMNS if total and not math.isnan(_known(each, total, classes))
        )
        same = columns == self.columns and [c.name for c in classes] == [
            c.name for c in self._classes
        ]
        same = same and (total is None) == (self._all is None)
        if not same:
            self.beginResetModel()
        self._all, self._classes, self.columns = total, classes, columns
        self._colours = class_colours([each.name for each in classes])
        self._arrange()
        if not same:
            self.endResetModel()
        elif total is not None:
            self.dataChanged.emit(self.index(0, 0), self.index(len(classes), len(columns)))

    def rowCount(self, parent: QModelIndex = NO_INDEX) -> int:  # noqa: B008 - Qt's own default
        """Return the number of classes and one for all together."""
        return 0 if parent.isValid() or self._all is None else len(self._classes) + 1

    def columnCount(self, parent: QModelIndex = NO_INDEX) -> int:  # noqa: B008 - Qt's own default
        """Return the columns of figures and one for the names."""
        return 0 if parent.isValid() else len(self.columns) + 1

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object:
        """Return what stands above a column."""
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.TextAlignmentRole and section:
            return _RIGHT
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        if role == Qt.ItemDataRole.DisplayRole:
            return _(self.columns[section - 1].title) if section else _("Class")
        return None

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Return what a cell shows."""
        row, section = index.row(), index.column()
        if self._all is None:
            return None
        place = None if row == 0 else self._order[row - 1]
        if role == Qt.ItemDataRole.TextAlignmentRole and section:
            return _RIGHT
        if role == Qt.ItemDataRole.FontRole and place is None:
            font = QFont()
            font.setWeight(QFont.Weight.DemiBold)
            return tabular(font)
        if role == Qt.ItemDataRole.DecorationRole and place is not None and not section:
            return swatch_icon(self._colours[place])
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            report = self._all if place is None else self._classes[place]
            if not section:
                return _("all") if place is None else report.name
            column = self.columns[section - 1]
            return column.text(column.value(report))
        return None

    def sort(self, section: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Sort the classes by a column; all together stay first."""
        self.layoutAboutToBeChanged.emit()
        self._sorting = section, order
        self._arrange()
        self.layoutChanged.emit()

    def _arrange(self) -> None:
        section, order = self._sorting
        places = range(len(self._classes))
        if not 0 <= section <= len(self.columns):
            self._order = list(places)
            return
        down = order == Qt.SortOrder.DescendingOrder
        if not section:
            by_name = cast("Callable[[int], str]", lambda at: self._classes[at].name.casefold())
            self._order = sorted(places, key=by_name, reverse=down)
            return
        column = self.columns[section - 1]

        def by_figure(at: int) -> tuple[bool, float]:
            value = column.value(self._classes[at])
            # What is unknown comes last, whichever way round.
            return math.isnan(value), 0.0 if math.isnan(value) else -value if down else value

        self._order = sorted(places, key=by_figure)


class ClassTable(QWidget):
    """Shows the classes of the newest epoch.

    Args:
        parent: The owner.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        """Show the sentence that there is nothing yet."""
        super().__init__(parent)
        self._shown: EpochReport | None = None
        self.model = ClassModel(self)
        self.table = self._make_table()
        heading = QLabel(_("Per class"))
        heading.setProperty("role", "heading")
        self._caption = ElidedLabel()
        self._caption.setProperty("role", "caption")
        bar = QHBoxLayout()
        bar.setContentsMargins(12, 0, 12, 0)
        bar.setSpacing(8)
        bar.addWidget(heading)
        bar.addWidget(self._caption, 1)
        bar.addStrut(BAR)
        self._note = Note()
        self._pages = QStackedWidget()
        self._pages.addWidget(self._note)
        self._pages.addWidget(self.table)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(bar)
        layout.addWidget(self._pages, 1)

    def refresh(self, record: RunRecord) -> None:
        """Show the newest epoch of a run."""
        newest = record.epochs[-1] if record.epochs else None
        self._pages.setCurrentIndex(0 if newest is None else 1)
        if newest is None:
            self._note.set_text(
                _("Figures by class appear after the first validation.")
                if record.stage.busy
                else _("This run left no figures by class.")
            )
        if newest is self._shown and newest is not None:
            return
        self._shown = newest
        self.model.set_epoch(newest)
        said = ""
        if newest is not None:
            rest = validated(record)
            words = _("epoch {epoch}, {rest}") if rest else _("epoch {epoch}")
            said = words.format(epoch=newest.epoch, rest=rest)
        self._caption.setText(said)

    def _make_table(self) -> QTableView:
        table = QTableView()
        table.setModel(self.model)
        table.setAccessibleName(_("Per class"))
        table.setFont(tabular(table.font()))
        table.setFrameShape(QFrame.Shape.NoFrame)
        table.setIconSize(QSize(SIDE, SIDE))
        table.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        table.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        table.setTabKeyNavigation(False)
        table.setWordWrap(False)
        table.setShowGrid(False)
        rows, header = table.verticalHeader(), table.horizontalHeader()
        assert rows is not None
        assert header is not None
        rows.hide()
        rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        rows.setMinimumSectionSize(ROW)
        rows.setDefaultSectionSize(ROW)
        header.setFixedHeight(HEADER)
        header.setHighlightSections(False)
        header.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        header.setSortIndicatorClearable(True)
        table.setSortingEnabled(True)
        self.model.modelReset.connect(self._fit)
        return table

    def _fit(self) -> None:
        """Give each column the room that its title needs; names take what is left."""
        header = self.table.horizontalHeader()
        assert header is not None
        metrics = header.fontMetrics()
        bold = QFont(self.table.font())
        bold.setWeight(QFont.Weight.DemiBold)
        least = QFontMetrics(bold).horizontalAdvance("0.0000")
        for section, column in enumerate(self.model.columns, 1):
            title = metrics.horizontalAdvance(_(column.title))
            header.resizeSection(section, max(title, least) + HEADER_PADDING)
        names = (str(self.model.index(row, 0).data()) for row in range(self.model.rowCount()))
        longest = max((self.table.fontMetrics().horizontalAdvance(each) for each in names),
                      default=0)  # fmt: skip
        header.resizeSection(0, min(max(longest + SIDE + 32, 80), 200))


def _known(column: Column, total: ClassReport, classes: tuple[ClassReport, ...]) -> float:
    """Return a figure of a column that is known, NaN where none is."""
    values = (column.value(each) for each in (total, *classes))
    return next((each for each in values if not math.isnan(each)), math.nan)


def _together(report: EpochReport) -> ClassReport:
    """Return what an epoch says of all classes together."""
    known = {name: value for name, value in report.metrics.items() if name in _KNOWN}
    return ClassReport(
        name="",
        # A picture may show several classes, so theirs do not add up.
        pictures=max((each.pictures for each in report.classes), default=0),
        objects=sum(each.objects for each in report.classes),
        **known,
    )
