"""The contents of the tabs, each made when it is first seen: the window is there sooner."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PyQt6.QtWidgets import QDockWidget, QStackedWidget, QWidget

from desktop.actions import Actions
from desktop.controller import TRAIN, Controller
from desktop.hotplug import watch_cameras
from desktop.messages import Messages
from desktop.panels.detection_tab import DetectionTab
from desktop.settings import Settings
from desktop.verbs.runs import TABS
from desktop.widgets.image_view import ImageView
from engine.i18n import N_

if TYPE_CHECKING:
    from desktop.panels.history import HistoryPanel
    from desktop.panels.train_tab import TrainTab

HISTORY = "history"
TITLES = {**TABS, TRAIN: N_("Train"), HISTORY: N_("History")}
"""Names of the tabs in their order, and what they are called."""
ICONS = {
    "image": "image",
    "video": "film",
    "camera": "camera",
    TRAIN: "curve",
    HISTORY: "history",
}


class Pages(QStackedWidget):
    """One page a tab.

    Args:
        settings: Remembers docks.
        controller: Carries out what is asked for.
        messages: Told what cannot be shown.
        actions: Of the window.
        parent: The owner.
    """

    def __init__(
        self,
        *,
        settings: Settings,
        controller: Controller,
        messages: Messages,
        actions: Actions,
        parent: QWidget | None = None,
    ) -> None:
        """Make the first page."""
        super().__init__(parent)
        self._settings = settings
        self._controller = controller
        self._messages = messages
        self._actions = actions
        self._locked = True
        self._tabs: dict[str, DetectionTab] = {}
        self._train: TrainTab | None = None
        self._history: HistoryPanel | None = None
        self.name = next(iter(TITLES))
        self.show_page(self.name)

    @property
    def tab(self) -> DetectionTab:
        """The page on show, or the last one that detects."""
        return self._tabs[self._controller.current.state.kind]

    @property
    def view(self) -> ImageView:
        """The picture of that page."""
        return self.tab.view

    def show_page(self, name: str) -> None:
        """Show a page, from `TITLES`, and let what is pressed concern it."""
        self.name = name
        if name == HISTORY:
            history = self._history = self._history or self._make_history()
            self.setCurrentWidget(history)
            history.refresh()
            return
        if name == TRAIN:
            train = self._train = self._train or self._make_train()
            self._controller.show_training()
            self.setCurrentWidget(train)
            return
        self._controller.show_workspace(name)
        if name not in self._tabs:
            self._tabs[name] = self._make_tab(name)
            self.addWidget(self._tabs[name])
        self.setCurrentWidget(self._tabs[name])

    def docks(self) -> list[QDockWidget]:
        """Return the docks of the page on show, for the menu that shows and hides them."""
        if self.name == TRAIN and self._train is not None:
            return self._train.docks()
        return [] if self.name == HISTORY else self.tab.docks()

    def lock_docks(self, locked: bool) -> None:
        """Hide the title bars of the docks, by which they are moved, or show them."""
        self._locked = locked
        for tab in self._with_docks():
            tab.lock_docks(locked)

    def reset_layout(self) -> None:
        """Put the docks where they were at first."""
        for tab in self._with_docks():
            tab.reset_layout()

    def close_threads(self) -> None:
        """Keep the layout and end the threads of all pages; they are of no use afterwards."""
        for name, tab in self._tabs.items():
            self._settings.keep_layout(_docks_of(name), tab.saveState())
            tab.close_threads()
        if self._train is not None:
            self._settings.keep_layout(_docks_of(TRAIN), self._train.saveState())
            self._train.close_threads()
        if self._history is not None:
            self._history.close_threads()

    def _make_tab(self, name: str) -> DetectionTab:
        tab = _kind(name)(
            workspace=self._controller.workspaces[name],
            settings=self._settings,
            controller=self._controller,
            messages=self._messages,
            actions=self._actions,
        )
        self._restore(tab, name)
        if name == "camera":
            watch_cameras(self._controller.cameras.refresh, tab)
        return tab

    def _make_train(self) -> TrainTab:
        from desktop.panels.train_tab import TrainTab

        tab = TrainTab(workspace=self._controller.training, messages=self._messages)
        self._restore(tab, TRAIN)
        self.addWidget(tab)
        return tab

    def _restore(self, tab: DetectionTab | TrainTab, name: str) -> None:
        layout = self._settings.layout(_docks_of(name))
        if layout is not None:
            tab.restore_layout(layout)
        tab.lock_docks(self._locked)

    def _with_docks(self) -> list[DetectionTab | TrainTab]:
        return [*self._tabs.values(), *([] if self._train is None else [self._train])]

    def _make_history(self) -> HistoryPanel:
        from desktop.panels import history

        panel = history.HistoryPanel(state=self._controller.front)
        panel.open_requested.connect(self._controller.open_session)
        panel.start_requested.connect(lambda: self._controller.tab_wanted.emit("image"))
        panel.failed.connect(self._messages.error)
        panel.session_moved.connect(lambda old, new: self._controller.forget_session(old))
        self.addWidget(panel)
        return panel


def _kind(name: str) -> Callable[..., DetectionTab]:
    if name == "video":
        from desktop.panels.video_tab import VideoTab

        return VideoTab
    if name == "camera":
        from desktop.panels.camera_tab import CameraTab

        return CameraTab
    from desktop.panels.image_tab import ImageTab

    return ImageTab


def _docks_of(name: str) -> str:
    """Return the name under which the docks of a tab are kept."""
    return "docks" if name == "image" else f"docks-{name}"
