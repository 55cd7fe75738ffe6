"""What a window says and whether there is room for it: a walk over everything with a text."""

from __future__ import annotations

import gettext
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from unittest.mock import patch

from PyQt6.QtCore import QObject, Qt
from PyQt6.QtGui import QAction
from PyQt6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QComboBox,
    QDockWidget,
    QHeaderView,
    QLabel,
    QLineEdit,
    QMenu,
    QTabBar,
    QToolButton,
    QWidget,
)

from desktop.widgets.elided_label import ElidedLabel
from engine import i18n

OPEN, CLOSE = "⟦", "⟧"
# Parts that Qt makes and names itself.
QTS_OWN = "qt_dockwidget_|Scroll(Left|Right)Button|qt_toolbar_ext"
PATHS = r"(/[^\s/]+)+|\.pt\b"


class Marked(gettext.NullTranslations):
    """Puts every text that goes through translation between marks."""

    def gettext(self, message: str) -> str:
        return f"{OPEN}{message}{CLOSE}" if message else ""


class Doubled(gettext.NullTranslations):
    """Makes every text twice as long, as some languages nearly do."""

    def gettext(self, message: str) -> str:
        return f"{message} {message}" if message else ""


@contextmanager
def translated_by(translations: gettext.NullTranslations) -> Iterator[None]:
    """Let every text go through these translations; a change of language keeps them."""
    with (
        patch.object(i18n, "_active", translations),
        patch.object(i18n, "activate", lambda code: None),
    ):
        yield


@dataclass(frozen=True, slots=True)
class Said:
    """A text and where it stands."""

    text: str
    where: str


def texts(root: QWidget) -> Iterator[Said]:
    """Yield every text of a window: labels, buttons, menus, tips, names, headers, items."""
    for widget in [root, *root.findChildren(QWidget)]:
        if re.match(QTS_OWN, widget.objectName()):
            continue
        where = _place(widget)
        yield Said(widget.toolTip(), f"tip of {where}")
        yield Said(widget.accessibleName(), f"name of {where}")
        yield Said(widget.accessibleDescription(), f"description of {where}")
        for text in _own_texts(widget):
            yield Said(text, where)
    for action in root.findChildren(QAction):
        if not action.isSeparator():
            yield Said(action.text(), f"action {action.objectName()}")
            yield Said(action.toolTip(), f"tip of action {action.objectName()}")


def _own_texts(widget: QWidget) -> Iterator[str]:
    if isinstance(widget, QLabel | QAbstractButton):
        yield widget.text()
    elif isinstance(widget, QLineEdit):
        yield widget.placeholderText()
    elif isinstance(widget, QComboBox):
        for row in range(widget.count()):
            yield widget.itemText(row)
    elif isinstance(widget, QTabBar):
        for place in range(widget.count()):
            yield widget.tabText(place)
    elif isinstance(widget, QMenu):
        yield widget.title()
    elif isinstance(widget, QDockWidget):
        yield widget.windowTitle()
    elif isinstance(widget, QHeaderView):
        model = widget.model()
        for section in range(widget.count() if model is not None else 0):
            assert model is not None
            for role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
                yield str(model.headerData(section, widget.orientation(), role) or "")


def untranslated(said: Said, own: set[str], letters: str = r"[^\W\d_]{2,}") -> list[str]:
    """Return the words of a text that did not go through translation.

    Args:
        said: The text.
        own: A person's own words and names that are the same in every language.
        letters: What counts as a word.
    """
    rest = re.sub(f"{OPEN}[^{OPEN}{CLOSE}]*{CLOSE}", " ", said.text)
    rest = re.sub(f"{OPEN}[^{OPEN}{CLOSE}]*{CLOSE}", " ", rest)
    # The marks of rich text are for the one that draws it.
    rest = re.sub(PATHS, " ", re.sub(r"<[^>]*>|&\w+;", " ", rest))
    for each in sorted(own, key=len, reverse=True):
        rest = rest.replace(each, " ")
    return re.findall(letters, rest)


def cut_off(root: QWidget) -> list[str]:
    """Return the visible texts for which there is no room."""
    found = []
    for widget in root.findChildren(QWidget):
        if not widget.isVisible() or not _is_line_of_text(widget):
            continue
        needed = widget.sizeHint().width()
        if needed > widget.width() + 1:
            found.append(f"{_place(widget)}: {needed} > {widget.width()}")
    for bar in root.findChildren(QTabBar):
        found += [
            f"tab {bar.tabText(place)!r}"
            for place in range(bar.count())
            if bar.isVisible() and not bar.rect().contains(bar.tabRect(place))
        ]
    for view in root.findChildren(QAbstractItemView):
        header = view.findChild(QHeaderView)
        if header is not None and header.isVisible():
            found += _cut_sections(header)
    return found


def _is_line_of_text(widget: QWidget) -> bool:
    if isinstance(widget, QLabel):
        shortened = isinstance(widget, ElidedLabel)
        return bool(widget.text()) and not widget.wordWrap() and not shortened
    if isinstance(widget, QToolButton):
        icon_only = widget.toolButtonStyle() == Qt.ToolButtonStyle.ToolButtonIconOnly
        return bool(widget.text()) and not icon_only
    return isinstance(widget, QAbstractButton) and bool(widget.text())


def _cut_sections(header: QHeaderView) -> list[str]:
    return [
        f"header {section} of {_place(header)}: "
        f"{header.sectionSizeHint(section)} > {header.sectionSize(section)}"
        for section in range(header.count())
        if not header.isSectionHidden(section)
        and header.sectionSizeHint(section) > header.sectionSize(section) + 1
    ]


def _place(widget: QObject | None) -> str:
    names: list[str] = []
    while widget is not None and len(names) < 4:
        names.append(widget.objectName() or type(widget).__name__)
        widget = widget.parent()
    return " < ".join(names)
