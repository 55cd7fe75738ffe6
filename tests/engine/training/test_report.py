"""The workbook of a run, read back by openpyxl and by LibreOffice."""

from __future__ import annotations

import csv
import gettext
import hashlib
import json
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from openpyxl import load_workbook

from engine.errors import ExportError, TrainingError
from engine.training.folder import RunFolder
from engine.training.record import Stage
from engine.training.report import write_report
from engine.training.runs import rename, set_notes
from tests.helpers.training_runs import NAMES, write_run

if TYPE_CHECKING:
    from openpyxl import Workbook
    from openpyxl.worksheet.worksheet import Worksheet

SHEETS = ["Run", "Epochs", "Classes", "Curves", "Confusion matrix", "Curve data"]


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    return write_run(tmp_path / "runs", 20)


def report(folder: RunFolder, tmp_path: Path) -> Workbook:
    """Write the report of a run and read it back."""
    return load_workbook(write_report(folder, tmp_path / "report.xlsx"))


def rows(sheet: Worksheet) -> list[tuple[object, ...]]:
    return list(sheet.iter_rows(values_only=True))


def facts(book: Workbook) -> dict[object, object]:
    """Return the sheet of the run by what its lines say."""
    return {row[0]: row[1] for row in rows(book["Run"])[1:]}


def column(sheet: Worksheet, header: str) -> list[object]:
    first, *rest = rows(sheet)
    return [row[first.index(header)] for row in rest]


def charts(sheet: Worksheet) -> list[Any]:
    return list(vars(sheet)["_charts"])


def events(folder: RunFolder) -> list[dict[str, Any]]:
    return [json.loads(line) for line in folder.events.read_text("utf-8").splitlines()]


def test_the_run_says_what_it_was_and_how_it_ended(run: RunFolder, tmp_path: Path) -> None:
    run.best.write_bytes(b"weights")
    rename(run, "=first run")
    set_notes(run, "-with care")
    book = report(run, tmp_path)
    assert book.sheetnames == SHEETS
    told = facts(book)
    assert told["Name"] == "=first run"
    assert told["Notes"] == "-with care"
    assert told["State"] == "finished"
    assert told["Recipe"] == "yolo11n-seg:iou=wiou3"
    assert told["Classes"] == "cells, gel, serum"
    assert told["Parameters"] == 2843583
    assert told["Training pictures"] == 386
    assert told["Epochs done"] == told["Epochs wanted"] == told["Best epoch"] == 20
    assert told["Duration (s)"] == pytest.approx(528)
    last = next(each for each in reversed(events(run)) if each["event"] == "finished")
    assert told["Best: mask mAP50-95"] == pytest.approx(last["metrics"]["mask_map50_95"])
    assert told["SHA-256 of best.pt"] == hashlib.sha256(b"weights").hexdigest()
    assert told["Setting: Epochs"] == 20
    assert told["Setting: Mixed precision"] == "yes"
    assert told["Setting: Input size (px)"] is None
    assert "Version at this export: torch" in told
    texts = [cell for line in book["Run"] for cell in line if isinstance(cell.value, str)]
    assert {cell.data_type for cell in texts} == {"s"}


def test_every_epoch_is_a_row_of_numbers(run: RunFolder, tmp_path: Path) -> None:
    sheet = report(run, tmp_path)["Epochs"]
    told = [each for each in events(run) if each["event"] == "epoch"]
    assert column(sheet, "Epoch") == list(range(1, 21))
    for header, name in (("box", "box"), ("class", "cls"), ("dfl", "dfl"), ("mask", "seg")):
        for kind, key in (("Training", "losses"), ("Validation", "val_losses")):
            wanted = [each[key][name] for each in told]
            assert column(sheet, f"{kind} loss: {header}") == pytest.approx(wanted, abs=1e-5)
    for header in ("precision", "recall", "mAP50", "mAP50-95", "mask mAP50", "mask mAP50-95"):
        key = header.replace(" ", "_").replace("-", "_").lower()
        wanted = [each["metrics"][key] for each in told]
        assert column(sheet, header) == pytest.approx(wanted, abs=1e-5)
    assert column(sheet, "Learning rate") == pytest.approx([each["lr"] for each in told])
    assert column(sheet, "Memory (MB)") == [1210.5] * 20
    assert column(sheet, "Best so far")[:3] == ["yes", "yes", None]


def test_classes_are_those_of_the_best_epoch(run: RunFolder, tmp_path: Path) -> None:
    sheet = report(run, tmp_path)["Classes"]
    best = [each for each in events(run) if each["event"] == "epoch" and each["is_best"]][-1]
    assert column(sheet, "Class") == [*NAMES, "all"]
    assert set(column(sheet, "Epoch")) == {best["epoch"]} == {20}
    assert column(sheet, "Objects") == [290, 281, 272, 843]
    wanted = [each["mask_map50"] for each in best["classes"]] + [best["metrics"]["mask_map50"]]
    assert column(sheet, "mask mAP50") == pytest.approx(wanted, abs=1e-5)


def test_the_matrix_has_what_was_found_by_what_is_labelled(run: RunFolder, tmp_path: Path) -> None:
    sheet = report(run, tmp_path)["Confusion matrix"]
    assert rows(sheet) == [
        ("Found \\ labelled", "cells", "gel", "serum", "background"),
        ("cells", 90, 1, 0, 2),
        ("gel", 0, 80, 2, 1),
        ("serum", 0, 0, 88, 4),
        ("background", 3, 4, 5, 0),
    ]


