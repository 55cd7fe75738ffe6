"""The verbs of the application, gathered, and what happens between them.

The verbs themselves live in `desktop.verbs`, one module a noun.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

from PyQt6.QtCore import QObject
from PyQt6.QtWidgets import QWidget

from desktop.background import Job, start
from desktop.messages import Act, Kind, Message, Messages
from desktop.settings import Settings
from desktop.state import AppState
from desktop.verbs.dialogs import DialogVerbs
from desktop.verbs.exports import ExportVerbs
from desktop.verbs.runs import RunVerbs
from desktop.verbs.sources import SourceVerbs
from desktop.verbs.views import ViewVerbs
from desktop.verbs.weights import WeightVerbs
from engine.i18n import translate as _
from engine.inference.shelf import DetectorShelf


class Controller(QObject):
    """Owns the verbs.

    Args:
        state: What they change.
        settings: What they remember.
        messages: Where they speak.
        shelf: Where detectors are kept between runs.
        window: Returns the window that dialogs belong to.
        parent: The owner.

    Attributes:
        sources, weights, runs, views, exports, dialogs: The verbs by noun.
    """

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
        self._state = state
        self._settings = settings
        self._messages = messages
        self.weights = WeightVerbs(
            state=state, settings=settings, messages=messages, parent=self
        )
        self.sources = SourceVerbs(
            state=state, settings=settings, messages=messages, parent=self
        )
        self.views = ViewVerbs(state=state, messages=messages, parent=self)
        self.runs = RunVerbs(
            state=state, settings=settings, messages=messages, shelf=shelf, parent=self
        )
        self.exports = ExportVerbs(
            state=state, settings=settings, messages=messages, window=window, parent=self
        )
        self.dialogs = DialogVerbs(
            state=state,
            settings=settings,
            messages=messages,
            sources=self.sources,
            weights=self.weights,
            window=window,
            parent=self,
        )
        self.sources.weights_dropped.connect(self.weights.choose)
        self.sources.session_dropped.connect(self.views.open)
        self.sources.samples_ready.connect(self.detect)

    def start(self) -> None:
        """Do what a start does once the window is up."""
        self.weights.start()
        self.offer_unfinished()

    def close(self) -> None:
        """End everything that is under way, in the order that loses nothing."""
        self.exports.cancel()
        self.runs.close()
        self.views.close()

    def detect(self) -> None:
        """Work through the files of the list."""
        self.runs.detect(self.sources.asked)

    def previous(self) -> None:
        """Show the file before."""
        self.sources.step(-1)

    def next(self) -> None:
        """Show the file after."""
        self.sources.step(1)

    def toggle_overlay(self) -> None:
        """Show the picture with or without what was found."""
        self._overlay(visible=not self._state.overlay.visible)

    def toggle_masks(self) -> None:
        """Show or hide masks."""
        self._overlay(masks=not self._state.overlay.masks)

    def toggle_boxes(self) -> None:
        """Show or hide the boxes around masks."""
        self._overlay(boxes=not self._state.overlay.boxes)

    def toggle_labels(self) -> None:
        """Show or hide labels."""
        self._overlay(labels=not self._state.overlay.labels)

    def export_excel(self) -> None:
        """Export all objects to Excel."""
        self.exports.ask("excel")

    def export_csv(self) -> None:
        """Export all objects to CSV."""
        self.exports.ask("csv")

    def export_coco(self) -> None:
        """Export all objects as COCO labels."""
        self.exports.ask("coco")

    def export_yolo(self) -> None:
        """Export all objects as YOLO labels."""
        self.exports.ask("yolo")

    def export_labelme(self) -> None:
        """Export all objects as LabelMe labels."""
        self.exports.ask("labelme")

    def offer_unfinished(self) -> None:
        """Look for a session that a crash cut short and offer to open it."""

        def look(job: Job) -> Path | None:
            from engine.history import unfinished

            return next(iter(unfinished()), None)

        def offer(path: Path | None) -> None:
            if path is not None and self._state.session is None:
                self._messages.show(
                    Message(
                        _("A run was cut short: {name}.").format(name=path.parent.name),
                        Kind.WARNING,
                        _("Everything up to its last second is there."),
                        act=Act(_("Open it"), lambda: self.views.open(path)),
                    )
                )

        start(self, look, done=offer, failed=self._messages.error)

    def _overlay(self, **values: bool) -> None:
        self._state.change(overlay=dataclasses.replace(self._state.overlay, **values))
