"""Tracking and counting on the command line: in JSON, tables and words, for those who ask."""

from __future__ import annotations

import csv
import dataclasses
from collections import defaultdict
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from engine.config import RunConfig
from engine.inference.fake import FakeDetector
from engine.store import SessionReader
from engine.types import Frame, Result
from engine.video_writer import VideoWriter
from tests.engine.cli.test_detect import DETECTION, LINE, SUMMARY
from tests.engine.cli.test_refusals import assert_refused
from tests.helpers.command_line import Command
from tests.helpers.walks import Mover, walk

FRAMES, RATE = 45, 25
MOVERS = (
    Mover((40, 60), (5, 1), score=0.9),
    Mover((280, 170), (-5, -0.5), class_id=1, score=0.85),
    Mover((20, 200), (5, 0), score=0.8),
    Mover((250, 30), (0, 0), class_id=2, score=0.7),
)
# Two go right through the line and into the zone, one goes left, and one stays in the zone.
GATE, YARD = "line:Gate=160,240,160,0", "zone:Yard=200,0,320,0,320,240,200,240"
UNIQUE = {"cells": 2, "gel": 1, "serum": 1}
COUNTERS = [
    {"name": "Gate", "kind": "line", "in": 2, "out": 1},
    {"name": "Yard", "kind": "zone", "in": 2, "out": 1},
]


class Walk(FakeDetector):
    """Finds the movers where they are."""

    def detect(self, frame: Frame, config: RunConfig) -> Result:
        result, _ = walk(MOVERS, frame.index, origin=frame.origin)
        return dataclasses.replace(result, frame=frame)


