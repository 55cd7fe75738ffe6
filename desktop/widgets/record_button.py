"""A button that records, at once or for a time, and shows how long it has done so."""

from __future__ import annotations

from functools import partial

from PyQt6.QtCore import QSize, Qt, pyqtSignal
from PyQt6.QtGui import QFontMetrics
from PyQt6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QMenu,
    QPushButton,
    QSpinBox,
    QToolButton,
    QWidget,
    QWidgetAction,
)

from desktop import icons
from desktop.figures import tabular
from desktop.widgets.buttons import beside
from desktop.widgets.clock import clock
from engine.i18n import translate as _

TIMES_S = (10, 30, 60, 300)
HEIGHT = 28
_MINUTE = 60
_MOST_MINUTES = 24 * 60
_LONGEST = "00:00 / 00:00"


class RecordButton(QToolButton):
    """Says "Record" or, while it records, for how long it has.

    Signals:
        started: int seconds that were asked for, or None until it is stopped.
        stopped: Record no more.
    """

    started = pyqtSignal(object)
    stopped = pyqtSignal()

    def __init__(self, parent: QWidget | None = None) -> None:
        """Record nothing."""
        super().__init__(parent)
        self._recording = False
        self._room = 0
        self.setFixedHeight(HEIGHT)
        self.setProperty("role", "button")
        self.setFont(tabular(self.font()))
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.setPopupMode(QToolButton.ToolButtonPopupMode.MenuButtonPopup)
        self._timed = self._make_menu()
        self.setMenu(self._timed)
        self.clicked.connect(self._on_clicked)
        self.show_time(None, None)
        self.setIcon(icons.icon("record", "error"))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def show_time(self, elapsed_s: float | None, remaining_s: float | None) -> None:
        """Show how long it has recorded, and how long it is to be in all.

        Args:
            elapsed_s: Seconds so far, None where nothing is recorded.
            remaining_s: Seconds that are left, None where it goes on until it is stopped.
        """
        recording = elapsed_s is not None
        if recording != self._recording:
            self._recording = recording
            self.setIcon(icons.icon("dot" if recording else "record", "error"))
        text = _("Record")
        if elapsed_s is not None:
            text = clock(elapsed_s, tenths=False)
            if remaining_s is not None:
                text = f"{text} / {clock(elapsed_s + remaining_s, tenths=False)}"
        if beside(text) != self.text():
            self.setText(beside(text))
        name = _("Stop recording") if recording else _("Record")
        self.setAccessibleName(name)
        self.setToolTip(name if recording else _("Record what the camera shows"))
        for action in self._timed.actions():
            action.setEnabled(not recording)

    def sizeHint(self) -> QSize:
        """Return room for every text, so that nothing moves when it records."""
        hint, metrics = super().sizeHint(), self.fontMetrics()
        around = hint.width() - metrics.horizontalAdvance(self.text())
        longest = around + metrics.horizontalAdvance(beside(_LONGEST))
        self._room = max(self._room, hint.width(), longest)
        return QSize(self._room, hint.height())

    def minimumSizeHint(self) -> QSize:
        """Return the same: half a figure is worse than none."""
        return self.sizeHint()

    def _make_menu(self) -> QMenu:
        menu = QMenu(self)
        for seconds in TIMES_S:
            whole = seconds >= _MINUTE
            template = _("Record {count} min") if whole else _("Record {count} s")
            text = template.format(count=seconds // _MINUTE if whole else seconds)
            menu.addAction(text, partial(self.started.emit, seconds))
        menu.addSeparator()
        row = QWidget()
        layout = QHBoxLayout(row)
        layout.setContentsMargins(26, 4, 8, 4)
        layout.setSpacing(8)
        layout.addWidget(QLabel(_("Minutes")))
        self._minutes = QSpinBox()
        self._minutes.setRange(1, _MOST_MINUTES)
        self._minutes.setValue(10)
        self._minutes.setAccessibleName(_("Minutes to record"))
        digits = QFontMetrics(self.font()).horizontalAdvance(str(_MOST_MINUTES))
        self._minutes.setMinimumWidth(digits + 44)
        layout.addWidget(self._minutes, 1)
        button = QPushButton(_("Record"))
        button.setAccessibleName(_("Record for these minutes"))
        button.clicked.connect(self._on_minutes)
        layout.addWidget(button)
        action = QWidgetAction(menu)
        action.setDefaultWidget(row)
        menu.addAction(action)
        return menu

    def _on_clicked(self) -> None:
        if self._recording:
            self.stopped.emit()
        else:
            self.started.emit(None)

    def _on_minutes(self) -> None:
        self._timed.close()
        self.started.emit(self._minutes.value() * _MINUTE)
