"""The CSV table, read back by the csv module."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import numpy as np
import pytest

from engine.export import export_csv
from engine.types import Detections, Result
from tests.engine.export.conftest import NAMES, boxes, frame, rotated, run_record

if TYPE_CHECKING:
    from pathlib import Path

    from engine.store.reader import SessionReader
    from tests.engine.export.conftest import Sessions


def table(reader: SessionReader, folder: Path) -> list[list[str]]:
    """Export a session and read it back."""
    path = export_csv(reader, folder / "export.csv")
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))


def test_the_table_holds_every_object(sessions: Sessions, tmp_path: Path) -> None:
    reader = sessions.make(run_record(), (frame(), boxes(12)), (frame("文件.png"), boxes(3, 1)))
    header, *lines = table(reader, tmp_path)
    data = (tmp_path / "export.csv").read_bytes()
    assert data.startswith(b"\xef\xbb\xbfNo.,Picture,Frame,Object,Class,Confidence,X (px),")
    assert data.endswith(b"\r\n")
    assert header[-2:] == ["Area (px²)", "Source"]
    for line, each in zip(lines, reader.objects(), strict=True):
        numbers = [each.confidence, each.x1, each.y1, each.x2 - each.x1, each.y2 - each.y1]
        assert [float(text) for text in line[5:10]] == pytest.approx(numbers, abs=6e-4)
        assert not {"e", ",", " "} & set("".join(line[5:13]))
    assert [line[1] for line in lines[-3:]] == ["文件.png"] * 3


def test_texts_that_look_like_formulas_get_an_apostrophe(
    sessions: Sessions, tmp_path: Path
) -> None:
    names = (*NAMES, "+1", "\ttab", "\rreturn", "\nline", "＝1", "a=b", "'=1", "nul\x00")
    found = Detections(
        np.zeros((len(names), 4), np.float32),
        np.full(len(names), 0.5, np.float32),
        np.arange(len(names), dtype=np.int32),
    )
    found.boxes[:, :2] = -5.25
    reader = sessions.make(run_record(names=names), (frame("=1.png"), found))
    _header, *lines = table(reader, tmp_path)
    expected = ["'=SUM(A1)", "'-x", NAMES[2], NAMES[3], "'@cmd", NAMES[5], "'+1", "'\ttab"]
    expected += ["'\rreturn", "'\nline", "'＝1", "a=b", "'=1", "nul\ufffd"]
    assert [line[4] for line in lines] == expected
    assert {line[1] for line in lines} == {"'=1.png"}
    assert {line[6] for line in lines} == {"-5.250"}


def test_absent_values_are_empty(sessions: Sessions, tmp_path: Path) -> None:
    turned = rotated()
    plain = Detections(turned.boxes, turned.scores, turned.classes)
    reader = sessions.make(run_record("obb"), (frame(), turned), (frame(), plain))
    header, *lines = table(reader, tmp_path)
    angle, track = header.index("Angle (°)"), header.index("Track")
    assert [line[angle] for line in lines] == ["28.648", "-17.189", "", ""]
    assert [line[track] for line in lines] == ["7", "", "", ""]


def test_classification_lists_pictures(sessions: Sessions, tmp_path: Path) -> None:
    result = Result(
        frame("a.png"), Detections.empty(), probabilities=np.array([0.125, 0.875], np.float32)
    )
    header, line = table(
        sessions.make(run_record("classify", names=("cat", "=dog")), result), tmp_path
    )
    assert line[header.index("Class 1")] == "'=dog"
    assert line[header.index("Probability 1")] == "0.87500"
    assert line[header.index("Class 2")] == "cat"


def test_an_empty_session_has_a_header(sessions: Sessions, tmp_path: Path) -> None:
    assert len(table(sessions.make(run_record()), tmp_path)) == 1
