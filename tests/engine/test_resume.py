"""A run that was cut short goes on as if nothing had happened."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from engine.errors import StoreError, VideoError
from engine.former_video import FormerVideo, part_of, readable_frames
from engine.recorder import open_writer
from engine.resume import prepare, recent, reopen
from engine.sources import SourceList, read_video
from engine.store import RunState, SessionReader, SessionWriter, schema
from engine.store.records import Process
from engine.types import Frame
from engine.video_writer import VideoWriter
from tests.helpers.command_line import ROOT
from tests.helpers.full_disk import disk_filler, played
from tests.helpers.long_run import begin, go_on
from tests.helpers.movies import Sound, beeps, heard, movie, shown
from tests.helpers.sessions import RUN

COUNT = 120
TIMES = [number / 25 for number in range(COUNT)]
PATIENCE_S = 60.0

needs_kill = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    path = tmp_path / "weights.pt"
    path.write_bytes(b"some weights")
    return path


def killed(folder: Path, weights: Path, sources: Sequence[str | Path], frames: int) -> None:
    """Start a run in a process of its own and kill it when so many frames are on disk."""
    command = [sys.executable, "-m", "tests.helpers.long_run", folder, weights, 0.01, *sources]
    before = 0
    if folder.exists():
        with SessionReader.open(folder) as reader:
            before = reader.frame_count()
    process = subprocess.Popen([str(part) for part in command], cwd=ROOT)
    until = time.monotonic() + PATIENCE_S
    try:
        while stored(folder) < before + frames:
            assert process.poll() is None, "the run ended by itself"
            assert time.monotonic() < until
            time.sleep(0.01)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert process.returncode == -signal.SIGKILL


def stored(folder: Path) -> int:
    try:
        with SessionReader.open(folder) as reader:
            return reader.frame_count()
    except StoreError:
        return 0


def rows(folder: Path) -> list[tuple[object, ...]]:
    """Return all that a session says of its frames and objects."""
    with SessionReader.open(folder) as reader:
        assert reader.connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        found: list[tuple[object, ...]] = [
            (each.id, each.source, each.index, each.time_s, each.width, each.objects, each.media)
            for each in reader.frames()
        ]
        found += [(each,) for each in reader.objects()]
        found += [(each.source, each.message) for each in reader.failures()]
        for number in range(1, reader.frame_count() + 1):
            candidates = reader.candidates(number)
            assert candidates is not None
            found.append(tuple(candidates.boxes.ravel().tolist()))
        return found


def assert_same_video(one: Path, other: Path) -> None:
    ours, theirs = played(one), played(other)
    assert [each[0] for each in ours] == pytest.approx([each[0] for each in theirs], abs=1e-4)
    for (_, _, mine), (_, _, wanted) in zip(ours, theirs, strict=True):
        # Two scenes differ by about 80, and so does what builds on another frame than it should.
        assert np.abs(mine.astype(int) - wanted).mean() < 16


def state(folder: Path) -> str:
    with SessionReader.open(folder) as reader:
        return reader.run.state


@needs_kill
def test_a_run_that_was_killed_goes_on_as_if_it_was_not(tmp_path: Path, weights: Path) -> None:
    source = movie(tmp_path / "a.mp4", TIMES, sound=Sound(seconds=4.8))
    killed(tmp_path / "run", weights, [source], 60)
    resumption = prepare(tmp_path / "run")
    assert resumption.source == str(source)
    assert 20 < resumption.frame < COUNT
    assert resumption.time_s == pytest.approx((resumption.frame - 1) / 25)
    assert resumption.sources == SourceList((source,), resumption.frame, resumption.time_s)
    assert resumption.finished == 0
    go_on(tmp_path / "run")
    begin(tmp_path / "whole", weights, SourceList((source,)))
    assert state(tmp_path / "run") == "done"
    assert rows(tmp_path / "run") == rows(tmp_path / "whole")
    ours, theirs = (tmp_path / name / "annotated/a.mp4" for name in ("run", "whole"))
    assert_same_video(ours, theirs)
    assert beeps(ours) == pytest.approx(beeps(source), abs=0.003)
    assert np.array_equal(heard(ours)[2], heard(theirs)[2])
    assert [path.name for path in (tmp_path / "run/annotated").iterdir()] == ["a.mp4"]
    assert sorted(path.name for path in (tmp_path / "run").iterdir()) == [
        "annotated", "session.labsight",
    ]  # fmt: skip


@needs_kill
def test_a_run_that_goes_on_can_be_killed_again(tmp_path: Path, weights: Path) -> None:
    source = movie(tmp_path / "a.mp4", TIMES, sound=Sound(seconds=4.8))
    run = tmp_path / "run"
    killed(run, weights, [source], 30)
    media = run / "annotated/a.mp4"
    first = prepare(run).frame
    killed(run, weights, ["--"], 30)
    assert readable_frames(media) >= first
    second = prepare(run)
    assert second.frame > first
    assert second.video == FormerVideo(part_of(media), second.frame)
    go_on(run)
    begin(tmp_path / "whole", weights, SourceList((source,)))
    assert rows(run) == rows(tmp_path / "whole")
    assert_same_video(media, tmp_path / "whole/annotated/a.mp4")
    assert [path.name for path in (run / "annotated").iterdir()] == ["a.mp4"]


@needs_kill
@pytest.mark.parametrize(
    "frames", [100, *(pytest.param(each, marks=pytest.mark.slow) for each in (10, 22, 27, 60))]
)
def test_a_folder_of_pictures_and_videos_goes_on(
    tmp_path: Path, weights: Path, frames: int
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for number in range(20):
        Image.new("RGB", (64, 48), (number, 99, 0)).save(folder / f"a{number}.png")
    pages = [Image.new("RGB", (64, 48), (0, 9 * number, 0)) for number in range(5)]
    pages[0].save(folder / "b.tif", save_all=True, append_images=pages[1:])
    (folder / "c.jpg").write_bytes(b"nothing")
    movie(folder / "d.mp4", TIMES[:60])
    movie(folder / "e.mp4", TIMES[:60], sound=Sound())
    items = SourceList(tuple(sorted(folder.iterdir(), key=lambda path: (len(path.name), path))))
    begin(tmp_path / "whole", weights, items)
    wanted = rows(tmp_path / "whole")
    run = tmp_path / "run"
    killed(run, weights, items.items, frames)
    go_on(run)
    assert rows(run) == wanted
    names = sorted(path.name for path in (run / "annotated").iterdir())
    assert names == sorted(path.name for path in (tmp_path / "whole/annotated").iterdir())
    for name in ("d.mp4", "e.mp4"):
        assert_same_video(run / "annotated" / name, tmp_path / "whole/annotated" / name)


def stopped(
    folder: Path, weights: Path, sources: SourceList, frames: int, **options: Any  # noqa: ANN401
) -> None:
    """Run over files and stop after so many frames, as a person does."""
    left = iter(range(frames))
    begin(folder, weights, sources, should_stop=lambda: next(left, None) is None, **options)
    assert state(folder) == "interrupted"


@pytest.mark.parametrize("frames", [1, 2, 26, 60, COUNT])
def test_a_run_that_was_stopped_goes_on(tmp_path: Path, weights: Path, frames: int) -> None:
    source = movie(tmp_path / "a.mp4", TIMES, sound=Sound(seconds=5.5))
    items = SourceList((source,))
    begin(tmp_path / "whole", weights, items)
    if frames == COUNT:
        shutil.copytree(tmp_path / "whole", tmp_path / "run")
        _say(tmp_path / "run", "interrupted")
    else:
        stopped(tmp_path / "run", weights, items, frames)
        video = tmp_path / "run/annotated/a.mp4"
        assert len(heard(video)[2]) / 48_000 <= frames / 25 + 0.05
    resumption = prepare(tmp_path / "run")
    assert (resumption.frame, resumption.kept) == (frames, frames)
    go_on(tmp_path / "run")
    assert rows(tmp_path / "run") == rows(tmp_path / "whole")
    for name in ("run", "whole"):
        assert len(heard(tmp_path / name / "annotated/a.mp4")[2]) == pytest.approx(
            5.5 * 48_000, abs=1024
        )
    assert_same_video(tmp_path / "run/annotated/a.mp4", tmp_path / "whole/annotated/a.mp4")


def _say(folder: Path, state: RunState) -> None:
    """Write another end into a session."""
    with SessionReader.open(folder) as reader:
        path = reader.path
    connection = schema.open_for_writing(path)
    SessionWriter(folder, connection).close(state)


def test_without_media_none_are_made(tmp_path: Path, weights: Path) -> None:
    items = SourceList((movie(tmp_path / "a.mp4", TIMES[:40]),))
    begin(tmp_path / "whole", weights, items, media=False)
    stopped(tmp_path / "run", weights, items, 17, media=False)
    assert prepare(tmp_path / "run").frame == 17
    go_on(tmp_path / "run")
    assert rows(tmp_path / "run") == rows(tmp_path / "whole")
    assert not (tmp_path / "run/annotated").exists()


def test_what_only_the_store_has_is_worked_on_once_more(tmp_path: Path, weights: Path) -> None:
    items = SourceList((movie(tmp_path / "a.mp4", TIMES[:60]),))
    run = tmp_path / "run"
    begin(tmp_path / "whole", weights, items)
    stopped(run, weights, items, 50)
    shutil.copy(run / "annotated/a.mp4", tmp_path / "long.mp4")
    with VideoWriter(run / "annotated/a.mp4", None, (64, 48)) as writer:
        for number, (time_s, _, image) in enumerate(played(tmp_path / "long.mp4")):
            if number < 33:
                writer.write(image, time_s)
    assert prepare(run).frame == 33
    go_on(run)
    assert rows(run) == rows(tmp_path / "whole")
    assert_same_video(run / "annotated/a.mp4", tmp_path / "whole/annotated/a.mp4")


@pytest.mark.parametrize("video", [b"", None])
def test_a_video_of_which_nothing_plays_begins_anew(
    tmp_path: Path, weights: Path, video: bytes | None
) -> None:
    items = SourceList(
        (movie(tmp_path / "a.mp4", TIMES[:20]), movie(tmp_path / "b.mp4", TIMES[:20]))
    )
    run = tmp_path / "run"
    begin(tmp_path / "whole", weights, items)
    stopped(run, weights, items, 27)
    path = run / "annotated/b.mp4"
    path.unlink() if video is None else path.write_bytes(video)
    resumption = prepare(run)
    assert (resumption.frame, resumption.time_s, resumption.kept) == (0, None, 20)
    assert resumption.finished == 1
    go_on(run)
    assert rows(run) == rows(tmp_path / "whole")
    assert_same_video(path, tmp_path / "whole/annotated/b.mp4")


def test_gaps_in_the_numbers_of_frames_mislead_nobody(tmp_path: Path, weights: Path) -> None:
    source = movie(tmp_path / "a.avi", TIMES[:60], codec="mjpeg")
    with av.open(str(source)) as container:
        places = [(p.pos or 0, p.size) for p in container.demux(video=0) if p.size]
    data = bytearray(source.read_bytes())
    for number in (5, 6, 40):
        start, size = places[number]
        data[start : start + size] = bytes(size)
    source.write_bytes(data)
    items = SourceList((source,))
    begin(tmp_path / "whole", weights, items)
    for frames in (5, 6, 37, 38):
        run = tmp_path / f"run{frames}"
        stopped(run, weights, items, frames)
        go_on(run)
        assert rows(run) == rows(tmp_path / "whole")
        assert_same_video(run / "annotated/a.mp4", tmp_path / "whole/annotated/a.mp4")


def test_a_damaged_end_is_said_once(tmp_path: Path, weights: Path) -> None:
    source = movie(tmp_path / "a.avi", TIMES[:30], codec="mjpeg")
    with av.open(str(source)) as container:
        places = [(p.pos or 0, p.size) for p in container.demux(video=0) if p.size]
    data = bytearray(source.read_bytes())
    start, size = places[29]
    data[start : start + size] = bytes(size)
    source.write_bytes(data)
    begin(tmp_path / "run", weights, SourceList((source,)))
    before = rows(tmp_path / "run")
    assert "is damaged after its frame 28" in str(before[-30])
    _say(tmp_path / "run", "failed")
    go_on(tmp_path / "run")
    assert rows(tmp_path / "run") == before


def test_relative_names_are_found_from_elsewhere(
    tmp_path: Path, weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    movie(tmp_path / "a.mp4", TIMES[:40])
    Image.new("RGB", (64, 48)).save(tmp_path / "b.png")
    monkeypatch.chdir(tmp_path)
    items = SourceList((Path("b.png"), Path("a.mp4")))
    stopped(tmp_path / "run", weights, items, 17)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    resumption = prepare(tmp_path / "run")
    assert resumption.source == str(tmp_path / "a.mp4")
    assert resumption.frame == 16
    go_on(tmp_path / "run")
    with SessionReader.open(tmp_path / "run") as reader:
        found = [(each.source, each.index) for each in reader.frames()]
    assert found == [(str(tmp_path / "b.png"), 0)] + [
        (str(tmp_path / "a.mp4"), number) for number in range(40)
    ]
    assert len(shown(tmp_path / "run/annotated/a.mp4")) == 40


def test_what_was_tracked_last_is_there_to_be_followed(tmp_path: Path, weights: Path) -> None:
    source = movie(tmp_path / "a.mp4", TIMES)
    whole = list(read_video(source))
    stopped(tmp_path / "run", weights, SourceList((source,)), 90)
    resumption = prepare(tmp_path / "run")
    session, former = reopen(resumption)
    for most, first in ((60, 30), (200, 0)):
        found = list(recent(resumption, most))
        assert [result.frame.index for result, _ in found] == list(range(first, 90))
        for result, ids in found:
            assert np.array_equal(result.frame.image, whole[result.frame.index].image)
            assert len(result.detections) == len(ids) == 3
            assert result.candidates is not None
            assert result.detections.ids is None
    assert former.video is not None
    former.video.writer.close()
    session.close()


@pytest.mark.parametrize("frames", [30, 60, 85, 100])
def test_tracks_and_counts_go_on(tmp_path: Path, weights: Path, frames: int) -> None:
    items = SourceList((movie(tmp_path / "a.mp4", TIMES),))
    settings: dict[str, Any] = {
        "media": False,
        "track": "bytetrack",
        "counters": ("line:gate=30,48,30,0", "zone:yard=40,0,64,0,64,48,40,48"),
    }
    begin(tmp_path / "whole", weights, items, **settings)
    stopped(tmp_path / "run", weights, items, frames, **settings)
    go_on(tmp_path / "run")
    found = []
    for name in ("run", "whole"):
        with SessionReader.open(tmp_path / name) as reader:
            tracks, crossings = list(reader.tracks()), list(reader.crossings())
            found.append((tracks, crossings, reader.counter_totals()))
    assert len(found[1][0]) == 3
    assert len(found[1][1]) >= 5
    assert found[0] == found[1]
    assert rows(tmp_path / "run") == rows(tmp_path / "whole")


def refused(folder: Path) -> str:
    """Return why a run cannot go on; the session is left as it was."""
    before = (folder / "session.labsight").read_bytes()
    with pytest.raises(StoreError) as caught:
        prepare(folder)
    assert caught.value.hint
    assert (folder / "session.labsight").read_bytes() == before
    return caught.value.message


def test_a_run_that_cannot_go_on_says_why(tmp_path: Path, weights: Path) -> None:
    one, two = (movie(tmp_path / name, TIMES[:20]) for name in ("a.mp4", "b.mp4"))
    items = SourceList((one, two))
    begin(tmp_path / "done", weights, items)
    assert "all of its sources" in refused(tmp_path / "done")
    run = tmp_path / "run"
    stopped(run, weights, items, 7)
    state = two.stat()
    os.utime(two, ns=(state.st_atime_ns, state.st_mtime_ns + 1_000_000_000))
    assert "has changed" in refused(run)
    os.utime(two, ns=(state.st_atime_ns, state.st_mtime_ns))
    assert prepare(run).frame == 7
    two.rename(tmp_path / "c.mp4")
    assert "not there any more" in refused(run)
    (tmp_path / "c.mp4").rename(two)
    weights.write_bytes(b"other weights")
    assert "not those of the run" in refused(run)
    weights.unlink()
    assert "not there" in refused(run)


def test_a_finished_source_may_change(tmp_path: Path, weights: Path) -> None:
    one, two = (movie(tmp_path / name, TIMES[:20]) for name in ("a.mp4", "b.mp4"))
    stopped(tmp_path / "run", weights, SourceList((one, two)), 25)
    one.unlink()
    assert prepare(tmp_path / "run").finished == 1


def test_the_last_picture_leaves_nothing(tmp_path: Path, weights: Path) -> None:
    Image.new("RGB", (64, 48)).save(tmp_path / "a.png")
    begin(tmp_path / "run", weights, SourceList((tmp_path / "a.png",)))
    _say(tmp_path / "run", "interrupted")
    assert "all of its sources" in refused(tmp_path / "run")


def test_a_camera_does_not_come_back(tmp_path: Path) -> None:
    session = SessionWriter.create(tmp_path / "run", RUN)
    session.close("interrupted")
    assert "camera or stream" in refused(tmp_path / "run")


def test_a_session_of_an_earlier_version_is_refused(tmp_path: Path, weights: Path) -> None:
    items = SourceList((movie(tmp_path / "a.mp4", TIMES[:20]),))
    stopped(tmp_path / "run", weights, items, 7)
    with closing(sqlite3.connect(tmp_path / "run/session.labsight")) as connection:
        connection.execute("PRAGMA user_version=2")
    assert "earlier version" in refused(tmp_path / "run")


def test_a_run_under_way_is_left_alone(tmp_path: Path, weights: Path) -> None:
    source = movie(tmp_path / "a.mp4", TIMES[:20])
    record = replace(RUN, writer=Process.own())
    session = SessionWriter.create(tmp_path / "run", record, files=[source])
    with pytest.raises(StoreError, match="has not ended"):
        prepare(tmp_path / "run")
    session.close("interrupted")


def test_what_was_looked_at_before_another_went_on_is_refused(
    tmp_path: Path, weights: Path
) -> None:
    items = SourceList((movie(tmp_path / "a.mp4", TIMES[:20]),))
    run = tmp_path / "run"
    stopped(run, weights, items, 7)
    first, second = prepare(run), prepare(run)
    session, former = reopen(first)
    part = (run / "annotated").glob("*.part")
    assert len(list(part)) == 1
    with pytest.raises(StoreError, match="has not ended"):
        reopen(second)
    assert len(shown(run / "annotated/a.mp4")) == 7
    assert former.video is not None
    former.video.writer.close()
    session.close()


def test_a_file_that_is_no_session_is_refused(tmp_path: Path) -> None:
    (tmp_path / "session.labsight").write_bytes(b"nothing" * 100)
    with pytest.raises(StoreError, match="not a LabSight session"):
        prepare(tmp_path)


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
