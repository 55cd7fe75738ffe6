"""An open video gives the frames that reading the whole file gives, wherever it goes."""

from __future__ import annotations

import random
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from engine.errors import Cancelled, VideoError
from engine.sources import cursor as cursors
from engine.sources import read_video
from engine.sources.cursor import VideoCursor
from engine.sources.timeline import VideoIndex
from engine.types import Frame
from tests.helpers.films import damage, film, number_of

LONG_GROUP = {"g": "1000", "bf": "3"}
OPEN_GROUPS = {"x264-params": "open-gop=1:keyint=20:min-keyint=20:scenecut=0:bframes=3"}
SIMPLE_GROUPS = {"x264-params": "keyint=20:scenecut=0:bframes=0"}
VARIABLE = tuple(int(40 * n + 300 * (n // 7) + 11 * (n % 3)) for n in range(60))


def same(one: Frame | None, other: Frame) -> bool:
    """Tell whether two frames agree in everything."""
    return (
        one is not None
        and np.array_equal(one.image, other.image)
        and (one.index, one.time_s, one.origin, one.warning)
        == (other.index, other.time_s, other.origin, other.warning)
    )


def make(folder: Path, name: str) -> Path:
    """Write one of the videos that the tests go through."""
    path = folder / name
    if name == "variable.mkv":
        return film(path, times=VARIABLE)
    if name == "ntsc.mp4":
        return film(path, rate=Fraction(60000, 1001))
    codecs = {"old.avi": "mpeg4", "program.mpg": "mpeg2video"}
    options = {"open.mp4": OPEN_GROUPS, "long.mp4": LONG_GROUP}
    return film(path, codec=codecs.get(name, "libx264"), options=options.get(name))


INDEXED = ("plain.mp4", "variable.mkv", "ntsc.mp4", "open.mp4", "long.mp4", "stream.ts", "old.avi")
COUNTED = ("program.mpg", "raw.h264")


@pytest.mark.parametrize("kept_bytes", [64_000_000, 1])
@pytest.mark.parametrize("name", INDEXED + COUNTED)
def test_any_order_gives_the_frames_of_the_whole(
    name: str, kept_bytes: int, tmp_path: Path
) -> None:
    path = make(tmp_path, name)
    whole = list(read_video(path))
    assert [number_of(frame.image) for frame in whole] == list(range(60))
    with VideoCursor(path, kept_bytes=kept_bytes) as cursor:
        assert same(cursor.frame(0), whole[0])
        index = cursor.index()
        assert (index is None) == (name in COUNTED)
        rng = random.Random(7)
        order = [rng.randrange(60) for _ in range(40)]
        for position in (*order, *range(59, -1, -1), *range(60)):
            assert same(cursor.frame(position), whole[position])
        assert cursor.frame(60) is None
        assert cursor.count == 60
        assert cursor.damage is None


@pytest.mark.parametrize("name", INDEXED)
def test_the_index_has_the_times_that_decoding_finds(name: str, tmp_path: Path) -> None:
    path = make(tmp_path, name)
    whole = list(read_video(path))
    with VideoCursor(path) as cursor:
        index = cursor.index()
        assert index is not None
        assert [index.time_s(position) for position in range(60)] == [f.time_s for f in whole]
        assert index.duration_s > index.time_s(59)
        for frame in whole:
            assert frame.time_s is not None
            assert cursor.at(frame.time_s) == frame.index
            assert cursor.at(frame.time_s + 0.001) == frame.index
            assert cursor.at(frame.time_s - 0.001) == max(frame.index - 1, 0)
        assert cursor.at(1e6) == 59
        assert cursor.time_of(60) is None


def test_without_an_index_times_are_found_by_decoding(tmp_path: Path) -> None:
    path = make(tmp_path, "raw.h264")
    times = [frame.time_s for frame in read_video(path)]
    with VideoCursor(path) as cursor:
        assert cursor.index() is None
        assert cursor.count is None
        assert cursor.duration_s is None
        for position in (30, 29, 3, 58, 0):
            time_s = times[position]
            assert time_s is not None
            assert cursor.at(time_s + 0.001) == position
        assert cursor.time_of(59) == times[59]
        assert cursor.time_of(60) is None
        assert cursor.count == 60


def counting_decodes(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return where the position after each decoding is noted."""
    seen: list[int] = []
    take = VideoCursor._take

    def note(cursor: VideoCursor, *values: object) -> None:
        take(cursor, *values)  # type: ignore[arg-type]
        seen.append(cursor._at)

    monkeypatch.setattr(VideoCursor, "_take", note)
    return seen


def test_the_way_is_short(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = film(tmp_path / "a.mp4", 100, options=SIMPLE_GROUPS)
    with VideoCursor(path) as cursor:
        assert cursor.index() is not None
        seen = counting_decodes(monkeypatch)
        for position in range(10):
            cursor.frame(position)
        assert seen == list(range(10))
        cursor.frame(95)
        assert min(seen[10:]) == 80
        seen.clear()
        # Back within what was decoded lately, and to the same frame again.
        for position in (94, 90, 81, 95, 95):
            cursor.frame(position)
        assert seen == []
        cursor.frame(79)
        assert seen == list(range(60, 80))


def test_what_is_kept_is_bounded(tmp_path: Path) -> None:
    path = make(tmp_path, "long.mp4")
    size = 3 * 48 * 96 // 2
    with VideoCursor(path, kept_bytes=10 * size) as cursor:
        cursor.index()
        for position in range(60):
            cursor.frame(position)
            assert len(cursor._kept) <= 10
            here = [at for at in range(60) if at in cursor._kept]
            assert here[-1] == position
            assert cursor._kept.size == sum(cursor._kept[at].size for at in here)


def test_frames_are_handed_over(tmp_path: Path) -> None:
    path = make(tmp_path, "plain.mp4")
    with VideoCursor(path) as cursor:
        frames = [cursor.frame(position) for position in (3, 4, 3)]
    assert [number_of(frame.image) for frame in frames if frame is not None] == [3, 4, 3]


def test_an_index_that_comes_late_agrees_with_what_was_seen(tmp_path: Path) -> None:
    path = damage(film(tmp_path / "a.mp4", options=SIMPLE_GROUPS), 5)
    whole = list(read_video(path))
    assert len(whole) == 59
    with VideoCursor(path) as cursor:
        for position in range(30):
            assert same(cursor.frame(position), whole[position])
        index = cursor.index()
        assert index is not None
        assert len(index) == 59
        assert same(cursor.frame(50), whole[50])
        assert same(cursor.frame(20), whole[20])


def test_a_frame_that_is_damaged_is_taken_out_when_it_is_met(tmp_path: Path) -> None:
    path = damage(film(tmp_path / "a.mp4", options=SIMPLE_GROUPS), 45)
    whole = list(read_video(path))
    with VideoCursor(path) as cursor:
        cursor.index()
        assert cursor.count == 60
        found = cursor.frame(45)
        assert found is not None
        assert number_of(found.image) == 46 or found.warning
        assert found.time_s == whole[45].time_s
        assert cursor.count == 59
        assert same(cursor.frame(44), whole[44])
        for position in range(59):
            frame = cursor.frame(position)
            assert frame is not None
            assert frame.time_s == whole[position].time_s


def test_a_damaged_end_is_where_the_video_ends(tmp_path: Path) -> None:
    path = damage(film(tmp_path / "a.mp4", options=SIMPLE_GROUPS), *range(50, 60))
    with VideoCursor(path) as cursor:
        cursor.index()
        assert cursor.frame(59) is None
        assert cursor.count == 50
        assert "after its frame 49" in str(cursor.damage)
        last = cursor.frame(49)
        assert last is not None
        assert number_of(last.image) == 49


def test_a_video_of_nothing_but_damage(tmp_path: Path) -> None:
    path = damage(film(tmp_path / "a.mp4", options=SIMPLE_GROUPS), *range(60))
    with VideoCursor(path) as cursor, pytest.raises(VideoError, match="No frame of"):
        cursor.frame(0)


def test_a_file_that_is_no_video(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_text("not a video")
    with pytest.raises(VideoError, match="holds text"):
        VideoCursor(tmp_path / "a.mp4")


def test_one_frame(tmp_path: Path) -> None:
    path = film(tmp_path / "a.mp4", 1)
    with VideoCursor(path) as cursor:
        assert cursor.frame(0) is not None
        assert cursor.index() is not None
        assert (cursor.count, cursor.at(5.0), cursor.frame(1)) == (1, 0, None)
        assert cursor.duration_s is not None
        assert cursor.duration_s > 0


def test_going_far_can_be_ended_early(tmp_path: Path) -> None:
    path = make(tmp_path, "long.mp4")
    with VideoCursor(path) as cursor:
        cursor.index()
        asked: list[int] = []

        def stop() -> bool:
            asked.append(cursor._at)
            return len(asked) == 5

        assert cursor.reach(50, stop) == 4
        assert asked == [0, 1, 2, 3, 4]
        assert cursor.frame(59, lambda: True) is None
        # One frame at least each time: who is always in a hurry gets on.
        assert [cursor.reach(59, lambda: True) for _ in range(3)] == [6, 7, 8]


def test_looking_for_the_times_can_be_ended(tmp_path: Path) -> None:
    path = make(tmp_path, "plain.mp4")
    with VideoCursor(path) as cursor, pytest.raises(Cancelled):
        cursor.index(lambda: True)


def test_a_negative_position_is_a_mistake_of_the_caller(tmp_path: Path) -> None:
    path = make(tmp_path, "plain.mp4")
    with VideoCursor(path) as cursor, pytest.raises(ValueError, match="from 0"):
        cursor.frame(-1)


@pytest.mark.parametrize(
    "name", ["v04_hevc_10bit.mp4", "v10_vfr.mp4", "v11_rotated90.mp4", "v15_1000fps.mp4"]
)
def test_awkward_videos(shared: Path, name: str) -> None:
    path = shared / "awkward" / name
    whole = list(read_video(path))
    with VideoCursor(path) as cursor:
        assert isinstance(cursor.index(), VideoIndex)
        for position in range(len(whole) - 1, -1, -3):
            assert same(cursor.frame(position), whole[position])


def test_a_short_way_is_shorter_than_a_group() -> None:
    """The tests above count on it."""
    assert cursors._SHORT_WAY < 20
