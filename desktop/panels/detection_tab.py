"""What the tabs that detect have in common: a picture in the middle and the docks around it.

The tabs themselves, `image_tab.py`, `video_tab.py` and `camera_tab.py`, add what stands above,
below and behind the picture and what their setup needs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from PyQt6.QtCore import QByteArray, Qt, QTimer
from PyQt6.QtGui import QImage, QResizeEvent, QShowEvent
from PyQt6.QtWidgets import (
    QDockWidget,
    QGridLayout,
    QMainWindow,
    QVBoxLayout,
    QWidget,
)

from desktop.actions import Actions
from desktop.background import Job, start
from desktop.controller import Controller
from desktop.messages import Messages
from desktop.panels.metrics import MetricsPanel
from desktop.panels.parameters import ParameterPanel
from desktop.panels.results import ResultsPanel
from desktop.panels.summary import SummaryPanel
from desktop.presenter import Presenter
from desktop.scene import Overlay, Picture
from desktop.settings import Settings
from desktop.state import ObjectKey, Place
from desktop.widgets.image_view import ImageView
from desktop.widgets.note import Note
from desktop.widgets.scrolled import scrolled
from desktop.workspace import Workspace
from engine.device import names as device_names
from engine.errors import EngineError, StoreError
from engine.i18n import translate as _
from engine.session import Phase
from engine.types import Result

LEFT_WIDTH, RIGHT_WIDTH, BOTTOM_HEIGHT = 264, 256, 220
WIDE_FROM = 1100
IDLE_MS = 300


class DetectionTab(QMainWindow):
    """A picture and what was found in it.

    Args:
        workspace: Of the tab; its state is told what is on screen.
        settings: Remembers columns and docks.
        controller: Carries out what is asked for.
        messages: Told what cannot be shown.
        actions: Of the window.
        parent: The owner.

    Attributes:
        view: The picture.
        left_width: Of the setup.
    """

    left_width = LEFT_WIDTH

    def __init__(
        self,
        *,
        workspace: Workspace,
        settings: Settings,
        controller: Controller,
        messages: Messages,
        actions: Actions,
        parent: QWidget | None = None,
    ) -> None:
        """Assemble the tab."""
        super().__init__(parent)
        self.setWindowFlags(Qt.WindowType.Widget)
        state = workspace.state
        self._workspace = workspace
        self._state = state
        self._settings = settings
        self._controller = controller
        self._actions = actions
        self._arranged = False
        # Making plots takes longer than a frame: it is done before a run could be disturbed.
        self._idle = QTimer(self)
        self._idle.setSingleShot(True)
        self._idle.setInterval(IDLE_MS)
        self._following = False
        self._newest: Place | None = None
        self._shown: Place | None = None
        self._overlay: Overlay | None = None
        self.view = ImageView()
        self._presenter = Presenter(parent=self)
        self._build_centre()
        self._build_docks(controller)
        self._connect()
        for part in (self._presenter, self._results, self._summary, self._metrics):
            part.failed.connect(messages.error)
        self._presenter.failed.connect(self._on_unreadable)
        self._on_background(state.background)
        self._on_place(state.place)
        # A run may be under way already: the window is made anew for another language.
        self._following = self._following or state.phase.busy
        self._on_style()

    def close_threads(self) -> None:
        """End the threads of the panels; the tab is of no use afterwards."""
        self._idle.stop()
        self._results.close_threads()
        self._metrics.close_threads()
        self._presenter.close()

    def docks(self) -> list[QDockWidget]:
        """Return the docks, for the menu that shows and hides them."""
        return self.findChildren(QDockWidget, options=Qt.FindChildOption.FindDirectChildrenOnly)

    def lock_docks(self, locked: bool) -> None:
        """Hide the title bars of the docks, by which they are moved, or show them."""
        for dock in self.docks():
            dock.setTitleBarWidget(QWidget(dock) if locked and not dock.isFloating() else None)

    def reset_layout(self) -> None:
        """Put the docks where they were at first."""
        for dock, area in self._places.items():
            dock.setFloating(False)
            self.addDockWidget(area, dock)
            dock.show()
        self._arrange()

    def showEvent(self, event: QShowEvent | None) -> None:
        """Give the docks their sizes, which they take only once they are shown."""
        super().showEvent(event)
        if not self._arranged:
            self._arranged = True
            self._size_docks()
        if self.width() < WIDE_FROM:
            self._summary_dock.hide()
        self._idle.start()

    def restore_layout(self, layout: QByteArray) -> None:
        """Put the docks where they were left."""
        self._arranged = self.restoreState(layout)

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """Leave out the summary where the window is narrow."""
        super().resizeEvent(event)
        if event is not None and (event.oldSize().width() < WIDE_FROM) != (
            event.size().width() < WIDE_FROM
        ):
            self._summary_dock.setVisible(event.size().width() >= WIDE_FROM)

    def empty(self) -> QWidget:
        """Return what is shown where there is no picture."""
        raise NotImplementedError

    def above(self) -> list[QWidget]:
        """Return what stands above the picture, from top to bottom."""
        raise NotImplementedError

    def below(self) -> list[QWidget]:
        """Return what stands below the picture."""
        return []

    def setup(self) -> list[QWidget]:
        """Return what the setup holds below the parameters; the last one takes what is left."""
        raise NotImplementedError

    def more_docks(self) -> list[tuple[str, str, QWidget]]:
        """Return name, title and content of docks that stand beside the results."""
        return []

    def _build_centre(self) -> None:
        self._empty = self.empty()
        self._unreadable = Note()
        # All in one place: the background picture of the view shows behind the hints.
        stack = QWidget()
        cell = QGridLayout(stack)
        cell.setContentsMargins(0, 0, 0, 0)
        for part in (self.view, self._empty, self._unreadable):
            cell.addWidget(part, 0, 0)
        centre = QWidget()
        layout = QVBoxLayout(centre)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        for part in self.above():
            layout.addWidget(part)
        layout.addWidget(stack, 1)
        for part in self.below():
            layout.addWidget(part)
        self.setCentralWidget(centre)

    def _build_docks(self, controller: Controller) -> None:
        state = self._state
        self._parameters = ParameterPanel(
            state=state, weights=controller.weights.choices, devices=device_names
        )
        setup = QWidget()
        layout = QVBoxLayout(setup)
        layout.setContentsMargins(12, 12, 12, 12)
        layout.setSpacing(16)
        layout.addWidget(self._parameters)
        for part in self.setup():
            layout.addWidget(part)
        layout.setStretch(layout.count() - 1, 1)
        self._summary = SummaryPanel(state=state)
        self._results = ResultsPanel(state=state, settings=self._settings)
        self._metrics = MetricsPanel(state=state)
        left, right, bottom = (
            Qt.DockWidgetArea.LeftDockWidgetArea,
            Qt.DockWidgetArea.RightDockWidgetArea,
            Qt.DockWidgetArea.BottomDockWidgetArea,
        )
        self.setCorner(Qt.Corner.BottomLeftCorner, left)
        self.setCorner(Qt.Corner.BottomRightCorner, bottom)
        self.setDockNestingEnabled(True)
        self._places: dict[QDockWidget, Qt.DockWidgetArea] = {}
        self._dock("setup", _("Setup"), scrolled(setup, self.left_width), left)
        self._summary_dock = self._dock(
            "summary", _("Summary"), scrolled(self._summary, RIGHT_WIDTH), right
        )
        self._results_dock = self._dock("results", _("Results"), self._results, bottom)
        self._beside = [
            self._dock(*more, bottom)
            for more in (*self.more_docks(), ("metrics", _("Live figures"), self._metrics))
        ]
        self._arrange()
        self.lock_docks(True)

    def _dock(
        self, name: str, title: str, widget: QWidget, area: Qt.DockWidgetArea
    ) -> QDockWidget:
        dock = QDockWidget(title, self)
        dock.setObjectName(name)
        dock.setWidget(widget)
        self._places[dock] = area
        self.addDockWidget(area, dock)
        return dock

    def _arrange(self) -> None:
        for dock in self._beside:
            self.tabifyDockWidget(self._results_dock, dock)
        self._results_dock.raise_()
        self._size_docks()

    def _size_docks(self) -> None:
        setup = next(iter(self._places))
        self.resizeDocks(
            [setup, self._summary_dock], [self.left_width, RIGHT_WIDTH], Qt.Orientation.Horizontal
        )
        self.resizeDocks([self._results_dock], [BOTTOM_HEIGHT], Qt.Orientation.Vertical)

    def _connect(self) -> None:
        state, controller = self._state, self._controller
        self._idle.timeout.connect(self._summary.prepare)
        self._idle.timeout.connect(self._metrics.prepare)
        self._presenter.picture_ready.connect(self._on_picture)
        self._presenter.overlay_ready.connect(self._on_overlay)
        self.view.object_clicked.connect(self._on_clicked)
        self.view.zoom_changed.connect(self._presenter.set_zoom)
        self.view.scale_changed.connect(self._presenter.set_scale)
        self._parameters.weights_chosen.connect(controller.weights.choose)
        self._parameters.browse_requested.connect(controller.dialogs.open_weights)
        self._parameters.card_requested.connect(controller.dialogs.model_card)
        self._parameters.official_requested.connect(controller.dialogs.official_weights)
        self._parameters.reset_requested.connect(controller.weights.reset_thresholds)
        self._results.export_requested.connect(self._workspace.exports.ask)
        self._results.folder_requested.connect(self._workspace.exports.open_folder)
        self._results.model_changed.connect(self._summary.set_model)
        self._results.counts_changed.connect(self._summary.set_all_counts)
        self._results.confidences_changed.connect(self._summary.set_confidences)
        self._results.object_record_changed.connect(self._summary.set_object)
        self._workspace.runs.result_came.connect(self._on_result)
        self._workspace.runs.entries_came.connect(self._metrics.add)
        state.place_changed.connect(self._on_place)
        state.phase_changed.connect(self._on_phase)
        state.session_changed.connect(self._reload)
        state.config_changed.connect(self._on_config)
        state.overlay_changed.connect(self._on_style)
        state.selection_changed.connect(self._on_selection)
        state.background_changed.connect(self._on_background)

    def _on_place(self, place: Place | None) -> None:
        self._empty.setVisible(place is None)
        self._unreadable.hide()
        if place is None:
            self._shown = None
            self.view.set_picture(None)
            return
        if place != self._shown:
            self._following = False
            self._show(place)

    def _show(self, place: Place) -> None:
        self._shown = place
        self._overlay = None
        self._summary.set_picture_counts(None)
        # A run that still writes is shown as its results come.
        session = None if self._state.phase.busy else self._state.session
        self._presenter.set_thresholds(self._state.config, self._state.model)
        self._presenter.show(place, session)

    def _reload(self) -> None:
        if self._state.place is not None and not self._state.phase.busy:
            self._show(self._state.place)

    def _on_phase(self, phase: Phase) -> None:
        if phase is Phase.LOADING:
            self._following, self._newest = True, None
            self._settings.change(welcomed=True)
        elif not phase.busy:
            # The last result may be on its way to the screen.
            last = self._newest if self._following else None
            self._following = False
            if last is None or last == self._state.place:
                self._reload()
            else:
                self._state.change(place=last, selection=None)

    def _on_result(self, result: Result) -> None:
        model = self._state.model
        if self._following and model is not None:
            self._newest = Place(result.frame.origin, result.frame.index)
            self._presenter.show_result(result, model)

    def _on_picture(self, picture: Picture) -> None:
        if picture.place != self._state.place:
            if not self._following:
                return
            self._shown = picture.place
            self._state.change(place=picture.place, selection=None)
        self._unreadable.hide()
        self.view.set_picture(picture)
        self.picture_shown(picture)

    def picture_shown(self, picture: Picture | None) -> None:
        """Say what is on screen, or that it cannot be read."""

    def _on_unreadable(self, error: EngineError) -> None:
        # A session that cannot be read comes after its picture, which stays.
        if not isinstance(error, StoreError):
            self.view.set_picture(None)
            self.picture_shown(None)
            self._unreadable.set_text(error.message)
            self._unreadable.show()

    def _on_overlay(self, overlay: Overlay) -> None:
        if overlay.place != self._shown:
            return
        self._overlay = overlay
        self.view.set_overlay(overlay)
        self._summary.set_picture_counts(counts(overlay))
        self._on_selection(self._state.selection)

    def _on_config(self) -> None:
        self._presenter.set_thresholds(self._state.config, self._state.model)

    def _on_style(self) -> None:
        self.view.set_style(self._state.overlay)

    def _on_clicked(self, number: int | None) -> None:
        frame = None if self._overlay is None else self._overlay.frame_id
        chosen = None if number is None or frame is None else ObjectKey(frame, number)
        self._state.change(selection=chosen)

    def _on_selection(self, selection: ObjectKey | None) -> None:
        overlay = self._overlay
        here = overlay is not None and selection is not None
        if here and overlay is not None and selection is not None:
            here = overlay.frame_id == selection.frame_id
        self.view.select(selection.number if here and selection is not None else None)

    def _on_background(self, path: str) -> None:
        if not path:
            self.view.set_background(None)
            return

        def read(job: Job) -> QImage:
            return QImage(path)

        start(self, read, done=self.view.set_background)


def counts(overlay: Overlay) -> Mapping[int, int]:
    """Return the objects on screen by class."""
    if overlay.probabilities is not None:
        return {int(overlay.probabilities.argmax()): 1}
    return Counter(overlay.detections.classes.tolist())
