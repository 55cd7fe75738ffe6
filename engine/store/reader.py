"""Reading a session, also while it is being written."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Generator, Iterator
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from engine import masks
from engine.inference.candidates import unpack
from engine.store import schema
from engine.store.records import (
    CrossingRecord,
    FailureRecord,
    FrameRecord,
    ObjectRecord,
    Process,
    RunRecord,
    TrackRecord,
)
from engine.types import Candidates, CounterTotals, Crossing, Detections, Float32, ModelInfo

FRAME_COLUMNS = (
    "frame.id, source.path, position, time_s, width, height, objects, network_ms, total_ms,"
    " warning, media, probabilities"
)
OBJECT_COLUMNS = "id, frame_id, number, class_id, confidence, x1, y1, x2, y2, angle, area, track"

# Objects are numbered in the order of their frames, so the least id of a track is its beginning.
_TRACKS = """(
    SELECT source_id, track AS number, min(object.id) AS first, max(object.id) AS last,
        count(*) AS frames, avg(confidence) AS confidence
    FROM object JOIN frame ON frame.id = frame_id
    WHERE track IS NOT NULL AND object.id <= ? GROUP BY source_id, track
)"""
_ALL = 2**63 - 1


class SessionReader:
    """An open session, read only.

    Attributes:
        path: The session file.
        folder: The folder it is in.
        connection: For queries of other modules of the store.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        """Take an open connection; `open` makes one."""
        self.path = path
        self.folder = path.parent
        self.connection = connection
        self._tracked: bool | None = None

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open a session file, or the one in a folder.

        Raises:
            StoreError: It is missing, no session, damaged or of a newer version.
        """
        if path.is_dir():
            path = path / schema.SESSION_FILE
        return cls(path, schema.open_readonly(path))

    def close(self) -> None:
        """Close the file."""
        self.connection.close()

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the file."""
        self.close()

    @property
    def run(self) -> RunRecord:
        """How the session was made."""
        rows = self.connection.execute("SELECT key, value FROM run").fetchall()
        values: dict[str, Any] = {key: json.loads(value) for key, value in rows}
        model = values.pop("model")
        shape = model.pop("keypoint_shape")
        names = tuple(model.pop("names"))
        info = ModelInfo(**model, names=names, keypoint_shape=tuple(shape) if shape else None)
        writer = values.pop("writer", None)
        return RunRecord(
            **values
            | {
                "model": info,
                "sources": tuple(values["sources"]),
                "writer": Process(**writer) if writer else None,
            }
        )

    @property
    def tracked(self) -> bool:
        """Whether the run followed objects from frame to frame."""
        if self._tracked is None:
            self._tracked = self.run.settings.get("track", "off") != "off"
        return self._tracked

    def frame_count(self) -> int:
        """Return the number of frames."""
        return self._number("SELECT count(*) FROM frame")

    def object_count(self) -> int:
        """Return the number of detections."""
        return self._number("SELECT count(*) FROM object")

    def class_counts(self) -> dict[int, int]:
        """Return the number of detections by class."""
        query = "SELECT class_id, count(*) FROM object GROUP BY class_id ORDER BY class_id"
        return dict(self.connection.execute(query).fetchall())

    def sources(self) -> dict[str, tuple[dict[int, int], str | None]]:
        """Return, for each file in the order of arrival, its objects by class and a warning.

        For classification each frame counts once, as its most probable class.
        """
        connection = self.connection
        found: dict[str, tuple[dict[int, int], str | None]] = {
            path: ({}, warning)
            for path, warning in connection.execute(
                "SELECT path, max(warning) FROM source JOIN frame ON source.id = source_id"
                " GROUP BY source.id ORDER BY source.id"
            )
        }
        query = (
            "SELECT path, class_id, count(*) FROM object JOIN frame ON frame.id = frame_id"
            " JOIN source ON source.id = source_id GROUP BY source.id, class_id"
        )
        for path, index, count in connection.execute(query):
            found[path][0][index] = count
        query = (
            "SELECT path, probabilities FROM frame JOIN source ON source.id = source_id"
            " WHERE probabilities IS NOT NULL"
        )
        for path, blob in connection.execute(query):
            best = int(np.frombuffer(blob, np.float32).argmax())
            found[path][0][best] = found[path][0].get(best, 0) + 1
        return found

    def frames(self) -> Iterator[FrameRecord]:
        """Yield the frames in the order of their arrival."""
        query = (
            f"SELECT {FRAME_COLUMNS} FROM frame JOIN source ON source.id = source_id"
            " ORDER BY frame.id"
        )
        # A cursor of its own for each iteration: several may be under way at once.
        with closing(self.connection.cursor()) as cursor:
            for row in cursor.execute(query):
                yield _frame(row)

    def proposals(self) -> Generator[tuple[FrameRecord, Candidates | None], None, None]:
        """Yield the frames with their candidates, None where not kept, in one pass."""
        query = (
            f"SELECT {FRAME_COLUMNS}, masks, candidates FROM frame"
            " JOIN source ON source.id = source_id LEFT JOIN shape ON frame_id = frame.id"
            " ORDER BY frame.id"
        )
        with closing(self.connection.cursor()) as cursor:
            for *row, detected, packed in cursor.execute(query):
                frame = _frame(tuple(row))
                size = frame.height, frame.width
                yield frame, None if packed is None else _unpacked(packed, detected, size)

    def frame(self, frame_id: int) -> FrameRecord:
        """Return one frame.

        Raises:
            KeyError: There is no such frame.
        """
        query = (
            f"SELECT {FRAME_COLUMNS} FROM frame JOIN source ON source.id = source_id"
            " WHERE frame.id = ?"
        )
        row = self.connection.execute(query, (frame_id,)).fetchone()
        if row is None:
            raise KeyError(frame_id)
        return _frame(row)

    def find(self, source: str, index: int) -> FrameRecord | None:
        """Return the first frame of this file and position, None where there is none."""
        query = (
            f"SELECT {FRAME_COLUMNS} FROM frame JOIN source ON source.id = source_id"
            " WHERE source.path = ? AND position = ? ORDER BY frame.id LIMIT 1"
        )
        row = self.connection.execute(query, (source, index)).fetchone()
        return None if row is None else _frame(row)

    def objects(self) -> Iterator[ObjectRecord]:
        """Yield the detections of all frames, in frame order, best first."""
        with closing(self.connection.cursor()) as cursor:
            for row in cursor.execute(f"SELECT {OBJECT_COLUMNS} FROM object ORDER BY id"):
                yield ObjectRecord(*row)

    def detections(self, frame_id: int) -> Detections:
        """Return the detections of one frame, with track numbers exactly where the run tracked.

        Raises:
            KeyError: There is no such frame.
        """
        height, width = self._size(frame_id)
        rows = self.connection.execute(
            "SELECT x1, y1, x2, y2, confidence, class_id, angle, track FROM object"
            " WHERE frame_id = ? ORDER BY number",
            (frame_id,),
        ).fetchall()
        packed, points, _ = self._shape(frame_id)
        columns = list(zip(*rows, strict=True)) or [()] * 8
        angles = None if None in columns[6] or not rows else np.array(columns[6], np.float32)
        tracks = [number or 0 for number in columns[7]] if self.tracked else None
        return Detections(
            boxes=np.array(columns[:4], np.float32).T.reshape(-1, 4).copy(),
            scores=np.array(columns[4], np.float32),
            classes=np.array(columns[5], np.int32),
            masks=None if packed is None else masks.unpack(packed, height, width),
            keypoints=self._keypoints(points, len(rows)),
            angles=angles,
            ids=None if tracks is None else np.array(tracks, np.int32),
        )

    def candidates(self, frame_id: int) -> Candidates | None:
        """Return what was proposed in one frame before suppression, None where not kept.

        Raises:
            KeyError: There is no such frame.
        """
        size = self._size(frame_id)
        detected, _, packed = self._shape(frame_id)
        return None if packed is None else _unpacked(packed, detected, size)

    def tracks(self, last_object: int = _ALL) -> Iterator[TrackRecord]:
        """Yield the tracked objects, by source in the order of arrival and then by number.

        Args:
            last_object: Only what objects up to this id tell: a session may grow meanwhile.
        """
        query = (
            "SELECT path, each.number, one.class_id, begun.position, ended.position,"
            " begun.time_s, ended.time_s, frames, each.confidence"
            f" FROM {_TRACKS} AS each JOIN source ON source.id = each.source_id"
            " JOIN object AS one ON one.id = first JOIN object AS other ON other.id = last"
            " JOIN frame AS begun ON begun.id = one.frame_id"
            " JOIN frame AS ended ON ended.id = other.frame_id"
            " ORDER BY each.source_id, each.number"
        )
        with closing(self.connection.cursor()) as cursor:
            for row in cursor.execute(query, (last_object,)):
                yield TrackRecord(*row)

    def unique_counts(
        self, source: str | None = None, last_object: int = _ALL
    ) -> dict[int, int]:
        """Return the number of tracked objects by the class that each was first seen as.

        Args:
            source: A file or stream; None adds up all of them.
            last_object: As for `tracks`.
        """
        query = (
            f"SELECT class_id, count(*) FROM {_TRACKS} AS each JOIN object ON object.id = first"
            " JOIN source ON source.id = each.source_id WHERE ? IN (path, '')"
            " GROUP BY class_id ORDER BY class_id"
        )
        found = self.connection.execute(query, (last_object, source or "")).fetchall()
        return dict(found)

    def crossings(self) -> Iterator[CrossingRecord]:
        """Yield what lines and zones have counted, in the order in which it happened."""
        query = (
            "SELECT crossing.id, frame_id, path, position, time_s, counter, track, class_id, inward"
            " FROM crossing JOIN frame ON frame.id = frame_id"
            " JOIN source ON source.id = source_id ORDER BY crossing.id"
        )
        if self._counts_crossings():
            with closing(self.connection.cursor()) as cursor:
                for row in cursor.execute(query):
                    yield CrossingRecord(*(*row[:-1], bool(row[-1])))

    def frame_crossings(self, frame_id: int) -> tuple[Crossing, ...]:
        """Return what lines and zones have counted with one frame."""
        if not self._counts_crossings():
            return ()
        query = (
            "SELECT counter, track, class_id, inward FROM crossing WHERE frame_id = ? ORDER BY id"
        )
        rows = self.connection.execute(query, (frame_id,)).fetchall()
        return tuple(Crossing(*(*row[:-1], bool(row[-1]))) for row in rows)

    def counter_totals(self, source: str | None = None) -> tuple[CounterTotals, ...]:
        """Return what each of the run's lines and zones has counted.

        How many objects were in a zone at the end is not kept: `inside` is None for all.

        Args:
            source: A file or stream; None adds up all of them.
        """
        counts = [[0, 0] for _ in self.run.settings.get("counters", ())]
        query = (
            "SELECT counter, inward, count(*) FROM crossing JOIN frame ON frame.id = frame_id"
            " JOIN source ON source.id = source_id WHERE ? IN (path, '') GROUP BY counter, inward"
        )
        if self._counts_crossings():
            for counter, inward, count in self.connection.execute(query, (source or "",)):
                counts[counter][0 if inward else 1] = count
        return tuple(CounterTotals(entered, left) for entered, left in counts)

    def failures(self) -> list[FailureRecord]:
        """Return what could not be worked on."""
        rows = self.connection.execute("SELECT source, message, hint FROM failure ORDER BY id")
        return [FailureRecord(*row) for row in rows]

    def _counts_crossings(self) -> bool:
        """Tell whether the file has a table of crossings: those before version 3 have none."""
        return self._number("PRAGMA user_version") >= 3

    def _number(self, query: str) -> int:
        return int(self.connection.execute(query).fetchone()[0])

    def _size(self, frame_id: int) -> tuple[int, int]:
        query = "SELECT height, width FROM frame WHERE id = ?"
        row = self.connection.execute(query, (frame_id,)).fetchone()
        if row is None:
            raise KeyError(frame_id)
        return int(row[0]), int(row[1])

    def _shape(self, frame_id: int) -> tuple[bytes | None, bytes | None, bytes | None]:
        query = "SELECT masks, keypoints, candidates FROM shape WHERE frame_id = ?"
        row = self.connection.execute(query, (frame_id,)).fetchone()
        return row or (None, None, None)

    def _keypoints(self, data: bytes | None, count: int) -> Float32 | None:
        if data is None:
            return None
        shape = self.run.model.keypoint_shape
        if shape is None:
            return None
        return np.frombuffer(data, np.float32).reshape(count, *shape).copy()


def _unpacked(packed: bytes, detected: bytes | None, size: tuple[int, int]) -> Candidates:
    return unpack(packed, size, () if detected is None else masks.unpack(detected, *size))


def _frame(row: tuple[Any, ...]) -> FrameRecord:
    blob = row[-1]
    array = None if blob is None else np.frombuffer(blob, np.float32)
    return FrameRecord(*(*row[:-1], array))
