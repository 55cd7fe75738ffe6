"""Going on with a run over files that was cut short: by a crash, a power cut or a person."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from engine.errors import writing_failed
from engine.filenames import media_name
from engine.media import PART_PREFIX, PART_SUFFIX
from engine.recorder import Former, OpenVideo, open_writer
from engine.resumption import Resumption, prepare
from engine.sources import SourceList
from engine.sources.sniffing import printable
from engine.store import MEDIA_FOLDER, SessionReader, SessionWriter
from engine.store.recover import refuse_written
from engine.store.reopen import reopen as reopen_session
from engine.types import Frame, Int32, Result

if TYPE_CHECKING:
    from engine.following import Follower

__all__ = ["Resumption", "catch_up", "prepare", "recent", "reopen"]

RECENT_FRAMES = 60
"""So many frames before the break are shown to the tracker again."""


def reopen(resumption: Resumption) -> tuple[SessionWriter, Former]:
    """Open a session for what is left, with rows and annotated video that end together.

    The video is copied into a file beside it, without being coded anew, and grows there; it takes
    its place when it is whole. Both can be played at any moment.

    Returns:
        The session, running and written by this process, and what its `Recorder` takes over.

    Raises:
        StoreError: It cannot be changed, or is written by somebody else by now.
        VideoError: The annotated video cannot be read any more.
    """
    path = resumption.path
    with SessionReader.open(path) as reader:
        refuse_written(path, reader.run)
        taken = _taken_names(reader, resumption.kept)
        size = _size(reader, resumption)
    video = _go_on(resumption, size)
    try:
        again = {printable(each) for each in resumption.sources.items}
        # Failures are kept under the names of then.
        again |= {old for old, new in resumption.renamed.items() if new in again}
        session = reopen_session(path, resumption.kept, again, resumption.renamed)
    except BaseException:
        if video is not None:
            video.writer.abandon()
        raise
    return session, Former(frozenset(taken), video)


def _taken_names(reader: SessionReader, kept: int) -> set[str]:
    """Return the names given to media so far, found by giving them once more."""
    taken: set[str] = set()
    query = (
        "SELECT path, position, time_s IS NULL, media FROM frame"
        " JOIN source ON source.id = source_id"
        " WHERE media IS NOT NULL AND frame.id <= ? ORDER BY frame.id"
    )
    former = None
    with closing(reader.connection.cursor()) as cursor:
        for source, position, still, media in cursor.execute(query, (kept,)):
            if media != former and still:
                media_name(source, position, position > 0, taken)
            elif media != former:
                media_name(source, 0, False, taken, suffix=".mp4")
            former = media
    return taken


def _size(reader: SessionReader, resumption: Resumption) -> tuple[int, int]:
    """Return width and height of the video under way, those of its first frame."""
    if resumption.video is None:
        return 0, 0
    first = reader.frame(resumption.kept - resumption.video.frames + 1)
    return first.width, first.height


def _go_on(resumption: Resumption, size: tuple[int, int]) -> OpenVideo | None:
    """Clear what a crash left half written, and open the video under way."""
    folder = resumption.path.parent / MEDIA_FOLDER
    former = resumption.video
    path = folder / resumption.video_name
    try:
        if former is not None and former.path != path:
            former.path.replace(path)
            former = replace(former, path=path)
    except OSError as error:
        raise writing_failed(error, path) from error
    for part in folder.glob(f"{PART_PREFIX}*{PART_SUFFIX}"):
        with suppress(OSError):
            part.unlink()
    if former is None:
        return None
    writer = open_writer(path, resumption.source, size, former)
    return OpenVideo(resumption.source, path.name, writer, size)


def recent(
    resumption: Resumption, most: int = RECENT_FRAMES
) -> Iterator[tuple[Result, Int32]]:
    """Yield the last frames of the source under way that are kept, for `Follower.replay`.

    They are read anew from the source: some trackers look at the picture. To be called after
    `reopen`.

    Args:
        resumption: The run.
        most: So many frames at most.

    Yields:
        Each frame as the detector gave it, and [N] int32 track numbers of its detections, 0 for
        objects without one.
    """
    query = (
        "SELECT frame.id FROM frame JOIN source ON source.id = source_id"
        " WHERE path = ? AND frame.id <= ? ORDER BY frame.id DESC LIMIT ?"
    )
    with SessionReader.open(resumption.path) as reader:
        values = resumption.source, resumption.kept, most + 1
        rows = [
            reader.frame(number) for (number,) in reader.connection.execute(query, values)
        ][::-1]
        former, kept = (rows[0], rows[1:]) if len(rows) > most else (None, rows)
        if not kept:
            return
        source = SourceList(
            resumption.sources.items[:1], kept[0].index, None if former is None else former.time_s
        )
        records = {each.index: each for each in kept}
        with closing(iter(source)) as frames:
            for frame in frames:
                record = records.get(frame.index) if isinstance(frame, Frame) else None
                if isinstance(frame, Frame) and record is not None:
                    found = reader.detections(record.id)
                    ids = np.zeros(len(found), np.int32) if found.ids is None else found.ids
                    plain = replace(found, ids=None)
                    yield Result(frame, plain, reader.candidates(record.id)), ids
                    if record is kept[-1]:
                        return


def catch_up(follower: Follower, resumption: Resumption) -> None:
    """Bring tracking and counting to where they were when the run was cut short.

    To be called after `reopen`, before the first new frame.

    Raises:
        SettingError: Tracking cannot be used.
    """
    if not resumption.frame:
        return
    for result, ids in recent(resumption):
        follower.replay(result, ids)
    source = resumption.source
    query = (
        "SELECT coalesce(max(track), 0) FROM object JOIN frame ON frame.id = frame_id"
        " JOIN source ON source.id = source_id WHERE path = ?"
    )
    with SessionReader.open(resumption.path) as reader:
        (highest,) = reader.connection.execute(query, (source,)).fetchone()
        totals, unique = reader.counter_totals(source), reader.unique_counts(source)
    follower.restore(totals, unique, highest + 1)
