"""What this is, which version, and under which licences its parts stand."""

from __future__ import annotations

import importlib.metadata

from PyQt6.QtCore import Qt
from PyQt6.QtGui import QFontDatabase, QGuiApplication
from PyQt6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPlainTextEdit,
    QStackedWidget,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from desktop import icons
from desktop.background import Job, start
from desktop.widgets.buttons import text_button
from engine.i18n import translate as _
from engine.paths import ROOT
from engine.version import __version__

PARTS = (
    "PyQt6",
    "torch",
    "torchvision",
    "ultralytics",
    "numpy",
    "opencv-python",
    "pillow",
    "pillow-heif",
    "av",
    "openpyxl",
    "pyqtgraph",
    "psutil",
    "babel",
)
Row = tuple[str, str, str]


class AboutDialog(QDialog):
    """Name, version, licence, and the parts with theirs."""

    def __init__(self, *, parent: QWidget | None = None) -> None:
        """Show what is known at once; the parts are looked up outside the UI thread."""
        super().__init__(parent)
        self.setWindowTitle(_("About LabSight"))
        self.resize(640, 480)
        self._rows: list[Row] = []
        picture = QLabel()
        picture.setPixmap(icons.app_icon().pixmap(56, 56))
        name = QLabel(f"LabSight {__version__}")
        name.setProperty("role", "readout")
        what = QLabel(_("Detects, segments, counts and measures things in pictures with YOLO11."))
        what.setWordWrap(True)
        licence = QLabel(
            _("Free software under the GNU Affero General Public License, version 3.")
        )
        licence.setProperty("role", "muted")
        licence.setWordWrap(True)
        words = QVBoxLayout()
        words.setSpacing(4)
        for label in (name, what, licence):
            words.addWidget(label)
        head = QHBoxLayout()
        head.setSpacing(16)
        head.addWidget(picture, 0, Qt.AlignmentFlag.AlignTop)
        head.addLayout(words, 1)
        self._table = QTableWidget(0, 3)
        self._table.setHorizontalHeaderLabels([_("Part"), _("Version"), _("Licence")])
        self._table.setAccessibleName(_("Parts and their licences"))
        self._table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self._table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self._table.setShowGrid(False)
        self._table.setAlternatingRowColors(False)
        rows, columns = self._table.verticalHeader(), self._table.horizontalHeader()
        assert rows is not None
        assert columns is not None
        rows.hide()
        rows.setDefaultSectionSize(24)
        columns.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        columns.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        columns.setStretchLastSection(True)
        self._text = QPlainTextEdit()
        self._text.setReadOnly(True)
        self._text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self._text.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self._text.setAccessibleName(_("Licence"))
        self._pages = QStackedWidget()
        self._pages.addWidget(self._table)
        self._pages.addWidget(self._text)
        copy = text_button("copy", _("Copy"))
        copy.clicked.connect(self._on_copy)
        self._licence = text_button("document", _("Licence"))
        self._licence.setCheckable(True)
        self._licence.setEnabled(False)
        self._licence.toggled.connect(lambda on: self._pages.setCurrentIndex(int(on)))
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        for button in (copy, self._licence):
            buttons.addButton(button, QDialogButtonBox.ButtonRole.ActionRole)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 16)
        layout.setSpacing(16)
        layout.addLayout(head)
        layout.addWidget(self._pages, 1)
        layout.addWidget(buttons)
        close = buttons.button(QDialogButtonBox.StandardButton.Close)
        assert close is not None
        close.setDefault(True)
        close.setFocus()
        start(self, _look_up, done=self._show)
        start(self, _read_licence, done=self._show_licence)

    def _show(self, rows: list[Row]) -> None:
        self._rows = rows
        self._table.setRowCount(len(rows))
        for place, row in enumerate(rows):
            for column, text in enumerate(row):
                item = QTableWidgetItem(text)
                item.setToolTip(text)
                self._table.setItem(place, column, item)

    def _show_licence(self, text: str) -> None:
        self._text.setPlainText(text)
        self._licence.setEnabled(bool(text))

    def _on_copy(self) -> None:
        clipboard = QGuiApplication.clipboard()
        if clipboard is not None:
            lines = [f"LabSight {__version__}", *("\t".join(row) for row in self._rows)]
            clipboard.setText("\n".join(lines))


def _read_licence(job: Job) -> str:
    """Return the licence, empty where the file did not come along."""
    try:
        return (ROOT / "LICENSE").read_text(encoding="utf-8")
    except OSError:
        return ""


def _look_up(job: Job) -> list[Row]:
    """Return name, version and licence of each part that is installed."""
    rows = []
    for name in PARTS:
        try:
            about = importlib.metadata.metadata(name)
        except importlib.metadata.PackageNotFoundError:
            continue
        rows.append((name, about["Version"] or "", _licence(about)))
    return rows


def _licence(about: importlib.metadata.PackageMetadata) -> str:
    """Return the licence that a package names, in one line."""
    expression = about.get("License-Expression") if hasattr(about, "get") else None
    if expression:
        return str(expression)
    classifiers = about.get_all("Classifier") or []
    named = [
        each.rpartition("::")[2].strip() for each in classifiers if each.startswith("License ::")
    ]
    if named:
        return ", ".join(named)
    first = (about["License"] or "").strip().splitlines()
    return first[0][:60] if first else ""
