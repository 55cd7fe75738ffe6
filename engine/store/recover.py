"""Ending a session whose run was cut short: by a crash, a power cut or `kill -9`."""

from __future__ import annotations

from contextlib import closing
from datetime import datetime
from pathlib import Path

from engine.errors import StoreError
from engine.i18n import N_
from engine.store import schema
from engine.store.reader import SessionReader
from engine.store.records import RunRecord
from engine.store.writer import end_run, explained


def finish(path: Path) -> None:
    """Mark a session that a crash left behind as interrupted and make it one movable file.

    The time of its end is that of the last writing. A session that has ended is left as it is.

    Args:
        path: The session file, or its folder.

    Raises:
        StoreError: It is missing or damaged, is still written, or cannot be changed.
    """
    if path.is_dir():
        path = path / schema.SESSION_FILE
    # Asked before anything is opened: opening a session can make a new, empty log.
    last = _last_written(path)
    with SessionReader.open(path) as reader:
        run = reader.run
        (journal,) = reader.connection.execute("PRAGMA journal_mode").fetchone()
    if run.state != "running" and journal != "wal":
        return
    refuse_written(path, run)
    with explained(path), closing(schema.open_writable(path)) as connection:
        if run.state == "running":
            connection.execute("BEGIN IMMEDIATE")
            end_run(connection, last, "interrupted")
            connection.execute("COMMIT")
        schema.leave_one_file(connection)


def refuse_written(path: Path, run: RunRecord) -> None:
    """Refuse to touch a session whose run goes on.

    Raises:
        StoreError: Its writer lives, or may live on another machine.
    """
    if run.state == "running" and not run.unfinished:
        raise StoreError(
            N_("The run that writes {path} has not ended."),
            N_("Wait until it has, or stop it."),
            path=path,
        )


def _last_written(path: Path) -> str:
    """Return when a session was last written, local time with its offset, ISO 8601."""
    log = path.with_name(f"{path.name}-wal")
    found = [file.stat() for file in (path, log) if file.exists()]
    # A log without content was made by a reader.
    last = max((each.st_mtime for each in found if each.st_size), default=0.0)
    moment = datetime.fromtimestamp(last).astimezone()
    return moment.isoformat(timespec="seconds")
