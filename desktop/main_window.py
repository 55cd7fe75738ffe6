"""The main window: it assembles. Verbs live in the controller, panels in files of their own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PyQt6.QtCore import QMimeData, QRect, pyqtSignal
from PyQt6.QtGui import QCloseEvent, QGuiApplication
from PyQt6.QtWidgets import QMainWindow, QStackedWidget, QVBoxLayout, QWidget

from desktop import icons
from desktop.actions import Actions
from desktop.controller import Controller
from desktop.menus import fill_menus
from desktop.messages import Messages
from desktop.panels.image_tab import ImageTab
from desktop.panels.status import StatusBar
from desktop.panels.tab_row import TabRow
from desktop.settings import Settings
from desktop.state import AppState
from desktop.widgets.drop_area import DropArea
from desktop.widgets.message_strip import MessageStrip
from engine.i18n import translate as _

if TYPE_CHECKING:
    from desktop.panels.history import HistoryPanel

SIZE = (1440, 900)
SMALLEST = (720, 480)


class MainWindow(QMainWindow):
    """The one window, in one language and one theme; another one replaces it for another.

    Args:
        state: Shown.
        settings: Remembers geometry and docks.
        controller: Carries out what is asked for.
        messages: Shown above the tabs' contents.

    Signals:
        close_asked: The person wants to quit; whoever listens decides.
    """

    close_asked = pyqtSignal()

    def __init__(
        self, *, state: AppState, settings: Settings, controller: Controller, messages: Messages
    ) -> None:
        """Assemble the window."""
        super().__init__()
        self._state = state
        self._settings = settings
        self._controller = controller
        self._messages = messages
        self._finished = False
        self.setObjectName("window")
        self.setWindowIcon(icons.app_icon())
        self.setMinimumSize(*SMALLEST)
        self._actions = Actions(state=state, parent=self)
        self._tabs = TabRow(
            state=state,
            actions=self._actions,
            tabs=[("image", _("Image")), ("history", _("History"))],
            recent=lambda: settings.preferences.recent_sources,
        )
        self._images = ImageTab(
            state=state,
            settings=settings,
            controller=controller,
            messages=messages,
            actions=self._actions,
        )
        self._history: HistoryPanel | None = None
        self._pages = QStackedWidget()
        self._pages.addWidget(self._images)
        centre = QWidget()
        layout = QVBoxLayout(centre)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self._tabs)
        layout.addWidget(MessageStrip(messages=messages))
        layout.addWidget(self._pages, 1)
        self.setCentralWidget(centre)
        self._status = StatusBar(state=state)
        self.setStatusBar(self._status)
        self._drop = DropArea(_("Drop to open"), self)
        fill_menus(
            self.menuBar(),
            self._actions,
            self._images.docks(),
            lock_docks=self._images.lock_docks,
            reset_layout=self.reset_layout,
        )
        self._connect()
        self._on_title(state.title)
        self._restore()

    def finish(self) -> None:
        """Keep the layout and end the threads of the panels; the window is closed for good."""
        self._finished = True
        self._settings.keep_layout("window", self.saveGeometry())
        self._settings.keep_layout("docks", self._images.saveState())
        self._images.close_threads()
        if self._history is not None:
            self._history.close_threads()
        self.close()

    def reset_layout(self) -> None:
        """Put windows and docks where they were at first."""
        self._settings.forget_layout()
        self._images.reset_layout()
        self._place()

    def show_tab(self, number: int) -> None:
        """Go to a tab, from 0."""
        self._tabs.show_tab(number)

    @property
    def tab(self) -> int:
        """The tab on show, from 0."""
        return self._pages.currentIndex()

    def closeEvent(self, event: QCloseEvent | None) -> None:
        """Ask whoever owns the window, unless they have said yes."""
        assert event is not None
        if self._finished:
            event.accept()
            return
        event.ignore()
        self.close_asked.emit()

    def _connect(self) -> None:
        controller = self._controller
        self._actions.connect(
            {
                "controller": controller,
                "sources": controller.sources,
                "weights": controller.weights,
                "runs": controller.runs,
                "exports": controller.exports,
                "dialogs": controller.dialogs,
                "view": self._images.view,
                "window": self,
            }
        )
        self._drop.dropped.connect(self._on_dropped)
        self._tabs.tab_changed.connect(self._on_tab)
        self._tabs.recent_chosen.connect(lambda path: controller.sources.open([path]))
        self._status.cancel_requested.connect(controller.exports.cancel)
        controller.exports.progressed.connect(self._status.show_export)
        controller.runs.entries_came.connect(self._status.add)
        controller.dialogs.layout_reset.connect(self.reset_layout)
        self._state.title_changed.connect(self._on_title)

    def _on_tab(self, number: int) -> None:
        if number and self._history is None:
            self._history = self._make_history()
            self._pages.addWidget(self._history)
        self._pages.setCurrentIndex(number)
        if number and self._history is not None:
            self._history.refresh()

    def _make_history(self) -> HistoryPanel:
        # Made when it is first seen: the window is there sooner without it.
        from desktop.panels import history

        panel = history.HistoryPanel(state=self._state)
        panel.open_requested.connect(self._on_open_session)
        panel.start_requested.connect(lambda: self.show_tab(0))
        panel.failed.connect(self._messages.error)
        panel.session_moved.connect(lambda old, new: self._controller.views.forget(old))
        return panel

    def _on_dropped(self, data: QMimeData) -> None:
        if self._controller.sources.open_mime(data):
            self.show_tab(0)

    def _on_open_session(self, path: Path) -> None:
        self._controller.views.open(path)
        self.show_tab(0)

    def _on_title(self, title: str) -> None:
        self.setWindowTitle(f"LabSight — {title}" if title else "LabSight")

    def _restore(self) -> None:
        geometry, docks = self._settings.layout("window"), self._settings.layout("docks")
        if geometry is None or not self.restoreGeometry(geometry):
            self._place()
        if docks is not None:
            self._images.restore_layout(docks)

    def _place(self) -> None:
        screen = QGuiApplication.primaryScreen()
        room = screen.availableGeometry() if screen is not None else QRect(0, 0, *SIZE)
        self.resize(min(SIZE[0], room.width()), min(SIZE[1], room.height()))
        self.move(room.center() - self.rect().center())
