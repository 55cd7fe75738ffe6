"""A run that was cut short goes on as if nothing had happened."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from engine.errors import StoreError
from engine.former_video import FormerVideo, part_of, readable_frames
from engine.resume import prepare, recent, reopen
from engine.sources import SourceList, read_video
from engine.store import SessionReader
from engine.video_writer import VideoWriter
from tests.helpers.command_line import ROOT
from tests.helpers.full_disk import played
from tests.helpers.long_run import begin, go_on, say
from tests.helpers.movies import Sound, beeps, heard, movie, shown

COUNT = 120
TIMES = [number / 25 for number in range(COUNT)]
PATIENCE_S = 60.0

needs_kill = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")


def killed(folder: Path, weights: Path, sources: Sequence[str | Path], frames: int) -> None:
    """Start a run in a process of its own and kill it when so many frames are on disk."""
    # Slow enough that it cannot end while a busy machine looks what is on disk.
    thinks_s = 0.03
    command = [sys.executable, "-m", "tests.helpers.long_run", folder, weights, thinks_s, *sources]
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


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    path = tmp_path / "weights.pt"
    path.write_bytes(b"some weights")
    return path


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


@pytest.mark.parametrize("frames", [1, 2, 26, 60, COUNT])
def test_a_run_that_was_stopped_goes_on(tmp_path: Path, weights: Path, frames: int) -> None:
    source = movie(tmp_path / "a.mp4", TIMES, sound=Sound(seconds=5.5))
    items = SourceList((source,))
    begin(tmp_path / "whole", weights, items)
    if frames == COUNT:
        shutil.copytree(tmp_path / "whole", tmp_path / "run")
        say(tmp_path / "run", "interrupted")
    else:
        begin(tmp_path / "run", weights, items, most=frames)
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


def test_without_media_none_are_made(tmp_path: Path, weights: Path) -> None:
    items = SourceList((movie(tmp_path / "a.mp4", TIMES[:40]),))
    begin(tmp_path / "whole", weights, items, media=False)
    begin(tmp_path / "run", weights, items, most=17, media=False)
    assert prepare(tmp_path / "run").frame == 17
    go_on(tmp_path / "run")
    assert rows(tmp_path / "run") == rows(tmp_path / "whole")
    assert not (tmp_path / "run/annotated").exists()


def test_what_only_the_store_has_is_worked_on_once_more(tmp_path: Path, weights: Path) -> None:
    items = SourceList((movie(tmp_path / "a.mp4", TIMES[:60]),))
    run = tmp_path / "run"
    begin(tmp_path / "whole", weights, items)
    begin(run, weights, items, most=50)
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
    begin(run, weights, items, most=27)
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
        begin(run, weights, items, most=frames)
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
    say(tmp_path / "run", "failed")
    go_on(tmp_path / "run")
    assert rows(tmp_path / "run") == before


def test_relative_names_are_found_from_elsewhere(
    tmp_path: Path, weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    movie(tmp_path / "a.mp4", TIMES[:40])
    Image.new("RGB", (64, 48)).save(tmp_path / "b.png")
    monkeypatch.chdir(tmp_path)
    items = SourceList((Path("b.png"), Path("a.mp4")))
    begin(tmp_path / "run", weights, items, most=17)
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
    begin(tmp_path / "run", weights, SourceList((source,)), most=90)
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
    begin(tmp_path / "run", weights, items, most=frames, **settings)
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
