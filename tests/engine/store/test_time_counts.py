"""Objects over the time of a video are those that a plain count of the results gives."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.store import SessionReader, SessionWriter
from engine.store import writer as writer_module
from engine.store.time_counts import TimeCounts
from engine.types import Result
from tests.helpers.sessions import RUN, found, write_session


def moment(origin: str, index: int, classes: Sequence[int]) -> Result:
    """Return a frame of a video with ten frames a second."""
    result = found(origin, classes, index=index)
    return replace(result, frame=replace(result.frame, time_s=index / 10))


def plain(results: Sequence[Result], origin: str) -> dict[int, list[int]]:
    """Return objects a frame by class, counted one by one."""
    frames = [Counter(r.detections.classes.tolist()) for r in results if r.frame.origin == origin]
    classes = sorted({index for counts in frames for index in counts})
    return {index: [counts[index] for counts in frames] for index in classes}


def read(series: TimeCounts, most: int = 9) -> dict[int, list[int]]:
    return {index: line.tolist() for index, line in series.counts(most).items()}


def test_counts_are_those_of_a_plain_count_with_several_sources_interleaved(
    tmp_path: Path,
) -> None:
    rng = np.random.default_rng(5)
    results = [
        moment(origin, index, rng.integers(0, 3, rng.integers(0, 6)).tolist())
        for index in range(30)
        for origin in ("a.mp4", "b.mp4")
    ]
    path = write_session(tmp_path / "run", results)
    for origin in ("a.mp4", "b.mp4"):
        series = TimeCounts(origin)
        with SessionReader.open(path) as reader:
            assert series.extend(reader)
            assert not series.extend(reader)
        assert read(series) == plain(results, origin)
        assert series.positions.tolist() == list(range(30))
        assert np.allclose(series.times, np.arange(30) / 10)


def test_a_session_that_grows_is_read_on_and_nothing_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer_module, "COMMIT_EVERY_S", 0.0)
    results = [moment("a.mp4", index, [index % 3] * (index % 4)) for index in range(12)]
    series = TimeCounts("a.mp4")
    with SessionWriter.create(tmp_path / "run", RUN) as writer:
        for end in (1, 5, 12):
            for result in results[len(series.times) : end]:
                writer.add(result)
            with SessionReader.open(writer.path) as reader:
                assert series.extend(reader)
            assert len(series.times) == end
            assert read(series) == plain(results[:end], "a.mp4")


def test_only_the_most_frequent_classes_are_returned_in_the_order_of_the_model(
    tmp_path: Path,
) -> None:
    results = [moment("a.mp4", 0, [2, 2, 2, 1]), moment("a.mp4", 1, [0, 0, 2])]
    path = write_session(tmp_path / "run", results)
    series = TimeCounts("a.mp4")
    with SessionReader.open(path) as reader:
        series.extend(reader)
    assert list(read(series, 2)) == [0, 2]
    assert read(series, 2) == {0: [0, 2], 2: [3, 1]}
    assert list(read(series, 1)) == [2]


def test_frames_without_a_time_and_other_sources_are_not_counted(tmp_path: Path) -> None:
    path = write_session(tmp_path / "run", [found("a.jpg", [1]), moment("a.mp4", 0, [])])
    for source, frames in (("a.jpg", 0), ("a.mp4", 1), ("none.mp4", 0)):
        series = TimeCounts(source)
        with SessionReader.open(path) as reader:
            assert series.extend(reader) is bool(frames)
        assert len(series.times) == frames
        assert read(series) == {}
