"""Finding a data set, and what is said of one that cannot be trained on."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from PIL import Image

from engine import device
from engine.errors import DataError
from engine.training import dataset

BOX = "0 0.5 0.5 0.2 0.2\n"
RING = "1 0.1 0.1 0.9 0.1 0.9 0.9\n"
PERSON = "0 0.5 0.5 0.2 0.2 " + "0.5 0.5 2 " * 3 + "\n"


def make(folder: Path, label: str = BOX, places: str = "images/{split}", **values: object) -> Path:
    """Make a data set of one picture a split; return its description."""
    for split in ("train", "val"):
        pictures = folder / places.format(split=split)
        labels = Path(str(pictures).replace("images", "labels"))
        pictures.mkdir(parents=True)
        labels.mkdir(parents=True, exist_ok=True)
        Image.effect_noise((64, 64), 80).convert("RGB").save(pictures / "1.png")
        (labels / "1.txt").write_text(label)
    content = {"train": places.format(split="train"), "val": places.format(split="val")}
    path = folder / "data.yaml"
    named = content | {"names": ["clear", "浑浊"]} | values
    text = yaml.safe_dump({key: value for key, value in named.items() if value is not None})
    path.write_text(text, encoding="utf-8")
    return path


def said(data: Path, task: str = "detect") -> str:
    with pytest.raises(DataError) as caught:
        dataset.find(data, task)
    assert caught.value.hint
    return str(caught.value)


@pytest.mark.parametrize("names", [["clear", "浑浊"], {0: "clear", 1: "浑浊"}])
def test_folder_and_file_mean_the_same(tmp_path: Path, names: object) -> None:
    path = make(tmp_path, names=names, download="rm -rf /", path=".")
    found = dataset.find(tmp_path, "detect")
    assert found == dataset.find(path, "detect")
    assert found.names == ("clear", "浑浊")
    assert found.splits == {split: (tmp_path / "images" / split,) for split in ("train", "val")}
    before = sorted(tmp_path.rglob("*"))
    found.describe(tmp_path / "out.yaml")
    content = yaml.safe_load((tmp_path / "out.yaml").read_text(encoding="utf-8"))
    assert set(content) == {"train", "val", "names"}
    assert sorted(tmp_path.rglob("*")) == sorted([*before, tmp_path / "out.yaml"])


def test_the_paths_of_roboflow_are_understood(tmp_path: Path) -> None:
    make(tmp_path, places="{split}/images", train="../train/images", val="../val/images")
    found = dataset.find(tmp_path, "detect")
    assert found.splits["train"] == (tmp_path / "train" / "images",)


def test_a_list_of_pictures_is_a_split(tmp_path: Path) -> None:
    make(tmp_path, train="list.txt")
    (tmp_path / "list.txt").write_text("./images/train/1.png\n")
    found = dataset.find(tmp_path, "detect")
    assert [path.name for path in dataset.pictures(found.splits["train"])] == ["1.png"]


def test_classes_are_folders(tmp_path: Path) -> None:
    assert "There is no data set" not in said(tmp_path, "classify")
    for split in ("train", "val"):
        for name in ("b", "a"):
            (tmp_path / split / name).mkdir(parents=True)
    assert dataset.find(tmp_path, "classify").names == ("a", "b")


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"names": None}, "class names"),
        ({"names": []}, "class names"),
        ({"names": {0: "a", 2: "b"}}, "class names"),
        ({"train": None}, "names no pictures for train"),
        ({"val": 7}, "names no pictures for val"),
        ({"val": "elsewhere"}, "are not at"),
        ({"path": "/elsewhere"}, "are not at"),
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
        assert dataset.find(tmp_path, task).keypoints == ((3, 3) if task == "pose" else None)
    else:
        assert str(tmp_path) in said(tmp_path, task)


@pytest.mark.parametrize("shape", [None, [17], [17, 4], [0, 3], "17x3"])
def test_the_shape_of_keypoints_must_be_told(tmp_path: Path, shape: object) -> None:
    make(tmp_path, PERSON, kpt_shape=shape)
    assert "kpt_shape" in said(tmp_path, "pose")


def test_ultralytics_repairs_no_picture_where_it_lies(tmp_path: Path) -> None:
    device.prepare()
    from ultralytics.data.utils import check_image

    from engine.training import trainer

    trainer._keep_to_the_folder()
    path = tmp_path / "1.jpg"
    Image.effect_noise((64, 64), 80).convert("RGB").save(path)
    cut = path.read_bytes()[:-2]
    path.write_bytes(cut)
    assert check_image(str(path))[1] == (64, 64)
    assert path.read_bytes() == cut
    assert list(tmp_path.iterdir()) == [path]
