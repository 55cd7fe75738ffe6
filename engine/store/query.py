"""The detections of a session as a table that pages, sorts and filters without loading them.

To add a column: one row in `COLUMNS`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.store.reader import OBJECT_COLUMNS, SessionReader
from engine.store.records import ObjectRecord
from engine.types import Float32, Int32

# What a column sorts by, a number; empty cells come first.
COLUMNS: Mapping[str, str] = {
    "id": "id",
    "picture": "frame_id",
    "class": "class_id",
    "confidence": "confidence",
    "x": "x1",
    "y": "y1",
    "width": "x2 - x1",
    "height": "y2 - y1",
    "area": "area",
    "angle": "ifnull(angle, -1e9)",
    "track": "ifnull(track, -1)",
}

# A classified picture as a row: its most probable class.
_CLASSIFIED = """(
    SELECT id, id AS frame_id, 1 AS number, best_class(probabilities) AS class_id,
        best_share(probabilities) AS confidence, 0.0 AS x1, 0.0 AS y1, 0.0 AS x2, 0.0 AS y2,
        NULL AS angle, 0.0 AS area, NULL AS track
    FROM frame WHERE probabilities IS NOT NULL
)"""

# So many numbers are put into one query; SQLite allows many more.
_MOST_MARKS = 1000


class ObjectTable:
    """A sorted and filtered view of the detections of a session, or of its classified pictures.

    What rows are sorted, filtered and counted by is read once and kept, 28 bytes a row; a page is
    then a look-up by row numbers. Rows that arrive later are seen after the next `arrange`, which
    reads those alone.

    Args:
        reader: The session; open as long as the table is used, or until `use` gives another one.
    """

    def __init__(self, reader: SessionReader) -> None:
        """Show all rows in the order of their arrival."""
        run = reader.run
        self._names = run.model.names
        self._classified = run.model.task == "classify"
        self._from = _CLASSIFIED if self._classified else "object"
        self._ids: Int32 = np.zeros(0, np.int32)
        self._frames: Int32 = np.zeros(0, np.int32)
        self._classes: Int32 = np.zeros(0, np.int32)
        self._confidences: Float32 = np.zeros(0, np.float32)
        self._column = "id"
        self._keys: NDArray[np.float64] = np.zeros(0)
        self._tracked = False
        self._rows: Int32 = np.zeros(0, np.int32)
        self.use(reader)
        self.arrange()

    def __len__(self) -> int:
        """Return the number of rows that pass the filter."""
        return len(self._rows)

    @property
    def total(self) -> int:
        """Number of rows without a filter."""
        return len(self._ids)

    @property
    def order(self) -> Int32:
        """The numbers of the rows in their order; `arrange` makes a new one."""
        return self._rows

    @property
    def tracked(self) -> bool:
        """Whether any row has a track."""
        return self._tracked

    def use(self, reader: SessionReader) -> None:
        """Go on with another connection to the same session."""
        self._reader = reader
        if self._classified:
            for name, choose in (("best_class", _best_class), ("best_share", _best_share)):
                reader.connection.create_function(name, 1, choose, deterministic=True)

    def arrange(
        self,
        column: str = "id",
        *,
        descending: bool = False,
        classes: Sequence[int] | None = None,
        confidence: float = 0.0,
        text: str = "",
        frame_id: int | None = None,
    ) -> None:
        """Sort by a column, equal rows in the order of arrival, and filter.

        Args:
            column: A key of `COLUMNS`.
            descending: Largest first.
            classes: Only these class indices, None for all.
            confidence: Only rows at or above this confidence, 0 to 1.
            text: Only rows whose picture's file name or whose class name contains it, any case.
            frame_id: Only rows of this frame, None for all.
        """
        self._extend()
        wanted = np.ones(len(self._ids), bool)
        if confidence > 0:
            wanted &= self._confidences >= confidence
        if classes is not None:
            wanted &= np.isin(self._classes, np.asarray(list(classes), np.int32))
        if frame_id is not None:
            wanted &= self._frames == frame_id
        if text:
            wanted &= self._matching(text.casefold())
        positions = np.flatnonzero(wanted)
        keys = self._sort_keys(column)[positions]
        # Stable in both directions: equal rows stay in the order of their arrival.
        order = np.argsort(-keys if descending else keys, kind="stable")
        self._rows = self._ids[positions[order]]

    def page(self, first: int, count: int) -> list[ObjectRecord]:
        """Return up to `count` rows from place `first`, from 0."""
        return self.records(self._rows[first : first + count].tolist())

    def records(self, ids: Sequence[int]) -> list[ObjectRecord]:
        """Return rows by their numbers, in that order."""
        found: dict[int, ObjectRecord] = {}
        for some in _parts(ids):
            query = f"SELECT {OBJECT_COLUMNS} FROM {self._from} WHERE id IN ({_marks(some)})"
            with closing(self._reader.connection.cursor()) as cursor:
                found |= {row[0]: ObjectRecord(*row) for row in cursor.execute(query, some)}
        return [found[row] for row in ids]

    def place_of(self, object_id: int) -> int | None:
        """Return where a row stands, from 0, None where the filter leaves it out."""
        places = self.places_of([object_id])
        return int(places[0]) if len(places) else None

    def places_of(self, ids: Sequence[int] | Int32) -> NDArray[np.intp]:
        """Return where those of the rows stand that pass the filter, ascending."""
        return np.flatnonzero(np.isin(self._rows, np.asarray(ids, np.int32)))

    def find(self, frame_id: int, number: int) -> ObjectRecord | None:
        """Return an object by its frame and its number in the frame, whatever the filter."""
        query = f"SELECT {OBJECT_COLUMNS} FROM {self._from} WHERE frame_id = ? AND number = ?"
        row = self._reader.connection.execute(query, (frame_id, number)).fetchone()
        return None if row is None else ObjectRecord(*row)

    def frame_at(self, source: str, index: int) -> int | None:
        """Return the number of the frame at a position of a source, None where there is none."""
        query = (
            "SELECT max(frame.id) FROM frame JOIN source ON source.id = source_id"
            " WHERE path = ? AND position = ?"
        )
        (found,) = self._reader.connection.execute(query, (source, index)).fetchone()
        return None if found is None else int(found)

    def origins(self, frame_ids: Iterable[int]) -> dict[int, tuple[str, int]]:
        """Return, for each of these frames, its source and its position in it."""
        origins: dict[int, tuple[str, int]] = {}
        for some in _parts(sorted(set(frame_ids))):
            query = (
                "SELECT frame.id, path, position FROM frame JOIN source ON source.id = source_id"
                f" WHERE frame.id IN ({_marks(some)})"
            )
            with closing(self._reader.connection.cursor()) as cursor:
                origins |= {row[0]: (row[1], row[2]) for row in cursor.execute(query, some)}
        return origins

    def class_counts(self) -> dict[int, int]:
        """Return the number of rows by class, whatever the filter."""
        counts = np.bincount(self._classes)
        return {int(index): int(counts[index]) for index in np.flatnonzero(counts)}

    def confidence_counts(self, bins: int) -> list[int]:
        """Return the number of rows in equal parts of the confidences from 0 to 1."""
        counts, _ = np.histogram(self._confidences, bins, (0.0, 1.0))
        return [int(count) for count in counts]

    def _extend(self) -> None:
        """Read the rows that came since the last time."""
        last = self._last()
        table = self._read("id, frame_id, class_id, confidence", 4, last)
        if not len(table):
            return
        self._ids = np.concatenate((self._ids, table[:, 0].astype(np.int32)))
        self._frames = np.concatenate((self._frames, table[:, 1].astype(np.int32)))
        self._classes = np.concatenate((self._classes, table[:, 2].astype(np.int32)))
        self._confidences = np.concatenate((self._confidences, table[:, 3].astype(np.float32)))
        query = f"SELECT EXISTS(SELECT 1 FROM {self._from} WHERE id > ? AND track IS NOT NULL)"
        if not self._tracked:
            self._tracked = bool(self._reader.connection.execute(query, (last,)).fetchone()[0])

    def _last(self) -> int:
        return int(self._ids[-1]) if len(self._ids) else 0

    def _read(
        self, columns: str, count: int, after: int, last: int | None = None
    ) -> NDArray[np.float64]:
        """Return columns of numbers, [N, count], of the rows after one, up to one."""
        query = f"SELECT {columns} FROM {self._from} WHERE id > ? AND id <= ? ORDER BY id"
        limits = after, np.iinfo(np.int32).max if last is None else last
        with closing(self._reader.connection.cursor()) as cursor:
            numbers = chain.from_iterable(cursor.execute(query, tuple(map(int, limits))))
            return np.fromiter(numbers, np.float64).reshape(-1, count)

    def _sort_keys(self, column: str) -> NDArray[Any]:
        """Return a number a row to sort by."""
        if column == "id":
            return self._ids
        if column == "confidence":
            return self._confidences
        if column == "class":
            names = [name.casefold() for name in self._names]
            ordered = sorted(range(len(names)), key=lambda index: (names[index], index))
            return _ranks(ordered, self._classes)
        if column == "picture":
            query = (
                "SELECT frame.id FROM frame JOIN source ON source.id = source_id"
                " ORDER BY path, position, frame.id"
            )
            with closing(self._reader.connection.cursor()) as cursor:
                return _ranks([row[0] for row in cursor.execute(query)], self._frames)
        if column != self._column:
            self._column, self._keys = column, np.zeros(0)
        known = len(self._keys)
        if known < len(self._ids):
            after = int(self._ids[known - 1]) if known else 0
            more = self._read(COLUMNS[column], 1, after, self._last())
            self._keys = np.concatenate((self._keys, more[:, 0]))
        return self._keys

    def _matching(self, text: str) -> NDArray[np.bool_]:
        """Tell which rows have a text, in lower case, in their file name or class name."""
        named = [text in name.casefold() for name in self._names]
        wanted = np.isin(self._classes, np.flatnonzero(named))
        connection = self._reader.connection
        with closing(connection.cursor()) as cursor:
            paths = cursor.execute("SELECT id, path FROM source")
            sources = [row[0] for row in paths if text in file_name(row[1]).casefold()]
        if not sources:
            return wanted
        with closing(connection.cursor()) as cursor:
            pairs = chain.from_iterable(cursor.execute("SELECT id, source_id FROM frame"))
            frames = np.fromiter(pairs, np.int32).reshape(-1, 2)
        return wanted | np.isin(self._frames, frames[np.isin(frames[:, 1], sources), 0])


def file_name(path: str) -> str:
    """Return the last part of a path, of whichever system it is."""
    return path.replace("\\", "/").rpartition("/")[2]


def _ranks(ordered: Sequence[int], numbers: Int32) -> Int32:
    """Replace numbers by their places in an order; one that is not in it comes last."""
    most = max(max(ordered, default=0), int(numbers.max(initial=0)))
    ranks = np.full(most + 1, len(ordered), np.int32)
    ranks[np.asarray(ordered, np.intp)] = np.arange(len(ordered))
    return ranks[numbers]


def _parts(numbers: Sequence[int]) -> Iterable[Sequence[int]]:
    return (numbers[at : at + _MOST_MARKS] for at in range(0, len(numbers), _MOST_MARKS))


def _marks(numbers: Sequence[int]) -> str:
    return ", ".join("?" * len(numbers))


def _best_class(probabilities: Any) -> int:  # noqa: ANN401 - what SQLite holds
    return int(np.frombuffer(probabilities, np.float32).argmax())


def _best_share(probabilities: Any) -> float:  # noqa: ANN401 - what SQLite holds
    return float(np.frombuffer(probabilities, np.float32).max())
