"""What a check of a data set found: a row a kind, below it the files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PyQt6.QtCore import Qt, QUrl
from PyQt6.QtGui import QDesktopServices
from PyQt6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QTreeWidget,
    QTreeWidgetItem,
    QWidget,
)

from desktop import icons, theme
from desktop.figures import count
from engine.i18n import N_
from engine.i18n import translate as _

if TYPE_CHECKING:
    from engine.datasets import Finding, Place, Report

MOST_PLACES = 500
"""So many files of a kind are listed."""

FILE = Qt.ItemDataRole.UserRole
_FINDING = Qt.ItemDataRole.UserRole + 1
_LOOKS = {
    "error": ("error", "error", N_("Error")),
    "warning": ("warning", "warn", N_("Warning")),
    "note": ("info", "accent", N_("Note")),
}
"""Icon, colour and name of each severity."""


class FindingsTree(QTreeWidget):
    """The findings of a report; the files of one are listed when it is opened.

    A double click on a file, or Enter, shows it in its folder.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        """Show nothing yet."""
        super().__init__(parent)
        self._root: Path | None = None
        self.setAccessibleName(_("Findings"))
        self.setHeaderHidden(True)
        self.setColumnCount(1)
        self.setUniformRowHeights(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setTextElideMode(Qt.TextElideMode.ElideNone)
        header = self.header()
        assert header is not None
        header.setStretchLastSection(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.itemExpanded.connect(self._on_expanded)
        self.itemActivated.connect(self._on_activated)

    def show_report(self, report: Report | None, root: Path | None = None) -> None:
        """Show the findings of a report, or none.

        Args:
            report: The report.
            root: Files below this folder are named from there.
        """
        self.clear()
        self._root = root
        for finding in () if report is None else report.findings:
            self.addTopLevelItem(_row(finding))

    def _on_expanded(self, item: QTreeWidgetItem | None) -> None:
        finding: Finding | None = None if item is None else item.data(0, _FINDING)
        if item is None or finding is None or item.childCount():
            return
        if finding.fix:
            item.addChild(_said(_("On a fixed copy: {fix}").format(fix=finding.fix)))
        item.addChildren([self._place(each) for each in finding.places[:MOST_PLACES]])
        more = len(finding.places) - MOST_PLACES
        if more > 0:
            item.addChild(_said(_("and {count} more").format(count=count(more))))

    def _on_activated(self, item: QTreeWidgetItem | None) -> None:
        path = None if item is None else item.data(0, FILE)
        if isinstance(path, Path):
            # The system's file managers have no common way to point at a file.
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(path.parent)))

    def _place(self, place: Place) -> QTreeWidgetItem:
        inside = self._root is not None and place.file.is_relative_to(self._root)
        name = str(place.file.relative_to(self._root)) if inside and self._root else str(place.file)
        if place.line is not None:
            name = _("{file}, line {line}").format(file=name, line=place.line)
        item = QTreeWidgetItem([f"{name}  {place.detail}".rstrip()])
        item.setData(0, FILE, place.file)
        item.setToolTip(0, str(place.file))
        return item


def _row(finding: Finding) -> QTreeWidgetItem:
    icon, token, word = _LOOKS[finding.severity]
    item = QTreeWidgetItem([finding.title])
    item.setIcon(0, icons.icon(icon, token))
    item.setData(0, _FINDING, finding)
    item.setToolTip(0, f"{_(word)}: {finding.title}")
    item.setData(0, Qt.ItemDataRole.AccessibleTextRole, f"{_(word)}: {finding.title}")
    # Its files are made when it is opened.
    item.setChildIndicatorPolicy(QTreeWidgetItem.ChildIndicatorPolicy.ShowIndicator)
    return item


def _said(words: str) -> QTreeWidgetItem:
    item = QTreeWidgetItem([words])
    item.setForeground(0, theme.colour("muted"))
    item.setFlags(Qt.ItemFlag.ItemIsEnabled)
    return item
