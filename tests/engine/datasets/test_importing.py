"""What other programs wrote comes in as it was, and what cannot is listed."""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from engine.datasets import find, imported, pictures, prepare, tasks_of
from engine.datasets.dataset import label_of
from engine.errors import Cancelled, DataError
from engine.types import Progress
from tests.helpers.conversions import FORMS, differences, rows_of, to_coco, to_labelme
from tests.helpers.datasets import BOX, listing, picture, write_set

BOXES = "0 0.5 0.5 0.2 0.3\n2 0.25 0.3 0.123456 0.2\n"
RINGS = "1 0.1 0.1 0.9 0.123457 0.8 0.9\n0 0.2 0.2 0.6 0.2 0.6 0.6 0.4 0.7 0.2 0.6\n"


def small_set(folder: Path, text: str = BOXES) -> Path:
    """Make a data set with a picture of each split that has no object."""
    return write_set(
        folder,
        {
            "train": {"a.png": text, "b c.png": text, "空.png": ""},
            "val": {"d.png": text, "e.png": ""},
            "test": {"f.png": text},
        },
        names=("red cell", "b", "血小板"),
    )


@pytest.mark.parametrize(
    ("form", "text"),
    [(form, text) for form in FORMS for text in (BOXES, RINGS) if (form, text) != ("voc", RINGS)],
)
def test_a_set_comes_back_as_it_was(tmp_path: Path, form: str, text: str) -> None:
    path = small_set(tmp_path / "yolo", text)
    before = find(path, tasks_of(path)[0])
    folder = FORMS[form](before, tmp_path / form)
    was = listing(folder)
    found = prepare(folder, base=tmp_path / "base")
    assert found == tmp_path / "base" / form / "data.yaml"
    assert differences(before, find(found, tasks_of(found)[0])) == []
    assert listing(folder) == was
    note = imported(found)
    assert note is not None
    assert (note.kind, note.pictures, note.objects) == (form, 6, 8)
    assert (note.left_out, note.counted) == ((), {})


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("det_bccd", "voc"),
        ("seg_food_nuts", "coco"),
        ("seg_food_nuts", "labelme"),
        ("seg_coco128", "coco"),
        ("seg_coco128", "labelme"),
    ],
)
def test_real_sets_come_back_as_they_were(
    shared: Path, tmp_path: Path, form: str, name: str
) -> None:
    folder = shared / "data" / name
    before = find(folder, tasks_of(folder)[0])
    found = prepare(FORMS[form](before, tmp_path / form), base=tmp_path / "base")
    assert tasks_of(found) == tasks_of(folder)
    assert differences(before, find(found, tasks_of(found)[0])) == []


def test_a_copy_is_made_once_and_can_be_moved(tmp_path: Path) -> None:
    path = small_set(tmp_path / "yolo")
    folder = to_labelme(find(path, "detect"), tmp_path / "set")
    told: list[Progress] = []
    found = prepare(folder, base=tmp_path / "base", progress=told.append)
    assert told[-1].done == told[-1].total == 6
    assert prepare(folder, base=tmp_path / "base") == found
    assert [each.name for each in (tmp_path / "base").iterdir()] == ["set"]
    (folder / "train" / "a.json").unlink()
    assert prepare(folder, base=tmp_path / "base").parent.name == "set-2"
    moved = tmp_path / "elsewhere"
    found.parent.rename(moved)
    assert find(moved, "detect").names == ("red cell", "血小板")


def test_a_packed_set_of_another_form_is_imported(tmp_path: Path) -> None:
    path = small_set(tmp_path / "yolo", RINGS)
    before = find(path, "segment")
    folder = to_coco(before, tmp_path / "set")
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as packed:
        for each in sorted(folder.rglob("*")):
            packed.write(each, each.relative_to(tmp_path))
    found = prepare(tmp_path / "set.zip", base=tmp_path / "base")
    assert differences(before, find(found, "segment")) == []
    assert [each.name for each in (tmp_path / "base").iterdir()] == ["set"]


