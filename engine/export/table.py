"""The tables of a session that Excel and CSV share: their columns and rows."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, islice
from operator import attrgetter
from typing import TYPE_CHECKING

import numpy as np

from engine.export.pictures import picture_name
from engine.export.progress import Ticker, finished
from engine.i18n import translate as _
from engine.store.records import FrameRecord, ObjectRecord

if TYPE_CHECKING:
    from engine.store.reader import SessionReader

Value = str | int | float | None

MOST_CLASS_COLUMNS = 50
"""A table of pictures has a column a class for this many classes, the most frequent ones."""

TOP = 5
"""So many classes of a classified picture are listed."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    Attributes:
        header: What stands above it, with its unit, in the active language.
        width: Width in characters.
        decimals: Decimals that are written; None for texts and whole numbers.
        shown: How Excel shows its numbers.
    """

    header: str
    width: int
    decimals: int | None = None
    shown: str = "0"


@dataclass(slots=True)
class Tally:
    """What one class amounts to.

    Attributes:
        objects: Detections of the class, or pictures classified as it.
        pictures: Pictures with at least one.
        confidence: Sum of the confidences.
    """

    objects: int = 0
    pictures: int = 0
    confidence: float = 0.0


@dataclass(frozen=True, slots=True)
class Survey:
    """What has to be known of a session before the first row is written.

    Attributes:
        frames: Number of frames.
        objects: Number of detections.
        classes: What each class amounts to, by index; only those that occur.
        with_objects: Pictures with at least one object.
        timed: Whether any frame has a time.
        rotated: Whether any object has an angle.
        tracked: Whether the run tracked, or any object has a track.
        last_frame: The highest number of a frame, 0 without any.
        last_object: The highest number of an object, 0 without any.
    """

    frames: int
    objects: int
    classes: dict[int, Tally]
    with_objects: int
    timed: bool
    rotated: bool
    tracked: bool
    last_frame: int = 0
    last_object: int = 0


def pictures(
    reader: SessionReader, ticker: Ticker, most: int | None = None
) -> Iterator[tuple[FrameRecord, list[ObjectRecord]]]:
    """Yield the frames with their objects, at most so many: a session may grow meanwhile."""
    with finished(reader.frames()) as frames, finished(reader.objects()) as objects:
        groups = groupby(objects, key=attrgetter("frame_id"))
        waiting = next(groups, None)
        for frame in islice(frames, most):
            found: list[ObjectRecord] = []
            if waiting is not None and waiting[0] == frame.id:
                found = list(waiting[1])
                waiting = next(groups, None)
            ticker.step(1 + len(found))
            yield frame, found


def survey(reader: SessionReader, ticker: Ticker) -> Survey:
    """Read a session once and count."""
    classified = reader.run.model.task == "classify"
    frames = objects = with_objects = last_frame = last_object = 0
    timed = rotated = False
    tracked = reader.tracked
    classes: dict[int, Tally] = {}
    for frame, found in pictures(reader, ticker):
        frames += 1
        objects += len(found)
        with_objects += bool(found)
        timed = timed or frame.time_s is not None
        seen = [(each.class_id, each.confidence) for each in found]
        if classified:
            seen = best(frame)[:1]
        for class_id, confidence in seen:
            tally = classes.setdefault(class_id, Tally())
            tally.objects += 1
            tally.confidence += confidence
        for class_id in {class_id for class_id, _confidence in seen}:
            classes[class_id].pictures += 1
        for each in found:
            rotated = rotated or each.angle is not None
            tracked = tracked or each.track is not None
            last_object = each.id
        last_frame = frame.id
    return Survey(
        frames, objects, classes, with_objects, timed, rotated, tracked, last_frame, last_object
    )


def best(frame: FrameRecord) -> list[tuple[int, float]]:
    """Return the most probable classes of a classified picture with their probabilities."""
    if frame.probabilities is None:
        return []
    order = np.argsort(-frame.probabilities, kind="stable")[:TOP]
    return [(int(index), float(frame.probabilities[index])) for index in order]


def class_name(names: Sequence[str], class_id: int) -> str:
    """Return the name of a class, or its number where the model has no name for it."""
    return names[class_id] if 0 <= class_id < len(names) else str(class_id)


def class_columns(names: Sequence[str], seen: Survey) -> list[int]:
    """Return the classes that a table of pictures has a column for.

    They are all of the model's where those are few, or those seen, at most `MOST_CLASS_COLUMNS`.
    """
    if len(names) <= MOST_CLASS_COLUMNS:
        return sorted({*range(len(names)), *seen.classes})
    return sorted(by_frequency(seen)[:MOST_CLASS_COLUMNS])


def by_frequency(seen: Survey) -> list[int]:
    """Return the classes that occur, the most frequent ones first."""
    return sorted(seen.classes, key=lambda index: (-seen.classes[index].objects, index))


def text(header: str, width: int) -> Column:
    """Return a column of texts."""
    return Column(header, width, shown="@")


def whole(header: str) -> Column:
    """Return a column of whole numbers."""
    return Column(header, 10)


def seconds(header: str) -> Column:
    """Return a column of seconds."""
    return Column(header, 10, decimals=4, shown="0.000")


def length(header: str) -> Column:
    """Return a column of pixels."""
    return Column(header, 12, decimals=3, shown="0.0")


def share(header: str) -> Column:
    """Return a column of confidences or probabilities."""
    return Column(header, 12, decimals=5, shown="0.000")


def object_columns(seen: Survey) -> list[Column]:
    """Return the columns of `object_rows`."""
    columns = [whole(_("No.")), text(_("Picture"), 28), whole(_("Frame"))]
    if seen.timed:
        columns.append(seconds(_("Time (s)")))
    columns += [whole(_("Object")), text(_("Class"), 20), share(_("Confidence"))]
    columns += [length(_("X (px)")), length(_("Y (px)"))]
    columns += [length(_("Width (px)")), length(_("Height (px)"))]
    columns += [length(_("Centre X (px)")), length(_("Centre Y (px)"))]
    columns.append(Column(_("Area (px²)"), 12, decimals=1, shown="0"))
    if seen.rotated:
        columns.append(Column(_("Angle (°)"), 10, decimals=3, shown="0.0"))
    if seen.tracked:
        columns.append(whole(_("Track")))
    return [*columns, text(_("Source"), 60)]


def object_rows(reader: SessionReader, seen: Survey, ticker: Ticker) -> Iterator[list[Value]]:
    """Yield a row a detection.

    X and Y are the box's upper left corner, before rotation where there is an angle; angles are
    clockwise on screen; frames count from 0.
    """
    names = reader.run.model.names
    for frame, found in pictures(reader, ticker, seen.frames):
        head: list[Value] = [picture_name(frame.source), frame.index]
        if seen.timed:
            head.append(frame.time_s)
        for each in found:
            x1, y1, x2, y2 = each.x1, each.y1, each.x2, each.y2
            row = [each.id, *head, each.number, class_name(names, each.class_id), each.confidence]
            row += (x1, y1, x2 - x1, y2 - y1, (x1 + x2) / 2, (y1 + y2) / 2, each.area)
            if seen.rotated:
                row.append(None if each.angle is None else math.degrees(each.angle))
            if seen.tracked:
                row.append(each.track)
            row.append(frame.source)
            yield row


def picture_columns(reader: SessionReader, seen: Survey) -> list[Column]:
    """Return the columns of `picture_rows`."""
    model = reader.run.model
    columns = [text(_("Picture"), 28), whole(_("Frame"))]
    if seen.timed:
        columns.append(seconds(_("Time (s)")))
    columns += [whole(_("Width (px)")), whole(_("Height (px)"))]
    if model.task == "classify":
        for place in range(1, min(TOP, len(model.names)) + 1):
            columns.append(text(_("Class {place}").format(place=place), 20))
            columns.append(share(_("Probability {place}").format(place=place)))
    else:
        counted = class_columns(model.names, seen)
        columns.append(whole(_("Objects")))
        columns += [whole(class_name(model.names, index)) for index in counted]
        if not seen.classes.keys() <= set(counted):
            columns.append(whole(_("Other classes")))
    columns.append(Column(_("Network (ms)"), 12, decimals=2, shown="0.0"))
    return [*columns, text(_("Warning"), 28), text(_("Source"), 60)]


def picture_rows(reader: SessionReader, seen: Survey, ticker: Ticker) -> Iterator[list[Value]]:
    """Yield a row a frame."""
    model = reader.run.model
    places = min(TOP, len(model.names))
    counted = class_columns(model.names, seen)
    others = not seen.classes.keys() <= set(counted)
    for frame, found in pictures(reader, ticker, seen.frames):
        row: list[Value] = [picture_name(frame.source), frame.index]
        if seen.timed:
            row.append(frame.time_s)
        row += (frame.width, frame.height)
        if model.task == "classify":
            ranked = best(frame)
            for class_id, probability in ranked:
                row += (class_name(model.names, class_id), probability)
            row += [None, None] * (places - len(ranked))
        else:
            row.append(len(found))
            counts = dict.fromkeys(counted, 0)
            for each in found:
                if each.class_id in counts:
                    counts[each.class_id] += 1
            row += counts.values()
            if others:
                row.append(len(found) - sum(counts.values()))
        row += (frame.network_ms, frame.warning, frame.source)
        yield row
