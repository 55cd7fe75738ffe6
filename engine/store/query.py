"""The detections of a session as a table that pages, sorts and filters without loading them.

To add a column: one row in `COLUMNS`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from engine.store.reader import OBJECT_COLUMNS, SessionReader
from engine.store.records import ObjectRecord

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


class ObjectTable:
    """A sorted and filtered view of the detections of a session.

    The order is worked out once, when it is asked for, and kept as row numbers, four bytes a row;
    a page is then a look-up. Rows that arrive later are seen after the next `arrange`.

    Args:
        reader: The session; open as long as the table is used.
    """

    def __init__(self, reader: SessionReader) -> None:
        """Show all rows in the order of their arrival."""
        self._reader = reader
        self._rows: NDArray[np.int32] = np.zeros(0, np.int32)
        self.arrange()

    def __len__(self) -> int:
        """Return the number of rows that pass the filter."""
        return len(self._rows)

    def arrange(
        self,
        column: str = "id",
        *,
        descending: bool = False,
        classes: Sequence[int] | None = None,
        confidence: float = 0.0,
        picture: str = "",
    ) -> None:
        """Sort by a column, equal rows in the order of arrival, and filter.

        Args:
            column: A key of `COLUMNS`.
            descending: Largest first.
            classes: Only these class indices, None for all.
            confidence: Only rows at or above this confidence, 0 to 1.
            picture: Only pictures whose path contains this text, any case.
        """
        conditions: list[str] = []
        values: list[object] = []
        if confidence > 0:
            conditions.append("confidence >= ?")
            values.append(confidence)
        if classes is not None:
            conditions.append(f"class_id IN ({', '.join('?' * len(classes))})")
            values += classes
        if picture:
            conditions.append(
                "frame_id IN (SELECT frame.id FROM frame JOIN source ON source.id = source_id"
                " WHERE instr(lower(path), lower(?)))"
            )
            values.append(picture)
        where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
        query = f"SELECT id, {COLUMNS[column]} FROM object {where} ORDER BY id"
        with closing(self._reader.connection.cursor()) as cursor:
            numbers = chain.from_iterable(cursor.execute(query, values))
            table = np.fromiter(numbers, np.float64).reshape(-1, 2)
        rows, keys = table[:, 0].astype(np.int32), self._ranked(column, table[:, 1])
        # Stable in both directions: equal rows stay in the order of their arrival.
        self._rows = rows[np.argsort(-keys if descending else keys, kind="stable")]

    def page(self, first: int, count: int) -> list[ObjectRecord]:
        """Return up to `count` rows from place `first`, from 0."""
        wanted = self._rows[first : first + count].tolist()
        marks = ", ".join("?" * len(wanted))
        query = f"SELECT {OBJECT_COLUMNS} FROM object WHERE id IN ({marks})"
        with closing(self._reader.connection.cursor()) as cursor:
            found = {row[0]: ObjectRecord(*row) for row in cursor.execute(query, wanted)}
        return [found[row] for row in wanted]

    def place_of(self, object_id: int) -> int | None:
        """Return where a detection stands, from 0, None where the filter leaves it out."""
        places = np.flatnonzero(self._rows == object_id)
        return int(places[0]) if len(places) else None

    def _ranked(self, column: str, keys: NDArray[np.float64]) -> NDArray[np.float64]:
        """Replace the numbers of classes and pictures by the places of their names."""
        if column == "class":
            names = [name.casefold() for name in self._reader.run.model.names]
            ordered = sorted(range(len(names)), key=lambda index: (names[index], index))
        elif column == "picture":
            query = (
                "SELECT frame.id FROM frame JOIN source ON source.id = source_id"
                " ORDER BY path, position, frame.id"
            )
            with closing(self._reader.connection.cursor()) as cursor:
                ordered = [row[0] for row in cursor.execute(query)]
        else:
            return keys
        ranks = np.zeros(max(ordered, default=0) + 1)
        ranks[ordered] = np.arange(len(ordered))
        return ranks[keys.astype(np.intp)]
