"""The tables of a session file and how a connection to one is opened."""

from __future__ import annotations

import os
import sqlite3
import sys
import time
from pathlib import Path
from urllib.parse import quote

from engine.errors import StoreError
from engine.i18n import N_

SESSION_FILE = "session.labsight"
MEDIA_FOLDER = "annotated"
VERSION = 3
PATIENCE_S = 2.0
APPLICATION_ID = 0x4C414253  # "LABS"

TABLES = """
CREATE TABLE run (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE source (id INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE);
CREATE TABLE file (
    id INTEGER PRIMARY KEY,
    path BLOB NOT NULL,
    folder BLOB NOT NULL,
    size INTEGER NOT NULL,
    changed_ns INTEGER NOT NULL
);
CREATE TABLE frame (
    id INTEGER PRIMARY KEY,
    source_id INTEGER NOT NULL REFERENCES source (id),
    position INTEGER NOT NULL,
    time_s REAL,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    objects INTEGER NOT NULL,
    network_ms REAL NOT NULL,
    total_ms REAL NOT NULL,
    warning TEXT,
    media TEXT,
    probabilities BLOB
);
CREATE TABLE object (
    id INTEGER PRIMARY KEY,
    frame_id INTEGER NOT NULL REFERENCES frame (id),
    number INTEGER NOT NULL,
    class_id INTEGER NOT NULL,
    confidence REAL NOT NULL,
    x1 REAL NOT NULL,
    y1 REAL NOT NULL,
    x2 REAL NOT NULL,
    y2 REAL NOT NULL,
    angle REAL,
    area REAL NOT NULL,
    track INTEGER
);
CREATE INDEX object_frame ON object (frame_id);
CREATE TABLE shape (
    frame_id INTEGER PRIMARY KEY REFERENCES frame (id),
    masks BLOB,
    keypoints BLOB,
    candidates BLOB
);
CREATE TABLE crossing (
    id INTEGER PRIMARY KEY,
    frame_id INTEGER NOT NULL REFERENCES frame (id),
    counter INTEGER NOT NULL,
    track INTEGER NOT NULL,
    class_id INTEGER NOT NULL,
    inward INTEGER NOT NULL
);
CREATE INDEX crossing_frame ON crossing (frame_id);
CREATE TABLE failure (
    id INTEGER PRIMARY KEY,
    source TEXT NOT NULL,
    message TEXT NOT NULL,
    hint TEXT NOT NULL
);
"""


def create(path: Path, *, scratch: bool = False) -> sqlite3.Connection:
    """Create a session file and return a connection that may be handed to one other thread.

    The write-ahead log lets readers watch a running session; where the disk is a network share,
    on which it is not safe, or refuses it, the classic journal is used.

    Args:
        path: The file.
        scratch: The file can be made again and is read when it is whole: it waits for no disk and
            does not survive a crash.
    """
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    journal = "MEMORY" if scratch else "DELETE" if on_network(path) else "WAL"
    connection.execute(f"PRAGMA journal_mode={journal}")
    connection.execute("PRAGMA synchronous=" + ("OFF" if scratch else "NORMAL"))
    # At one stroke, so that nobody who looks in meets half a session.
    connection.executescript(
        f"BEGIN; PRAGMA application_id={APPLICATION_ID}; PRAGMA user_version={VERSION};"
        f"{TABLES} COMMIT;"
    )
    return connection


def open_readonly(path: Path) -> sqlite3.Connection:
    """Open a session file for reading, also from read-only media.

    Raises:
        StoreError: The file is missing, is no session or was written by a newer version.
    """
    if not path.is_file():
        raise StoreError(
            N_("There is no session at {path}."),
            N_("Choose a file named {name}."),
            path=path,
            name=SESSION_FILE,
        )
    uri = _uri(path)
    try:
        return _checked(uri + "?mode=ro", path)
    except sqlite3.OperationalError:
        # A log left beside a file on read-only media cannot be replayed; what was checkpointed
        # can still be read.
        try:
            return _checked(uri + "?immutable=1", path)
        except sqlite3.Error as error:
            raise unreadable(path) from error
    except sqlite3.DatabaseError as error:
        raise unreadable(path) from error


def open_writable(path: Path) -> sqlite3.Connection:
    """Open a session file that is there for changing it.

    Where the file or its folder is read-only, changes fail, not the opening.
    """
    return sqlite3.connect(_uri(path) + "?mode=rw", uri=True, isolation_level=None)


def open_for_writing(path: Path) -> sqlite3.Connection:
    """Open a session file that is there as `create` does, for a run that goes on."""
    uri = _uri(path) + "?mode=rw"
    connection = sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False)
    try:
        connection.execute(f"PRAGMA journal_mode={'DELETE' if on_network(path) else 'WAL'}")
        connection.execute("PRAGMA synchronous=NORMAL")
    except BaseException:
        connection.close()
        raise
    return connection


def leave_one_file(connection: sqlite3.Connection) -> None:
    """Put the log into the session file, so that there is one file to move.

    It takes nobody else to have the file open. Readers look in for moments only, so it is tried
    again for a while; where somebody stays, all is as safe as before and the log remains.
    """
    until = time.monotonic() + PATIENCE_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode=DELETE")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF not in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
                raise
            if time.monotonic() > until:
                return
        time.sleep(0.02)


def _uri(path: Path) -> str:
    # quote() would turn an undecodable byte of a file name into a question mark otherwise.
    return "file:" + quote(os.fsencode(path.resolve()).replace(b"\\", b"/"))


def unreadable(path: Path) -> StoreError:
    """Return what is said of a file that is damaged or no session."""
    return StoreError(
        N_("{path} is not a LabSight session, or it is damaged."),
        N_("Choose a file named {name}."),
        path=path,
        name=SESSION_FILE,
    )


def _checked(uri: str, path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False)
    try:
        (application,) = connection.execute("PRAGMA application_id").fetchone()
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        connection.execute("SELECT count(*) FROM run").fetchone()
        if application != APPLICATION_ID:
            raise sqlite3.DatabaseError("another application's file")
        if version > VERSION:
            raise StoreError(
                N_("{path} was written by a newer version of LabSight."),
                N_("Install the newer version to open it."),
                path=path,
            )
    except BaseException:
        connection.close()
        raise
    return connection


def on_network(path: Path) -> bool:
    """Tell whether a path lies on a network share, as far as the system says."""
    folder = path.resolve().parent
    if sys.platform == "win32":
        import ctypes

        anchor = folder.anchor
        return anchor.startswith("\\\\") or ctypes.windll.kernel32.GetDriveTypeW(anchor) == 4
    try:
        lines = Path("/proc/mounts").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return False
    mounts = [line.split()[1:3] for line in lines if len(line.split()) > 2]
    holding = [m for m in mounts if folder.is_relative_to(m[0].replace("\\040", " "))]
    kind = max(holding, key=lambda mount: len(mount[0]), default=("/", ""))[1]
    return kind.startswith(("nfs", "cifs", "smb", "9p", "fuse.sshfs", "afs"))
