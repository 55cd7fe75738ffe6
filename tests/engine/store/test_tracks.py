"""Tracks and crossings come back out of a session, also of one that was written before them."""

from __future__ import annotations

import dataclasses
import sqlite3
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from engine.store import (
    CrossingRecord,
    RunRecord,
    SessionReader,
    SessionWriter,
    TrackRecord,
    schema,
)
from engine.types import Counted, CounterTotals, Crossing, Detections, Frame, ModelInfo, Result

INFO = ModelInfo("m", "detect", ("car", "cat", "dog"), 640, 32, "0" * 64)
RUN = RunRecord(
    started="2026-01-01T00:00:00+00:00",
    model=INFO,
    settings={
        "track": "bytetrack",
        "counters": ["line:Gate=0,0,50,50", "zone:Bench=0,0,50,0,50,50"],
    },
    device="cpu",
    versions={},
    sources=("in",),
)


def result(
    origin: str,
    index: int,
    ids: Sequence[int],
    classes: Sequence[int] | None = None,
    crossings: Sequence[Crossing] = (),
    scores: Sequence[float] | None = None,
) -> Result:
    count = len(ids)
    found = Detections(
        np.arange(4 * count, dtype=np.float32).reshape(-1, 4),
        np.array(scores if scores is not None else [0.5] * count, np.float32),
        np.array(classes if classes is not None else [0] * count, np.int32),
        ids=np.array(ids, np.int32),
    )
    frame = Frame(np.zeros((48, 64, 3), np.uint8), index, index / 4, origin)
    return Result(frame, found, counted=Counted(tuple(crossings)))


def write(folder: Path, run: RunRecord = RUN) -> Path:
    """Write two videos; the first has three tracks, one of them seen as another class at first."""
    with SessionWriter.create(folder, run) as writer:
        for each in (
            result("a.mp4", 0, [1, 0], [2, 0]),
            result("a.mp4", 1, [1, 2], [0, 1], [Crossing(0, 1, 2, True)], [1.0, 0.5]),
            result("a.mp4", 2, []),
            result("a.mp4", 5, [3, 1], [0, 0], [Crossing(1, 3, 0, False), Crossing(0, 1, 2, True)]),
            result("b.mp4", 0, [1], [1], [Crossing(0, 1, 1, False)]),
        ):
            writer.add(each)
    return writer.path


def test_an_object_without_a_track_has_none_in_the_file_and_zero_in_a_frame(
    tmp_path: Path,
) -> None:
    write(tmp_path / "s")
    with SessionReader.open(tmp_path / "s") as reader:
        assert reader.tracked
        assert [row.track for row in reader.objects()] == [1, None, 1, 2, 3, 1, 1]
        first, empty = reader.detections(1).ids, reader.detections(3).ids
        assert first is not None
        assert first.dtype == np.int32
        assert first.tolist() == [1, 0]
        assert empty is not None
        assert empty.dtype == np.int32
        assert empty.shape == (0,)


def test_without_tracking_there_are_no_numbers(tmp_path: Path) -> None:
    for name, settings in (("old", {}), ("off", {"track": "off", "counters": []})):
        run = dataclasses.replace(RUN, settings=settings)
        with SessionWriter.create(tmp_path / name, run) as writer:
            plain = result("a.mp4", 0, [1])
            found = dataclasses.replace(plain.detections, ids=None)
            writer.add(dataclasses.replace(plain, detections=found, counted=None))
        with SessionReader.open(tmp_path / name) as reader:
            assert not reader.tracked
            assert reader.detections(1).ids is None
            assert list(reader.tracks()) == []
            assert list(reader.crossings()) == []
            assert reader.unique_counts() == {}
            assert reader.counter_totals() == ()


def test_tracks_tell_where_they_begin_and_end(tmp_path: Path) -> None:
    write(tmp_path / "s")
    with SessionReader.open(tmp_path / "s") as reader:
        assert list(reader.tracks()) == [
            TrackRecord("a.mp4", 1, 2, 0, 5, 0.0, 1.25, 3, 2 / 3),
            TrackRecord("a.mp4", 2, 1, 1, 1, 0.25, 0.25, 1, 0.5),
            TrackRecord("a.mp4", 3, 0, 5, 5, 1.25, 1.25, 1, 0.5),
            TrackRecord("b.mp4", 1, 1, 0, 0, 0.0, 0.0, 1, 0.5),
        ]
        assert [each.number for each in reader.tracks(last_object=4)] == [1, 2]
        assert reader.unique_counts() == {0: 1, 1: 2, 2: 1}
        assert reader.unique_counts("a.mp4") == {0: 1, 1: 1, 2: 1}
        assert reader.unique_counts("b.mp4", last_object=4) == {}


def test_crossings_tell_when_and_where(tmp_path: Path) -> None:
    write(tmp_path / "s")
    with SessionReader.open(tmp_path / "s") as reader:
        assert list(reader.crossings()) == [
            CrossingRecord(1, 2, "a.mp4", 1, 0.25, 0, 1, 2, True),
            CrossingRecord(2, 4, "a.mp4", 5, 1.25, 1, 3, 0, False),
            CrossingRecord(3, 4, "a.mp4", 5, 1.25, 0, 1, 2, True),
            CrossingRecord(4, 5, "b.mp4", 0, 0.0, 0, 1, 1, False),
        ]
        assert next(reader.crossings()).inward is True
        assert reader.frame_crossings(4) == (Crossing(1, 3, 0, False), Crossing(0, 1, 2, True))
        assert reader.frame_crossings(3) == ()
        assert reader.counter_totals() == (CounterTotals(2, 1), CounterTotals(0, 1))
        assert reader.counter_totals("b.mp4") == (CounterTotals(0, 1), CounterTotals(0, 0))


def test_a_file_of_version_2_is_read_as_one_without_crossings(tmp_path: Path) -> None:
    path = write(tmp_path / "s")
    connection = sqlite3.connect(path)
    connection.execute("DROP TABLE crossing")
    connection.execute("PRAGMA user_version=2")
    connection.commit()
    connection.close()
    assert schema.VERSION == 3
    with SessionReader.open(path) as reader:
        assert list(reader.crossings()) == []
        assert reader.frame_crossings(2) == ()
        assert reader.counter_totals() == (CounterTotals(), CounterTotals())
        assert [each.number for each in reader.tracks()] == [1, 2, 3, 1]
        assert len(reader.detections(1)) == 2
