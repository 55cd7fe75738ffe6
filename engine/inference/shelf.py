"""Keeping a detector between runs, so that pressing the button twice loads its weights once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from engine.config import RunConfig

if TYPE_CHECKING:
    from engine.inference.detector import Detector

Key = tuple[Path, int, int, str, str]


class DetectorShelf:
    """Holds one detector that nobody uses. For any thread.

    A detector belongs to who took it until it is put back. Taking one of other weights, or of a
    file that has changed, frees the one that is here before anything is loaded.
    """

    def __init__(self, opener: Callable[[RunConfig], Detector] | None = None) -> None:
        """Start empty; `opener` loads what is not here, `open_detector` when left out."""
        self._opener = opener
        self._lock = threading.Lock()
        self._held: tuple[Key, Detector] | None = None

    def take(self, config: RunConfig) -> Detector:
        """Return a detector for the weights, device and backend of a config.

        Raises:
            WeightsError: The weights cannot be used.
            DeviceError: The device cannot be used.
        """
        with self._lock:
            held, self._held = self._held, None
        if held is not None:
            if held[0] == _key(config):
                return held[1]
            held[1].close()
        if self._opener is not None:
            return self._opener(config)
        from engine.inference.detector import open_detector

        return open_detector(config)

    def put(self, detector: Detector, config: RunConfig) -> None:
        """Leave a detector for whoever needs it next."""
        with self._lock:
            former, self._held = self._held, (_key(config), detector)
        if former is not None:
            former[1].close()

    def clear(self) -> None:
        """Free what is here."""
        with self._lock:
            held, self._held = self._held, None
        if held is not None:
            held[1].close()


def _key(config: RunConfig) -> Key:
    try:
        status = config.weights.stat()
    except OSError:
        return config.weights, 0, 0, config.device, config.backend
    return (
        config.weights.absolute(),
        status.st_size,
        status.st_mtime_ns,
        config.device,
        config.backend,
    )
