"""One bridge for what the person is told: a strip above the picture shows it, never a modal box.

Anything may say something at any time; a message that comes before there is a window waits.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from PyQt6.QtCore import QObject, pyqtSignal

from engine.errors import EngineError


class Kind(StrEnum):
    """How much a message matters."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Act:
    """A button of a message: its words, already translated, and what it does."""

    text: str
    do: Callable[[], object]


@dataclass(frozen=True, slots=True)
class Message:
    """One thing to say, in the language in force.

    Attributes:
        text: One sentence.
        kind: How much it matters.
        hint: What to do about it, may be empty.
        details: What a report would need, may be empty.
        act: A button, if any.
    """

    text: str
    kind: Kind = Kind.INFO
    hint: str = ""
    details: str = ""
    act: Act | None = None


class Messages(QObject):
    """Where every message goes.

    Signals:
        came: A `Message`.
        cleared: What was said no longer holds.
    """

    came = pyqtSignal(object)
    cleared = pyqtSignal()

    def __init__(self, parent: QObject | None = None) -> None:
        """Start with nothing to say."""
        super().__init__(parent)
        self.last: Message | None = None

    def show(self, message: Message) -> None:
        """Say something."""
        self.last = message
        self.came.emit(message)

    def info(self, text: str, hint: str = "", act: Act | None = None) -> None:
        """Say that something happened."""
        self.show(Message(text, Kind.INFO, hint, act=act))

    def warning(self, text: str, hint: str = "", details: str = "") -> None:
        """Say that something is not as it should be."""
        self.show(Message(text, Kind.WARNING, hint, details))

    def error(self, error: EngineError) -> None:
        """Say that something failed."""
        cause = error.__cause__
        details = f"{type(error).__name__}: {error}"
        if cause is not None:
            details += f"\n{type(cause).__name__}: {cause}"
        self.show(Message(error.message, Kind.ERROR, error.hint, details))

    def clear(self) -> None:
        """Take back what was said."""
        self.last = None
        self.cleared.emit()
