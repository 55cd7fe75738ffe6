"""Finding a data set, and what is said of one that cannot be trained on."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from engine import datasets
from engine.errors import DataError
from tests.helpers.datasets import BOX, PERSON, RING, listing, make, picture, write_set


def said(data: Path, task: str = "detect") -> str:
    with pytest.raises(DataError) as caught:
        datasets.find(data, task)
    assert caught.value.hint
    return str(caught.value)


@pytest.mark.parametrize("names", [["clear", "浑浊"], {0: "clear", 1: "浑浊"}])
def test_folder_and_file_mean_the_same(tmp_path: Path, names: object) -> None:
    path = make(tmp_path, names=names, download="rm -rf /", path=".")
    found = datasets.find(tmp_path, "detect")
    assert found == datasets.find(path, "detect")
    assert found.names == ("clear", "浑浊")
    assert found.splits == {split: (tmp_path / "images" / split,) for split in ("train", "val")}
    before = sorted(tmp_path.rglob("*"))
    found.describe(tmp_path / "out.yaml")
    content = yaml.safe_load((tmp_path / "out.yaml").read_text(encoding="utf-8"))
    assert set(content) == {"train", "val", "names"}
    assert sorted(tmp_path.rglob("*")) == sorted([*before, tmp_path / "out.yaml"])


def test_the_paths_of_roboflow_are_understood(tmp_path: Path) -> None:
    make(tmp_path, places="{split}/images", train="../train/images", val="../val/images")
    found = datasets.find(tmp_path, "detect")
    assert found.splits["train"] == (tmp_path / "train" / "images",)


def test_a_list_of_pictures_is_a_split(tmp_path: Path) -> None:
    make(tmp_path, train="list.txt")
    (tmp_path / "list.txt").write_text("./images/train/1.png\n")
    found = datasets.find(tmp_path, "detect")
    assert [path.name for path in datasets.pictures(found.splits["train"])] == ["1.png"]


def test_classes_are_folders(tmp_path: Path) -> None:
    assert "There is no data set" not in said(tmp_path, "classify")
    for split in ("train", "val"):
        for name in ("b", "a"):
            (tmp_path / split / name).mkdir(parents=True)
    assert datasets.find(tmp_path, "classify").names == ("a", "b")


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"names": None}, "class names"),
        ({"names": []}, "class names"),
        ({"names": {0: "a", 2: "b"}}, "class names"),
        ({"train": None}, "names no pictures for train"),
        ({"val": 7}, "names no pictures for val"),
        ({"val": "elsewhere"}, "are not at"),
        ({"path": "/elsewhere", "train": "pictures"}, "are not at"),
        ({"nc": 3}, "3 classes and names 2"),
        ({"val": None}, "--split"),
    ],
)
def test_what_a_description_lacks_is_named(
    tmp_path: Path, values: dict[str, object], words: str
) -> None:
    make(tmp_path, BOX, "images/{split}", **values)
    assert words in said(tmp_path)


def test_what_is_no_data_set_is_named(tmp_path: Path) -> None:
    assert "There is no data set" in said(tmp_path / "absent")
    assert "no data.yaml" in said(tmp_path)
    path = tmp_path / "data.yaml"
    for text, words in (("- a\n", "describes no"), ("a: [", "cannot be read"), ("", "describes")):
        path.write_text(text)
        assert words in said(tmp_path)
    path.write_text("names: !!python/object/apply:os.mkdir [trap]")
    assert "cannot be read" in said(tmp_path)


def test_a_split_without_pictures_is_named(tmp_path: Path) -> None:
    make(tmp_path)
    (tmp_path / "images" / "val" / "1.png").unlink()
    assert "no pictures for val" in said(tmp_path)


@pytest.mark.parametrize(
    ("label", "task", "fits"),
    [
        (BOX, "detect", True),
        (RING, "detect", True),
        (BOX, "segment", False),
        (RING, "segment", True),
        (BOX, "pose", False),
        (PERSON, "pose", True),
        (RING, "pose", False),
        ("", "detect", False),
    ],
)
def test_labels_of_another_task_are_named(
    tmp_path: Path, label: str, task: str, fits: bool
) -> None:
    make(tmp_path, label, kpt_shape=[3, 3])
    if fits:
        assert datasets.find(tmp_path, task).keypoints == ((3, 3) if task == "pose" else None)
    else:
        assert str(tmp_path) in said(tmp_path, task)


@pytest.mark.parametrize("shape", [None, [17], [17, 4], [0, 3], "17x3"])
def test_the_shape_of_keypoints_must_be_told(tmp_path: Path, shape: object) -> None:
    make(tmp_path, PERSON, kpt_shape=shape)
    assert "kpt_shape" in said(tmp_path, "pose")


@pytest.mark.parametrize(
    "written",
    [
        "/Users/someone/work/set/train/images",
        "C:\\Users\\someone\\set\\train\\images",
        "D:/set/train/images",
        "/content/set/../train/images",
    ],
)
def test_paths_of_another_machine_are_found_by_their_tail(tmp_path: Path, written: str) -> None:
    make(tmp_path, places="{split}/images", train=written)
    found = datasets.find(tmp_path, "detect")
    assert found.splits["train"] == (tmp_path / "train" / "images",)
    assert found.foreign == (written,)


def test_a_root_of_another_machine_is_found_past(tmp_path: Path) -> None:
    make(tmp_path, path="/content/datasets/tubes")
    found = datasets.find(tmp_path, "detect")
    assert found.splits["val"] == (tmp_path / "images" / "val",)


def test_a_folder_deeper_down_is_found_where_there_is_one(tmp_path: Path) -> None:
    make(tmp_path, places="a/set/{split}/images", train="/x/set/train/images")
    assert datasets.find(tmp_path, "detect").splits["train"] == (
        tmp_path / "a" / "set" / "train" / "images",
    )
    copy = tmp_path / "b" / "set" / "train" / "images"
    copy.mkdir(parents=True)
    assert "may be in" in said(tmp_path)


def test_a_folder_of_all_pictures_is_no_split(tmp_path: Path) -> None:
    make(tmp_path, val="/x/set/images")
    assert "are not at" in said(tmp_path)


@pytest.mark.parametrize("key", ["val", "valid", "validation"])
def test_validation_has_several_names(tmp_path: Path, key: str) -> None:
    make(tmp_path, BOX, "images/{split}", **({"val": None} | {key: "images/val"}))
    assert datasets.find(tmp_path, "detect").splits["val"] == (tmp_path / "images" / "val",)


def test_a_folder_named_valid_stands_for_val(tmp_path: Path) -> None:
    make(tmp_path, places="{split}/images", val="../val/images")
    (tmp_path / "val").rename(tmp_path / "valid")
    assert datasets.find(tmp_path, "detect").splits["val"] == (tmp_path / "valid" / "images",)


def test_a_set_without_validation_is_found_by_those_who_split_it(tmp_path: Path) -> None:
    make(tmp_path, val=None)
    assert set(datasets.find(tmp_path, "detect", val_needed=False).splits) == {"train"}
    for name in ("a", "b"):
        (tmp_path / "classes" / "train" / name).mkdir(parents=True)
    found = datasets.find(tmp_path / "classes", "classify", val_needed=False)
    assert (set(found.splits), found.classifies) == ({"train"}, True)
    assert "no folder val" in said(tmp_path / "classes", "classify")


def test_classes_beyond_the_names_are_told(tmp_path: Path) -> None:
    make(tmp_path, "7 0.5 0.5 0.2 0.2\n")
    assert "use class 7, but only 2" in said(tmp_path)


def test_pictures_without_objects_before_the_others_are_passed_over(tmp_path: Path) -> None:
    many = {f"{number:03}.png": "" for number in range(60)}
    write_set(tmp_path, {"train": many | {"z.png": BOX}, "val": {"v.png": BOX}})
    assert datasets.find(tmp_path, "detect").names == ("a", "b", "c")


def test_data_that_go_away_are_told(tmp_path: Path) -> None:
    make(tmp_path)
    found = datasets.find(tmp_path, "detect")
    found.refuse_if_gone()
    (tmp_path / "images" / "val" / "1.png").unlink()
    with pytest.raises(DataError, match="no longer in .*val"):
        found.refuse_if_gone()


@pytest.mark.parametrize(
    ("label", "rest", "tasks"),
    [
        (BOX, {}, ("detect",)),
        (RING, {}, ("segment", "detect")),
        ("0 0.1 0.1 0.5 0.1 0.5 0.5 0.1 0.5\n", {}, ("obb", "segment", "detect")),
        (PERSON, {"kpt_shape": [3, 3]}, ("pose",)),
        (BOX * 3 + RING, {}, ("detect",)),
        (BOX + RING * 2, {}, ("segment", "detect")),
    ],
)
def test_labels_tell_what_they_can_train(
    tmp_path: Path, label: str, rest: dict[str, object], tasks: tuple[str, ...]
) -> None:
    path = make(tmp_path, label, "images/{split}", **rest)
    assert datasets.tasks_of(path) == tasks
    assert datasets.tasks_of(tmp_path) == tasks
    for task in tasks if "\n0" not in label else ():
        datasets.find(path, task)


def test_class_folders_classify_and_anything_else_is_refused(tmp_path: Path) -> None:
    for split in ("train", "val"):
        for name in ("a", "b"):
            picture(tmp_path / "set" / split / name / "1.png", len(name + split))
    assert datasets.tasks_of(tmp_path / "set") == ("classify",)
    with pytest.raises(DataError, match=r"no data\.yaml"):
        datasets.tasks_of(tmp_path)
    make(tmp_path / "bare", "")
    with pytest.raises(DataError, match="No labels"):
        datasets.tasks_of(tmp_path / "bare")


def test_an_untouched_export_is_used_where_it_lies(shared: Path) -> None:
    folder = shared / "awkward" / "datasets" / "roboflow_export_as_is"
    before = listing(folder)
    assert datasets.prepare(folder) == folder
    assert datasets.tasks_of(folder) == ("segment", "detect")
    found = datasets.find(folder, "segment")
    assert {split: len(list(datasets.pictures(p))) for split, p in found.splits.items()} == {
        "train": 29, "val": 2, "test": 2,
    }  # fmt: skip
    report = datasets.check(found, "segment")
    assert not report.has_errors
    assert datasets.preview(next(datasets.pictures(found.splits["val"])), found).shape == (
        320, 320, 3,
    )  # fmt: skip
    assert listing(folder) == before
