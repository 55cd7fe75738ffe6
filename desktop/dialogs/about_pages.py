"""What there is to read about the program: a table of its parts, licences, paragraphs."""

from __future__ import annotations

import re
from collections.abc import Sequence

from PyQt6.QtCore import Qt
from PyQt6.QtGui import QFontDatabase, QTextCharFormat, QTextCursor, QTextFormat
from PyQt6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QPlainTextEdit,
    QTableWidget,
    QTableWidgetItem,
    QTextBrowser,
    QWidget,
)

from engine.about import Part
from engine.i18n import translate as _

ROW = 24
GAP = 6
MARGIN = 6


class PartsTable(QTableWidget):
    """Name, version and licence of each part."""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Show no rows."""
        super().__init__(0, 3, parent)
        self.setHorizontalHeaderLabels([_("Part"), _("Version"), _("Licence")])
        self.setAccessibleName(_("Parts and their licences"))
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setShowGrid(False)
        rows, columns = self.verticalHeader(), self.horizontalHeader()
        assert rows is not None
        assert columns is not None
        rows.hide()
        rows.setDefaultSectionSize(ROW)
        columns.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        columns.setHighlightSections(False)
        columns.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        columns.setStretchLastSection(True)

    def show_parts(self, parts: Sequence[Part]) -> None:
        """Show a row a part."""
        self.setRowCount(len(parts))
        for row, part in enumerate(parts):
            for column, text in enumerate((part.name, part.version, part.licence)):
                item = QTableWidgetItem(text)
                item.setToolTip(part.homepage if column == 0 and part.homepage else text)
                self.setItem(row, column, item)

    def lines(self) -> list[str]:
        """Return the rows as lines of text."""
        found = []
        for row in range(self.rowCount()):
            cells = (self.item(row, column) for column in range(3))
            found.append("\t".join(cell.text() for cell in cells if cell is not None))
        return found


class FixedText(QPlainTextEdit):
    """A long text in letters of one width, as licences are written.

    Args:
        name: What it is, for those who cannot see it.
        parent: The owner.
    """

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        """Show nothing."""
        super().__init__(parent)
        self.setReadOnly(True)
        self.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.setAccessibleName(name)


class Reading(QTextBrowser):
    """Paragraphs with room between them.

    Args:
        name: What it is, for those who cannot see it.
        parent: The owner.
    """

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        """Show nothing."""
        super().__init__(parent)
        self.setOpenLinks(False)
        self.setAccessibleName(name)

    def show_markdown(self, text: str) -> None:
        """Show a text; a title in its first line stands on the dialog's list already."""
        self.setMarkdown(text.partition("\n")[2] if text.startswith("# ") else text)
        document = self.document()
        assert document is not None
        document.setDocumentMargin(MARGIN)
        block = document.begin()
        while block.isValid():
            cursor = QTextCursor(block)
            shape = block.blockFormat()
            shape.setBottomMargin(GAP)
            if shape.headingLevel():
                shape.setTopMargin(GAP if block.position() else 0)
                letters = QTextCharFormat()
                letters.setProperty(QTextFormat.Property.FontSizeAdjustment, 1)
                cursor.select(QTextCursor.SelectionType.BlockUnderCursor)
                cursor.mergeCharFormat(letters)
            cursor.setBlockFormat(shape)
            block = block.next()
        self.moveCursor(QTextCursor.MoveOperation.Start)


def plain(words: str) -> str:
    """Return words that Markdown shows as they are."""
    return re.sub(r"([\\`*_{}\[\]<>#+!|~-])", r"\\\1", words)
