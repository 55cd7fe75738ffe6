"""The workbook, read back by openpyxl and by LibreOffice."""

from __future__ import annotations

import csv
import gettext
import shutil
import subprocess
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from openpyxl import load_workbook

from engine.errors import PictureError
from engine.export import export_excel
from engine.export.sheets import MOST_ROWS, _cells_wide
from engine.i18n import N_
from engine.types import Detections, Result
from tests.engine.export.conftest import (
    NAMES,
    boxes,
    frame,
    posed,
    rotated,
    run_record,
    segmented,
    timed,
)

if TYPE_CHECKING:
    from openpyxl import Workbook
    from openpyxl.worksheet.worksheet import Worksheet

    from engine.store.reader import SessionReader
    from tests.engine.export.conftest import Sessions

AWKWARD = (
    "_x0041_",
    "a\x00b\ufffe",
    "tab\t",
    "\ttab",
    "\rreturn",
    "line\nbreak",
    " space ",
    "#N/A",
)


def workbook(reader: SessionReader, folder: Path, most_rows: int = MOST_ROWS) -> Workbook:
    """Export a session and read it back."""
    return load_workbook(export_excel(reader, folder / "export.xlsx", most_rows=most_rows))


def rows(sheet: Worksheet) -> list[tuple[object, ...]]:
    """Return the values of a sheet."""
    return list(sheet.iter_rows(values_only=True))


def charts(sheet: Worksheet) -> list[Any]:
    """Return the charts of a sheet."""
    return list(vars(sheet)["_charts"])


def column(sheet: Worksheet, header: str) -> list[object]:
    """Return the values below a header."""
    first, *rest = rows(sheet)
    return [row[first.index(header)] for row in rest]


@pytest.fixture
def session(sessions: Sessions) -> SessionReader:
    failure = PictureError(N_("Cannot read {path}."), N_("Save it anew."), path="b.png")
    pictures = [(frame(f"/data/{i}.png"), boxes(7, seed=i)) for i in range(5)]
    empty = frame("/data/=1+1.png"), Detections.empty()
    return sessions.make(run_record(), *pictures, empty, failures=(("b.png", failure),))


def test_every_number_is_there_as_a_number(session: SessionReader, tmp_path: Path) -> None:
    book = workbook(session, tmp_path)
    assert book.sheetnames == ["Counts", "Objects", "Pictures", "Failures", "Run"]
    sheet = book["Objects"]
    assert [cell.value for cell in sheet[1]] == [
        "No.",
        "Picture",
        "Frame",
        "Object",
        "Class",
        "Confidence",
        "X (px)",
        "Y (px)",
        "Width (px)",
        "Height (px)",
        "Centre X (px)",
        "Centre Y (px)",
        "Area (px²)",
        "Source",
    ]
    records = list(session.objects())
    assert sheet.max_row == len(records) + 1 == 36
    for row, each in zip(rows(sheet)[1:], records, strict=True):
        assert row[:4] == (each.id, f"{each.frame_id - 1}.png", 0, each.number)
        assert row[4] == NAMES[each.class_id]
        assert row[13] == f"/data/{each.frame_id - 1}.png"
        width, height = each.x2 - each.x1, each.y2 - each.y1
        centre = (each.x1 + each.x2) / 2, (each.y1 + each.y2) / 2
        numbers = [each.confidence, each.x1, each.y1, width, height, *centre, each.area]
        assert row[5:13] == pytest.approx(numbers, abs=0.06)
        assert row[5:12] == pytest.approx(numbers[:-1], abs=0.0006)
    for name in ("A", "C", "D", *"FGHIJKLM"):
        assert {cell.data_type for cell in sheet[name][1:]} == {"n"}
    assert [sheet[f"{name}2"].number_format for name in "BCFGM"] == ["@", "0", "0.000", "0.0", "0"]


def test_sheets_are_set_up_for_reading(session: SessionReader, tmp_path: Path) -> None:
    book = workbook(session, tmp_path)
    for sheet in book:
        assert sheet.freeze_panes == "A2"
        assert all(cell.font.b for cell in sheet[1])
        assert not sheet["A2"].font.b
        for index, cell in enumerate(sheet[1]):
            width = sheet.column_dimensions["ABCDEFGHIJKLMNOPQ"[index]].width
            assert width >= _cells_wide(str(cell.value))
    assert book["Objects"].auto_filter.ref == "A1:N36"
    assert book["Counts"].auto_filter.ref == "A1:E7"


