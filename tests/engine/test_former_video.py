"""A video goes on behind its beginning, which is whole until the end."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from engine.errors import StoreError, VideoError
from engine.former_video import FormerVideo, part_of, readable_frames
from engine.recorder import open_writer
from engine.sources import read_video
from engine.types import Frame
from engine.video_writer import VideoWriter
from tests.helpers.full_disk import disk_filler
from tests.helpers.movies import Sound, movie, shown

TIMES = [number / 25 for number in range(120)]


def test_a_beginning_that_breaks_off_is_left_as_it_was(tmp_path: Path) -> None:
    source = movie(tmp_path / "a.mp4", TIMES[:20])
    path = tmp_path / "b.mp4"
    with open_writer(path, str(source), (64, 48)) as writer:
        for frame in read_video(source):
            writer.write(frame.image, frame.time_s, frame.duration_s)
    before = path.read_bytes()
    for former in (FormerVideo(path, 21), FormerVideo(source.with_name("gone.mp4"), 3)):
        with pytest.raises(VideoError):
            open_writer(path, str(source), (64, 48), former)
        assert path.read_bytes() == before
        assert not part_of(path).exists()


def test_both_files_of_a_video_that_goes_on_play_at_any_moment(tmp_path: Path) -> None:
    source = movie(tmp_path / "a.mp4", TIMES, sound=Sound(seconds=4.8))
    path = tmp_path / "b.mp4"
    frames = list(read_video(source))
    with open_writer(path, str(source), (64, 48)) as writer:
        for frame in frames[:30]:
            writer.write(frame.image, frame.time_s, frame.duration_s)
    writer = open_writer(path, str(source), (64, 48), FormerVideo(path, 30))
    for frame in frames[30:]:
        writer.write(frame.image, frame.time_s, frame.duration_s)
        if frame.index in (60, 90):
            assert len(shown(path)) == 30
            assert readable_frames(part_of(path)) >= frame.index - 25
            assert shown(part_of(path)) == pytest.approx(
                TIMES[: len(shown(part_of(path)))], abs=1e-4
            )
    writer.close()
    assert shown(path) == pytest.approx(TIMES, abs=1e-4)
    assert not part_of(path).exists()


def test_a_disk_that_fills_while_a_video_goes_on_costs_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = movie(tmp_path / "a.mp4", TIMES)
    path = tmp_path / "b.mp4"
    frames = list(read_video(source))
    with open_writer(path, str(source), (64, 48)) as writer:
        for frame in frames[:60]:
            writer.write(frame.image, frame.time_s, frame.duration_s)
    before = path.read_bytes()
    fill = disk_filler(monkeypatch)
    for room in (100, 60_000):
        fill(room)
        with pytest.raises(StoreError, match="disk is full"):
            write_all(path, source, frames)
        monkeypatch.undo()
        assert path.read_bytes() == before


def write_all(path: Path, source: Path, frames: list[Frame]) -> None:
    writer = VideoWriter(path, Fraction(25), (64, 48), former=FormerVideo(path, 60))
    with writer:
        for number in range(10):
            for frame in frames[60:]:
                writer.write(frame.image, (frame.time_s or 0) + 5 * number)


def test_half_a_last_frame_does_not_count(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    writer = VideoWriter(path, Fraction(25), (64, 48))
    for frame in read_video(movie(tmp_path / "b.mp4", TIMES[:100])):
        writer.write(frame.image, frame.time_s)
    data = path.read_bytes()
    writer.close()
    whole = tmp_path / "c.mp4"
    whole.write_bytes(data)
    count = readable_frames(whole)
    assert count == len(shown(whole)) > 50
    whole.write_bytes(data[:-300])
    assert count - 15 <= readable_frames(whole) < count
    assert readable_frames(tmp_path / "gone.mp4") == 0
