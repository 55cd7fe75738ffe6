"""Objects of a video by class, frame by frame, as arrays that grow with the session."""

from __future__ import annotations

from contextlib import closing
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from engine.store.reader import SessionReader

_EMPTY = np.zeros(0, np.int64)


class TimeCounts:
    """The counts of one source of a session; belongs to one thread.

    Args:
        source: Its file or stream, as in `Frame.origin`.

    Attributes:
        times: [N] float64 seconds of its frames, in the order of arrival.
        positions: [N] int64 their positions in the source, from 0.
    """

    def __init__(self, source: str) -> None:
        """Know no frames yet."""
        self.source = source
        self.times: NDArray[np.float64] = np.zeros(0)
        self.positions = _EMPTY
        self._frames = _EMPTY
        # Frame, class and number of objects, only where there are any.
        self._objects = np.zeros((0, 3), np.int64)

    def extend(self, reader: SessionReader) -> bool:
        """Read the frames that came since the last time and tell whether there were any."""
        last = int(self._frames[-1]) if len(self._frames) else 0
        query = (
            "SELECT frame.id, position, time_s FROM frame JOIN source ON source.id = source_id"
            " WHERE path = ? AND frame.id > ? AND time_s IS NOT NULL ORDER BY frame.id"
        )
        with closing(reader.connection.cursor()) as cursor:
            rows = np.fromiter(
                chain.from_iterable(cursor.execute(query, (self.source, last))), np.float64
            ).reshape(-1, 3)
        if not len(rows):
            return False
        frames = rows[:, 0].astype(np.int64)
        query = (
            "SELECT frame_id, class_id, count(*) FROM object"
            " WHERE frame_id BETWEEN ? AND ? GROUP BY frame_id, class_id"
        )
        with closing(reader.connection.cursor()) as cursor:
            found = np.fromiter(
                chain.from_iterable(cursor.execute(query, (int(frames[0]), int(frames[-1])))),
                np.int64,
            ).reshape(-1, 3)
        self._frames = np.concatenate((self._frames, frames))
        self.positions = np.concatenate((self.positions, rows[:, 1].astype(np.int64)))
        self.times = np.concatenate((self.times, rows[:, 2]))
        # Frames of other sources may lie between.
        self._objects = np.concatenate((self._objects, found[np.isin(found[:, 0], frames)]))
        return True

    def counts(self, most: int) -> dict[int, NDArray[np.int64]]:
        """Return objects a frame, [N], by class index: the most frequent classes.

        Args:
            most: So many classes at most.
        """
        totals = np.bincount(self._objects[:, 1], self._objects[:, 2])
        chosen = [index for index in np.argsort(-totals, kind="stable").tolist() if totals[index]]
        places = np.searchsorted(self._frames, self._objects[:, 0])
        counts = {}
        for index in sorted(chosen[:most]):
            of_class = self._objects[:, 1] == index
            line = np.zeros(len(self._frames), np.int64)
            line[places[of_class]] = self._objects[of_class, 2]
            counts[index] = line
        return counts
