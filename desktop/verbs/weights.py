"""Verbs for weights: choose, read what they say of themselves."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

from PyQt6.QtCore import QObject, Qt

from desktop import background
from desktop.messages import Messages
from desktop.settings import Settings
from desktop.state import AppState
from engine.config import RunConfig
from engine.errors import EngineError
from engine.i18n import translate as _
from engine.paths import DEFAULT_WEIGHTS, bundled_weights, resource, weights_folder
from engine.types import ModelInfo


class WeightVerbs(QObject):
    """Chooses weights. The ones in use stay until the others have been read.

    Args:
        state: Gets the weights and what they say.
        settings: Remembers them.
        messages: Told why a file cannot be used.
        parent: The owner.
    """

    def __init__(
        self,
        *,
        state: AppState,
        settings: Settings,
        messages: Messages,
        parent: QObject | None = None,
    ) -> None:
        """Take the parts of the application."""
        super().__init__(parent)
        self._state = state
        self._settings = settings
        self._messages = messages
        self._asked: Path | None = None

    def start(self) -> None:
        """Use the weights of the last time, or those that come with the application."""
        kept = self._settings.preferences.weights
        path = Path(kept) if kept else resource(DEFAULT_WEIGHTS)
        self.choose(path if path.is_file() else resource(DEFAULT_WEIGHTS), remember=False)

    def choose(self, path: Path, *, remember: bool = True) -> None:
        """Read what a file says of itself, then use it."""
        if self._state.engaged:
            self._messages.info(_("A run is under way."), _("Stop it first."))
            return
        self._asked = path
        self._state.change(model_busy=True)

        def read(job: background.Job) -> ModelInfo:
            from engine.models.info import read_info

            return read_info(path)

        def done(info: ModelInfo) -> None:
            if self._asked != path:
                return
            # Classes and input size of the former model mean nothing to this one.
            config = dataclasses.replace(
                self._state.config, weights=path, classes=(), input_size=None
            )
            self._state.change(model_busy=False, model=info, config=config)
            if remember:
                self._settings.change(weights=str(path))
                self._settings.remember("recent_weights", str(path))

        def failed(error: EngineError) -> None:
            if self._asked == path:
                self._state.change(model_busy=False)
            self._messages.error(error)

        background.start(self, read, done=done, failed=failed)

    def when_read(self, do: Callable[[], object]) -> None:
        """Do something once no weights are being read, which would undo it when they have been."""
        if self._state.model_busy:
            self._state.model_busy_changed.connect(
                lambda busy: self.when_read(do),
                Qt.ConnectionType.SingleShotConnection,  # type: ignore[call-arg]
            )
        else:
            do()

    def choices(self) -> list[Path]:
        """Return the weights to pick from: bundled ones, recent ones, downloaded ones."""
        recent = [Path(each) for each in self._settings.preferences.recent_weights]
        downloaded = sorted(weights_folder().glob("*.pt"))
        found = [*bundled_weights(), *recent, *downloaded, self._state.config.weights]
        return [path for path in dict.fromkeys(found) if path.is_file()]

    def reset_thresholds(self) -> None:
        """Put confidence, IoU and classes back to their defaults."""
        plain = RunConfig()
        self._state.change(
            config=dataclasses.replace(
                self._state.config, confidence=plain.confidence, iou=plain.iou, classes=()
            )
        )

