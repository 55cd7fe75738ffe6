"""LabelMe files, those of our own export among them."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.datasets import DataSet, find, imported, pictures, prepare, tasks_of
from engine.datasets.dataset import label_of
from engine.datasets.rings import area
from engine.export import export_labelme
from tests.engine.export.conftest import Sessions, frame, posed, run_record, segmented
from tests.helpers.conversions import rows_of
from tests.helpers.datasets import picture

SIZE = (100, 50)


def write(folder: Path, stem: str, shapes: list[dict[str, Any]], **more: object) -> Path:
    """Write a file and its picture."""
    picture(folder / f"{stem}.png", sum(map(ord, stem)), SIZE)
    content: dict[str, object] = {
        "version": "5.5.0", "flags": {}, "imagePath": f"{stem}.png", "imageData": None,
        "imageWidth": SIZE[0], "imageHeight": SIZE[1],
        "shapes": [{"label": "a", "group_id": None} | shape for shape in shapes],
    }  # fmt: skip
    path = folder / f"{stem}.json"
    path.write_text(json.dumps(content | more), encoding="utf-8")
    return path


def brought_in(folder: Path) -> tuple[DataSet, dict[str, list[list[float]]]]:
    write(folder, "other", [])
    path = prepare(folder, base=folder.parent / "base")
    data = find(path, tasks_of(path)[0])
    lines = {
        each.stem: [values.round(6).tolist() for _index, values in rows_of(label_of(each))]
        for places in data.splits.values()
        for each in pictures(places)
    }
    return data, lines


def test_shapes_with_an_area_come_in_and_others_are_counted(tmp_path: Path) -> None:
    shapes: list[dict[str, Any]] = [
        {"shape_type": "polygon", "points": [[0, 0], [50, 0], [50, 25]]},
        {"shape_type": "rectangle", "points": [[50, 25], [0, 0]]},
        {"shape_type": "circle", "points": [[50, 25], [60, 25]]},
        {"shape_type": "linestrip", "points": [[0, 0], [5, 5]]},
        {"shape_type": "line", "points": [[0, 0], [5, 5]]},
        {"shape_type": "point", "points": [[0, 0]]},
        {"shape_type": "polygon", "points": [[0, 0], [5, 5]]},
        {"shape_type": "cloud", "points": [[0, 0], [5, 5], [5, 0]]},
        {"points": [["x", 0]]},
    ]
    write(tmp_path / "set", "a", shapes)
    _data, lines = brought_in(tmp_path / "set")
    triangle, rectangle, circle = lines["a"]
    assert triangle == [0, 0, 0.5, 0, 0.5, 0.5]
    assert rectangle == [0, 0, 0.5, 0, 0.5, 0.5, 0, 0.5]
    assert area(np.array(circle).reshape(-1, 2) * SIZE) == pytest.approx(np.pi * 100, rel=0.002)
    note = imported(tmp_path / "base" / "set")
    assert note is not None
    assert note.counted == {"line": 2, "point": 1}
    assert [reason for _file, reason in note.left_out] == [
        f"Shape {number} cannot be read." for number in (7, 8, 9)
    ]


def test_a_picture_inside_the_labels_is_used_where_there_is_no_other(tmp_path: Path) -> None:
    folder = tmp_path / "set"
    box = {"shape_type": "rectangle", "points": [[0, 0], [50, 25]]}
    for stem, data in (("a", True), ("b", False), ("c", True)):
        path = write(folder, stem, [box])
        data_of = base64.b64encode((folder / f"{stem}.png").read_bytes()).decode()
        content = json.loads(path.read_text())
        content |= {"imageData": data_of if data else "!", "imagePath": "C:\\photos\\gone.png"}
        path.write_text(json.dumps(content))
        if stem != "c":
            (folder / f"{stem}.png").unlink()
    _data, lines = brought_in(folder)
    assert sorted(lines) == ["c", "gone", "other"]
    assert lines["gone"] == lines["c"] == [[0.25, 0.25, 0.5, 0.5]]
    note = imported(tmp_path / "base" / "set")
    assert note is not None
    assert [file for file, _reason in note.left_out] == ["C:\\photos\\gone.png"]


def test_parts_of_one_group_are_one_object(tmp_path: Path) -> None:
    shapes = [
        {"shape_type": "polygon", "points": [[0, 0], [10, 0], [10, 10], [0, 10]], "group_id": 1},
        {"shape_type": "polygon", "points": [[20, 0], [30, 0], [30, 10], [20, 10]], "group_id": 1},
        {"shape_type": "polygon", "points": [[40, 0], [50, 0], [50, 10]], "group_id": 2},
    ]
    write(tmp_path / "set", "a", shapes)
    _data, lines = brought_in(tmp_path / "set")
    joined, single = lines["a"]
    assert area(np.array(joined).reshape(-1, 2) * SIZE) == pytest.approx(200)
    assert len(single) == 6


def test_a_size_that_is_missing_is_the_pictures(tmp_path: Path) -> None:
    box = {"shape_type": "rectangle", "points": [[0, 0], [50, 25]]}
    write(tmp_path / "set", "a", [box], imageWidth=None, imageHeight=None)
    _data, lines = brought_in(tmp_path / "set")
    assert lines["a"] == [[0.25, 0.25, 0.5, 0.5]]


def test_our_own_export_comes_in(tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    for number in (1, 2):
        picture(folder / f"{number}.png", number, (320, 240))
    frames = [frame(str(folder / f"{number}.png")) for number in (1, 2)]
    made = Sessions(tmp_path / "sessions")
    found, _shapes = segmented()
    reader = made.make(run_record("segment"), *((each, found) for each in frames))
    path = prepare(export_labelme(reader, tmp_path / "rings"), base=tmp_path / "base")
    assert tasks_of(path)[0] == "segment"
    train = next(pictures(find(path, "segment").splits["train"]))
    assert len(rows_of(label_of(train))) == len(found)
    reader = made.make(
        run_record("pose", keypoint_shape=(3, 3)), *((each, posed()) for each in frames)
    )
    path = prepare(export_labelme(reader, tmp_path / "poses"), base=tmp_path / "base")
    data = find(path, "pose")
    assert data.keypoints == (3, 3)
    ((_index, values),) = rows_of(label_of(next(pictures(data.splits["train"]))))
    points = values[4:].reshape(3, 3)
    assert points[:, 2].tolist() == [2, 1, 2]
    assert points[:, :2] * (320, 240) == pytest.approx(posed().keypoints[0, :, :2], abs=1e-3)  # type: ignore[index]
    made.close()
