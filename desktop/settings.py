"""What the application remembers between starts, each declared once.

To add a setting: one field in `Preferences`. Window geometry and other blobs of Qt are kept apart
under `layout/`.
"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PyQt6.QtCore import QByteArray, QSettings

from engine import i18n
from engine.paths import app_data

RECENT = 12


@dataclass(frozen=True, slots=True)
class Preferences:
    """A person's choices.

    Attributes:
        language: A key of `i18n.LANGUAGES`, empty for the system's.
        theme: One of `theme.CHOICES`.
        title: Shown in the window's title bar after the application's name.
        background: A picture behind the empty canvas, an empty text for none.
        welcomed: Whether the welcome of the first start was seen.
        weights: The weights used last, empty for those that come with the application.
        recent_sources: Files and folders opened last, the newest first.
        recent_weights: Weights used last, the newest first.
        folder: The folder that a file dialog opens in.
        columns: Columns of the result table that are hidden.
        mask_opacity: Of the tint inside masks, 0 to 1.
        show_masks, show_boxes, show_labels: What is drawn over a picture.
        device: The camera used last, as a spec; an address is kept without its password.
        device_modes: How each device was set the last time, `SPEC|WIDTHxHEIGHT@RATE`.
        addresses: Of streams used last, the newest first, without passwords.
        track: How objects are followed in videos and cameras.
        training: The settings of the last training, as JSON.
        recent_data: Data sets opened last, the newest first.
    """

    language: str = ""
    theme: str = "system"
    title: str = ""
    background: str = ""
    welcomed: bool = False
    weights: str = ""
    recent_sources: tuple[str, ...] = ()
    recent_weights: tuple[str, ...] = ()
    folder: str = ""
    columns: tuple[str, ...] = ()
    mask_opacity: float = 0.2
    show_masks: bool = True
    show_boxes: bool = False
    show_labels: bool = True
    device: str = ""
    device_modes: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    track: str = "off"
    training: str = ""
    recent_data: tuple[str, ...] = ()


class Settings:
    """Preferences and layout in one file of the user's data folder.

    Attributes:
        preferences: The choices in force.
    """

    def __init__(self, path: Path | None = None) -> None:
        """Read the file; a value that is missing or of another kind counts as never set."""
        path = path or app_data() / "settings.ini"
        self._store = QSettings(str(path), QSettings.Format.IniFormat)
        self.preferences = self._read()

    def change(self, **values: Any) -> Preferences:  # noqa: ANN401 - fields of Preferences
        """Change preferences, keep them and return them all."""
        self.preferences = dataclasses.replace(self.preferences, **values)
        for name in values:
            text = json.dumps(getattr(self.preferences, name))
            self._store.setValue(f"preferences/{name}", text)
        return self.preferences

    def remember(self, name: str, value: str) -> None:
        """Put a value first in a list of recent ones."""
        former: tuple[str, ...] = getattr(self.preferences, name)
        self.change(**{name: (value, *(each for each in former if each != value))[:RECENT]})

    def language(self) -> str:
        """Return the language to speak."""
        chosen = self.preferences.language
        return chosen if chosen in i18n.LANGUAGES else i18n.preferred()

    def layout(self, name: str) -> QByteArray | None:
        """Return a blob of Qt kept under a name, None where there is none."""
        value = self._store.value(f"layout/{name}")
        return value if isinstance(value, QByteArray) and not value.isEmpty() else None

    def keep_layout(self, name: str, value: QByteArray) -> None:
        """Keep a blob of Qt under a name."""
        self._store.setValue(f"layout/{name}", value)

    def forget_layout(self) -> None:
        """Forget where windows and docks were."""
        self._store.remove("layout")

    def sync(self) -> None:
        """Write what is not written yet."""
        self._store.sync()

    def _read(self) -> Preferences:
        found: dict[str, Any] = {}
        for field in dataclasses.fields(Preferences):
            text = self._store.value(f"preferences/{field.name}")
            try:
                value = json.loads(text) if isinstance(text, str) else None
            except json.JSONDecodeError:
                continue
            if isinstance(field.default, tuple) and isinstance(value, list):
                value = tuple(str(each) for each in value)
            if isinstance(field.default, float) and isinstance(value, int):
                value = float(value)
            if type(value) is type(field.default):
                found[field.name] = value
        return Preferences(**found)
