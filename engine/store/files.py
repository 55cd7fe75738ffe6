"""The files that a run works through, as they were when it began."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Self


@dataclass(frozen=True, slots=True)
class ListedFile:
    """One file of a run.

    Attributes:
        path: As the run names it.
        folder: The folder that the run began in, which a relative path starts from.
        size: In bytes, -1 for a file that was not there.
        changed_ns: When it was last changed, nanoseconds since 1970.
    """

    path: Path
    folder: Path
    size: int
    changed_ns: int

    @classmethod
    def of(cls, path: Path) -> Self:
        """Return a file as it is now."""
        try:
            state = path.stat()
        except OSError:
            return cls(path, Path.cwd(), -1, 0)
        return cls(path, Path.cwd(), state.st_size, state.st_mtime_ns)

    @property
    def here(self) -> Path:
        """Where it is, seen from the folder of this process; as it was named where that is so."""
        return self.path if self.folder == Path.cwd() else self.folder / self.path

    def is_gone(self) -> bool:
        """Tell whether a file that was there is there no more."""
        return self.size >= 0 and not self.here.exists()

    def has_changed(self) -> bool:
        """Tell whether it is another than it was."""
        now = ListedFile.of(self.here)
        return (now.size, now.changed_ns) != (self.size, self.changed_ns)


def write(connection: sqlite3.Connection, files: Iterable[Path]) -> None:
    """Write down the files of a run, in order."""
    rows = (
        (os.fsencode(each.path), os.fsencode(each.folder), each.size, each.changed_ns)
        for each in map(ListedFile.of, files)
    )
    connection.execute("BEGIN")
    query = "INSERT INTO file (path, folder, size, changed_ns) VALUES (?, ?, ?, ?)"
    connection.executemany(query, rows)
    connection.execute("COMMIT")


def read(connection: sqlite3.Connection) -> list[ListedFile]:
    """Return the files of a run, in order; none where they were not written down."""
    query = "SELECT path, folder, size, changed_ns FROM file ORDER BY id"
    return [
        ListedFile(Path(os.fsdecode(path)), Path(os.fsdecode(folder)), size, changed_ns)
        for path, folder, size, changed_ns in connection.execute(query)
    ]
