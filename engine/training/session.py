"""The QThread that reads along while a process trains."""

from __future__ import annotations

import threading

from PyQt6.QtCore import QObject, QThread, pyqtSignal

from engine.training.events import LAST, Event, follow
from engine.training.folder import RunFolder

PAUSE_S = 0.1


class Watch(QThread):
    """Reads the events of a run as they come, from the first on, until its end.

    Nothing happens in the process that trains, whether it is watched or not. Where it ends without
    a word, the last event is `interrupted`.

    Args:
        folder: Of the run.
        parent: The owner.

    Signals:
        failed: The exception, where the events cannot be read.
    """

    failed = pyqtSignal(object)

    def __init__(self, folder: RunFolder, parent: QObject | None = None) -> None:
        """Start nothing; `start` does."""
        super().__init__(parent)
        self.folder = folder
        self._lock = threading.Lock()
        self._events: list[Event] = []

    def take(self) -> list[Event]:
        """Return what came since the last call; of batches in a row only the last."""
        with self._lock:
            events, self._events = self._events, []
        return events

    def close(self) -> None:
        """End the thread and wait for it; the training goes on."""
        self.requestInterruption()
        self.wait()

    def run(self) -> None:
        """Read until the end."""
        try:
            self._read()
        except Exception as error:  # noqa: BLE001 - told in the window
            self.failed.emit(error)

    def _read(self) -> None:
        last: Event | None = None
        for event in follow(self.folder.events, self._is_alive, PAUSE_S):
            if self.isInterruptionRequested():
                return
            if event is not None:
                last = event
                self._keep(event)
        if last is None or last["event"] not in LAST:
            self._keep({"event": "interrupted", "run": self.folder.name})

    def _is_alive(self) -> bool:
        return not self.isInterruptionRequested() and self.folder.is_running()

    def _keep(self, event: Event) -> None:
        with self._lock:
            if event["event"] == "batch" and self._events[-1:] and (
                self._events[-1]["event"] == "batch"
            ):
                self._events[-1] = event
            else:
                self._events.append(event)
