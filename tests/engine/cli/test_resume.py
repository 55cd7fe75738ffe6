"""`detect --resume`: a run that was killed or stopped ends as if nothing had happened."""

from __future__ import annotations

import csv
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pytest

from engine.config import RunConfig
from engine.store import SESSION_FILE, SessionReader
from engine.types import Frame, Result
from tests.engine.cli.test_refusals import assert_refused
from tests.helpers.command_line import Command, Said, start
from tests.helpers.full_disk import played
from tests.helpers.long_run import SlowDetector
from tests.helpers.movies import movie, probed

SLOWLY = """
import sys
from engine.cli import detect, run
from tests.helpers.long_run import SlowDetector
detect.open_detector = lambda config: SlowDetector(config.weights, 0.01)
sys.exit(run(sys.argv[1:]))
"""
"""`main.py` with a detector that thinks about each frame and whose model is any file."""

COUNT, RATE = 200, 25
TIMES = [number / RATE for number in range(COUNT)]
COUNTERS = "line:Gate=30,48,30,0", "zone:Bench=40,0,64,0,64,48,40,48"
TRACKING = ("--track", "--count", *COUNTERS)

needs_signals = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    path = tmp_path / "weights.pt"
    path.write_bytes(b"some weights")
    return path


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return movie(tmp_path_factory.mktemp("video") / "long.mp4", TIMES)


class Stopping(SlowDetector):
    """Is interrupted as by Ctrl+C after so many frames."""

    def __init__(self, weights: Path, most: int | None) -> None:
        super().__init__(weights, 0.0)
        self._left = most

    def detect(self, frame: Frame, config: RunConfig) -> Result:
        if self._left is not None:
            self._left -= 1
            if not self._left:
                signal.raise_signal(signal.SIGINT)
        return super().detect(frame, config)


@pytest.fixture(autouse=True)
def stop_after(monkeypatch: pytest.MonkeyPatch) -> Callable[[int | None], None]:
    """Return a function that says after how many frames the next runs are stopped."""

    def say(most: int | None) -> None:
        monkeypatch.setattr(
            "engine.cli.detect.open_detector", lambda config: Stopping(config.weights, most)
        )

    say(None)
    return say


def kill(frames: int, *arguments: object) -> list[str]:
    """Start a run in a process of its own, kill it after so many lines and return all of them."""
    process = start("detect", *arguments, "--json", code=SLOWLY)
    assert process.stdout is not None
    lines = [process.stdout.readline() for _ in range(frames)]
    process.kill()
    rest, complaints = process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL
    assert complaints == ""
    return lines + rest.splitlines()


def rows(folder: Path) -> list[Any]:
    """Return all that a session says of its frames, objects, tracks and counts."""
    with SessionReader.open(folder) as reader:
        assert reader.run.state == "done"
        assert reader.connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        frames = [
            (each.id, each.source, each.index, each.time_s, each.objects, each.media)
            for each in reader.frames()
        ]
        tracked = (list(reader.tracks()), list(reader.crossings())) if reader.tracked else ()
        return [*frames, *reader.objects(), *tracked]


def assert_same_video(one: Path, other: Path) -> None:
    ours, theirs = played(one), played(other)
    assert [each[0] for each in ours] == pytest.approx(TIMES, abs=1e-4)
    for (_, _, mine), (_, _, wanted) in zip(ours, theirs, strict=True):
        # Two scenes differ by about 80: each frame is there once, in its place.
        assert np.abs(mine.astype(int) - wanted).mean() < 16
    assert float(probed(one)["format"]["duration"]) == pytest.approx(COUNT / RATE, abs=0.01)
    assert float(probed(one)["video"]["duration"]) == pytest.approx(COUNT / RATE, abs=0.01)


def first_line(said: Said) -> int:
    """Return the frame that a run went on with, which it has said."""
    number = said.results[0]["frame"]
    assert isinstance(number, int)
    assert said.err == (
        f"Going on with long.mp4 at its frame {number + 1}; {number} frames are there already.\n"
    )
    return number


@needs_signals
@pytest.mark.slow
@pytest.mark.parametrize("flags", [(), TRACKING], ids=["plain", "tracking"])
def test_a_run_that_was_killed_goes_on_as_if_it_was_not(
    command: Command, video: Path, weights: Path, tmp_path: Path, flags: tuple[str, ...]
) -> None:
    run, whole = tmp_path / "run", tmp_path / "whole"
    flags = ("--weights", str(weights), *flags)
    printed = kill(100, video, "--out", run, *flags)
    assert 100 <= len(printed) < COUNT
    excel, table = tmp_path / "r.xlsx", tmp_path / "r.csv"
    said = command("detect", "--resume", run, "--json", "--excel", excel, "--csv", table)
    assert said.code == 0
    number = first_line(said)
    assert 20 < number <= len(printed)
    assert [line["frame"] for line in said.results] == list(range(number, COUNT))
    assert said.summary["frames"] == COUNT - number
    assert said.session == run / SESSION_FILE
    uninterrupted = command("detect", video, "--out", whole, "--json", *flags)
    assert uninterrupted.results[number:] == said.results
    for name in ("unique", "counters"):
        assert said.summary.get(name) == uninterrupted.summary.get(name)
    assert rows(run) == rows(whole)
    assert sorted(path.name for path in run.iterdir()) == ["annotated", SESSION_FILE]
    assert [path.name for path in (run / "annotated").iterdir()] == ["long.mp4"]
    assert_same_video(run / "annotated/long.mp4", whole / "annotated/long.mp4")
    # The exports are of the whole run, not of what was left of it.
    objects = sum(len(line["detections"]) for line in uninterrupted.results)
    assert said.summary["excel"] == str(excel)
    assert openpyxl.load_workbook(excel)["Objects"].max_row == objects + 1
    with table.open(encoding="utf-8-sig", newline="") as file:
        assert len(list(csv.DictReader(file))) == objects


