"""Looking where a run over files goes on that was cut short."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from engine.config import RunConfig
from engine.errors import EngineError, StoreError
from engine.former_video import FormerVideo, part_of, readable_frames
from engine.i18n import N_
from engine.sources import SourceList
from engine.sources.sniffing import printable
from engine.store import MEDIA_FOLDER, FrameRecord, RunRecord, SessionReader, schema
from engine.store import files as listed
from engine.store.files import ListedFile
from engine.store.recover import refuse_written
from engine.suffixes import PAGED_SUFFIXES, PICTURE_SUFFIXES


@dataclass(frozen=True, slots=True)
class Resumption:
    """Where a run that was cut short goes on.

    Attributes:
        path: The session file.
        config: The run's settings.
        sources: What is left to work through.
        finished: Number of sources that are done.
        source: The source it goes on with, as in `Frame.origin`.
        frame: Frame or page of it that comes next, counted from 0.
        time_s: Time of the last frame of it that is kept, None where it begins anew.
        kept: Number of frames of the session that are kept.
        media: Whether annotated pictures are kept.
        video: The part of the annotated video that is kept, None where none is under way.
        video_name: What that is called in the end.
        renamed: Sources that have to be named otherwise in this process.
    """

    path: Path
    config: RunConfig
    sources: SourceList
    finished: int
    source: str
    frame: int
    time_s: float | None
    kept: int
    media: bool
    video: FormerVideo | None = None
    video_name: str = ""
    renamed: Mapping[str, str] = field(default_factory=dict)


def prepare(session_path: Path) -> Resumption:
    """Look where a run has to go on; nothing is changed.

    Rows and annotated video end together: what only one of them has is worked on once more.

    Args:
        session_path: The session file or its folder.

    Raises:
        StoreError: It cannot go on: nothing is left, it was a camera or stream, the sources or
            the weights are not what they were, or it has not ended. Or the file is damaged.
    """
    with SessionReader.open(session_path) as reader:
        try:
            return _prepare(reader)
        except (sqlite3.DatabaseError, LookupError, TypeError, ValueError) as error:
            raise schema.unreadable(reader.path) from error


def _prepare(reader: SessionReader) -> Resumption:
    run, path = reader.run, reader.path
    refuse_written(path, run)
    if run.state == "done":
        raise _nothing_left(path)
    files = _files(reader)
    config = _config(path, run, files[0].folder)
    done, last = _last(reader, files)
    place = _Place(done, 0, None, reader.frame_count())
    if last is not None:
        place = _place(reader, files, done, last)
    if place.file == len(files):
        raise _nothing_left(path)
    left = files[place.file :]
    _check_sources(left)
    media = reader.connection.execute("SELECT 1 FROM frame WHERE media IS NOT NULL LIMIT 1")
    items = tuple(each.here for each in left)
    return Resumption(
        path=path,
        config=config,
        sources=SourceList(items, place.frame, place.time_s),
        finished=place.file,
        source=printable(items[0]),
        frame=place.frame,
        time_s=place.time_s,
        kept=place.kept,
        media=bool(media.fetchall()) if last else (reader.folder / MEDIA_FOLDER).is_dir(),
        video=place.video,
        video_name=place.video_name,
        renamed={
            printable(each.path): printable(each.here) for each in files if each.here != each.path
        },
    )


@dataclass(frozen=True, slots=True)
class _Place:
    """The file of a run and the place in it that come next, and what is kept before."""

    file: int
    frame: int
    time_s: float | None
    kept: int
    video: FormerVideo | None = None
    video_name: str = ""


def _files(reader: SessionReader) -> list[ListedFile]:
    """Return the files of a run, of which there is at least one."""
    (version,) = reader.connection.execute("PRAGMA user_version").fetchone()
    files = [] if version < schema.VERSION else listed.read(reader.connection)
    if files:
        return files
    if version < schema.VERSION:
        raise StoreError(
            N_("{path} was written by an earlier version, which did not keep what is left to do."),
            N_("Start a new run."),
            path=reader.path,
        )
    raise StoreError(
        N_("The run of {path} was not over files: a camera or stream does not come back."),
        N_("Start a new run."),
        path=reader.path,
    )


def _config(path: Path, run: RunRecord, folder: Path) -> RunConfig:
    """Return the settings of a run, with weights that are those of then."""
    try:
        config = RunConfig.from_json(run.settings)
    except EngineError as error:
        raise StoreError(
            N_("The settings in {path} cannot be used: {reason}."),
            N_("Start a new run."),
            path=path,
            reason=error.message.rstrip("."),
        ) from error
    config = replace(config, weights=folder / config.weights)
    try:
        with config.weights.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise StoreError(
            N_("The weights of the run are not there: {path}."),
            N_("Put the file back, or begin the run anew with other weights."),
            path=config.weights,
        ) from error
    if digest != run.model.sha256:
        raise StoreError(
            N_("The weights are not those of the run any more: {path}."),
            N_("Put the former file back, or begin the run anew."),
            path=config.weights,
        )
    return config


def _last(reader: SessionReader, files: list[ListedFile]) -> tuple[int, FrameRecord | None]:
    """Return the position of the source that was worked on last, and its last frame, if any."""
    (number,) = reader.connection.execute("SELECT max(id) FROM frame").fetchone()
    if number is None:
        return 0, None
    last = reader.frame(number)
    for position, each in enumerate(files):
        if printable(each.path) == last.source:
            return position, last
    raise LookupError(last.source)


def _place(
    reader: SessionReader, files: list[ListedFile], position: int, last: FrameRecord
) -> _Place:
    """Return where a run goes on that ended in or after the source of its last frame."""
    if last.time_s is None:
        suffix = files[position].path.suffix.lower()
        if suffix in PICTURE_SUFFIXES - PAGED_SUFFIXES:
            return _Place(position + 1, 0, None, last.id)
        return _Place(position, last.index + 1, None, last.id)
    count, first = reader.connection.execute(
        "SELECT count(*), min(frame.id) FROM frame JOIN source ON source.id = source_id"
        " WHERE path = ?",
        (last.source,),
    ).fetchone()
    if last.media is None:
        return _Place(position, last.index + 1, last.time_s, last.id)
    path = reader.folder / last.media
    # A run that went on and was cut short too leaves two, the longer one beside the other.
    readable = {each: readable_frames(each) for each in (path, part_of(path))}
    best = max(readable, key=lambda each: readable[each])
    count = min(count, readable[best])
    if count == 0:
        return _Place(position, 0, None, first - 1)
    end = reader.frame(first + count - 1)
    video = FormerVideo(best, count)
    return _Place(position, end.index + 1, end.time_s, end.id, video, path.name)


def _check_sources(left: list[ListedFile]) -> None:
    for each in left:
        if each.is_gone():
            raise StoreError(
                N_("A source of the run is not there any more: {path}."),
                N_("Put it back, or begin the run anew with the others."),
                path=printable(each.here),
            )
        if each.has_changed():
            raise StoreError(
                N_("A source of the run has changed since: {path}."),
                N_("Put the former file back, or begin the run anew."),
                path=printable(each.here),
            )


def _nothing_left(path: Path) -> StoreError:
    return StoreError(
        N_("The run of {path} has worked through all of its sources."),
        N_("Open the session to see what was found."),
        path=path,
    )
