"""What this is, whose work is in it, under which licences, and where its source is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PyQt6.QtCore import Qt
from PyQt6.QtGui import QGuiApplication
from PyQt6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from desktop import icons
from desktop.background import Job, start
from desktop.dialogs.about_pages import FixedText, PartsTable, Reading, plain
from desktop.widgets.buttons import text_button
from engine import about
from engine.i18n import translate as _
from engine.paths import document
from engine.version import __version__

ICON = 56
SIZE = 760, 560


@dataclass(frozen=True, slots=True)
class _Found:
    """What is looked up outside the UI thread.

    Attributes:
        parts: Whose work is in the program.
        credits: What the weights that come along learned from.
        texts: Of the licence and the changes, empty where the file did not come along.
        has_notices: Whether there are notices, which are read when they are asked for.
        device: What networks run on.
        unused: Why a card is not used, mostly empty.
    """

    parts: list[about.Part]
    credits: list[about.Credit]
    texts: dict[str, str]
    has_notices: bool
    device: str
    unused: str


class AboutDialog(QDialog):
    """Name, version and device; a list of what there is to read, and that beside it."""

    def __init__(self, *, parent: QWidget | None = None) -> None:
        """Show what is known at once; the rest is looked up outside the UI thread."""
        super().__init__(parent)
        self.setWindowTitle(_("About LabSight"))
        self.resize(*SIZE)
        self._device = _sentence("", "muted")
        self._unused = _sentence("", "warn")
        self._unused.hide()
        self._parts = PartsTable()
        self._notices = FixedText(_("Notices"))
        self._licence = FixedText(_("Licence"))
        self._data = Reading(_("Data"))
        self._changes = Reading(_("Changes"))
        source = Reading(_("Source code"))
        source.show_markdown(plain(about.source_offer()))
        self._topics = QListWidget()
        self._topics.setAccessibleName(_("Topics"))
        self._pages = QStackedWidget()
        for words, page in (
            (_("Parts"), self._parts),
            (_("Notices"), self._notices),
            (_("Licence"), self._licence),
            (_("Data"), self._data),
            (_("Source code"), source),
            (_("Changes"), self._changes),
        ):
            self._topics.addItem(words)
            self._pages.addWidget(page)
        self._topics.setFixedWidth(self._topics.sizeHintForColumn(0) + 32)
        self._topics.currentRowChanged.connect(self._pages.setCurrentIndex)
        self._topics.currentRowChanged.connect(self._on_topic)
        self._topics.setCurrentRow(0)
        for page in (self._notices, self._licence, self._changes):
            self._topic_of(page).setHidden(True)
        copy = text_button("copy", _("Copy"))
        copy.setToolTip(_("Copy version, device and parts"))
        copy.clicked.connect(self._on_copy)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.addButton(copy, QDialogButtonBox.ButtonRole.ActionRole)
        buttons.rejected.connect(self.reject)
        body = QHBoxLayout()
        body.setSpacing(12)
        body.addWidget(self._topics)
        body.addWidget(self._pages, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 16)
        layout.setSpacing(16)
        layout.addLayout(self._head())
        layout.addLayout(body, 1)
        layout.addWidget(buttons)
        close = buttons.button(QDialogButtonBox.StandardButton.Close)
        assert close is not None
        close.setDefault(True)
        close.setFocus()
        start(self, _look_up, done=self._show)

    def _head(self) -> QHBoxLayout:
        picture = QLabel()
        picture.setPixmap(icons.app_icon().pixmap(ICON, ICON))
        name = QLabel(f"LabSight {__version__}")
        name.setProperty("role", "readout")
        name.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        words = QVBoxLayout()
        words.setSpacing(4)
        for label in (
            name,
            _sentence(_("Detects, segments, counts and measures things in pictures with YOLO11.")),
            _sentence(
                _("Free software under the GNU Affero General Public License, version 3."), "muted"
            ),
            self._device,
            self._unused,
        ):
            words.addWidget(label)
        head = QHBoxLayout()
        head.setSpacing(16)
        head.addWidget(picture, 0, Qt.AlignmentFlag.AlignTop)
        head.addLayout(words, 1)
        return head

    def _topic_of(self, page: QWidget) -> QListWidgetItem:
        item = self._topics.item(self._pages.indexOf(page))
        assert item is not None
        return item

    def _show(self, found: _Found) -> None:
        self._parts.show_parts(found.parts)
        self._data.show_markdown(_credits(found.credits))
        self._licence.setPlainText(found.texts["LICENSE"])
        self._changes.show_markdown(found.texts["CHANGELOG.md"])
        self._topic_of(self._notices).setHidden(not found.has_notices)
        self._topic_of(self._licence).setHidden(not found.texts["LICENSE"])
        self._topic_of(self._changes).setHidden(not found.texts["CHANGELOG.md"])
        self._device.setText(_("Computes on: {device}").format(device=found.device))
        self._unused.setText(found.unused)
        self._unused.setVisible(bool(found.unused))

    def _on_topic(self, row: int) -> None:
        if self._pages.widget(row) is self._notices and not self._notices.toPlainText():
            start(self, lambda job: _read(about.NOTICES), done=self._notices.setPlainText)

    def _on_copy(self) -> None:
        clipboard = QGuiApplication.clipboard()
        if clipboard is not None:
            said = (self._device.text(), self._unused.text())
            lines = [f"LabSight {__version__}", *filter(None, said), *self._parts.lines()]
            clipboard.setText("\n".join(lines))


def _look_up(job: Job) -> _Found:
    from engine import cards

    return _Found(
        parts=about.parts(),
        credits=about.data_credits(),
        texts={name: _read(name) for name in ("LICENSE", "CHANGELOG.md")},
        has_notices=document(about.NOTICES).is_file(),
        device=cards.in_use(),
        unused=cards.unused(),
    )


def _read(name: str) -> str:
    """Return a text about the program, empty where it did not come along."""
    try:
        return document(name).read_text(encoding="utf-8")
    except OSError:
        return ""


def _credits(credits: Sequence[about.Credit]) -> str:
    """Return credits in Markdown: the names of weights, what each of them learned from below."""
    lines = []
    former = ""
    for each in credits:
        if each.weights != former:
            lines.append(f"## {plain(each.weights)}")
        former = each.weights
        said = ". ".join(filter(None, (each.what, each.credit, each.licence)))
        changes = _("Changed: {what}.").format(what=each.changes) if each.changes else ""
        lines.append(f"**{plain(each.name)}**: {plain(f'{said}. {changes}')}")
    return "\n\n".join(lines)


def _sentence(words: str, role: str = "") -> QLabel:
    label = QLabel(words)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    if role:
        label.setProperty("role", role)
    return label
