"""What a run before found in the frames of a video."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import numpy as np

from engine.errors import EngineError
from engine.store import SessionReader
from engine.store.schema import unreadable
from engine.types import Frame, Result, Timing

_SAME_TIME_S = 1e-6


class StoredResults:
    """The results that a session has of one video. Belongs to one thread.

    Attributes:
        model: What found them.
    """

    def __init__(self, path: Path, origin: str) -> None:
        """Open a session, which is closed again by `close`.

        Args:
            path: The session file.
            origin: The video, as in `Frame.origin`.

        Raises:
            StoreError: It cannot be read.
        """
        self._path = path
        self._reader = SessionReader.open(path)
        try:
            self.model = self._reader.run.model
            rows = self._reader.connection.execute(
                "SELECT frame.id, position, time_s FROM frame JOIN source ON source.id = source_id"
                " WHERE path = ? AND time_s IS NOT NULL ORDER BY position, frame.id",
                (origin,),
            )
            self._rows = np.fromiter(rows, [("id", "i8"), ("position", "i8"), ("time_s", "f8")])
        except (sqlite3.Error, EngineError) as error:
            self.close()
            raise self.unreadable(error) from error

    def close(self) -> None:
        """Close the session."""
        self._reader.close()

    def find(self, frame: Frame) -> Result | None:
        """Return what was found in a frame, None where it is not in the session.

        Raises:
            sqlite3.Error: The session can no longer be read.
        """
        number = self._number(frame)
        if number is None:
            return None
        record = self._reader.frame(number)
        return Result(
            frame,
            self._reader.detections(number),
            self._reader.candidates(number),
            Timing(0.0, record.network_ms, record.total_ms - record.network_ms),
            record.probabilities,
        )

    def unreadable(self, error: Exception) -> EngineError:
        """Return what is said where the session can no longer be read."""
        return error if isinstance(error, EngineError) else unreadable(self._path)

    def _number(self, frame: Frame) -> int | None:
        """Return the number of a frame in the session.

        Behind damage that a run met and the player jumped over, positions differ and times do not.
        """
        rows = self._rows
        row = int(np.searchsorted(rows["position"], frame.index))
        if row < len(rows) and rows["position"][row] == frame.index:
            time_s = rows["time_s"][row]
            if frame.time_s is None or abs(time_s - frame.time_s) < _SAME_TIME_S:
                return int(rows["id"][row])
        if frame.time_s is None:
            return None
        same = np.flatnonzero(np.abs(rows["time_s"] - frame.time_s) < _SAME_TIME_S)
        return int(rows["id"][same[0]]) if len(same) else None
