"""The table pages, sorts and filters as a list of all rows would."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.store import ObjectRecord, SessionReader, SessionWriter
from engine.store.query import COLUMNS, ObjectTable, file_name
from tests.engine.store.test_store import INFO, RUN, result
from tests.helpers.sessions import classified, found, write_session

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
        "track": lambda row: row.track or 0,
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
    table.arrange("confidence", classes=(0, 2), confidence=0.5, text="ZEBRA")
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


def test_text_is_looked_for_in_file_names_and_class_names(tmp_path: Path) -> None:
    path = write_session(
        tmp_path / "s",
        [found("cells/ÄPFEL.jpg", (0, 1)), found("other\\gel.jpg", (0, 2)), found("b.jpg", (2,))],
    )
    with SessionReader.open(path) as reader:
        table = ObjectTable(reader)

        def ids(text: str) -> list[int]:
            table.arrange(text=text)
            return [int(row) for row in table.order]

        assert ids("äpfel") == [1, 2]
        assert ids("CELLS") == [2], "a class; the folder of that name does not count"
        assert ids("gel") == [3, 4, 5], "one picture, and one class in another"
        assert ids("nothing") == []
        assert ids("") == [1, 2, 3, 4, 5]


def test_one_frame_alone(tmp_path: Path) -> None:
    path = write_session(
        tmp_path / "s", [found("a.mp4", (0,)), found("a.mp4", (1, 1), index=1), found("b", (2,))]
    )
    with SessionReader.open(path) as reader:
        table = ObjectTable(reader)
        frame = table.frame_at("a.mp4", 1)
        assert frame == 2
        assert table.frame_at("a.mp4", 2) is None
        table.arrange("confidence", frame_id=frame)
        assert [(row.frame_id, row.number) for row in table.page(0, 9)] == [(2, 2), (2, 1)]
        assert table.total == 4
        assert table.origins([2, 3, 2]) == {2: ("a.mp4", 1), 3: ("b", 0)}
        record = table.find(3, 1)
        assert record is not None
        assert record.id == 4
        assert table.place_of(4) is None
        assert table.find(3, 2) is None


def test_rows_that_arrive_are_seen_after_the_next_arrange(tmp_path: Path) -> None:
    with SessionWriter.create(tmp_path / "s", RUN) as writer:
        writer.add(result(1, 3))
        _commit(writer)
        with SessionReader.open(tmp_path / "s") as reader:
            table = ObjectTable(reader)
            table.arrange("width", descending=True)
        writer.add(result(2, 50))
        _commit(writer)
        with SessionReader.open(tmp_path / "s") as reader:
            table.use(reader)
            assert len(table) == 3
            table.arrange("width", descending=True)
            rows = sorted(reader.objects(), key=lambda row: row.x1 - row.x2)
            assert table.page(0, 100) == rows
            assert len(rows) == 53
            assert table.class_counts() == reader.class_counts()
            table.arrange("height")
            expected = sorted(reader.objects(), key=lambda row: row.y2 - row.y1)
            assert table.page(0, 100) == expected


def test_counts_and_tracks(tmp_path: Path) -> None:
    path = write_session(tmp_path / "s", [found("a", (0, 2, 2)), found("b", ())])
    with SessionReader.open(path) as reader:
        table = ObjectTable(reader)
        table.arrange(text="serum")
        assert len(table) == 1
        assert table.class_counts() == {0: 1, 2: 2}
        assert table.confidence_counts(4) == [0, 0, 1, 2]
        assert not table.tracked
    path = write_session(tmp_path / "t", [found("a", (0,)), found("b", (1,), tracked=True)])
    with SessionReader.open(path) as reader:
        assert ObjectTable(reader).tracked


def test_classified_pictures_are_rows_of_their_best_class(tmp_path: Path) -> None:
    shares = [(0.1, 0.7, 0.2), (0.6, 0.1, 0.3), (0.0, 0.1, 0.9)]
    path = write_session(
        tmp_path / "s",
        [classified(f"{place}.jpg", each) for place, each in enumerate(shares)],
        task="classify",
    )
    with SessionReader.open(path) as reader:
        table = ObjectTable(reader)
        table.arrange("confidence", descending=True)
        rows = table.page(0, 10)
        assert [(row.frame_id, row.number, row.class_id) for row in rows] == [
            (3, 1, 2), (1, 1, 1), (2, 1, 0),
        ]
        assert rows[0].confidence == pytest.approx(0.9)
        assert table.class_counts() == {0: 1, 1: 1, 2: 1}
        table.arrange("area", text="cells")
        assert [row.id for row in table.page(0, 10)] == [1]


def test_the_last_part_of_a_path_of_any_system() -> None:
    assert file_name("/a/b c.jpg") == "b c.jpg"
    assert file_name("C:\\x\\文.png") == "文.png"
    assert file_name("plain") == "plain"


def _commit(writer: SessionWriter) -> None:
    writer._open_since = -1e9
    writer.commit_due()