def test_counts_add_up_and_have_a_chart(session: SessionReader, tmp_path: Path) -> None:
    sheet = workbook(session, tmp_path)["Counts"]
    header, *lines, total = rows(sheet)
    assert header == ("Class", "Objects", "Pictures with it", "Share (%)", "Mean confidence")
    assert [line[0] for line in lines] == list(NAMES)
    assert [line[1] for line in lines] == [10, 5, 5, 5, 5, 5]
    assert [line[2] for line in lines] == [5] * 6
    records = list(session.objects())
    for class_id, line in enumerate(lines):
        confidences = [each.confidence for each in records if each.class_id == class_id]
        assert line[3] == pytest.approx(100 * len(confidences) / 35, abs=1e-4)
        assert line[4] == pytest.approx(np.mean(confidences), abs=1e-4)
    mean = np.mean([each.confidence for each in records])
    assert total == ("Total", 35, 5, 100, pytest.approx(mean, abs=1e-4))
    assert sheet["A8"].font.b
    assert sheet["B8"].font.b
    (chart,) = charts(sheet)
    (series,) = chart.series
    assert series.val.numRef.f == "'Counts'!$B$2:$B$7"
    assert series.cat.numRef.f == "'Counts'!$A$2:$A$7"
    assert chart.x_axis.delete is False


def test_pictures_count_each_class(session: SessionReader, tmp_path: Path) -> None:
    sheet = workbook(session, tmp_path)["Pictures"]
    header, *lines = rows(sheet)
    sizes = ("Width (px)", "Height (px)", "Objects")
    ending = ("Network (ms)", "Warning", "Source")
    assert header == ("Picture", "Frame", *sizes, *NAMES, *ending)
    assert lines[0][:11] == ("0.png", 0, 320, 240, 7, 2, 1, 1, 1, 1, 1)
    assert lines[0][11:] == (pytest.approx(12.345, abs=0.006), None, "/data/0.png")
    assert lines[5][:11] == ("=1+1.png", 0, 320, 240, 0, 0, 0, 0, 0, 0, 0)


def test_failures_and_the_run_are_told(session: SessionReader, tmp_path: Path) -> None:
    book = workbook(session, tmp_path)
    header = ("Source", "What happened", "What to do")
    assert rows(book["Failures"]) == [header, ("b.png", "Cannot read b.png.", "Save it anew.")]
    told = rows(book["Run"])[1:]
    assert ("State", "done") in told
    assert ("Pictures", 6) in told
    assert ("SHA-256 of the weights", "ab" * 32) in told
    assert ("Setting: Confidence", 0.25) in told
    assert ("Setting: Input size (px)", None) in told
    assert ("Setting: Classes", "-x, @cmd") in told
    assert ("Version: torch", "2.13.0") in told
    assert ("Source", "=cmd|' /C calc'!A0") in told


def test_texts_stay_texts(sessions: Sessions, tmp_path: Path) -> None:
    names = (*NAMES, *AWKWARD)
    found = Detections(
        np.tile(np.array([1, 2, 30, 40], np.float32), (len(names), 1)),
        np.full(len(names), 0.5, np.float32),
        np.arange(len(names), dtype=np.int32),
    )
    clean = [name.replace("\x00", "\ufffd").replace("\ufffe", "\ufffd") for name in names]
    reader = sessions.make(run_record(names=names), (frame("/data/-1.png"), found))
    book = workbook(reader, tmp_path)
    texts = [cell for sheet in book for line in sheet for cell in line if cell.data_type != "n"]
    assert {cell.data_type for cell in texts} == {"s"}
    # Excel and LibreOffice undo the escape of what looks like an escape; openpyxl does not.
    read = [str(value).replace("_x005F_", "_") for value in column(book["Objects"], "Class")]
    assert read == clean
    assert [cell.value for cell in book["Objects"]["B"][1:]] == ["-1.png"] * len(names)
    assert {cell.number_format for cell in book["Objects"]["E"][1:]} == {"@"}
    with zipfile.ZipFile(tmp_path / "export.xlsx") as packed:
        assert packed.testzip() is None
        sheets = [packed.read(name) for name in packed.namelist() if "worksheets" in name]
    assert not any(b"<f>" in sheet or b"<f " in sheet for sheet in sheets)
    assert any(b">_x005F_x0041_<" in sheet for sheet in sheets)


def test_columns_come_with_what_there_is(sessions: Sessions, tmp_path: Path) -> None:
    run = run_record("obb")
    sheet = workbook(
        sessions.make(
            run,
            (frame("/data/clip.mp4", 3, 0.125), rotated()),
            (frame("/data/clip.mp4", 4, 0.1666666), rotated()),
        ),
        tmp_path,
    )["Objects"]
    assert column(sheet, "Time (s)") == [0.125, 0.125, 0.1667, 0.1667]
    assert column(sheet, "Angle (°)") == pytest.approx([28.648, -17.189] * 2)
    assert column(sheet, "Track") == [7, None, 7, None]
    assert column(sheet, "Frame") == [3, 3, 4, 4]


def test_areas_are_those_of_masks(sessions: Sessions, tmp_path: Path) -> None:
    found, shapes = segmented()
    sheet = workbook(sessions.make(run_record("segment"), (frame(), found)), tmp_path)["Objects"]
    assert column(sheet, "Area (px²)") == [shape.sum() for shape in shapes]


def test_poses_have_their_boxes(sessions: Sessions, tmp_path: Path) -> None:
    run = run_record("pose", keypoint_shape=(3, 3))
    sheet = workbook(sessions.make(run, (frame(), posed())), tmp_path)["Objects"]
    assert column(sheet, "Width (px)") == [90]