def test_charts_are_drawn_from_the_tables(run: RunFolder, tmp_path: Path) -> None:
    book = report(run, tmp_path)
    drawn = charts(book["Curves"])
    # Losses, metrics and rate; then four curves of boxes and four of masks.
    assert len(drawn) == 11
    losses, metrics = drawn[:2]
    assert len(losses.series) == 8
    assert [series.tx.v for series in losses.series][:5] == [
        "box",
        "class",
        "dfl",
        "mask",
        "box, validation",
    ]
    assert losses.series[0].yVal.numRef.f == "'Epochs'!$B$2:$B$21"
    assert losses.series[0].xVal.numRef.f == "'Epochs'!$A$2:$A$21"
    lines = [series.graphicalProperties.line for series in losses.series]
    assert lines[0].solidFill.srgbClr == lines[4].solidFill.srgbClr == "0072B2"
    assert [line.prstDash for line in (lines[0], lines[4])] == ["solid", "sysDash"]
    header = [cell.value for cell in book["Epochs"][1]]
    for series in metrics.series:
        letter = series.yVal.numRef.f.split("$")[1]
        assert book["Epochs"][f"{letter}1"].value == series.tx.v
    assert header[-5:] == [
        "Learning rate",
        "Pictures a second",
        "Memory (MB)",
        "Elapsed (s)",
        "Best so far",
    ]
    curve = drawn[3]
    assert [series.tx.v for series in curve.series] == ["all", *NAMES]
    assert curve.series[0].xVal.numRef.f == "'Curve data'!$A$2:$A$202"
    data = book["Curve data"]
    assert column(data, "Recall")[:3] == [0, 0.005, 0.01]
    assert column(data, "Precision, mask: gel")[100] == pytest.approx(1 - 0.5**4, abs=1e-5)
    assert column(data, "F1, box: all")[100] == pytest.approx(1.0)


def test_a_run_that_ended_early_has_what_there_is(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "runs", 1, stage=Stage.FAILED)
    folder.curves.unlink()
    folder.best.unlink()
    book = report(folder, tmp_path)
    assert book.sheetnames == ["Run", "Epochs", "Classes", "Curves"]
    assert facts(book)["State"] == "failed"
    assert "SHA-256 of best.pt" not in facts(book)
    # One epoch alone is a point.
    assert charts(book["Curves"])[0].series[0].marker.symbol == "circle"


def test_a_run_without_an_epoch_has_no_charts(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "runs", 0, stage=Stage.INTERRUPTED)
    folder.curves.write_text("no json", encoding="utf-8")
    book = report(folder, tmp_path)
    assert book["Epochs"].max_row == 1
    assert charts(book["Curves"]) == []


def test_a_line_that_is_being_written_is_left_out(run: RunFolder, tmp_path: Path) -> None:
    with run.events.open("a", encoding="utf-8") as file:
        file.write('{"event": "epo')
    assert report(run, tmp_path)["Epochs"].max_row == 21


def test_events_that_cannot_be_read_are_a_sentence(run: RunFolder, tmp_path: Path) -> None:
    run.events.write_text('{"event": "epoch"\n', encoding="utf-8")
    with pytest.raises(TrainingError, match="What the training tubes told cannot be read"):
        write_report(run, tmp_path / "report.xlsx")
    run.events.unlink()
    with pytest.raises(TrainingError, match="cannot be read"):
        write_report(run, tmp_path / "report.xlsx")
    assert not (tmp_path / "report.xlsx").exists()


def test_nothing_is_left_where_it_cannot_be_written(run: RunFolder, tmp_path: Path) -> None:
    (tmp_path / "folder.xlsx").mkdir()
    with pytest.raises(ExportError, match="folder"):
        write_report(run, tmp_path / "folder.xlsx")
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_the_run_itself_is_not_written(run: RunFolder, tmp_path: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in run.path.rglob("*")}
    report(run, tmp_path)
    assert {path: path.stat().st_mtime_ns for path in run.path.rglob("*")} == before


def test_headings_follow_the_language(
    run: RunFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Marked(gettext.NullTranslations):
        def gettext(self, message: str) -> str:
            return f"译{message}"

    monkeypatch.setattr("engine.i18n._active", Marked())
    book = report(run, tmp_path)
    assert book.sheetnames == [f"译{name}" for name in SHEETS]
    headers = {str(cell.value) for sheet in book for cell in sheet[1]} - set(NAMES)
    assert all(header.startswith(("译", "F1")) for header in headers)
    assert charts(book["译Curves"])[0].series[0].yVal.numRef.f == "'译Epochs'!$B$2:$B$21"


@pytest.mark.slow
@pytest.mark.tool("soffice")
@pytest.mark.skipif(shutil.which("soffice") is None, reason="needs the system tool soffice")
def test_libreoffice_reads_the_same_epochs(run: RunFolder, tmp_path: Path) -> None:
    path = write_report(run, tmp_path / "report.xlsx")
    profile = f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}"
    # The filter's options: comma, quote, UTF-8, from row 1, cells as shown, sheet 2.
    form = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false,false,false,2"
    command = ["soffice", profile, "--headless", "--norestore", "--convert-to", form]
    command += ["--outdir", str(tmp_path), str(path)]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    with next(tmp_path.glob("report*.csv")).open(encoding="utf-8", newline="") as file:
        header, *lines = csv.reader(file)
    assert header[0] == "Epoch"
    assert [int(line[0]) for line in lines] == list(range(1, 21))
    told = [each["metrics"]["map50"] for each in events(run) if each["event"] == "epoch"]
    shown = [float(line[header.index("mAP50")]) for line in lines]
    assert shown == pytest.approx(told, abs=0.0006)
