"""Pascal VOC as its own sets and as other programs write it."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.datasets import DataSet, find, imported, pictures, prepare
from engine.datasets.dataset import label_of
from tests.helpers.conversions import rows_of
from tests.helpers.datasets import picture

SIDES = ("xmin", "ymin", "xmax", "ymax")

Box = tuple[object, object, object, object]


def xml(name: str, *boxes: Box, database: str = "Unknown", inside: str = "") -> str:
    """Return the text of a file for a picture of 100 × 50 pixels."""
    objects = "".join(
        "<object><name>cell</name><bndbox>"
        + "".join(f"<{tag}>{value}</{tag}>" for tag, value in zip(SIDES, box, strict=True))
        + f"</bndbox>{inside}</object>"
        for box in boxes
    )  # fmt: skip
    return (
        f"<annotation><filename>{name}</filename><source><database>{database}</database></source>"
        f"<size><width>100</width><height>50</height></size>{objects}</annotation>"
    )


def brought_in(folder: Path, **files: str) -> tuple[DataSet, dict[str, list[list[float]]]]:
    """Write files and their pictures, and a further picture; import them."""
    for number, (stem, text) in enumerate((files | {"other": xml("other.png")}).items()):
        (folder / "Annotations").mkdir(parents=True, exist_ok=True)
        (folder / "Annotations" / f"{stem}.xml").write_text(text, encoding="utf-8")
        picture(folder / "JPEGImages" / f"{stem}.png", number, (100, 50))
    data = find(prepare(folder, base=folder.parent / "base"), "detect")
    lines = {
        each.stem: [values.round(6).tolist() for _index, values in rows_of(label_of(each))]
        for places in data.splits.values()
        for each in pictures(places)
    }
    return data, lines


@pytest.mark.parametrize(
    ("boxes", "database", "expected"),
    [
        ([(1, 1, 100, 50)], "Unknown", [[0.5, 0.5, 1, 1]]),
        ([(11, 11, 20, 20)], "The VOC2007 Database", [[0.15, 0.3, 0.1, 0.2]]),
        ([(10, 10, 20, 20)], "Unknown", [[0.15, 0.3, 0.1, 0.2]]),
        ([(0, 10, 20, 20), (1, 10, 21, 20)], "Unknown",
         [[0.1, 0.3, 0.2, 0.2], [0.11, 0.3, 0.2, 0.2]]),
        ([("10.5", "10.0", "20.5", "20.0")], "The VOC2007 Database", [[0.155, 0.3, 0.1, 0.2]]),
    ],
)  # fmt: skip
def test_pixels_are_counted_as_the_set_counts_them(
    tmp_path: Path, boxes: list[Box], database: str, expected: list[list[float]]
) -> None:
    _data, lines = brought_in(tmp_path / "set", a=xml("a.png", *boxes, database=database))
    assert lines["a"] == expected


def test_lists_say_which_split_a_picture_is_of(tmp_path: Path) -> None:
    folder = tmp_path / "set"
    (folder / "ImageSets" / "Main").mkdir(parents=True)
    (folder / "ImageSets" / "Main" / "val.txt").write_text("a\n")
    (folder / "ImageSets" / "Main" / "train.txt").write_text("other\nb\n")
    (folder / "ImageSets" / "Main" / "cell_train.txt").write_text("a 1\n")
    texts = {stem: xml(f"{stem}.png", (5, 5, 20, 20)) for stem in ("a", "b")}
    data, _lines = brought_in(folder, **texts)
    assert [path.stem for path in pictures(data.splits["val"])] == ["a"]


def test_the_polygons_of_roboflow_are_rings(tmp_path: Path) -> None:
    corners = ((0, 0), (50, 0), (50, 25))
    points = "".join(f"<x{n}>{x}</x{n}><y{n}>{y}</y{n}>" for n, (x, y) in enumerate(corners, 1))
    text = xml("a.png", (0, 0, 50, 25), inside=f"<polygon>{points}</polygon>")
    _data, lines = brought_in(tmp_path / "set", a=text)
    assert lines["a"] == [[0, 0, 0.5, 0, 0.5, 0.5]]


def test_what_cannot_be_read_is_listed(tmp_path: Path) -> None:
    bomb = '<!DOCTYPE a [<!ENTITY x "xxxxxxxx">]><annotation>&x;</annotation>'
    _data, lines = brought_in(
        tmp_path / "set",
        a=xml("a.png", (5, 5, 20, 20), ("x", 1, 2, 3)),
        bomb=bomb,
        cut="<annotation><filename>",
        named=xml("/somewhere/else/other name.png", (5, 5, 20, 20)),
    )
    assert set(lines) == {"a", "other", "named"}
    assert len(lines["a"]) == 1
    note = imported(tmp_path / "base" / "set")
    assert note is not None
    assert {(Path(file).stem, reason) for file, reason in note.left_out} == {
        ("a", "Object 2 has no name or no box."),
        ("bomb", "It is no XML that can be read."),
        ("cut", "It is no XML that can be read."),
    }