@pytest.fixture(autouse=True)
def walking(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.cli.detect.open_detector", lambda config: Walk())


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("scene") / "scene.mp4"
    with VideoWriter(path, Fraction(RATE), (320, 240)) as writer:
        for number in range(FRAMES):
            writer.write(walk(MOVERS, number)[0].frame.image, number / RATE)
    return path


def sheet_rows(path: Path, name: str) -> list[dict[str, Any]]:
    head, *rows = openpyxl.load_workbook(path)[name].iter_rows(values_only=True)
    return [dict(zip(map(str, head), row, strict=True)) for row in rows]


@pytest.mark.parametrize(
    ("flags", "tracker"), [(["--track"], "bytetrack"), (["--track", "botsort"], "botsort")]
)
def test_numbers_and_counts_are_in_every_output(
    command: Command, scene: Path, tmp_path: Path, flags: list[str], tracker: str
) -> None:
    excel, table = tmp_path / "r.xlsx", tmp_path / "r.csv"
    said = command(
        "detect", scene, *flags, "--count", GATE, YARD, "--json", "--out", tmp_path / "out",
        "--excel", excel, "--csv", table,
    )  # fmt: skip
    assert (said.code, said.err) == (0, "")
    assert len(said.results) == FRAMES
    tracks: dict[int, list[tuple[int, float]]] = defaultdict(list)
    for line in said.results:
        assert set(line) == LINE
        for found in line["detections"]:
            assert set(found) == DETECTION
            tracks[found["track"]].append((found["class"], found["box"][0]))
    assert sorted(tracks) == [1, 2, 3, 4]
    for places in tracks.values():
        # One number is one object, all the way.
        assert len({class_id for class_id, _ in places}) == 1
        steps = {now - before for (_, before), (_, now) in zip(places, places[1:], strict=False)}
        assert max(steps) - min(steps) < 0.1
        assert len(places) == FRAMES
    assert set(said.summary) == SUMMARY | {"unique", "counters"}
    assert said.summary["unique"] == UNIQUE
    assert said.summary["counters"] == COUNTERS
    with SessionReader.open(said.session) as reader:
        assert reader.run.settings["track"] == tracker
        assert reader.run.settings["counters"] == [GATE, YARD]
    numbers = [found["track"] for line in said.results for found in line["detections"]]
    with table.open(encoding="utf-8-sig", newline="") as file:
        assert [int(row["Track"]) for row in csv.DictReader(file)] == numbers
    assert [row["Track"] for row in sheet_rows(excel, "Objects")] == numbers
    assert [row["Class"] for row in sheet_rows(excel, "Tracks")].count("cells") == 2
    sums = [row for row in sheet_rows(excel, "Lines and zones") if row["Class"] == "Total"]
    assert [(row["Name"], row["In"], row["Out"]) for row in sums] == [
        ("Gate", 2, 1), ("Yard", 2, 1),
    ]  # fmt: skip


def test_counts_in_words(command: Command, scene: Path, tmp_path: Path) -> None:
    said = command(
        "detect", scene, "--track", "--count", GATE, "--count", YARD, "--no-media",
        "--out", tmp_path / "out",
    )  # fmt: skip
    assert (said.code, said.err) == (0, "")
    first, *lines, session = said.out.splitlines()
    assert first.startswith(f"{4 * FRAMES} objects in {FRAMES} pictures")
    assert lines == [
        "Different objects: 2 cells, 1 gel, 1 serum",
        "Line Gate: 2 in, 1 out",
        "Zone Yard: 2 in, 1 out",
    ]
    assert session.startswith("Session: ")


def test_names_of_lines_and_classes_move_no_cursor(
    command: Command, scene: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    detector = Walk(names=("same", "same", "\x1b[2J\nx"))
    monkeypatch.setattr("engine.cli.detect.open_detector", lambda config: detector)
    out, count = tmp_path / "out", GATE.replace("Gate", "Tür\x1b[2J 门")
    flags = ["--track", "--count", count, "--no-media", "--out", out]
    said = command("detect", scene, *flags)
    assert said.code == 0
    assert "\x1b" not in said.out
    assert "Different objects: 3 same, 1  [2J x\nLine Tür [2J 门: 2 in, 1 out\n" in said.out


def test_tracking_alone_counts_objects(command: Command, scene: Path, tmp_path: Path) -> None:
    said = command("detect", scene, "--track", "--json", "--no-media", "--out", tmp_path / "out")
    assert said.summary["unique"] == UNIQUE
    assert said.summary["counters"] == []


def test_without_tracking_nothing_is_new(command: Command, scene: Path, tmp_path: Path) -> None:
    for flags in ([], ["--track", "off"]):
        said = command("detect", scene, *flags, "--json", "--no-media", "--out", tmp_path / "out")
        assert set(said.summary) == SUMMARY
        assert {each["track"] for line in said.results for each in line["detections"]} == {None}
    assert "objects:" not in command("detect", scene, "--out", tmp_path / "out").out


def test_counts_of_several_videos_are_added(
    command: Command, scene: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other.mp4"
    other.write_bytes(scene.read_bytes())
    flags = ["--track", "--count", GATE, "--json", "--no-media", "--out", tmp_path / "out"]
    said = command("detect", scene, other, *flags)
    assert said.summary["unique"] == {name: 2 * count for name, count in UNIQUE.items()}
    assert said.summary["counters"] == [COUNTERS[0] | {"in": 4, "out": 2}]


def test_nothing_to_follow_in_pictures(
    command: Command, plain: Callable[..., Path], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    said = command("detect", plain(2), "--track", "--count", GATE, "--json", "--out", out)
    assert (said.code, said.err) == (0, "")
    assert said.summary["unique"] == {}
    assert said.summary["counters"] == [COUNTERS[0] | {"in": 0, "out": 0}]
    words = command("detect", tmp_path / "pictures", "--track", "--out", out).out
    assert "Different objects: none\n" in words


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--count", GATE], ["count tracked objects only", "Switch tracking on"]),
        (["--track", "off", "--count", GATE], ["count tracked objects only"]),
        (["--track", "sort"], ["--track", "sort", "bytetrack"]),
        (["--track", "--count", "line:Gate=1,2"], ["line:Gate=1,2", "coordinates"]),
        (["--track", "--count", "Gate"], ["Gate", "neither a line nor a zone"]),
        (["--track", "--count", GATE, GATE], ["Two lines or zones", "Gate"]),
        (["--track", "--count"], ["--count"]),
    ],
    ids=str,
)
def test_what_cannot_be_counted_is_refused_before_anything_is_written(
    command: Command, scene: Path, tmp_path: Path, flags: list[str], words: list[str]
) -> None:
    assert_refused(command("detect", scene, *flags, "--out", tmp_path / "out"), *words)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("source", ["scene", "sim:"])
def test_a_model_that_classifies_tracks_nothing(
    command: Command, scene: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str
) -> None:
    detector = FakeDetector()
    detector.info = dataclasses.replace(detector.info, task="classify")
    monkeypatch.setattr("engine.cli.detect.open_detector", lambda config: detector)
    spec = scene if source == "scene" else source
    said = command("detect", spec, "--track", "--out", tmp_path / "out")
    assert_refused(said, "classifies whole pictures", "Switch tracking off")
    assert list(tmp_path.iterdir()) == []


def test_a_camera_is_tracked_too(command: Command, scene: Path, tmp_path: Path) -> None:
    said = command(
        "detect", f"sim:{scene}@25", "--seconds", 0.6, "--track", "--json",
        "--out", tmp_path / "out",
    )  # fmt: skip
    assert (said.code, said.err) == (0, "")
    assert said.summary["unique"] == UNIQUE
