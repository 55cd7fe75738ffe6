"""The thread's side of the result table: what the window wants to know, and the answers.

A wish holds everything that is still wanted, so that one that is overtaken loses nothing. The
session is opened for each wish and closed again: a connection that stayed open would keep a run
from closing its file, and a folder from being moved.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from desktop.panels.result_columns import RESULT_COLUMNS, Row
from desktop.state import ObjectKey, Place
from engine.errors import EngineError, StoreError
from engine.i18n import N_
from engine.types import Int32, ModelInfo

if TYPE_CHECKING:
    from engine.store import SessionReader
    from engine.store.query import ObjectTable
    from engine.store.records import FailureRecord, ObjectRecord

PAGE = 200
CONFIDENCE_BINS = 20
MOST_RANGES = 1000
Ranges = tuple[tuple[int, int], ...]
"""First and last row of each stretch of rows."""


@dataclass(frozen=True, slots=True)
class Arrangement:
    """Which rows are shown and in what order.

    Attributes:
        column: What they are sorted by, a key of `engine.store.query.COLUMNS`.
        descending: Largest first.
        text: Only rows whose picture or class is named so, in part.
        place: Only rows of this frame, None for all.
    """

    column: str = "id"
    descending: bool = False
    text: str = ""
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class Errand:
    """Something to fetch for the rows that were selected.

    Attributes:
        purpose: What it is for, given back with the answer.
        edition: Of the table in which the rows were selected.
        rows: The rows.
        columns: Names of the columns of a copy; empty where only the numbers are wanted.
    """

    purpose: str
    edition: int
    rows: Ranges
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Wish:
    """Everything that the window wants to know.

    Attributes:
        path: The session file.
        edition: Raised whenever rows may be others or elsewhere.
        arrangement: Of that edition.
        shown: The edition on screen, 0 for none.
        pages: Numbers of the pages that are missing.
        selected: Rows of the edition on screen whose places are wanted in the new one.
        current: Likewise the one row with the focus, -1 for none.
        key: An object to look for.
        errand: To run.
        opening: Raised whenever a session comes on screen: a run that goes on has cut off rows of
            the very file that was on screen before.
    """

    path: Path
    edition: int
    arrangement: Arrangement
    shown: int = 0
    pages: tuple[int, ...] = ()
    selected: Ranges = ()
    current: int = -1
    key: ObjectKey | None = None
    errand: Errand | None = None
    opening: int = 0


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a session as a whole.

    Attributes:
        path: The session file.
        model: That made it.
        total: Rows without a filter.
        frames: Pictures, pages and video frames.
        tracked: Whether objects have tracks.
        counts: Rows by class index.
        confidences: Rows by confidence, in `CONFIDENCE_BINS` equal parts from 0 to 1.
        failures: What could not be worked on.
    """

    path: Path
    model: ModelInfo
    total: int
    frames: int
    tracked: bool
    counts: Mapping[int, int]
    confidences: tuple[int, ...]
    failures: tuple[FailureRecord, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """An object that was looked for.

    Attributes:
        key: What was looked for.
        record: The object, None where the session has none of that key.
        row: Where it stands, None where the filter leaves it out.
    """

    key: ObjectKey
    record: ObjectRecord | None
    row: int | None


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a wish.

    Attributes:
        wish: What was asked.
        facts: Of the session.
        count: Rows that pass the filter.
        pages: By their numbers.
        selected: Where the selected rows stand now.
        current: Where the row with the focus stands now, -1 for nowhere.
        found: The object that was looked for.
        ids: Of an errand, the numbers of the rows.
        text: Of an errand, the rows as lines of fields with tabs between them.
    """

    wish: Wish
    facts: Facts
    count: int
    pages: Mapping[int, tuple[Row, ...]]
    selected: Ranges = ()
    current: int = -1
    found: Found | None = None
    ids: tuple[int, ...] = ()
    text: str = ""


@dataclass(frozen=True, slots=True)
class Failed:
    """A wish that could not be met."""

    wish: Wish
    error: EngineError


class ObjectPages:
    """Answers wishes; belongs to one thread."""

    def __init__(self) -> None:
        """Know nothing yet."""
        self._opened: tuple[Path, int] | None = None
        self._table: ObjectTable | None = None
        self._facts: Facts | None = None
        self._edition = 0
        # The numbers of the rows by edition, for what is still said in terms of an older one.
        self._orders: dict[int, Int32] = {}

    def answer(self, wish: Wish) -> Answer | Failed:
        """Return what is wanted, or why it cannot be."""
        from engine.store import SessionReader

        try:
            with SessionReader.open(wish.path) as reader:
                return self._answer(wish, reader)
        except sqlite3.Error as error:
            reason = StoreError(
                N_("Cannot read the session {path}: {reason}."),
                N_("Open it again from the history."),
                path=wish.path,
                reason=error,
            )
            reason.__cause__ = error
            self._opened = None
            return Failed(wish, reason)
        except EngineError as error:
            self._opened = None
            return Failed(wish, error)

    def _answer(self, wish: Wish, reader: SessionReader) -> Answer:
        from engine.store.query import ObjectTable

        table = self._table
        if table is None or (wish.path, wish.opening) != self._opened:
            table = ObjectTable(reader)
            self._opened, self._table, self._edition = (wish.path, wish.opening), table, 0
            self._facts = None
            self._orders.clear()
        table.use(reader)
        if wish.edition != self._edition:
            self._arrange(table, wish, reader)
        facts = self._facts
        assert facts is not None
        selected = self._moved(table, wish, wish.selected)
        current = self._moved(table, wish, ((wish.current, wish.current),))
        return Answer(
            wish,
            facts,
            len(table),
            {page: _page(table, page) for page in wish.pages if page * PAGE < len(table)},
            selected,
            current[0][0] if current and wish.current >= 0 else -1,
            _find(table, wish.key),
            *self._run(table, wish.errand, facts),
        )

    def _arrange(self, table: ObjectTable, wish: Wish, reader: SessionReader) -> None:
        arrangement = wish.arrangement
        frame_id = None
        if arrangement.place is not None:
            found = table.frame_at(arrangement.place.path, arrangement.place.index)
            frame_id = 0 if found is None else found
        table.arrange(
            arrangement.column,
            descending=arrangement.descending,
            text=arrangement.text,
            frame_id=frame_id,
        )
        self._edition = wish.edition
        self._orders = {key: rows for key, rows in self._orders.items() if key >= wish.shown}
        self._orders[wish.edition] = table.order
        self._facts = self._survey(table, wish.path, reader)

    def _survey(self, table: ObjectTable, path: Path, reader: SessionReader) -> Facts:
        known, frames = self._facts, reader.frame_count()
        failures = tuple(reader.failures())
        if known and (known.total, known.frames, known.failures) == (table.total, frames, failures):
            return known
        return Facts(
            path,
            reader.run.model if known is None else known.model,
            table.total,
            frames,
            table.tracked,
            table.class_counts(),
            tuple(table.confidence_counts(CONFIDENCE_BINS)),
            failures,
        )

    def _moved(self, table: ObjectTable, wish: Wish, rows: Ranges) -> Ranges:
        """Return where rows of the edition on screen stand now, nothing where too scattered."""
        former = self._orders.get(wish.shown)
        if former is None or not rows:
            return ()
        if former is table.order:
            return rows
        places = table.places_of(_chosen(former, rows))
        breaks = np.flatnonzero(np.diff(places) != 1)
        firsts = places[np.concatenate(([0], breaks + 1))] if len(places) else places
        lasts = places[np.concatenate((breaks, [len(places) - 1]))] if len(places) else places
        if len(firsts) > MOST_RANGES:
            return ()
        return tuple(zip(firsts.tolist(), lasts.tolist(), strict=True))

    def _run(
        self, table: ObjectTable, errand: Errand | None, facts: Facts
    ) -> tuple[tuple[int, ...], str]:
        former = None if errand is None else self._orders.get(errand.edition)
        if errand is None or former is None:
            return (), ""
        ids = _chosen(former, errand.rows).tolist()
        if not errand.columns:
            return tuple(ids), ""
        columns = [column for column in RESULT_COLUMNS if column.name in errand.columns]
        columns.sort(key=lambda column: errand.columns.index(column.name))
        lines = [
            "\t".join(column.plain(row, facts.model.names) for column in columns)
            for row in _rows(table, table.records(ids))
        ]
        return tuple(ids), "\n".join(lines)


def _chosen(order: Int32, rows: Ranges) -> Int32:
    """Return the numbers of rows, each in stretches from its first to its last place."""
    parts = [order[max(first, 0) : last + 1] for first, last in rows]
    return np.concatenate(parts) if parts else order[:0]


def _page(table: ObjectTable, page: int) -> tuple[Row, ...]:
    return tuple(_rows(table, table.page(page * PAGE, PAGE)))


def _rows(table: ObjectTable, records: list[ObjectRecord]) -> list[Row]:
    origins = table.origins(record.frame_id for record in records)
    return [Row(record, *origins[record.frame_id]) for record in records]


def _find(table: ObjectTable, key: ObjectKey | None) -> Found | None:
    if key is None:
        return None
    record = table.find(key.frame_id, key.number)
    return Found(key, record, None if record is None else table.place_of(record.id))
