"""What belongs to one of the tabs that detect: its state and the verbs that work on it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PyQt6.QtCore import QObject
from PyQt6.QtWidgets import QWidget

from desktop.messages import Messages
from desktop.settings import Settings
from desktop.state import AppState
from desktop.verbs.exports import ExportVerbs
from desktop.verbs.runs import RunVerbs
from desktop.verbs.sources import SourceVerbs
from desktop.verbs.views import ViewVerbs
from engine.inference.shelf import DetectorShelf


@dataclass(frozen=True, slots=True)
class Workspace:
    """One tab's state and verbs.

    Attributes:
        state: What the tab shows.
        sources: Opens files in it.
        views: What its finished run looks like at the thresholds of the sliders.
        runs: Its run.
        exports: Files made of its session.
    """

    state: AppState
    sources: SourceVerbs
    views: ViewVerbs
    runs: RunVerbs
    exports: ExportVerbs

    @classmethod
    def of(
        cls,
        state: AppState,
        *,
        settings: Settings,
        messages: Messages,
        shelf: DetectorShelf,
        window: Callable[[], QWidget | None],
        parent: QObject,
    ) -> Workspace:
        """Make the verbs of a state."""
        return cls(
            state=state,
            sources=SourceVerbs(state=state, settings=settings, messages=messages, parent=parent),
            views=ViewVerbs(state=state, messages=messages, parent=parent),
            runs=RunVerbs(
                state=state, settings=settings, messages=messages, shelf=shelf, parent=parent
            ),
            exports=ExportVerbs(
                state=state, settings=settings, messages=messages, window=window, parent=parent
            ),
        )

    def close(self) -> None:
        """End everything that is under way, in the order that loses nothing."""
        self.exports.cancel()
        self.runs.close()
        self.views.close()
