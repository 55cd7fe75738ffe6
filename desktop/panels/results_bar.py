"""The bar above the result table: how much there is, filter, columns, export."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PyQt6.QtCore import QSize, Qt, pyqtSignal
from PyQt6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QMenu,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QWidget,
)

from desktop import icons
from desktop.figures import count
from desktop.panels.object_pages import Facts
from desktop.widgets.buttons import beside
from desktop.widgets.elided_label import ElidedLabel
from engine.i18n import N_
from engine.i18n import translate as _

HEIGHT = 44
LEAST_WIDTH = 400
SEARCH_WIDTH, SEARCH_LEAST = 184, 96

EXPORTS = {
    "excel": N_("Excel…"),
    "csv": N_("CSV…"),
    "coco": N_("COCO labels…"),
    "yolo": N_("YOLO labels…"),
    "labelme": N_("LabelMe labels…"),
}
"""The kinds of export with their words, in the order of the menus."""


class ResultsBar(QWidget):
    """Title, counts, filter, scope and buttons; where it is narrow, buttons keep their icon only.

    Args:
        columns: The menu of the columns.
        parent: The owner.

    Attributes:
        search: The field of the filter.

    Signals:
        text_changed: str, what the filter says.
        scope_changed: bool, True for the picture on screen alone.
        export_requested: Kind, a key of `EXPORTS`, and whether only the selection is meant.
        folder_requested: The folder of the session is to be shown.
        failures_toggled: bool, whether what failed is to be listed.
    """

    text_changed = pyqtSignal(str)
    scope_changed = pyqtSignal(bool)
    export_requested = pyqtSignal(str, bool)
    folder_requested = pyqtSignal()
    failures_toggled = pyqtSignal(bool)

    def __init__(self, *, columns: QMenu, parent: QWidget | None = None) -> None:
        """Show no results."""
        super().__init__(parent)
        self.setFixedHeight(HEIGHT)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._title = QLabel(_("Results"))
        self._title.setProperty("role", "heading")
        self._counts = ElidedLabel(mode=Qt.TextElideMode.ElideRight)
        self._counts.setProperty("role", "muted")
        self._texts = ("", "")
        self._failed = ""
        self._failures = QPushButton()
        self._failures.setProperty("role", "link")
        self._failures.setIcon(icons.icon("warning", "warn"))
        self._failures.setCheckable(True)
        self._failures.setToolTip(_("List the files that could not be worked on"))
        self._failures.toggled.connect(self.failures_toggled)
        self.search = QLineEdit()
        self.search.setPlaceholderText(_("Filter"))
        self.search.setToolTip(_("Show only pictures or classes with this in their name"))
        self.search.setAccessibleName(_("Filter by picture or class"))
        self.search.setClearButtonEnabled(True)
        self.search.addAction(
            icons.icon("search", "muted"), QLineEdit.ActionPosition.LeadingPosition
        )
        self.search.textChanged.connect(self.text_changed)
        self._scope = QComboBox()
        self._scope.addItems([_("All pictures"), _("This picture")])
        self._scope.setAccessibleName(_("Pictures listed"))
        self._scope.currentIndexChanged.connect(lambda index: self.scope_changed.emit(index == 1))
        self._columns = _button("columns", _("Columns"), _("Choose the columns"))
        self._columns.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._columns.setProperty("menu", "true")
        self._columns.setMenu(columns)
        self._export = _button("export", _("Excel"), _("Export all objects to Excel"))
        self._export.setPopupMode(QToolButton.ToolButtonPopupMode.MenuButtonPopup)
        self._export.setMenu(self._export_menu())
        self._export.clicked.connect(lambda: self.export_requested.emit("excel", False))
        self._folder = _button("folder", _("Open folder"), _("Open the folder of the session"))
        self._folder.clicked.connect(self.folder_requested)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(12, 8, 12, 8)
        layout.setSpacing(8)
        layout.addWidget(self._title)
        layout.addWidget(self._counts)
        layout.addWidget(self._failures)
        layout.addStretch(1)
        for widget in (self.search, self._scope, self._columns, self._export, self._folder):
            layout.addWidget(widget)
        self.show_facts(None, 0)

    def show_facts(self, facts: Facts | None, rows: int) -> None:
        """Say how much there is.

        Args:
            facts: Of the session, None where there is none.
            rows: Rows that pass the filter.
        """
        self._texts = ("", "") if facts is None else counts_texts(facts, rows)
        failed = 0 if facts is None else len(facts.failures)
        self._failed = count(failed)
        self._failures.setVisible(failed > 0)
        if not failed:
            self._failures.setChecked(False)
        for widget in (self._export, self._folder):
            widget.setEnabled(facts is not None)
        self._fit()

    def set_selected(self, some: bool) -> None:
        """Say whether rows are selected, for what is about them alone."""
        self._selection_menu.setEnabled(some)

    def clear_filter(self) -> None:
        """Show all rows of all pictures."""
        self.search.clear()
        self._scope.setCurrentIndex(0)

    def minimumSizeHint(self) -> QSize:
        """Return the least room; what does not fit is shortened."""
        return QSize(LEAST_WIDTH, HEIGHT)

    def resizeEvent(self, event: object) -> None:
        """Shorten what does not fit."""
        self._fit()

    def _export_menu(self) -> QMenu:
        menu = QMenu(self._export)
        for kind, words in EXPORTS.items():
            menu.addAction(
                _(words), lambda kind=kind: self.export_requested.emit(kind, False)
            )
        menu.addSeparator()
        self._selection_menu = QMenu(_("Only the selection"), menu)
        for kind, words in EXPORTS.items():
            self._selection_menu.addAction(
                _(words), lambda kind=kind: self.export_requested.emit(kind, True)
            )
        self._selection_menu.setEnabled(False)
        menu.addMenu(self._selection_menu)
        return menu

    def _fit(self) -> None:
        """Give up words from the least important button on, as far as the room demands."""
        layout = self.layout()
        assert layout is not None
        buttons = [self._folder, self._columns, self._export]
        for widget in (self._title, self._counts, self._folder):
            widget.show()
        self._counts.setText(" · ".join(text for text in self._texts if text))
        words = _("Failed: {count}").format(count=self._failed)
        self._failures.setText(words)
        self._failures.setAccessibleName(words)
        self.search.setFixedWidth(SEARCH_WIDTH)
        for button in buttons:
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        only_icon = Qt.ToolButtonStyle.ToolButtonIconOnly
        savings: list[Callable[[], object]] = [
            *(partial(button.setToolButtonStyle, only_icon) for button in buttons),
            partial(self.search.setFixedWidth, SEARCH_LEAST),
            self._title.hide,
            partial(self._counts.setText, self._texts[0]),
            self._counts.hide,
            self._folder.hide,
            partial(self._failures.setText, self._failed),
        ]
        for save in savings:
            layout.invalidate()
            if layout.sizeHint().width() <= self.width():
                break
            save()
        # The widths asked for above are those of before; the texts are new.
        layout.activate()


def counts_texts(facts: Facts, rows: int) -> tuple[str, str]:
    """Return how many rows and how many pictures there are, in words that need no plural."""
    pictures = _("Pictures: {count}").format(count=count(facts.frames))
    if facts.model.task == "classify":
        if rows == facts.total:
            return pictures, ""
        shown = _("Pictures: {shown} of {total}")
        return shown.format(shown=count(rows), total=count(facts.total)), ""
    objects = _("Objects: {count}").format(count=count(facts.total))
    if rows != facts.total:
        objects = _("Objects: {shown} of {total}").format(
            shown=count(rows), total=count(facts.total)
        )
    return objects, pictures


def _button(icon: str, text: str, tip: str) -> QToolButton:
    button = QToolButton()
    button.setProperty("role", "button")
    button.setIcon(icons.icon(icon))
    button.setText(beside(text))
    button.setToolTip(tip)
    button.setAccessibleName(text)
    button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
    button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    return button
