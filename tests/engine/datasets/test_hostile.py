"""Whatever labels and descriptions hold: a sentence or a data set, never a traceback."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.datasets import check, find, fixed_copy, pictures, prepare, preview, tasks_of
from engine.errors import DataError
from tests.helpers.datasets import BOX, picture, write_set

Draw = Callable[[st.SearchStrategy[Any]], Any]

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-9, 99),
    st.floats(allow_nan=True),
    st.sampled_from(["", "1.png", "../1.png", "a\0b", "x" * 300, "polygon", "rectangle", "mask"]),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.sampled_from(["id", "name", "points", "size", "counts"]), inner),
    ),
    max_leaves=6,
)
BOXES = {"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 2, 30, 40], "iscrowd": 0}
COCO = {
    "info": {"root": ""},
    "images": [{"id": n, "file_name": f"{n}.png", "width": 96, "height": 64} for n in (1, 2)],
    "categories": [{"id": 1, "name": "a", "keypoints": []}],
    "annotations": [
        BOXES | {"segmentation": [[1, 1, 9, 1, 9, 9]]},
        BOXES | {"keypoints": [1, 2, 2]},
    ],
}  # fmt: skip
LABELME = {
    "shapes": [
        {"label": "a", "points": [[1, 1], [30, 40]], "shape_type": "rectangle", "group_id": 1},
        {"label": "p", "points": [[1, 1]], "shape_type": "point", "group_id": 1},
        {"label": "a", "points": [[1, 1], [9, 1], [9, 9]], "shape_type": "polygon"},
    ],
    "imagePath": "1.png", "imageData": None, "imageWidth": 96, "imageHeight": 64,
}  # fmt: skip


@pytest.fixture(scope="module")
def two_pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pictures")
    for number in (1, 2):
        picture(folder / f"{number}.png", number)
    return folder


def changed(value: Any, draw: Draw) -> Any:  # noqa: ANN401
    """Return a value in which one part, however deep, is another."""
    if draw(st.integers(0, 3)) == 0 or not isinstance(value, dict | list) or not value:
        return draw(VALUES)
    if isinstance(value, dict):
        key = draw(st.sampled_from(sorted(value)))
        return value | {key: changed(value[key], draw)}
    at = draw(st.integers(0, len(value) - 1))
    return [*value[:at], changed(value[at], draw), *value[at + 1 :]]


@given(data=st.data(), form=st.sampled_from([COCO, LABELME]))
@settings(max_examples=80)
def test_any_json_is_imported_or_refused(
    two_pictures: Path, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, form: object
) -> None:
    folder = tmp_path_factory.mktemp("set")
    for each in two_pictures.iterdir():
        shutil.copyfile(each, folder / each.name)
    text = json.dumps(changed(form, data.draw))
    (folder / "1.json").write_text(text)
    (folder / "2.json").write_text(json.dumps(form))
    with suppress(DataError):
        path = prepare(folder, base=folder / "base")
        find(path, tasks_of(path)[0])
    shutil.rmtree(folder)


WORDS = st.sampled_from(
    ["0", "1", "-1", "0.5", "0.1", "0.9", "1.5", "240", "nan", "1e400", "1e300", "x", ",", "-0.2"]
)


@given(rows=st.lists(st.lists(WORDS, max_size=10), max_size=5), data=st.binary(max_size=20))
@settings(max_examples=50)
def test_any_label_is_checked_fixed_and_drawn(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]], data: bytes
) -> None:
    folder = tmp_path_factory.mktemp("set")
    path = write_set(folder, {"train": {"a.png": BOX, "b.png": BOX}, "val": {"v.png": BOX}})
    text = "\n".join(" ".join(row) for row in rows)
    (folder / "labels" / "train" / "b.txt").write_text(text)
    (folder / "labels" / "val" / "v.txt").write_bytes(data)
    for task in ("detect", "segment", "obb"):
        with suppress(DataError):
            found = find(path, task)
            report = check(found, task)
            after = find(fixed_copy(found, report, base=folder / "base"), task)
            left = {each.kind for each in check(after, task).findings if each.severity == "error"}
            assert left <= {"other_task"}
            for each in pictures(found.splits["train"]):
                assert preview(each, found, 40).shape == (27, 40, 3)
    shutil.rmtree(folder)


@given(data=st.data())
@settings(max_examples=50)
def test_any_description_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("set")
    path = write_set(folder, {"train": {"a.png": BOX}, "val": {"v.png": BOX}})
    content = yaml.safe_load(path.read_text()) | {"path": ".", "nc": 3, "kpt_shape": [1, 3]}
    path.write_text(yaml.safe_dump(changed(content, data.draw)))
    for task in ("detect", "pose"):
        with suppress(DataError):
            check(find(path, task), task)
    with suppress(DataError):
        tasks_of(path)
    shutil.rmtree(folder)
