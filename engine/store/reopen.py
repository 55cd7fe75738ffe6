"""Opening a session whose run was cut short, so that it can go on."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import asdict
from pathlib import Path

from engine.store import schema
from engine.store.reader import SessionReader
from engine.store.records import Process
from engine.store.recover import refuse_written
from engine.store.writer import SessionWriter, explained


def reopen(
    path: Path, kept: int, again: Collection[str] = (), renamed: Mapping[str, str] | None = None
) -> SessionWriter:
    """Open a session for writing behind its first frames, as running and written by this process.

    Args:
        path: The session file.
        kept: Frames up to this number stay; those behind, with all that belongs to them, go.
        again: Sources that are worked on once more, whose failures go.
        renamed: What sources are called from now on, where that changes.

    Raises:
        StoreError: It is missing or damaged, is still written, or cannot be changed.
    """
    with SessionReader.open(path) as reader:
        refuse_written(path, reader.run)
    with explained(path):
        connection = schema.open_for_writing(path)
        try:
            connection.execute("BEGIN IMMEDIATE")
            for table in ("object", "shape", "crossing"):
                connection.execute(f"DELETE FROM {table} WHERE frame_id > ?", (kept,))
            connection.execute("DELETE FROM frame WHERE id > ?", (kept,))
            connection.execute("DELETE FROM source WHERE id NOT IN (SELECT source_id FROM frame)")
            connection.executemany(
                "DELETE FROM failure WHERE source = ?", [(source,) for source in again]
            )
            connection.executemany(
                "UPDATE source SET path = ? WHERE path = ?",
                [(new, old) for old, new in (renamed or {}).items()],
            )
            begun = {"state": "running", "finished": None, "writer": asdict(Process.own())}
            connection.executemany(
                "INSERT OR REPLACE INTO run VALUES (?, ?)",
                [(key, json.dumps(value)) for key, value in begun.items()],
            )
            connection.execute("COMMIT")
            return SessionWriter.go_on(path.parent, connection)
        except BaseException:
            connection.close()
            raise