def test_pictures_that_cannot_be_taken_are_listed(tmp_path: Path) -> None:
    path = small_set(tmp_path / "yolo")
    folder = to_labelme(find(path, "detect"), tmp_path / "set")
    (folder / "train" / "a.png").write_bytes(b"no picture")
    (folder / "train" / "b c.png").unlink()
    Image.new("RGB", (96, 64)).save(folder / "train" / "空.gif")
    (folder / "train" / "空.png").unlink()
    (folder / "val" / "broken.json").write_text("{")
    found = prepare(folder, base=tmp_path / "base")
    note = imported(found)
    assert note is not None
    assert note.pictures == 3
    reasons = {file.replace("\\", "/"): reason for file, reason in note.left_out}
    assert set(reasons) == {
        "train/a.png", "../train/b c.png", "空.gif", "val/broken.json",
    }  # fmt: skip
    assert reasons["train/a.png"].startswith(f"{Path('train/a.png')} holds text")
    assert "is not there" in reasons["../train/b c.png"]
    assert "save it as PNG" in reasons["空.gif"]


def test_a_set_of_which_nothing_is_left_is_refused(tmp_path: Path) -> None:
    path = small_set(tmp_path / "yolo")
    folder = to_labelme(find(path, "detect"), tmp_path / "set")
    for each in folder.rglob("*.png"):
        each.write_bytes(b"")
    with pytest.raises(DataError, match="Not one picture"):
        prepare(folder, base=tmp_path / "base")
    for each in folder.rglob("*.png"):
        each.unlink()
    with pytest.raises(DataError, match="no labelled picture"):
        prepare(folder, base=tmp_path / "base")
    assert list((tmp_path / "base").glob("*")) == []


def test_what_is_stopped_or_has_no_room_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = small_set(tmp_path / "yolo")
    folder = to_coco(find(path, "detect"), tmp_path / "set")
    asked = iter([False])
    with pytest.raises(Cancelled):
        prepare(folder, base=tmp_path / "base", cancelled=lambda: next(asked, True))
    assert list((tmp_path / "base").glob("*")) == []
    monkeypatch.setattr("shutil.disk_usage", lambda path: type("", (), {"free": 1000})())
    with pytest.raises(DataError, match="MB are free"):
        prepare(folder, base=tmp_path / "base")
    assert list((tmp_path / "base").glob("*")) == []


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    path = small_set(tmp_path / "yolo")
    folder = to_coco(find(path, "detect"), tmp_path / "set")
    (tmp_path / "base").write_text("a file")
    with pytest.raises(DataError, match="not a folder"):
        prepare(folder, base=tmp_path / "base")


def test_equal_names_of_different_folders_stay_apart(tmp_path: Path) -> None:
    path = write_set(tmp_path / "yolo", {"train": {"1.png": BOX}, "val": {"1.png": BOX * 2}})
    found = prepare(to_coco(find(path, "detect"), tmp_path / "set"), base=tmp_path / "base")
    data = find(found, "detect")
    (train,), (val,) = (list(pictures(data.splits[split])) for split in ("train", "val"))
    assert (train.name, val.name) == ("1.png", "1-2.png")
    assert len(rows_of(label_of(val))) == 2


def test_labels_without_a_description_are_imported(tmp_path: Path) -> None:
    folder = tmp_path / "set"
    for number in range(6):
        picture(folder / f"photo {number}.png", number)
        if number != 3:
            (folder / f"photo {number}.txt").write_text(f"{number % 2} 0.5 0.5 0.2 0.2\n")
    (folder / "classes.txt").write_text("clear\ncloudy\n")
    found = prepare(folder, base=tmp_path / "base")
    data = find(found, "detect")
    assert data.names == ("clear", "cloudy")
    paths = [path for places in data.splits.values() for path in pictures(places)]
    assert sorted(path.name for path in paths) == [f"photo {n}.png" for n in range(6)]
    assert [path.name for path in paths if not label_of(path).exists()] == ["photo 3.png"]
    (folder / "classes.txt").unlink()
    assert find(prepare(folder, base=tmp_path / "base"), "detect").names == ("class 0", "class 1")


