"""What was tracked and counted, and counts over time, in the workbook as openpyxl reads it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from openpyxl import load_workbook

from engine.export import export_csv, export_excel, over_time
from engine.store import writer as store_writer
from engine.store.reader import SessionReader
from engine.store.writer import SessionWriter
from engine.types import Counted, Crossing, Detections, Progress, Result
from tests.engine.export.conftest import NAMES, boxes, frame, run_record
from tests.engine.export.test_excel import charts, column, rows, workbook

if TYPE_CHECKING:
    from tests.engine.export.conftest import Sessions

COUNTERS = ["line:Gate=0,0,50,50", "zone:=Bench=0,0,50,0,50,50"]
RUN = run_record(track="botsort", counters=COUNTERS)


def result(
    index: int,
    ids: Sequence[int],
    classes: Sequence[int],
    crossings: Sequence[Crossing] = (),
    origin: str = "/data/clip.mp4",
    time_s: float | None = None,
) -> Result:
    count = len(ids)
    found = Detections(
        np.tile(np.array([1, 2, 30, 40], np.float32), (count, 1)),
        np.linspace(0.9, 0.5, count, dtype=np.float32),
        np.array(classes, np.int32),
        ids=np.array(ids, np.int32),
    )
    time_s = index / 8 if time_s is None else time_s
    return Result(frame(origin, index, time_s), found, counted=Counted(tuple(crossings)))


@pytest.fixture
def tracked(sessions: Sessions) -> SessionReader:
    return sessions.make(
        RUN,
        result(0, [1, 0], [0, 1]),
        result(1, [1, 2], [0, 1], [Crossing(0, 1, 0, True)]),
        result(2, [], []),
        result(5, [1, 2], [0, 1], [Crossing(0, 2, 1, False), Crossing(1, 1, 0, True)]),
        result(0, [1], [1], [Crossing(0, 1, 1, True)], "/data/=b.mp4"),
    )


def test_a_tracked_run_has_sheets_of_its_own(tracked: SessionReader, tmp_path: Path) -> None:
    book = workbook(tracked, tmp_path)
    assert book.sheetnames == [
        "Counts", "Over time", "Lines and zones", "Objects", "Tracks", "Crossings", "Pictures",
        "Run",
    ]
    assert column(book["Objects"], "Track") == [1, None, 1, 2, 1, 2, 1]
    assert rows(book["Tracks"]) == [
        (
            "Track", "Class", "Picture", "First frame", "Last frame", "First time (s)",
            "Last time (s)", "Duration (s)", "Frames", "Mean confidence", "Source",
        ),
        (1, NAMES[0], "clip.mp4", 0, 5, 0, 0.625, 0.625, 3, 0.9, "/data/clip.mp4"),
        (2, NAMES[1], "clip.mp4", 1, 5, 0.125, 0.625, 0.5, 2, 0.5, "/data/clip.mp4"),
        (1, NAMES[1], "=b.mp4", 0, 0, 0, 0, 0, 1, 0.9, "/data/=b.mp4"),
    ]


def test_unique_objects_stand_beside_all_objects(tracked: SessionReader, tmp_path: Path) -> None:
    sheet = workbook(tracked, tmp_path)["Counts"]
    header, *lines = rows(sheet)
    assert header[:4] == ("Class", "Objects", "Unique objects", "Pictures with it")
    assert [line[1:4] for line in lines[:3]] == [(3, 1, 3), (4, 2, 4), (0, 0, 0)]
    assert lines[-1][:4] == ("Total", 7, 3, 4)
    assert charts(sheet)[0].series[0].val.numRef.f == "'Counts'!$B$2:$B$7"


def test_lines_and_zones_are_told_by_class_and_in_all(
    tracked: SessionReader, tmp_path: Path
) -> None:
    sheet = workbook(tracked, tmp_path)["Lines and zones"]
    assert rows(sheet) == [
        ("Name", "Kind", "Class", "In", "Out"),
        ("Gate", "Line", NAMES[0], 1, 0),
        ("Gate", "Line", NAMES[1], 1, 1),
        ("Gate", "Line", "Total", 2, 1),
        ("=Bench", "Zone", NAMES[0], 1, 0),
        ("=Bench", "Zone", "Total", 1, 0),
    ]
    assert [bool(cell.font.b) for cell in sheet["D"]] == [True, False, False, True, False, True]


def test_crossings_are_listed_as_they_happened(tracked: SessionReader, tmp_path: Path) -> None:
    clip, other = ("clip.mp4", "/data/clip.mp4"), ("=b.mp4", "/data/=b.mp4")
    assert rows(workbook(tracked, tmp_path)["Crossings"]) == [
        (
            "Time (s)", "Frame", "Line or zone", "Class", "Track", "Direction", "Picture", "Source",
        ),
        (0.125, 1, "Gate", NAMES[0], 1, "in", *clip),
        (0.625, 5, "Gate", NAMES[1], 2, "out", *clip),
        (0.625, 5, "=Bench", NAMES[0], 1, "in", *clip),
        (0, 0, "Gate", NAMES[1], 1, "in", *other),
    ]


def test_what_does_not_fit_into_a_sheet_goes_on_in_a_further_one(
    tracked: SessionReader, tmp_path: Path
) -> None:
    book = workbook(tracked, tmp_path, most_rows=3)
    tracks = [name for name in book.sheetnames if name.startswith("Tracks")]
    crossings = [name for name in book.sheetnames if name.startswith("Crossings")]
    assert [book[name].max_row for name in tracks] == [3, 2]
    assert [book[name].max_row for name in crossings] == [3, 3]


def test_without_tracking_or_lines_their_sheets_are_left_out(
    sessions: Sessions, tmp_path: Path
) -> None:
    pictures = frame("/data/a.png"), boxes(3)
    assert "Tracks" not in workbook(sessions.make(run_record(), pictures), tmp_path).sheetnames
    run = run_record(track="bytetrack", counters=[])
    book = workbook(sessions.make(run, pictures), tmp_path)
    assert book.sheetnames == ["Counts", "Objects", "Tracks", "Pictures", "Run"]
    assert book["Tracks"].max_row == 1
    assert "Duration (s)" not in rows(book["Tracks"])[0]


def test_the_csv_table_has_the_tracks_too(tracked: SessionReader, tmp_path: Path) -> None:
    text = export_csv(tracked, tmp_path / "export.csv").read_text("utf-8-sig")
    header, *lines = (line.split(",") for line in text.splitlines())
    assert header[-2:] == ["Track", "Source"]
    assert [line[-2] for line in lines[:3]] == ["1", "", "1"]


def test_counts_over_time_are_those_of_each_frame(tracked: SessionReader, tmp_path: Path) -> None:
    sheet = workbook(tracked, tmp_path)["Over time"]
    names = NAMES[:2]
    assert rows(sheet) == [
        ("Picture", "Time (s)", "Frames", "Objects", *names),
        ("clip.mp4", 0, 1, 2, 1, 1),
        ("clip.mp4", 0.125, 1, 2, 1, 1),
        ("clip.mp4", 0.25, 1, 0, 0, 0),
        ("clip.mp4", 0.625, 1, 2, 1, 1),
        ("=b.mp4", 0, 1, 1, 0, 1),
    ]
    first, second = charts(sheet)
    assert [line.xVal.numRef.f for line in first.series] == ["'Over time'!$B$2:$B$5"] * 3
    assert [line.yVal.numRef.f for line in first.series] == [
        f"'Over time'!${letter}$2:${letter}$5" for letter in "DEF"
    ]
    assert [line.tx.strRef.f for line in first.series] == [
        f"'Over time'!${letter}$1" for letter in "DEF"
    ]
    assert second.series[0].yVal.numRef.f == "'Over time'!$D$6"
    pictures = workbook(tracked, tmp_path)["Pictures"]
    assert column(pictures, "Frame") == [0, 1, 2, 5, 0]
    assert column(pictures, "Time (s)") == [0, 0.125, 0.25, 0.625, 0]
    assert column(pictures, NAMES[1]) == [1, 1, 0, 1, 1]


def test_a_long_video_is_told_in_means(
    sessions: Sessions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(over_time, "MOST_POINTS", 4)
    numbers = [3, 1, 2, 0, 5, 5, 5, 1, 0, 4]
    results = [result(i, [0] * n, [0] * n) for i, n in enumerate(numbers)]
    sheet = workbook(sessions.make(run_record(), *results), tmp_path)["Over time"]
    assert rows(sheet) == [
        ("Picture", "Time (s)", "Frames", "Objects"),
        ("clip.mp4", 0, 3, 2),
        ("clip.mp4", 0.375, 3, pytest.approx(10 / 3, abs=1e-3)),
        ("clip.mp4", 0.75, 3, 2),
        ("clip.mp4", 1.125, 1, 4),
    ]


def test_of_many_classes_the_most_frequent_have_columns(
    sessions: Sessions, tmp_path: Path
) -> None:
    names = tuple(f"class {i}" for i in range(103))
    # Class i is found i times in the second frame and once in the first.
    second = np.repeat(np.arange(103), np.arange(103))
    results = [result(0, [0] * 103, range(103)), result(1, [0] * len(second), second.tolist())]
    book = workbook(sessions.make(run_record(names=names), *results), tmp_path)
    header, first, then = rows(book["Pictures"])
    assert header[6:57] == (*names[53:], "Other classes")
    assert first[5:57] == (103, *[1] * 50, 53)
    assert then[5:57] == (5253, *range(53, 103), sum(range(53)))
    assert rows(book["Over time"])[0][4:] == names[95:]
    assert book["Counts"].max_row == 105


class Growth:
    """Adds a frame with new tracks and a crossing at every report of progress."""

    def __init__(self, writer: SessionWriter) -> None:
        self._writer = writer
        self.frames = 0

    def __call__(self, _progress: Progress | None = None) -> None:
        number = 2 * self.frames + 1
        ids, crossing = [number, number + 1], Crossing(0, number, 0, True)
        self._writer.add(result(self.frames, ids, [0, 1], [crossing]))
        self.frames += 1


@pytest.fixture
def growth(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Growth]:
    """A running session whose rows are committed at once."""
    monkeypatch.setattr(store_writer, "COMMIT_EVERY_S", 0.0)
    with SessionWriter.create(tmp_path / "session", RUN) as writer:
        grown = Growth(writer)
        for _ in range(1200):
            grown()
        yield grown


def test_a_session_that_grows_agrees_with_itself(growth: Growth, tmp_path: Path) -> None:
    with SessionReader.open(tmp_path / "session") as reader:
        path = export_excel(reader, tmp_path / "export.xlsx", progress=growth)
        assert reader.frame_count() == growth.frames
    book = load_workbook(path)
    frames = book["Pictures"].max_row - 1
    assert 1200 <= frames < growth.frames
    assert book["Tracks"].max_row - 1 == 2 * frames
    assert book["Crossings"].max_row - 1 == frames
    assert column(book["Lines and zones"], "In")[1] == frames
    assert book["Counts"]["C8"].value == 2 * frames
    assert sum(int(str(n)) for n in column(book["Over time"], "Frames")) == frames
