"""`kill -9` at any moment: what was written more than a second before is there and whole."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from engine.media import PART_PREFIX, PART_SUFFIX, write_picture
from engine.scenes.tubes import render_tubes
from engine.store import SESSION_FILE, SessionReader
from engine.video_writer import VideoWriter
from tests.helpers.command_line import ROOT

KILLS = 10
OBJECTS = 20
LOST_S = 1.1
"""Results older than this are in the session."""
LOST_VIDEO_S = 1.5
"""Frames of a video that lie further back than this can be played."""
PICTURES = 1500
FRAMES, RATE = 100, 25
VIDEOS = 20

pytestmark = pytest.mark.slow


@dataclass(frozen=True, slots=True)
class Written:
    """One line of a run's log."""

    at_s: float
    source: str
    time_s: float | None


@dataclass(frozen=True, slots=True)
class Killed:
    """A run that was killed."""

    folder: Path
    killed_s: float
    log: tuple[Written, ...]

    @property
    def certain(self) -> int:
        """The number of results that must be in the session."""
        return sum(entry.at_s < self.killed_s - LOST_S for entry in self.log)


def killed_runs(source: Path, folder: Path, seed: int) -> list[Killed]:
    """Start runs, kill them and return what is known of each."""
    command = [sys.executable, "-m", "tests.helpers.crash", source, folder, KILLS, seed]
    done = subprocess.run(
        [str(part) for part in command], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    runs = []
    for line in done.stdout.splitlines():
        said = json.loads(line)
        assert said["code"] == -signal.SIGKILL, f"the run ended by itself: {said}"
        path = Path(said["folder"])
        log = (path / "log.txt").read_bytes().split(b"\n")
        entries = [Written(*json.loads(entry)) for entry in log[:-1]]
        runs.append(Killed(path / "out", said["killed_s"], tuple(entries)))
    assert len(runs) == KILLS
    # A run may be killed before its first result, but this is about those that have some.
    assert sum(bool(run.log) for run in runs) >= KILLS - 3
    return runs


def assert_session(run: Killed) -> list[str]:
    """Read every row of a session; return the sources in it, one for each frame."""
    if not run.log and not (run.folder / SESSION_FILE).exists():
        return []
    with SessionReader.open(run.folder) as reader:
        assert reader.connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert reader.run.state == "running"
        assert reader.run.finished is None
        frames = list(reader.frames())
        assert run.certain <= len(frames) <= len(run.log) + 1
        for frame, entry in zip(frames, run.log, strict=False):
            assert (frame.source, frame.time_s) == (entry.source, entry.time_s)
        for frame in frames:
            assert len(reader.detections(frame.id)) == frame.objects == OBJECTS
            candidates = reader.candidates(frame.id)
            assert candidates is not None
            assert len(candidates) == OBJECTS
            assert frame.media is not None
            assert (run.folder / frame.media).is_file()
        assert [row.frame_id for row in reader.objects()] == [
            frame.id for frame in frames for _ in range(OBJECTS)
        ]
        # Reading again what a crash left must not have changed it.
        assert reader.frame_count() == len(frames)
    return [frame.source for frame in frames]


def media(run: Killed) -> list[Path]:
    """Return the annotated files that have their name; at most one may still be without."""
    folder = run.folder / "annotated"
    files = sorted(folder.iterdir()) if folder.is_dir() else []
    parts = [
        path
        for path in files
        if path.name.startswith(PART_PREFIX) and path.name.endswith(PART_SUFFIX)
    ]
    assert len(parts) <= 1
    return [path for path in files if path not in parts]


def decoded_s(path: Path) -> list[float]:
    """Return the times of all frames that can be decoded."""
    times = []
    with av.open(str(path)) as container:
        try:
            for frame in container.decode(video=0):
                times.append(float(frame.time or 0))
                frame.to_ndarray(format="gray")
        except av.FFmpegError:
            pass
    return times


if hasattr(os, "fork"):

    def test_a_folder_of_pictures(tmp_path: Path) -> None:
        pictures = tmp_path / "pictures"
        pictures.mkdir()
        write_picture(render_tubes(900_000, (320, 240)).image, pictures / "0.jpg")
        for number in range(1, PICTURES):
            os.link(pictures / "0.jpg", pictures / f"{number}.jpg")
        certain = 0
        for run in killed_runs(pictures, tmp_path, seed=1):
            sources = assert_session(run)
            certain += run.certain
            drawn = media(run)
            assert len(run.log) <= len(drawn) <= len(run.log) + 1
            assert {Path(source).stem for source in sources} <= {path.stem for path in drawn}
            for path in drawn:
                with Image.open(path) as picture:
                    picture.load()
                    assert picture.size == (320, 240)
        # The runs did get somewhere before they were killed.
        assert certain > 50

    def test_videos(tmp_path: Path) -> None:
        videos = tmp_path / "videos"
        videos.mkdir()
        image = render_tubes(900_000, (320, 240)).image
        with VideoWriter(videos / "0.mp4", Fraction(RATE), (320, 240)) as writer:
            for number in range(FRAMES):
                writer.write(np.roll(image, number, axis=1), number / RATE)
        for number in range(1, VIDEOS):
            os.link(videos / "0.mp4", videos / f"{number}.mp4")
        playable = 0
        for run in killed_runs(videos, tmp_path, seed=2):
            assert_session(run)
            last_s = {Path(entry.source).name: entry.time_s or 0.0 for entry in run.log}
            names = list(last_s)
            assert {path.name for path in media(run)} >= set(names)
            for path in media(run):
                reached_s = last_s.get(path.name, 0.0)
                finished = path.name in names[:-1]
                if not finished and reached_s < LOST_VIDEO_S:
                    continue
                times = decoded_s(path)
                assert times == pytest.approx([n / RATE for n in range(len(times))], abs=1e-3)
                if finished:
                    assert len(times) == FRAMES
                assert times[-1] >= reached_s - LOST_VIDEO_S
                playable += len(times)
        assert playable > 200