def test_classification_counts_the_best_class(sessions: Sessions, tmp_path: Path) -> None:
    results = [
        Result(frame(f"{i}.png"), Detections.empty(), probabilities=np.array(each, np.float32))
        for i, each in enumerate([[0.1, 0.7, 0.2], [0.0, 0.6, 0.4], [0.9, 0.05, 0.05]])
    ]
    run = run_record("classify", names=("cat", "=dog", "cow"))
    book = workbook(sessions.make(run, *results), tmp_path)
    assert book.sheetnames == ["Counts", "Pictures", "Run"]
    header, *lines = rows(book["Counts"])
    assert header == ("Class", "Pictures", "Share (%)", "Mean confidence")
    assert [line[:2] for line in lines] == [("cat", 1), ("=dog", 2), ("cow", 0), ("Total", 3)]
    assert lines[1][3] == pytest.approx(0.65)
    assert len(charts(book["Counts"])) == 1
    first = rows(book["Pictures"])[1]
    assert first[4:10] == ("=dog", 0.7, "cow", 0.2, "cat", 0.1)


def test_an_empty_session(sessions: Sessions, tmp_path: Path) -> None:
    book = workbook(sessions.make(run_record()), tmp_path)
    assert book.sheetnames == ["Counts", "Objects", "Pictures", "Run"]
    assert book["Objects"].max_row == 1
    assert rows(book["Counts"])[-1] == ("Total", 0, 0, None, None)


def test_many_classes_are_listed_by_count(sessions: Sessions, tmp_path: Path) -> None:
    run = run_record(names=tuple(f"class {i}" for i in range(1000)))
    found = boxes(3)
    found = Detections(found.boxes, found.scores, np.array([900, 5, 900], np.int32))
    book = workbook(sessions.make(run, (frame(), found)), tmp_path)
    assert [line[:2] for line in rows(book["Counts"])[1:]] == [
        ("class 900", 2),
        ("class 5", 1),
        ("Total", 3),
    ]
    assert rows(book["Pictures"])[0][5:7] == ("class 5", "class 900")


def test_a_further_sheet_begins_past_the_last_row(sessions: Sessions, tmp_path: Path) -> None:
    pictures = [(frame(f"{i}.png"), boxes(45, seed=i)) for i in range(50)]
    reader = sessions.make(run_record(), *pictures)
    book = workbook(reader, tmp_path, most_rows=1000)
    objects = [name for name in book.sheetnames if name.startswith("Objects")]
    assert objects == ["Objects", "Objects 2", "Objects 3"]
    assert [book[name].max_row for name in objects] == [1000, 1000, 253]
    numbers = [number for name in objects for number in column(book[name], "No.")]
    assert numbers == list(range(1, 2251))
    assert book["Objects 3"].auto_filter.ref == "A1:N253"
    book = workbook(reader, tmp_path, most_rows=2251)
    assert "Objects 2" not in book.sheetnames


def test_headers_follow_the_language(
    session: SessionReader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Marked(gettext.NullTranslations):
        def gettext(self, message: str) -> str:
            return f"译{message}"

    monkeypatch.setattr("engine.i18n._active", Marked())
    book = workbook(session, tmp_path)
    assert book.sheetnames == ["译Counts", "译Objects", "译Pictures", "译Failures", "译Run"]
    headers = {str(cell.value) for sheet in book for cell in sheet[1]} - set(NAMES)
    assert all(header.startswith("译") for header in headers)
    assert charts(book["译Counts"])[0].series[0].val.numRef.f == "'译Counts'!$B$2:$B$7"


@pytest.mark.slow
@pytest.mark.tool("soffice")
@pytest.mark.skipif(shutil.which("soffice") is None, reason="needs the system tool soffice")
def test_libreoffice_reads_the_same_table(sessions: Sessions, tmp_path: Path) -> None:
    names = (*NAMES, "\ttab", " space ", "#N/A", "_x0041_")
    found = boxes(len(names))
    found = Detections(found.boxes, found.scores, np.arange(len(names), dtype=np.int32))
    reader = sessions.make(run_record(names=names), timed(frame("/data/=1+1.png"), found))
    path = export_excel(reader, tmp_path / "export.xlsx")
    profile = f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}"
    # The filter's options: comma, quote, UTF-8, from row 1, cells as shown, sheet 2.
    form = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false,false,false,2"
    command = ["soffice", profile, "--headless", "--norestore", "--convert-to", form]
    command += ["--outdir", str(tmp_path), str(path)]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    written = list(tmp_path.glob("export*.csv"))
    with written[0].open(encoding="utf-8", newline="") as file:
        header, *lines = csv.reader(file)
    assert header[4:6] == ["Class", "Confidence"]
    assert [line[4] for line in lines] == list(names)
    assert [line[1] for line in lines] == ["=1+1.png"] * len(names)
    shown = [float(line[6]) for line in lines]
    assert shown == pytest.approx(found.boxes[:, 0].tolist(), abs=0.051)
