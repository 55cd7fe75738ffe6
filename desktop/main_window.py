"""The main window: it assembles. Verbs live in the controller, panels in files of their own."""

from __future__ import annotations

from PyQt6.QtCore import QRect, pyqtSignal
from PyQt6.QtGui import QCloseEvent, QGuiApplication
from PyQt6.QtWidgets import QMainWindow, QVBoxLayout, QWidget

from desktop import icons
from desktop.actions import Actions
from desktop.controller import Controller
from desktop.menus import fill_menus
from desktop.messages import Messages
from desktop.panels.pages import ICONS, TITLES, Pages
from desktop.panels.status import StatusBar
from desktop.panels.tab_row import TabRow
from desktop.settings import Settings
from desktop.state import AppState
from desktop.widgets.drop_area import DropArea
from desktop.widgets.message_strip import MessageStrip
from engine.i18n import translate as _

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
        front = controller.front
        training = controller.training
        self._actions = Actions(state=front, training=training.state, parent=self)
        self._tabs = TabRow(
            state=front,
            actions=self._actions,
            tabs=[(ICONS[name], _(words)) for name, words in TITLES.items()],
            recent=lambda: settings.preferences.recent_sources,
        )
        self._pages = Pages(
            settings=settings, controller=controller, messages=messages, actions=self._actions
        )
        centre = QWidget()
        layout = QVBoxLayout(centre)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self._tabs)
        layout.addWidget(MessageStrip(messages=messages))
        layout.addWidget(self._pages, 1)
        self.setCentralWidget(centre)
        self._status = StatusBar(state=front, training=training.state)
        training.runs.grew.connect(self._status.show_training)
        self.setStatusBar(self._status)
        self._drop = DropArea(_("Drop to open"), self)
        fill_menus(
            self.menuBar(),
            self._actions,
            self._pages.docks,
            lock_docks=self._pages.lock_docks,
            reset_layout=self.reset_layout,
        )
        self._connect()
        self._on_title(state.title)
        self._restore()

    def finish(self) -> None:
        """Keep the layout and end the threads of the panels; the window is closed for good."""
        self._finished = True
        self._settings.keep_layout("window", self.saveGeometry())
        self._pages.close_threads()
        self.close()

    def reset_layout(self) -> None:
        """Put windows and docks where they were at first."""
        self._settings.forget_layout()
        self._pages.reset_layout()
        self._place()

    def show_tab(self, name: str) -> None:
        """Go to a tab, by its name in `TITLES`."""
        self._tabs.show_tab(list(TITLES).index(name))

    @property
    def tab(self) -> str:
        """The tab on show."""
        return self._pages.name

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
                "controller": lambda: controller,
                "weights": lambda: controller.weights,
                "videos": lambda: controller.videos,
                "cameras": lambda: controller.cameras,
                "dialogs": lambda: controller.dialogs,
                "training": lambda: controller.training.runs,
                "view": lambda: self._pages.view,
                "window": lambda: self,
            }
        )
        self._drop.dropped.connect(controller.open_mime)
        self._tabs.tab_changed.connect(lambda number: self._pages.show_page(list(TITLES)[number]))
        self._tabs.recent_chosen.connect(lambda path: controller.open([path]))
        self._status.cancel_requested.connect(self._on_cancel)
        for workspace in controller.workspaces.values():
            workspace.exports.progressed.connect(self._status.show_export)
            workspace.runs.entries_came.connect(self._status.add)
        controller.tab_wanted.connect(self.show_tab)
        controller.dialogs.layout_reset.connect(self.reset_layout)
        self._state.title_changed.connect(self._on_title)

    def _on_cancel(self) -> None:
        for workspace in self._controller.workspaces.values():
            workspace.exports.cancel()

    def _on_title(self, title: str) -> None:
        self.setWindowTitle(f"LabSight — {title}" if title else "LabSight")

    def _restore(self) -> None:
        geometry = self._settings.layout("window")
        if geometry is None or not self.restoreGeometry(geometry):
            self._place()

    def _place(self) -> None:
        screen = QGuiApplication.primaryScreen()
        room = screen.availableGeometry() if screen is not None else QRect(0, 0, *SIZE)
        self.resize(min(SIZE[0], room.width()), min(SIZE[1], room.height()))
        self.move(room.center() - self.rect().center())