def test_folders_of_classes_are_split_where_they_are_not(tmp_path: Path) -> None:
    folder = tmp_path / "set"
    for seed, name in enumerate(("clear", "浑浊")):
        for number in range(10):
            picture(folder / name / f"{name} {number}.png", 100 * seed + number)
    (folder / "clear" / "broken.jpg").write_bytes(b"\xff\xd8\xff")
    found = prepare(folder, base=tmp_path / "base")
    data = find(found, "classify")
    assert tasks_of(found) == ("classify",)
    assert data.names == ("clear", "浑浊")
    counts = {split: len(list(pictures(places))) for split, places in data.splits.items()}
    assert (sum(counts.values()), counts["val"] in (3, 4, 5)) == (20, True)
    note = imported(found)
    assert note is not None
    assert [Path(file).name for file, _reason in note.left_out] == ["broken.jpg"]
    assert prepare(found, base=tmp_path / "other") == found
    assert not (tmp_path / "other").exists()


def test_the_note_of_an_import_may_be_anything(tmp_path: Path) -> None:
    for text in ("", "[]", "{}", '{"source": 1}'):
        (tmp_path / "import.json").write_text(text)
        assert imported(tmp_path / "data.yaml") is None
    path = small_set(tmp_path / "yolo")
    folder = to_coco(find(path, "detect"), tmp_path / "set")
    found = prepare(folder, base=tmp_path / "base")
    (found.parent / "import.json").write_text("[]")
    assert prepare(folder, base=tmp_path / "base") != found


def test_turned_pictures_keep_their_labels(tmp_path: Path) -> None:
    """Labels of a program that does not turn pictures are turned with the picture."""
    folder = tmp_path / "set"
    folder.mkdir()
    for number, split in enumerate(("train", "val")):
        image = Image.effect_noise((80, 40), 60 + number)
        exif = Image.Exif()
        exif[0x0112] = 6
        (folder / split).mkdir()
        image.save(folder / split / f"{split}.jpg", exif=exif)
        size = (80, 40) if split == "train" else (40, 80)
        content = {
            "shapes": [
                {"label": "a", "shape_type": "rectangle", "points": [[0, 0], [8, 20]]},
            ],
            "imagePath": f"{split}.jpg", "imageWidth": size[0], "imageHeight": size[1],
        }  # fmt: skip
        (folder / split / f"{split}.json").write_text(json.dumps(content))
    data = find(prepare(folder, base=tmp_path / "base"), "detect")
    boxes = {}
    for split, places in data.splits.items():
        ((_index, values),) = rows_of(label_of(next(pictures(places))))
        boxes[split] = values.round(4).tolist()
    # Turned by a quarter clockwise the upper left corner is the upper right one.
    assert boxes == {"train": [0.75, 0.05, 0.5, 0.1], "val": [0.1, 0.125, 0.2, 0.25]}


def test_a_read_only_set_is_imported(tmp_path: Path) -> None:
    path = small_set(tmp_path / "yolo")
    folder = to_coco(find(path, "detect"), tmp_path / "set")
    for each in (folder, *folder.rglob("*")):
        each.chmod(0o555 if each.is_dir() else 0o444)
    try:
        found = prepare(folder, base=tmp_path / "base")
        shutil.copyfile(found, found.with_name("again.yaml"))
        assert find(found, "detect").names == ("red cell", "b", "血小板")
    finally:
        for each in (folder, *folder.rglob("*")):
            each.chmod(0o755 if each.is_dir() else 0o644)
