"""Writing a session: every result as it comes, on disk within a second."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from engine import masks
from engine.errors import EngineError, StoreError, writing_failed
from engine.i18n import N_
from engine.inference.candidates import pack
from engine.paths import home
from engine.store import files as listed
from engine.store import schema
from engine.store.records import FailureRecord, FrameRecord, RunRecord, RunState
from engine.types import Candidates, Crossing, Detections, Float32, Result

COMMIT_EVERY_S = 0.5


def now() -> str:
    """Return the local time with its offset, ISO 8601, to the second."""
    return datetime.now().astimezone().isoformat(timespec="seconds")


def safe_name(name: str) -> str:
    """Return a name as every system allows it in a folder's name; may be empty."""
    plain = re.sub(r'[\x00-\x1f<>:"/\\|?*]+', "_", name).strip(" .")
    return plain[:60].rstrip(" .")


def new_session_folder(name: str, parent: Path | None = None) -> Path:
    """Return the path of a folder that does not exist yet: `PARENT/YYYY-MM-DD/HHMMSS-name`."""
    moment = datetime.now()
    parent = parent or home() / moment.strftime("%Y-%m-%d")
    base = parent / f"{moment:%H%M%S}-{safe_name(name) or 'session'}"
    path, number = base, 2
    while path.exists():
        path, number = base.with_name(f"{base.name}-{number}"), number + 1
    return path


