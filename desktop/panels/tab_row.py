"""The row of tabs, with the buttons of a run at its right."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from PyQt6.QtCore import QSize, Qt, pyqtSignal
from PyQt6.QtGui import QKeySequence, QResizeEvent
from PyQt6.QtWidgets import QHBoxLayout, QLayout, QMenu, QPushButton, QTabBar, QWidget

from desktop import icons
from desktop.actions import PRIMARY, Actions
from desktop.state import AppState
from desktop.widgets.buttons import action_button, beside, text_button
from engine.i18n import translate as _
from engine.session import Phase

HEIGHT = 45


class TabRow(QWidget):
    """Tabs at the left; Open, Pause, Stop and Detect at the right, always in this order.

    Where a training is shown, Cancel and Stop early stand in the places of Pause and Stop.

    Args:
        state: Read and listened to.
        actions: Of the window.
        tabs: Icon and words of each tab.
        recent: Returns the files and folders opened last.
        parent: The owner.

    Signals:
        tab_changed: int, the tab from 0.
        recent_chosen: Path to open again.
    """

    tab_changed = pyqtSignal(int)
    recent_chosen = pyqtSignal(object)

    def __init__(
        self,
        *,
        state: AppState,
        actions: Actions,
        tabs: Sequence[tuple[str, str]],
        recent: Callable[[], Sequence[str]],
        parent: QWidget | None = None,
    ) -> None:
        """Show the first tab."""
        super().__init__(parent)
        self._state = state
        self._actions = actions
        self._recent = recent
        self._icons = [name for name, _words in tabs]
        self._words = [words for _name, words in tabs]
        self._terse = False
        self.setObjectName("tabrow")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedHeight(HEIGHT)
        self._tabs = QTabBar()
        self._tabs.setObjectName("tabs")
        self._tabs.setExpanding(False)
        self._tabs.setDrawBase(False)
        self._tabs.setUsesScrollButtons(False)
        self._tabs.setElideMode(Qt.TextElideMode.ElideNone)
        self._tabs.setIconSize(QSize(18, 18))
        self._tabs.setAccessibleName(_("Tabs"))
        for name, words in tabs:
            self._tabs.addTab(icons.icon(name, "muted"), words)
        self._tabs.currentChanged.connect(self._on_tab)
        layout = QHBoxLayout(self)
        # What does not fit loses its words; it keeps no window wide.
        layout.setSizeConstraint(QLayout.SizeConstraint.SetNoConstraint)
        layout.setContentsMargins(8, 0, 8, 0)
        layout.setSpacing(8)
        layout.addWidget(self._tabs)
        layout.addStretch(1)
        self._open = self._open_button()
        layout.addWidget(self._open)
        self._pause = action_button(actions["pause"], "pause")
        self._stop = action_button(actions["stop"], "stop")
        self._detect = action_button(actions["detect"], "play", role="primary")
        self._cancel = action_button(actions["cancel_training"], "close")
        self._stop_early = action_button(actions["stop_early"], "stop")
        buttons = self._pause, self._stop, self._cancel, self._stop_early, self._detect
        for button in buttons:
            layout.addWidget(button)
        state.phase_changed.connect(self._on_phase)
        state.kind_changed.connect(self._on_kind)
        self._cancel.setText(beside(_("Cancel")))
        self._on_kind(state.kind)
        self._on_phase(state.phase)
        self._on_tab(0)

    def show_tab(self, number: int) -> None:
        """Go to a tab."""
        self._tabs.setCurrentIndex(number)

    def _open_button(self) -> QPushButton:
        button = text_button("folder", _("Open"))
        button.setProperty("menu", "true")
        menu = QMenu(button)
        for name in ("open_pictures", "open_folder", "paste", "samples"):
            menu.addAction(self._actions[name])
        menu.addSeparator()
        recent = menu.addMenu(icons.icon("history"), _("Recent"))
        assert recent is not None
        recent.aboutToShow.connect(lambda: self._fill_recent(recent))
        menu.aboutToShow.connect(lambda: recent.setEnabled(bool(self._recent())))
        button.setMenu(menu)
        return button

    def _fill_recent(self, menu: QMenu) -> None:
        menu.clear()
        for spec in self._recent():
            action = menu.addAction(Path(spec).name or spec)
            assert action is not None
            action.setToolTip(spec)
            action.triggered.connect(
                lambda checked=False, spec=spec: self.recent_chosen.emit(Path(spec))
            )
        menu.setToolTipsVisible(True)

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """Leave only icons of the tabs that are not on show where there is no room for words."""
        super().resizeEvent(event)
        self._fit()

    def minimumSizeHint(self) -> QSize:
        """Return a size that never keeps the window from becoming narrow."""
        return QSize(0, HEIGHT)

    def _fit(self) -> None:
        layout = self.layout()
        assert layout is not None
        self._show_words(False)
        self._show_words(layout.sizeHint().width() > self.width())

    def _show_words(self, terse: bool) -> None:
        self._terse = terse
        for place, words in enumerate(self._words):
            shown = not terse or place == self._tabs.currentIndex()
            self._tabs.setTabText(place, words if shown else "")
            self._tabs.setTabToolTip(place, "" if shown else words)
        self._open.setText("" if terse else beside(_("Open")))
        self._open.setToolTip(_("Open") if terse else "")

    def _on_tab(self, number: int) -> None:
        for place, name in enumerate(self._icons):
            token = "accent" if place == number else "muted"
            self._tabs.setTabIcon(place, icons.icon(name, token))
        self._show_words(self._terse)
        self.tab_changed.emit(number)

    def _on_phase(self, phase: Phase) -> None:
        self._pause.setVisible(phase.busy and self._state.kind != "train")
        paused = phase is Phase.PAUSED
        self._pause.setText(beside(_("Resume") if paused else _("Pause")))
        self._pause.setIcon(icons.icon("play" if paused else "pause"))
        self._fit()

    def _on_kind(self, kind: str) -> None:
        words = _(PRIMARY[kind])
        trains = kind == "train"
        for button in (self._open, self._stop):
            button.setVisible(not trains)
        for button in (self._cancel, self._stop_early):
            button.setVisible(trains)
        self._detect.setText(beside(words))
        self._detect.setAccessibleName(words)
        keys = self._actions["detect"].shortcut().toString(
            QKeySequence.SequenceFormat.NativeText
        )
        self._detect.setToolTip(f"{words} ({keys})")
        self._fit()
