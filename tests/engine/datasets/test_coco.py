"""COCO JSON of every kind that programs write."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pycocotools import mask as coco_mask

from engine.cv import cv2
from engine.datasets import DataSet, find, imported, pictures, prepare, tasks_of
from engine.datasets.dataset import label_of
from engine.errors import DataError
from engine.export import export_coco
from tests.engine.export.conftest import (
    NAMES,
    Sessions,
    disc,
    frame,
    posed,
    rotated,
    run_record,
    segmented,
)
from tests.helpers.conversions import rows_of
from tests.helpers.datasets import picture

SIZE = (96, 64)


def write(folder: Path, annotations: list[dict[str, Any]], **more: Any) -> Path:  # noqa: ANN401
    """Write two pictures and a file of annotations of the first; return the folder."""
    for number in (1, 2):
        picture(folder / "images" / f"{number}.png", number, SIZE)
    content: dict[str, Any] = {
        "images": [
            {"id": number, "file_name": f"{number}.png", "width": SIZE[0], "height": SIZE[1]}
            for number in (1, 2)
        ],
        "categories": [{"id": 1, "name": "a"}, {"id": 2, "name": "b"}],
        "annotations": [
            {"id": 100 + number, "image_id": 1, "category_id": 1, "iscrowd": 0} | each
            for number, each in enumerate(annotations)
        ],
    }
    path = folder / "annotations.json"
    path.write_text(json.dumps(content | more), encoding="utf-8")
    return folder


def brought_in(folder: Path) -> tuple[DataSet, dict[str, list[tuple[int, list[float]]]]]:
    """Import a folder; return the data set and the lines by the name of their picture."""
    path = prepare(folder, base=folder.parent / "base")
    data = find(path, tasks_of(path)[0])
    lines = {
        each.name: [(index, values.round(6).tolist()) for index, values in rows_of(label_of(each))]
        for places in data.splits.values()
        for each in pictures(places)
    }
    return data, lines


def filled(values: list[float]) -> np.ndarray[Any, Any]:
    """Fill the ring of a line."""
    canvas = np.zeros(SIZE[::-1], np.uint8)
    ring = np.array(values).reshape(-1, 2) * SIZE
    cv2.fillPoly(canvas, [np.round(ring - 0.5).astype(np.int32)], 1)
    return canvas > 0


def test_a_single_file_is_enough(tmp_path: Path) -> None:
    folder = write(tmp_path / "set", [{"bbox": [9.6, 6.4, 48, 32]}])
    data, lines = brought_in(folder / "annotations.json")
    assert data.names == ("a", "b")
    assert lines == {"1.png": [(0, [0.35, 0.35, 0.5, 0.5])], "2.png": []}


def test_the_parts_of_an_object_stay_one(tmp_path: Path) -> None:
    parts = [[10, 10, 30, 10, 30, 30, 10, 30], [60, 20, 80, 20, 80, 50, 60, 50]]
    folder = write(tmp_path / "set", [{"bbox": [10, 10, 70, 40], "segmentation": parts}])
    _data, lines = brought_in(folder)
    ((_index, values),) = lines["1.png"]
    area = filled(values).sum()
    assert area == pytest.approx(20 * 20 + 20 * 30, abs=120)


@pytest.mark.parametrize("form", ["list", "text"])
def test_masks_are_outlined(tmp_path: Path, form: str) -> None:
    mask = disc(40, 30, 20, SIZE[::-1]) & ~disc(40, 30, 8, SIZE[::-1])
    packed = coco_mask.encode(np.asfortranarray(mask.astype(np.uint8)))
    counts: object = packed["counts"].decode()
    if form == "list":
        flat = mask.T.ravel()
        edges = np.flatnonzero(np.diff(np.concatenate(([False], flat, [False])).astype(int)))
        counts = np.diff(np.concatenate(([0], edges, [flat.size]))).tolist()
    segmentation = {"size": [SIZE[1], SIZE[0]], "counts": counts}
    folder = write(tmp_path / "set", [{"bbox": [20, 10, 40, 40], "segmentation": segmentation}])
    _data, lines = brought_in(folder)
    ((_index, values),) = lines["1.png"]
    both = filled(values)
    assert (both & mask).sum() / (both | mask).sum() > 0.85
    assert not both[30, 40]


def test_what_no_training_knows_is_counted_or_listed(tmp_path: Path) -> None:
    annotations: list[dict[str, Any]] = [
        {"bbox": [0, 0, 9, 9], "iscrowd": 1, "segmentation": {"size": [64, 96], "counts": [6144]}},
        {"bbox": [0, 0, 9, 9], "category_id": 77},
        {"bbox": [0, 0, 9]},
        {"bbox": [200, 200, 9, 9]},
        {"bbox": [5, 5, 0, 9]},
        {"segmentation": {"size": [64, 96], "counts": [3, 4]}},
        {"bbox": [48, 32, 96, 64]},
    ]
    folder = write(tmp_path / "set", annotations)
    _data, lines = brought_in(folder)
    assert lines["1.png"] == [(0, [0.75, 0.75, 0.5, 0.5])]
    note = imported(tmp_path / "base" / "set")
    assert note is not None
    assert note.counted == {"crowd": 1, "outside": 1, "flat": 1}
    assert [reason for _file, reason in note.left_out] == [
        f"Annotation {number} cannot be read." for number in (101, 102, 105)
    ]


def test_boxes_beside_rings_become_rings(tmp_path: Path) -> None:
    ring = {"bbox": [0, 0, 48, 32], "segmentation": [[0, 0, 48, 0, 48, 32]]}
    folder = write(tmp_path / "set", [ring, {"bbox": [0, 0, 48, 32], "segmentation": []}])
    _data, lines = brought_in(folder)
    assert lines["1.png"] == [
        (0, [0, 0, 0.5, 0, 0.5, 0.5]),
        (0, [0, 0, 0.5, 0, 0.5, 0.5, 0, 0.5]),
    ]


def test_keypoints_become_those_of_a_pose(tmp_path: Path) -> None:
    points = [9.6, 6.4, 2, 0, 0, 0, 48, 32, 1]
    folder = write(
        tmp_path / "set",
        [{"bbox": [0, 0, 48, 32], "keypoints": points}, {"bbox": [0, 0, 96, 64]}],
        categories=[{"id": 1, "name": "mouse", "keypoints": ["nose", "ear", "tail"]}],
    )
    data, lines = brought_in(folder)
    assert data.rest == {"kpt_shape": [3, 3]}
    assert data.keypoints == (3, 3)
    assert lines["1.png"][0] == (0, [0.25, 0.25, 0.5, 0.5, 0.1, 0.1, 2, 0, 0, 0, 0.5, 0.5, 1])
    assert lines["1.png"][1] == (0, [0.5, 0.5, 1, 1] + [0] * 9)


def test_the_category_that_roboflow_invents_is_left_out(tmp_path: Path) -> None:
    categories = [
        {"id": 0, "name": "blood", "supercategory": "none"},
        {"id": 1, "name": "gel", "supercategory": "blood"},
        {"id": 2, "name": "cells", "supercategory": "blood"},
    ]
    folder = tmp_path / "set"
    for number, split in enumerate(("train", "valid", "test")):
        write(folder / split, [{"bbox": [0, 0, 48, 32], "category_id": 2}], categories=categories)
        (folder / split / "annotations.json").rename(folder / split / "_annotations.coco.json")
        for each in (folder / split / "images").iterdir():
            picture(folder / split / each.name, 10 * number + int(each.stem), SIZE)
            each.unlink()
    data, lines = brought_in(folder)
    assert data.names == ("gel", "cells")
    assert {split: len(list(pictures(p))) for split, p in data.splits.items()} == {
        "train": 2, "val": 2, "test": 2,
    }  # fmt: skip
    assert lines["1.png"] == [(1, [0.25, 0.25, 0.5, 0.5])]


def test_captions_and_persons_beside_instances_are_passed_over(tmp_path: Path) -> None:
    folder = write(tmp_path / "set", [{"bbox": [0, 0, 48, 32]}])
    (folder / "annotations.json").rename(folder / "instances_train2017.json")
    text = (folder / "instances_train2017.json").read_text()
    (folder / "person_keypoints_train2017.json").write_text(text)
    (folder / "captions_train2017.json").write_text('{"images": [], "annotations": [{"id": 1}]}')
    (folder / "notes.json").write_text("[1]")
    _data, lines = brought_in(folder)
    assert len(lines["1.png"]) == 1


def test_a_picture_in_two_splits_is_taken_once(tmp_path: Path) -> None:
    folder = write(tmp_path / "set", [{"bbox": [0, 0, 48, 32]}])
    text = (folder / "annotations.json").read_text()
    (folder / "annotations.json").unlink()
    (folder / "train.json").write_text(text)
    only = json.loads(text)
    picture(folder / "images" / "3.png", 3, SIZE)
    only["images"] = [only["images"][0], only["images"][1] | {"file_name": "x/3.png"}]
    (folder / "val.json").write_text(json.dumps(only))
    data, lines = brought_in(folder)
    assert sorted(lines) == ["1.png", "2.png", "3.png"]
    assert [path.name for path in pictures(data.splits["val"])] == ["3.png"]
    note = imported(tmp_path / "base" / "set")
    assert note is not None
    assert [reason for _file, reason in note.left_out] == ["It is in train already."]


def test_our_own_export_comes_in(tmp_path: Path) -> None:
    folder = tmp_path / "session pictures"
    for number in (1, 2):
        picture(folder / f"{number}.png", number, (320, 240))
    frames = [frame(str(folder / f"{number}.png")) for number in (1, 2)]
    made = Sessions(tmp_path / "sessions")
    found, shapes = segmented()
    for name, task, results, tasks in (
        ("rings", "segment", [found, found], "segment"),
        ("turned", "obb", [rotated(), rotated()], "obb"),
        ("poses", "pose", [posed(), posed()], "pose"),
    ):
        shape = (3, 3) if task == "pose" else None
        reader = made.make(
            run_record(task, keypoint_shape=shape),  # type: ignore[arg-type]
            *zip(frames, results, strict=True),
        )
        path = export_coco(reader, tmp_path / f"{name}.json")
        copied = prepare(path, base=tmp_path / "base")
        assert tasks_of(copied)[0] == tasks
        data = find(copied, tasks)
        assert data.names == NAMES
        first = rows_of(label_of(next(pictures(data.splits["train"]))))
        assert len(first) == len(results[0])
        if task == "segment":
            assert [index for index, _values in first] == found.classes.tolist()
    made.close()
    assert len(shapes) == 9


def test_a_file_that_is_no_coco_is_refused(tmp_path: Path) -> None:
    folder = write(tmp_path / "set", [])
    (folder / "annotations.json").write_text('{"images": [1, {"id": 1}, ')
    with pytest.raises(DataError, match="holds no labelled picture"):
        prepare(folder, base=tmp_path / "base")
    (folder / "annotations.json").write_text(
        '{"images": [1, {"id": 1}, {"id": 2, "file_name": "gone.png"}], "annotations": [1, {}]}'
    )
    with pytest.raises(DataError, match="holds no labelled picture"):
        prepare(folder, base=tmp_path / "base")
