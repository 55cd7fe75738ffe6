"""The tab that trains: the setup at the left, the run on show and the list of runs beside it."""

from __future__ import annotations

from pathlib import Path

from PyQt6.QtCore import QByteArray, QEvent, QSize, Qt, QUrl
from PyQt6.QtGui import QDesktopServices, QKeyEvent, QShowEvent
from PyQt6.QtWidgets import (
    QApplication,
    QDockWidget,
    QHBoxLayout,
    QMainWindow,
    QPushButton,
    QStackedWidget,
    QTabBar,
    QVBoxLayout,
    QWidget,
)

from desktop.messages import Act, Messages
from desktop.panels.train_facts import RunFacts
from desktop.panels.train_setup import SetupPanel
from desktop.panels.training.live import LivePanel
from desktop.panels.training.runs_list import RunsPanel
from desktop.training_workspace import TrainingWorkspace
from desktop.widgets.buttons import text_button
from desktop.widgets.scrolled import scrolled
from engine.i18n import translate as _
from engine.training.config import TrainConfig
from engine.training.folder import RunFolder
from engine.training.record import Stage

LEFT_WIDTH = 264
BAR_HEIGHT = 40
LIVE, RUNS = 0, 1


class TrainTab(QMainWindow):
    """A training: what it is told, how it goes, and all that were before.

    Args:
        workspace: Whose state is shown and whose verbs are asked.
        messages: Told what cannot be shown.
        parent: The owner.

    Attributes:
        live: The run on show.
        runs: The list of runs.
    """

    def __init__(
        self, *, workspace: TrainingWorkspace, messages: Messages, parent: QWidget | None = None
    ) -> None:
        """Assemble the tab."""
        super().__init__(parent)
        self.setWindowFlags(Qt.WindowType.Widget)
        self._state = workspace.state
        self._workspace = workspace
        self._messages = messages
        self._arranged = False
        self.live = LivePanel()
        self.runs = RunsPanel()
        self.live.failed.connect(messages.error)
        self.runs.failed.connect(messages.error)
        self._build_centre()
        self._build_dock()
        self._connect()
        self._on_run()
        self._on_stage()
        workspace.setup.refresh_choices()

    def docks(self) -> list[QDockWidget]:
        """Return the docks, for the menu that shows and hides them."""
        return [self._dock]

    def lock_docks(self, locked: bool) -> None:
        """Hide the title bar of the dock, by which it is moved, or show it."""
        bar = QWidget(self._dock) if locked and not self._dock.isFloating() else None
        self._dock.setTitleBarWidget(bar)

    def reset_layout(self) -> None:
        """Put the dock where it was at first."""
        self._dock.setFloating(False)
        self.addDockWidget(Qt.DockWidgetArea.LeftDockWidgetArea, self._dock)
        self._dock.show()
        self._size_dock()

    def restore_layout(self, layout: QByteArray) -> None:
        """Put the dock where it was left."""
        self._arranged = self.restoreState(layout)

    def close_threads(self) -> None:
        """End the threads of the panels; the tab is of no use afterwards."""
        self._workspace.dialogs.close()
        self.live.close_threads()
        self.runs.close_threads()

    def showEvent(self, event: QShowEvent | None) -> None:
        """Give the dock its size, which it takes only once it is shown."""
        super().showEvent(event)
        if not self._arranged:
            self._arranged = True
            self._size_dock()
        self._workspace.setup.refresh_choices()
        self._workspace.runs.forget_offer()

    def event(self, event: QEvent | None) -> bool:
        """Keep the key that reads the list again from the action of the window that has it too."""
        if (
            event is not None
            and event.type() == QEvent.Type.ShortcutOverride
            and (self._reads_again(event))
        ):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        """Read the list again."""
        if event is not None and self._reads_again(event):
            self.runs.refresh()
            return
        super().keyPressEvent(event)

    def show_page(self, page: int) -> None:
        """Show `LIVE` or `RUNS`."""
        self._bar.setCurrentIndex(page)

    def _reads_again(self, event: QEvent) -> bool:
        focus = QApplication.focusWidget()
        key = event.key() if isinstance(event, QKeyEvent) else None
        return key == Qt.Key.Key_F5 and focus is not None and self.runs.isAncestorOf(focus)

    def _size_dock(self) -> None:
        self.resizeDocks([self._dock], [LEFT_WIDTH], Qt.Orientation.Horizontal)

    def _build_centre(self) -> None:
        self._bar = QTabBar()
        self._bar.setDrawBase(False)
        self._bar.setExpanding(False)
        self._bar.setIconSize(QSize(16, 16))
        self._bar.setAccessibleName(_("The run or all runs"))
        self._bar.addTab(_("Live"))
        self._bar.addTab(_("Runs"))
        runs, dialogs = self._workspace.runs, self._workspace.dialogs
        self._back = QPushButton(_("Show the training under way"))
        self._back.setProperty("role", "link")
        self._back.clicked.connect(lambda checked=False: runs.show_under_way())
        self._go_on = text_button("play", _("Go on training"))
        self._go_on.clicked.connect(lambda checked=False: runs.go_on_shown())
        self._extend = text_button("plus", _("Extend…"))
        self._extend.clicked.connect(lambda checked=False: dialogs.extend_shown())
        self._use = text_button("check", _("Use this model now"))
        self._use.clicked.connect(lambda checked=False: runs.use_best())
        bar = QWidget()
        bar.setObjectName("bar")
        bar.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        bar.setFixedHeight(BAR_HEIGHT)
        row = QHBoxLayout(bar)
        row.setContentsMargins(8, 0, 12, 0)
        row.setSpacing(8)
        row.addWidget(self._bar)
        row.addStretch(1)
        for button in (self._back, self._go_on, self._extend, self._use):
            row.addWidget(button)
        self._pages = QStackedWidget()
        self._pages.addWidget(self.live)
        self._pages.addWidget(self.runs)
        self._bar.currentChanged.connect(self._on_page)
        centre = QWidget()
        layout = QVBoxLayout(centre)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(bar)
        layout.addWidget(self._pages, 1)
        self.setCentralWidget(centre)

    def _build_dock(self) -> None:
        self._setup = SetupPanel(workspace=self._workspace)
        self._facts = RunFacts(state=self._state)
        both = QWidget()
        layout = QVBoxLayout(both)
        layout.setContentsMargins(12, 12, 12, 12)
        layout.setSpacing(0)
        layout.addWidget(self._setup)
        layout.addWidget(self._facts)
        self._dock = QDockWidget(_("Setup"), self)
        self._dock.setObjectName("setup")
        self._dock.setWidget(scrolled(both, LEFT_WIDTH))
        self.addDockWidget(Qt.DockWidgetArea.LeftDockWidgetArea, self._dock)
        self.lock_docks(True)

    def _connect(self) -> None:
        runs, dialogs = self._workspace.runs, self._workspace.dialogs
        runs.grew.connect(self._on_grown)
        self.live.folder_requested.connect(dialogs.open_run_folder)
        self._state.record_changed.connect(self._on_run)
        self._state.stage_changed.connect(self._on_stage)
        self._state.engaged_changed.connect(self._on_stage)
        self.runs.watch_requested.connect(self._on_watch)
        self.runs.use_requested.connect(runs.use_best)
        self.runs.resume_requested.connect(self._on_resume)
        self.runs.extend_requested.connect(dialogs.extend)
        self.runs.settings_requested.connect(self._on_settings)
        self.runs.report_written.connect(self._on_report)
        self.runs.start_requested.connect(lambda: self.show_page(LIVE))

    def _on_page(self, page: int) -> None:
        self._pages.setCurrentIndex(page)
        self._on_stage()

    def _on_run(self) -> None:
        self.live.show_record(self._state.record, self._state.run)
        self._on_stage()

    def _on_grown(self) -> None:
        self.live.refresh()
        if self._facts.isVisible():
            self._facts.refresh()

    def _on_stage(self) -> None:
        state, under_way = self._state, self._workspace.runs.under_way
        record = state.record
        ended = state.run is not None and record is not None and not state.stage.busy
        learned = ended and record is not None and bool(record.epochs)
        unfinished = state.stage in (Stage.CANCELLED, Stage.INTERRUPTED, Stage.FAILED)
        live = self._bar.currentIndex() == LIVE
        other = under_way is not None and state.run is not under_way
        self._back.setVisible(live and other)
        self._go_on.setVisible(live and learned and unfinished and not state.engaged)
        self._extend.setVisible(live and learned and not unfinished and not state.engaged)
        self._use.setVisible(live and learned)
        self._setup.setVisible(not state.engaged)
        self._facts.setVisible(state.engaged)
        if state.engaged:
            self._facts.refresh()

    def _on_watch(self, folder: RunFolder) -> None:
        self._workspace.runs.watch(folder)
        self.show_page(LIVE)

    def _on_resume(self, folder: RunFolder) -> None:
        self._workspace.runs.go_on(folder)
        self.show_page(LIVE)

    def _on_report(self, path: Path) -> None:
        url = QUrl.fromLocalFile(str(path))
        self._messages.info(
            _("The report is written: {name}.").format(name=path.name),
            act=Act(_("Open it"), lambda: QDesktopServices.openUrl(url)),
        )

    def _on_settings(self, config: TrainConfig) -> None:
        self._workspace.setup.use_settings(config)
        self.show_page(LIVE)