class SessionWriter:
    """One open session file.

    Used by one thread at a time. Rows are committed when `commit_due` says so, at the latest half
    a second after they were added as long as the owner keeps asking.

    Attributes:
        folder: The session's folder.
        path: The session file in it.
    """

    def __init__(self, folder: Path, connection: sqlite3.Connection) -> None:
        """Take an open connection; `create` makes one."""
        self.folder = folder
        self.path = folder / schema.SESSION_FILE
        self._connection = connection
        self._sources: dict[str, int] = {}
        self._frames = 0
        self._objects = 0
        self._open_since: float | None = None
        self._made: tuple[Path, ...] = ()

    @classmethod
    def create(
        cls, folder: Path, run: RunRecord, *, scratch: bool = False, files: Iterable[Path] = ()
    ) -> Self:
        """Create the folder and the session file in it.

        Args:
            folder: Where to; made where it is missing.
            run: How the session is made.
            scratch: See `schema.create`.
            files: What the run works through, in order, so that it can go on after a crash.

        Raises:
            StoreError: The folder cannot be made or written, or holds a session already.
        """
        path = folder / schema.SESSION_FILE
        if path.exists():
            raise StoreError(
                N_("{path} holds a session already."), N_("Choose another folder."), path=folder
            )
        made = tuple(each for each in (folder, *folder.parents) if not os.path.exists(each))
        try:
            folder.mkdir(parents=True, exist_ok=True)
            path.touch()
        except OSError as error:
            raise writing_failed(error, folder) from error
        with explained(path):
            writer = cls(folder, schema.create(path, scratch=scratch))
            writer._made = made
            writer._write_run(run)
            listed.write(writer._connection, files)
        return writer

    @classmethod
    def go_on(cls, folder: Path, connection: sqlite3.Connection) -> Self:
        """Return the writer of a file that holds rows already, which are counted on."""
        writer = cls(folder, connection)
        writer._sources = {
            path: number for number, path in connection.execute("SELECT id, path FROM source")
        }
        query = "SELECT coalesce(max(id), 0) FROM "
        writer._frames = int(connection.execute(query + "frame").fetchone()[0])
        writer._objects = int(connection.execute(query + "object").fetchone()[0])
        return writer

    def _write_run(self, run: RunRecord) -> None:
        # Escaped, so that the undecodable bytes of a file name can be stored too.
        rows = [(key, json.dumps(value)) for key, value in asdict(run).items()]
        self._connection.executemany("INSERT OR REPLACE INTO run VALUES (?, ?)", rows)

    def add(self, result: Result, media: str | None = None) -> int:
        """Write one result and return the frame's number.

        Raises:
            StoreError: The disk is full or gone. What was committed before is kept.
        """
        frame = result.frame
        record = FrameRecord(
            id=self._frames + 1,
            source=frame.origin,
            index=frame.index,
            time_s=frame.time_s,
            width=frame.width,
            height=frame.height,
            objects=len(result.detections),
            network_ms=result.timing.network_ms,
            total_ms=result.timing.total_ms,
            warning=frame.warning,
            media=media,
            probabilities=result.probabilities,
        )
        crossings = () if result.counted is None else result.counted.crossings
        self.add_frame(record, result.detections, result.candidates, crossings)
        return record.id

    def add_frame(
        self,
        frame: FrameRecord,
        found: Detections,
        proposed: Candidates | None = None,
        crossings: Sequence[Crossing] = (),
    ) -> None:
        """Write a frame under its own number, such as one of another session.

        Args:
            frame: The frame; its number is higher than that of any frame before.
            found: What is in it.
            proposed: Its candidates, None where they are not kept.
            crossings: What was counted with it.

        Raises:
            StoreError: The disk is full or gone. What was committed before is kept.
        """
        with explained(self.path):
            self._begin()
            source = self._source(frame.source)
            self._frames = frame.id
            self._connection.execute(
                "INSERT INTO frame VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    frame.id,
                    source,
                    frame.index,
                    frame.time_s,
                    frame.width,
                    frame.height,
                    len(found),
                    frame.network_ms,
                    frame.total_ms,
                    frame.warning,
                    None if frame.media is None else _text(frame.media),
                    _blob(frame.probabilities),
                ),
            )
            self._connection.executemany(
                "INSERT INTO object VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                self._object_rows(found),
            )
            self._objects += len(found)
            shapes = (
                None if found.masks is None else masks.pack(found.masks),
                _blob(found.keypoints),
                None if proposed is None else pack(proposed, found.masks or ()),
            )
            if any(shape is not None for shape in shapes):
                self._connection.execute(
                    "INSERT INTO shape VALUES (?, ?, ?, ?)", (frame.id, *shapes)
                )
            if crossings:
                self._connection.executemany(
                    "INSERT INTO crossing (frame_id, counter, track, class_id, inward)"
                    " VALUES (?, ?, ?, ?, ?)",
                    [
                        (frame.id, each.counter, each.track, each.class_id, each.inward)
                        for each in crossings
                    ],
                )
            self.commit_due()

    def _object_rows(self, found: Detections) -> Iterator[tuple[object, ...]]:
        count = len(found)
        nothing = [None] * count
        if found.masks is None:
            sides = found.boxes[:, 2:] - found.boxes[:, :2]
            areas = (sides[:, 0] * sides[:, 1]).tolist()
        else:
            areas = [float(mask.area) for mask in found.masks]
        return zip(
            range(self._objects + 1, self._objects + count + 1),
            [self._frames] * count,
            range(1, count + 1),
            found.classes.tolist(),
            found.scores.tolist(),
            *(found.boxes.T.tolist()),
            nothing if found.angles is None else found.angles.tolist(),
            areas,
            nothing if found.ids is None else [number or None for number in found.ids.tolist()],
            strict=True,
        )

    def fail(self, source: str, error: EngineError) -> None:
        """Write down a source, or the rest of one, that could not be worked on."""
        self.add_failure(FailureRecord(source, error.message, error.hint))

    def add_failure(self, failure: FailureRecord) -> None:
        """Write down a failure, such as one of another session."""
        with explained(self.path):
            self._begin()
            self._connection.execute(
                "INSERT INTO failure (source, message, hint) VALUES (?, ?, ?)",
                (_text(failure.source), _text(failure.message), _text(failure.hint)),
            )
            self.commit_due()

    def commit_due(self) -> float | None:
        """Commit rows older than half a second; return the seconds until more are due, if any."""
        if self._open_since is None:
            return None
        left = self._open_since + COMMIT_EVERY_S - time.monotonic()
        if left > 0:
            return left
        with explained(self.path):
            self._connection.execute("COMMIT")
        self._open_since = None
        return None

    def close(self, state: RunState | None = "done") -> None:
        """Commit, say how the run ended and leave one movable file. Does nothing the second time.

        Args:
            state: How it ended; None leaves the run as it was given to `create`.

        Raises:
            StoreError: The disk is full or gone.
        """
        connection = self._connection
        try:
            with explained(self.path):
                try:
                    self._begin()
                except sqlite3.ProgrammingError:
                    return
                if state is not None:
                    end_run(connection, now(), state)
                connection.execute("COMMIT")
                schema.leave_one_file(connection)
        finally:
            connection.close()

    def discard(self) -> None:
        """Close and delete the file, and the folders made for it where nothing else is in them."""
        self._connection.close()
        self.path.unlink(missing_ok=True)
        with suppress(OSError):
            for folder in self._made:
                folder.rmdir()

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the session as done or, on an exception, as failed."""
        self.close("done" if kind is None else "failed")

    def _begin(self) -> None:
        if not self._connection.in_transaction:
            self._connection.execute("BEGIN")
            self._open_since = time.monotonic()

    def _source(self, path: str) -> int:
        known = self._sources.get(path)
        if known is None:
            known = self._sources[path] = len(self._sources) + 1
            self._connection.execute("INSERT INTO source VALUES (?, ?)", (known, _text(path)))
        return known


def end_run(connection: sqlite3.Connection, finished: str, state: RunState) -> None:
    """Write down when a run ended, ISO 8601 with its offset, and how."""
    ending = [("finished", json.dumps(finished)), ("state", json.dumps(state))]
    connection.executemany("INSERT OR REPLACE INTO run VALUES (?, ?)", ending)


def _text(path: str) -> str:
    """Return a path that SQLite can hold: undecodable bytes of a file name shown as escapes."""
    return path.encode("utf-8", "backslashreplace").decode("utf-8")


def _blob(array: Float32 | None) -> bytes | None:
    return None if array is None else np.ascontiguousarray(array, np.float32).tobytes()


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn SQLite's failures to write a session into a sentence."""
    try:
        yield
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_FULL:
            raise StoreError(
                N_("The disk is full: {path}."),
                N_("Free some space or choose another folder."),
                path=path,
            ) from error
        raise StoreError(
            N_("Cannot write the session {path}: {reason}."),
            N_("Check the disk and the folder's permissions."),
            path=path,
            reason=error,
        ) from error
