"""Recognising the form of a data set, and what is said where there is none."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from engine.datasets import Kind, prepare, recognise
from engine.errors import DataError
from tests.helpers.datasets import BOX, RING, listing, make, picture

COCO = '{"images": [], "annotations": [], "categories": []}'
VOC = "<annotation><filename>1.png</filename></annotation>"
LABELME = '{"version": "5", "shapes": [], "imagePath": "1.png"}'


@pytest.mark.parametrize(
    ("name", "text", "kind"),
    [
        ("data.yaml", "train: x\nnames: [a]", Kind.YOLO),
        ("coco128.yaml", "train: x\nval: x\nnames: [a]", Kind.YOLO),
        ("set/data.yaml", "names: [a]\nval: x", Kind.YOLO),
        ("annotations/instances_train2017.json", COCO, Kind.COCO),
        ("train/_annotations.coco.json", COCO, Kind.COCO),
        ("Annotations/1.xml", VOC, Kind.VOC),
        ("1.json", LABELME, Kind.LABELME),
        ("labels/1.txt", BOX, Kind.YOLO),
        ("images/1.txt", RING, Kind.YOLO),
    ],
)
def test_a_form_is_recognised_in_a_folder_and_in_a_zip(
    tmp_path: Path, name: str, text: str, kind: Kind
) -> None:
    folder = tmp_path / "some set"
    picture(folder / "images" / "1.png", 1)
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    (folder / "README.dataset.txt").write_text("https://example.org\n")
    (folder / "mkdocs.yaml").write_text("site_name: no data set")
    assert recognise(folder) is kind
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as packed:
        for each in sorted(folder.rglob("*")):
            packed.write(each, each.relative_to(tmp_path))
    assert recognise(tmp_path / "set.zip") is kind
    if path.suffix in (".json", ".xml", ".yaml"):
        assert recognise(path) is kind


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (("train/a/1.png", "train/b/1.png", "val/a/2.png"), True),
        (("train/a/1.png", "train/b/1.png", "valid/b/2.png"), True),
        (("a/1.png", "b/1.png"), True),
        (("train/a/1.png", "train/b/1.png"), True),
        (("a/1.png", "2.png"), False),
        (("train/1.png", "val/2.png"), False),
        (("train/images/1.png", "val/images/2.png"), False),
    ],
)
def test_folders_of_classes_are_recognised(
    tmp_path: Path, names: tuple[str, ...], found: bool
) -> None:
    for seed, name in enumerate(names):
        picture(tmp_path / name, seed)
    if found:
        assert recognise(tmp_path) is Kind.CLASSES
        return
    with pytest.raises(DataError, match="no data set in a known form.*VOC XML"):
        recognise(tmp_path)


def test_what_is_absent_or_unknown_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="There is no data set"):
        recognise(tmp_path / "absent")
    for name, text in (("a.txt", "a"), ("a.json", "{}"), ("a.json", "[1, 2"), ("a.xml", "<a/>")):
        (tmp_path / name).write_text(text)
        with pytest.raises(DataError, match="no data set in a known form"):
            recognise(tmp_path / name)
    (tmp_path / "a.zip").write_bytes(b"PK no")
    with pytest.raises(DataError, match="no zip archive"):
        recognise(tmp_path / "a.zip")


def test_what_can_be_used_in_place_is_not_touched(tmp_path: Path) -> None:
    path = make(tmp_path / "set" / "deep")
    base = tmp_path / "base"
    before = listing(tmp_path)
    assert prepare(path, base=base) == path
    assert prepare(path.parent, base=base) == path.parent
    assert prepare(tmp_path / "set", base=base) == path
    assert listing(tmp_path) == before


def test_of_several_sets_a_person_has_to_choose(tmp_path: Path) -> None:
    make(tmp_path / "a")
    make(tmp_path / "b")
    with pytest.raises(DataError, match=r"several data sets, such as a/data\.yaml and b/"):
        recognise(tmp_path)
    make(tmp_path)
    assert recognise(tmp_path) is Kind.YOLO