@needs_signals
@pytest.mark.parametrize("most", [1, 70, 140])
def test_a_run_that_was_stopped_goes_on_with_its_tracks_and_counts(
    command: Command, video: Path, weights: Path, tmp_path: Path,
    stop_after: Callable[[int | None], None], most: int,
) -> None:  # fmt: skip
    run, whole = tmp_path / "run", tmp_path / "whole"
    flags = ("--weights", weights, *TRACKING, "--no-media", "--json")
    stop_after(most)
    stopped = command("detect", video, "--out", run, *flags)
    assert stopped.code == 130
    assert most <= len(stopped.results) < COUNT
    stop_after(None)
    said = command("detect", "--resume", run / SESSION_FILE, "--json")
    assert said.code == 0
    assert first_line(said) == len(stopped.results)
    uninterrupted = command("detect", video, "--out", whole, *flags)
    assert stopped.results + said.results == uninterrupted.results
    assert rows(run) == rows(whole)
    assert uninterrupted.summary["unique"] == {"cells": 3}
    assert said.summary["unique"] == uninterrupted.summary["unique"]
    assert said.summary["counters"] == uninterrupted.summary["counters"]
    assert said.summary["counters"][0] == {"name": "Gate", "kind": "line", "in": 3, "out": 0}
    assert not (run / "annotated").exists()


@needs_signals
def test_a_folder_of_pictures_goes_on_with_the_next(
    command: Command, plain: Callable[..., Path], weights: Path, tmp_path: Path,
    stop_after: Callable[[int | None], None],
) -> None:  # fmt: skip
    run, whole = tmp_path / "run", tmp_path / "whole"
    folder = plain(12)
    stop_after(4)
    stopped = command("detect", folder, "--weights", weights, "--out", run)
    assert stopped.code == 130
    stop_after(None)
    said = command("detect", "--resume", run)
    assert said.code == 0
    names = [line.partition(":")[0] for line in (stopped.out + said.out).splitlines()]
    assert [name for name in names if name.endswith(".png")] == [
        f"{number}.png" for number in range(12)
    ]
    kept = len(list(run.joinpath("annotated").iterdir())) - said.out.count(".png")
    assert f"Going on with {kept}.png at its frame 1; {kept} frames" in said.err
    command("detect", folder, "--weights", weights, "--out", whole)
    assert rows(run) == rows(whole)


def test_a_run_that_has_ended_has_nothing_left(
    command: Command, plain: Callable[..., Path], weights: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    said = command("detect", plain(), "--weights", weights, "--out", run, "--json")
    before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    for target in (run, said.session):
        for flags in ([], ["--json", "--excel", tmp_path / "r.xlsx"]):
            refused = command("detect", "--resume", target, *flags)
            assert_refused(refused, "has worked through all of its sources", str(run))
    assert {path: path.read_bytes() for path in run.rglob("*") if path.is_file()} == before
    assert not (tmp_path / "r.xlsx").exists()


@needs_signals
def test_a_camera_does_not_come_back(
    command: Command, video: Path, weights: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    kill(5, f"sim:{video}@30", "--weights", weights, "--out", run)
    refused = command("detect", "--resume", run)
    assert_refused(refused, "a camera or stream does not come back", "Start a new run")
    with SessionReader.open(run) as reader:
        assert reader.run.state == "running"


@needs_signals
def test_what_is_missing_or_contradicts_is_refused_and_nothing_changes(
    command: Command, plain: Callable[..., Path], weights: Path, tmp_path: Path,
    stop_after: Callable[[int | None], None],
) -> None:  # fmt: skip
    run, folder = tmp_path / "run", plain()
    stop_after(1)
    assert command("detect", folder, "--weights", weights, "--out", run).code == 130
    before = (run / SESSION_FILE).read_bytes()
    for arguments, words in (
        (["--resume", tmp_path / "absent"], ["absent"]),
        (["--resume", folder / "0.png"], ["0.png"]),
        (["--resume"], ["--resume"]),
        ([folder, "--resume", run], ["its own sources"]),
        (["--resume", run, "--conf", "0.5", "--track"], ["own settings", "--conf, --track"]),
        (["--resume", run, "--seconds", "2"], ["--seconds"]),
        (["--resume", run, "--out", tmp_path / "more"], ["--out"]),
        (["--resume", run, "--no-media"], ["--no-media"]),
        (["--resume", run, "--excel", "r.txt"], ["r.txt"]),
    ):
        assert_refused(command("detect", *arguments), *words)
    weights.write_bytes(b"other weights")
    assert_refused(command("detect", "--resume", run), "not those of the run any more")
    assert (run / SESSION_FILE).read_bytes() == before
    assert not (tmp_path / "more").exists()
