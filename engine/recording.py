"""Recording a camera or stream: the switch, and pictures of a moment."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from engine.config import RunConfig
from engine.counting import parse_counters
from engine.draw import annotate
from engine.errors import writing_failed
from engine.filenames import media_name
from engine.media import write_picture
from engine.types import ModelInfo, Result

SNAPSHOT_FOLDER = "snapshots"


class RecordingSwitch:
    """Says from which frame to which a camera or stream is recorded. For any thread.

    Args:
        clock: What the frames' times of arrival are measured by.

    Attributes:
        path: The file that is being written, None while there is none.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Start switched off."""
        self._clock = clock
        self._lock = threading.Lock()
        self._stretch = 0
        self._since: float | None = None
        self._until: float | None = None
        self.path: Path | None = None

    def start(self, seconds: float | None = None) -> None:
        """Record what arrives from now on; where it is recorded already, go on with that.

        Args:
            seconds: For so long, more than 0; None until `stop`.
        """
        with self._lock:
            now = self._clock()
            if not self._is_on(now):
                self._stretch += 1
                self._since = now
            self._until = None if seconds is None else now + seconds

    def stop(self) -> None:
        """Record no more."""
        with self._lock:
            self._since = self._until = None

    @property
    def active(self) -> bool:
        """Tell whether what arrives now is recorded."""
        with self._lock:
            return self._is_on(self._clock())

    @property
    def elapsed_s(self) -> float:
        """Seconds since the recording began, 0 while there is none."""
        with self._lock:
            now = self._clock()
            if self._since is None or not self._is_on(now):
                return 0.0
            return now - self._since

    @property
    def left_s(self) -> float | None:
        """Seconds until the recording ends by itself, None where it does not."""
        with self._lock:
            return None if self._until is None else max(0.0, self._until - self._clock())

    def stretch_of(self, arrived: float) -> int | None:
        """Return the number of the stretch that a frame belongs to, None for none.

        Args:
            arrived: When the frame arrived.
        """
        with self._lock:
            if self._since is None or arrived < self._since:
                return None
            return self._stretch if self._is_on(arrived) else None

    def _is_on(self, moment: float) -> bool:
        return self._since is not None and (self._until is None or moment < self._until)


def recording_name(folder: Path, origin: str, taken: set[str]) -> str:
    """Return a name for a recording that begins now, of no file that is there.

    Args:
        folder: Where it goes.
        origin: The camera or stream.
        taken: As for `media_name`.
    """
    return _free_name(folder, origin, taken, (".mp4",))


def save_snapshot(
    result: Result, info: ModelInfo, folder: Path, config: RunConfig | None = None
) -> Path:
    """Keep the picture of a moment, as it is and with what was found in it.

    Both go into the folder `snapshots` of a session, named after the source and the time of day:
    the annotated one as JPEG, the plain one beside it as PNG.

    Args:
        result: What to keep.
        info: The model, for names and colours.
        folder: The session's folder.
        config: The run's settings, for its lines and zones.

    Returns:
        The annotated picture.

    Raises:
        StoreError: The disk is full or the folder cannot be written.
    """
    target = folder / SNAPSHOT_FOLDER
    try:
        target.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise writing_failed(error, target) from error
    name = _free_name(target, result.frame.origin, set(), (".jpg", ".png"))
    path = target / name
    counters = () if config is None else parse_counters(config.counters)
    write_picture(result.frame.image, path.with_suffix(".png"))
    write_picture(annotate(result, info.names, counters=counters), path)
    return path


def _free_name(folder: Path, origin: str, taken: set[str], suffixes: tuple[str, ...]) -> str:
    """Return a name of no file that is there, with the first of the suffixes."""
    moment = datetime.now()
    while True:
        name = media_name(origin, 0, False, taken, suffix=f"-{moment:%H%M%S}{suffixes[0]}")
        path = folder / name
        if not any(path.with_suffix(suffix).exists() for suffix in suffixes):
            return name
