"""The sessions on disk: finding them, what a list shows of each, giving one another name."""

from __future__ import annotations

import os
import re
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from engine.errors import StoreError, writing_failed
from engine.i18n import N_
from engine.paths import home
from engine.store import schema
from engine.store.reader import SessionReader
from engine.store.records import RunRecord, RunState
from engine.store.recover import refuse_written
from engine.store.writer import safe_name
from engine.types import Task

_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_TIME = re.compile(r"\d{6}-")
# Where the annotated pictures were deleted, the first ones missing tell enough.
_THUMBNAILS_TRIED = 20


@dataclass(frozen=True, slots=True)
class SessionCard:
    """What a list shows of a session.

    Attributes:
        path: The session file.
        name: Its folder's name, without the time in front.
        started: Local time with its offset, ISO 8601.
        finished: Likewise, None while it runs or after a crash.
        state: How it ended.
        unfinished: True where its run was cut short and nobody has said so in the file yet.
        title: What the person called the application, may be empty.
        model_name: Of the model used.
        classes: All its class names, by which colours are told.
        task: What the model does.
        pictures: Number of pictures and video frames.
        objects: Number of detections.
        counts: Class names and their objects, the most frequent first; for classification the
            pictures of which the class is the most probable.
        thumbnail: The first annotated picture that is there, None without any.
        size_bytes: Of all files in its folder.
    """

    path: Path
    name: str
    started: str
    finished: str | None
    state: RunState
    unfinished: bool
    title: str
    model_name: str
    classes: tuple[str, ...]
    task: Task
    pictures: int
    objects: int
    counts: tuple[tuple[str, int], ...]
    thumbnail: Path | None
    size_bytes: int


def find_sessions(root: Path | None = None) -> Iterator[Path]:
    """Yield the session files in `ROOT/YYYY-MM-DD/FOLDER`, the newest first, without opening them.

    Args:
        root: Where to look; by default where sessions are made.
    """
    for day in _folders(root or home()):
        if _DAY.fullmatch(day.name):
            for folder in _folders(day):
                path = folder / schema.SESSION_FILE
                if path.is_file():
                    yield path


def _folders(parent: Path) -> list[Path]:
    """Return the folders in one, the last names first; none where it cannot be read."""
    try:
        with os.scandir(parent) as entries:
            names = [entry.name for entry in entries if entry.is_dir()]
    except OSError:
        return []
    return [parent / name for name in sorted(names, reverse=True)]


def unfinished(root: Path | None = None) -> list[Path]:
    """Return the session files of runs that were cut short, the newest first.

    Args:
        root: See `find_sessions`.
    """
    found = []
    for path in find_sessions(root):
        # What cannot be read is shown by the list of sessions, with its reason.
        with suppress(StoreError):
            if _run(path).unfinished:
                found.append(path)
    return found


def read_card(path: Path) -> SessionCard:
    """Read what a list shows of a session.

    Args:
        path: The session file.

    Raises:
        StoreError: It is missing, damaged or of a newer version.
    """
    with _damage_told(path), SessionReader.open(path) as reader:
        run, folder = reader.run, reader.folder
        counts = _counts(reader, run)
        return SessionCard(
            path=reader.path,
            name=_TIME.sub("", folder.name, count=1),
            started=run.started,
            finished=run.finished,
            state=run.state,
            unfinished=run.unfinished,
            title=run.title,
            model_name=run.model.name,
            classes=run.model.names,
            task=run.model.task,
            pictures=reader.frame_count(),
            objects=reader.object_count(),
            counts=tuple(counts.most_common()),
            thumbnail=_thumbnail(reader),
            size_bytes=_size(folder),
        )


def rename(folder: Path, name: str) -> Path:
    """Give a session's folder another name behind its time and return its new path.

    Args:
        folder: The session's folder.
        name: The new name; what no system allows in a name is replaced.

    Raises:
        StoreError: The name is empty or taken, the run goes on, or the folder cannot be renamed.
    """
    plain = safe_name(name)
    if not plain:
        raise StoreError(N_("A session needs a name."), N_("Type at least one letter."))
    prefix = _TIME.match(folder.name)
    target = folder.with_name((prefix.group() if prefix else "") + plain)
    if target == folder:
        return folder
    # Where case does not count, another case of its own name is not taken.
    if target.exists() and not target.samefile(folder):
        raise StoreError(
            N_("There is a session named {name} already."), N_("Choose another name."), name=plain
        )
    path = folder / schema.SESSION_FILE
    try:
        run = _run(path)
    except StoreError:
        pass  # Nobody writes a damaged session.
    else:
        refuse_written(path, run)
    try:
        return folder.rename(target)
    except OSError as error:
        raise writing_failed(error, folder) from error


def _run(path: Path) -> RunRecord:
    with _damage_told(path), SessionReader.open(path) as reader:
        return reader.run


@contextmanager
def _damage_told(path: Path) -> Iterator[None]:
    """Turn what reading a damaged session raises into a sentence."""
    try:
        yield
    except (sqlite3.DatabaseError, LookupError, TypeError, ValueError) as error:
        raise schema.unreadable(path) from error


def _counts(reader: SessionReader, run: RunRecord) -> Counter[str]:
    counts: Counter[str] = Counter()
    for index, count in reader.class_counts().items():
        counts[run.model.names[index]] += count
    if run.model.task == "classify":
        for frame in reader.frames():
            if frame.probabilities is not None:
                counts[run.model.names[int(frame.probabilities.argmax())]] += 1
    return counts


def _thumbnail(reader: SessionReader) -> Path | None:
    query = "SELECT media FROM frame WHERE media NOT LIKE '%.mp4' ORDER BY id LIMIT ?"
    paths = [
        reader.folder / media
        for (media,) in reader.connection.execute(query, (_THUMBNAILS_TRIED,)).fetchall()
    ]
    return next((path for path in paths if path.is_file()), None)


def _size(folder: Path) -> int:
    """Return the bytes of all files in a folder and below."""
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            # A file may go while we look: a running session moves its pictures into place.
            with suppress(OSError):
                total += os.lstat(os.path.join(parent, name)).st_size
    return total
