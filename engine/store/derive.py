"""Sessions made of others: a run at other thresholds, or a selection of its objects.

What is derived is a session file again, so that tables, counts and exports need to know nothing
new. It is a scratch file: quick to make, without candidates, and its media are those of the origin.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Collection, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.config import RunConfig
from engine.errors import Cancelled
from engine.inference.candidates import choose, detections
from engine.inference.detector import class_indices
from engine.inference.tracking import carried_ids
from engine.store import schema
from engine.store.reader import SessionReader
from engine.store.records import FrameRecord, RunRecord
from engine.store.writer import SessionWriter
from engine.types import Candidates, Crossing, Detections, Progress

FRAMES_A_REPORT = 20

Report = Callable[[Progress], None]
Question = Callable[[], bool]
Contents = Generator[tuple[FrameRecord, Detections], None, None]


@dataclass(frozen=True, slots=True)
class Derived:
    """A run at other thresholds.

    Attributes:
        path: The session file.
        without_mask: Objects that these thresholds bring back but that are left out, as the run
            did not keep their masks.
    """

    path: Path
    without_mask: int


def at_thresholds(
    reader: SessionReader,
    folder: Path,
    config: RunConfig,
    *,
    progress: Report | None = None,
    should_stop: Question | None = None,
) -> Derived:
    """Write a session as if its run had had other thresholds, without the network.

    The frames keep their numbers. Those whose candidates were not kept keep their own detections
    as far as confidence and class allow.

    Nothing is tracked or counted anew. An object that is one of the run's own, with the same box,
    class and confidence, keeps its track; others have none. What lines and zones have counted with
    a frame stays as far as the object that it was counted for is still in that frame.

    Args:
        reader: The origin.
        folder: Where to; made where it is missing, and holds no session yet.
        config: Its confidence, IoU, classes and most detections count, nothing else.
        progress: Told how many frames are done, or None.
        should_stop: Asked at each frame; True ends the work.

    Raises:
        SettingError: The model has no class of that name.
        StoreError: The origin is damaged, or the folder cannot be written.
        Cancelled: `should_stop` said so; nothing is left.
    """
    run = reader.run
    thresholds = _Thresholds(config, run)
    settings = config.to_json()
    changed = {name: settings[name] for name in ("confidence", "iou", "classes", "max_detections")}
    path = _write(
        reader,
        folder,
        replace(run, settings=run.settings | changed),
        thresholds.apply(reader),
        reader.frame_count(),
        progress,
        should_stop,
    )
    return Derived(path, thresholds.without_mask)


def with_objects(
    reader: SessionReader,
    folder: Path,
    wanted: Collection[int],
    *,
    progress: Report | None = None,
    should_stop: Question | None = None,
) -> Path:
    """Write a session of some objects and the frames that they are in, and return its file.

    The frames keep their numbers; the objects are numbered anew and keep their tracks, with what
    lines and zones have counted for them in these frames. Ids of no object are ignored.

    Args:
        reader: The origin.
        folder: Where to; made where it is missing, and holds no session yet.
        wanted: Ids of objects.
        progress: Told how many frames are done, or None.
        should_stop: Asked at each frame; True ends the work.

    Raises:
        StoreError: The origin is damaged, or the folder cannot be written.
        Cancelled: `should_stop` said so; nothing is left.
    """
    places: dict[int, list[int]] = {}
    query = "SELECT frame_id, number FROM object WHERE id = ?"
    for object_id in sorted(wanted):
        for frame_id, number in reader.connection.execute(query, (object_id,)):
            places.setdefault(frame_id, []).append(number - 1)
    contents = (
        (reader.frame(frame_id), _part(reader.detections(frame_id), np.array(positions, np.intp)))
        for frame_id, positions in sorted(places.items())
    )
    return _write(reader, folder, reader.run, contents, len(places), progress, should_stop)


def _write(
    reader: SessionReader,
    folder: Path,
    run: RunRecord,
    contents: Contents,
    total: int,
    progress: Report | None,
    should_stop: Question | None,
) -> Path:
    """Write a session of these frames and the origin's failures, whole or not at all."""
    began = time.monotonic()
    writer = SessionWriter.create(folder, run, scratch=True)
    try:
        with closing(contents):
            for done, (frame, found) in enumerate(contents, 1):
                if should_stop is not None and should_stop():
                    raise Cancelled
                crossings = _remaining(reader.frame_crossings(frame.id), found)
                kept = replace(frame, media=_media(reader, frame))
                writer.add_frame(kept, found, crossings=crossings)
                if progress is not None and (done % FRAMES_A_REPORT == 0 or done == total):
                    progress(Progress(done, total, done / max(time.monotonic() - began, 1e-9)))
        for failure in reader.failures():
            writer.add_failure(failure)
        writer.close(None)
    except sqlite3.DatabaseError as error:
        writer.discard()
        raise schema.unreadable(reader.path) from error
    except BaseException:
        writer.discard()
        raise
    return writer.path


def _media(reader: SessionReader, frame: FrameRecord) -> str | None:
    """Return where the media of a frame are, seen from any folder."""
    return None if frame.media is None else os.path.abspath(reader.folder / frame.media)


def _remaining(crossings: Sequence[Crossing], found: Detections) -> list[Crossing]:
    """Return the crossings of objects that are still there."""
    tracks = set() if found.ids is None else set(found.ids.tolist())
    return [each for each in crossings if each.track in tracks]


class _Thresholds:
    """Looks at the frames of a session at the thresholds of a config.

    Attributes:
        without_mask: Objects left out so far for lack of a mask.
    """

    def __init__(self, config: RunConfig, run: RunRecord) -> None:
        self._config = config
        self._classes = class_indices(run.model.names, config.classes)
        self.without_mask = 0

    def apply(self, reader: SessionReader) -> Contents:
        """Yield the frames with what is in them at these thresholds."""
        with closing(reader.proposals()) as frames:
            for frame, proposed in frames:
                if proposed is None:
                    yield frame, self._filtered(reader.detections(frame.id))
                    continue
                found = self._reconsidered(proposed, (frame.height, frame.width))
                if reader.tracked:
                    own = reader.detections(frame.id)
                    found = replace(found, ids=carried_ids(found, own))
                yield frame, found

    def _reconsidered(self, proposed: Candidates, size: tuple[int, int]) -> Detections:
        chosen = choose(
            proposed,
            confidence=self._config.confidence,
            iou=self._config.iou,
            classes=self._classes,
            most=self._config.max_detections,
        )
        if proposed.masks is not None:
            self.without_mask += sum(proposed.masks[place] is None for place in chosen.tolist())
        return detections(proposed, chosen, size)

    def _filtered(self, found: Detections) -> Detections:
        wanted = found.scores > self._config.confidence
        if self._classes is not None:
            wanted &= np.isin(found.classes, self._classes)
        return _part(found, np.flatnonzero(wanted)[: self._config.max_detections])


def _part(found: Detections, positions: NDArray[np.intp]) -> Detections:
    masks = found.masks
    return Detections(
        boxes=found.boxes[positions],
        scores=found.scores[positions],
        classes=found.classes[positions],
        masks=None if masks is None else tuple(masks[place] for place in positions.tolist()),
        keypoints=None if found.keypoints is None else found.keypoints[positions],
        angles=None if found.angles is None else found.angles[positions],
        ids=None if found.ids is None else found.ids[positions],
    )
