"""The table pages, sorts and filters as a list of all rows would."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.store import ObjectRecord, SessionReader, SessionWriter
from engine.store.query import COLUMNS, ObjectTable
from tests.engine.store.test_store import INFO, RUN, result

ORIGINS = ("b/Zebra 2.jpg", "a/文.jpg", "b/apple.jpg")


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[SessionReader]:
    with SessionWriter.create(tmp_path / "s", RUN) as writer:
        for seed in range(12):
            writer.add(result(seed, 7, ORIGINS[seed % 3], seed))
    with SessionReader.open(tmp_path / "s") as opened:
        yield opened


def key_of(column: str, reader: SessionReader) -> Callable[[ObjectRecord], Any]:
    frames = {frame.id: (frame.source, frame.index) for frame in reader.frames()}
    special: dict[str, Callable[[ObjectRecord], Any]] = {
        "picture": lambda row: frames[row.frame_id],
        "class": lambda row: INFO.names[row.class_id],
        "x": lambda row: row.x1,
        "y": lambda row: row.y1,
        "width": lambda row: row.x2 - row.x1,
        "height": lambda row: row.y2 - row.y1,
    }
    return special.get(column, lambda row: getattr(row, column))


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("column", COLUMNS)
def test_every_column_sorts(reader: SessionReader, column: str, descending: bool) -> None:
    rows = list(reader.objects())
    table = ObjectTable(reader)
    table.arrange(column, descending=descending)
    key = key_of(column, reader)
    expected = sorted(rows, key=key, reverse=descending)
    pages = [row for first in range(0, len(rows), 10) for row in table.page(first, 10)]
    assert [key(row) for row in pages] == [key(row) for row in expected]
    assert pages == expected
    assert len(table) == len(rows) == 84


def test_filters_combine(reader: SessionReader) -> None:
    table = ObjectTable(reader)
    table.arrange("confidence", classes=(0, 2), confidence=0.5, picture="ZEBRA")
    frames = {frame.id: frame.source for frame in reader.frames()}
    expected = [
        row
        for row in reader.objects()
        if row.class_id in (0, 2)
        and row.confidence >= 0.5
        and frames[row.frame_id] == ORIGINS[0]
    ]
    assert expected
    assert table.page(0, 1000) == sorted(expected, key=lambda row: row.confidence)
    assert table.place_of(table.page(2, 1)[0].id) == 2
    left_out = next(row.id for row in reader.objects() if row.class_id == 1)
    assert table.place_of(left_out) is None
    table.arrange(classes=())
    assert len(table) == 0
    assert table.page(0, 10) == []


def test_pages_reach_the_end_and_no_further(reader: SessionReader) -> None:
    table = ObjectTable(reader)
    assert [row.id for row in table.page(80, 10)] == [81, 82, 83, 84]
    assert table.page(84, 10) == []
