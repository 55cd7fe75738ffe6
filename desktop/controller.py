"""The verbs of the application, gathered, and what happens between them.

The verbs themselves live in `desktop.verbs`, one module a noun.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path, PurePath

from PyQt6.QtCore import QMimeData, QObject, pyqtSignal
from PyQt6.QtWidgets import QWidget

from desktop.background import Job, start
from desktop.messages import Act, Kind, Message, Messages
from desktop.settings import Settings
from desktop.state import SHARED, AppState, Values, group
from desktop.training_workspace import TrainingWorkspace
from desktop.verbs.cameras import CameraVerbs
from desktop.verbs.dialogs import DialogVerbs
from desktop.verbs.runs import TABS
from desktop.verbs.sources import SourceVerbs
from desktop.verbs.videos import VideoVerbs
from desktop.verbs.weights import WeightVerbs
from desktop.workspace import Workspace
from engine.i18n import translate as _
from engine.inference.shelf import DetectorShelf
from engine.sources.live import is_live
from engine.suffixes import VIDEO_SUFFIXES

TRAIN = "train"
"""The kind of the tab that trains, beside those of the tabs that detect."""


class Controller(QObject):
    """Owns the verbs.

    Args:
        state: Of the pictures; those of videos and cameras begin with what it holds.
        settings: What they remember.
        messages: Where they speak.
        shelf: Where detectors are kept between runs.
        window: Returns the window that dialogs belong to.
        parent: The owner.

    Attributes:
        workspaces: State and verbs of each tab that detects, by kind.
        front: A state that is as the one of the tab on show; to be read only.
        weights, dialogs, videos, cameras: Verbs by noun.
        training: State and verbs of the tab that trains.

    Signals:
        tab_wanted: str, the kind of the tab that something was opened in.
    """

    tab_wanted = pyqtSignal(str)

    def __init__(
        self,
        *,
        state: AppState,
        settings: Settings,
        messages: Messages,
        shelf: DetectorShelf,
        window: Callable[[], QWidget | None],
        parent: QObject | None = None,
    ) -> None:
        """Make the verbs and connect them."""
        super().__init__(parent)
        self._settings = settings
        self._messages = messages
        self._shelf = shelf
        shared = {name: getattr(state, name) for name in SHARED}
        states = {
            kind: state if kind == state.kind else AppState(Values(kind=kind, **shared), self)
            for kind in TABS
        }
        # The tab that trains has nothing of what a tab with a picture has.
        self._pictureless = AppState(Values(kind=TRAIN, **shared), self)
        group(*states.values(), self._pictureless)
        self.workspaces = {
            kind: Workspace.of(
                each,
                settings=settings,
                messages=messages,
                shelf=shelf,
                window=window,
                parent=self,
            )
            for kind, each in states.items()
        }
        self.front = AppState(parent=self)
        self._current = self.workspaces[state.kind]
        self._reflected = state
        self.show_workspace(state.kind)
        self.weights = WeightVerbs(
            state=state, settings=settings, messages=messages, parent=self
        )
        self.videos = VideoVerbs(
            workspace=self.workspaces["video"], messages=messages, shelf=shelf, parent=self
        )
        self.cameras = CameraVerbs(
            workspace=self.workspaces["camera"], settings=settings, messages=messages, parent=self
        )
        self.dialogs = DialogVerbs(
            state=state,
            settings=settings,
            messages=messages,
            open_files=self.open,
            weights=self.weights,
            window=window,
            parent=self,
        )
        self.training = TrainingWorkspace.of(
            settings=settings, messages=messages, window=window, parent=self
        )
        self.training.runs.tab_wanted.connect(lambda: self.tab_wanted.emit(TRAIN))
        self.training.runs.weights_wanted.connect(self._detect_with)
        for workspace in self.workspaces.values():
            workspace.sources.redirect = self._workspace_for
            workspace.sources.weights_dropped.connect(self.weights.choose)
            workspace.sources.session_dropped.connect(self.open_session)
            workspace.sources.samples_ready.connect(self._detect_samples)

    @property
    def current(self) -> Workspace:
        """The workspace of the tab on show, or of the last one that detects."""
        return self._current

    def show_workspace(self, kind: str) -> None:
        """Let what is pressed concern the tab of a kind."""
        self._current = self.workspaces[kind]
        self._reflect(self._current.state)

    def show_training(self) -> None:
        """Let what is pressed concern the tab that trains."""
        self._reflect(self._pictureless)

    def start(self) -> None:
        """Do what a start does once the window is up."""
        self.weights.start()
        self.training.start()
        self.offer_unfinished()

    def close(self) -> None:
        """End everything that is under way, in the order that loses nothing."""
        self.training.close()
        self.videos.close()
        self.cameras.close()
        for workspace in self.workspaces.values():
            workspace.close()
        self._shelf.clear()

    def open(self, paths: Sequence[Path]) -> None:
        """Open files and folders, sessions and weights among them, in the tab they belong to."""
        self.current.sources.open(paths)

    def open_mime(self, data: QMimeData) -> bool:
        """Open what was dropped or pasted and tell whether there was anything to open."""
        if self.front.kind == TRAIN and self.training.setup.open_mime(data):
            return True
        return self.current.sources.open_mime(data)

    def paste(self) -> None:
        """Open what is in the clipboard."""
        self.current.sources.paste()

    def try_samples(self) -> None:
        """Render sample pictures, open them and detect."""
        self.tab_wanted.emit("image")
        self.workspaces["image"].sources.try_samples()

    def open_session(self, path: Path) -> None:
        """Show a session from disk in the tab that its sources belong to."""

        def look(job: Job) -> str:
            from engine.store import SessionReader

            with SessionReader.open(path) as reader:
                return kind_of(reader.run.sources)

        def show(kind: str) -> None:
            self.tab_wanted.emit(kind)
            self.workspaces[kind].views.open(path)

        # Settings of the session would give way to those of weights that come later.
        self.weights.when_read(
            lambda: start(self, look, done=show, failed=self._messages.error)
        )

    def forget_session(self, folder: Path) -> None:
        """Take a session that was moved or deleted off the screen."""
        for workspace in self.workspaces.values():
            workspace.views.forget(folder)

    def detect(self) -> None:
        """Start what the tab on show is there for."""
        kind = self.front.kind
        if kind == TRAIN:
            self.training.runs.begin()
        elif kind == "image":
            self.current.runs.detect(self.current.sources.asked)
        elif kind == "video":
            self.videos.process()
        else:
            self.cameras.start()

    def resume_run(self) -> None:
        """Go on with the run on show, which was cut short."""
        self.current.runs.resume_run()

    def pause_or_resume(self) -> None:
        """Hold the run before its next frame, or go on."""
        self.current.runs.pause_or_resume()

    def stop(self) -> None:
        """End the run; what was found is kept."""
        self.current.runs.stop()

    def open_folder(self) -> None:
        """Show the folder of the session on show."""
        self.current.exports.open_folder()

    def previous(self) -> None:
        """Show the file before."""
        self.current.sources.step(-1)

    def next(self) -> None:
        """Show the file after."""
        self.current.sources.step(1)

    def toggle_overlay(self) -> None:
        """Show the picture with or without what was found."""
        self._overlay(visible=not self.current.state.overlay.visible)

    def toggle_masks(self) -> None:
        """Show or hide masks."""
        self._overlay(masks=not self.current.state.overlay.masks)

    def toggle_boxes(self) -> None:
        """Show or hide the boxes around masks."""
        self._overlay(boxes=not self.current.state.overlay.boxes)

    def toggle_labels(self) -> None:
        """Show or hide labels."""
        self._overlay(labels=not self.current.state.overlay.labels)

    def export_excel(self) -> None:
        """Export all objects to Excel."""
        self.current.exports.ask("excel")

    def export_csv(self) -> None:
        """Export all objects to CSV."""
        self.current.exports.ask("csv")

    def export_coco(self) -> None:
        """Export all objects as COCO labels."""
        self.current.exports.ask("coco")

    def export_yolo(self) -> None:
        """Export all objects as YOLO labels."""
        self.current.exports.ask("yolo")

    def export_labelme(self) -> None:
        """Export all objects as LabelMe labels."""
        self.current.exports.ask("labelme")

    def offer_unfinished(self) -> None:
        """Look for a session that a crash cut short and offer to open it."""

        def look(job: Job) -> Path | None:
            from engine.history import unfinished

            return next(iter(unfinished()), None)

        def offer(path: Path | None) -> None:
            if path is not None and all(
                each.state.session is None for each in self.workspaces.values()
            ):
                self._messages.show(
                    Message(
                        _("A run was cut short: {name}.").format(name=path.parent.name),
                        Kind.WARNING,
                        _("Everything up to its last second is there."),
                        act=Act(_("Open it"), lambda: self.open_session(path)),
                    )
                )

        start(self, look, done=offer, failed=self._messages.error)

    def _reflect(self, state: AppState) -> None:
        self._reflected.reflect(None)
        self._reflected = state
        state.reflect(self.front)

    def _detect_with(self, weights: Path) -> None:
        """Use the weights of a training where pictures are."""
        self.tab_wanted.emit("image")
        self.weights.choose(weights)

    def _detect_samples(self) -> None:
        images = self.workspaces["image"]
        images.runs.detect(images.sources.asked)

    def _workspace_for(self, files: Sequence[Path]) -> SourceVerbs:
        """Return where files belong, and let its tab be shown."""
        kind = kind_of([str(path) for path in files])
        self.tab_wanted.emit(kind)
        return self.workspaces[kind].sources

    def _overlay(self, **values: bool) -> None:
        self.current.state.change(overlay=dataclasses.replace(self.current.state.overlay, **values))


def kind_of(sources: Sequence[str]) -> str:
    """Return the kind of the tab that sources belong to."""
    if sources and all(is_live(source) for source in sources):
        return "camera"
    suffixes = {PurePath(source).suffix.lower() for source in sources}
    return "video" if suffixes and suffixes <= VIDEO_SUFFIXES else "image"
