"""Labels as shapes, and pictures with their labels drawn."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.colours import class_colours
from engine.datasets import find, labels, pictures, preview
from engine.errors import PictureError
from engine.export import export_yolo
from engine.paths import ROOT
from tests.engine.export.conftest import NAMES, Sessions, frame, run_record, segmented
from tests.helpers.datasets import PERSON, picture, write_set

TWO = "0 0.25 0.5 0.3 0.6\n1 0.6 0.2 0.9 0.2 0.9 0.8 0.6 0.8\n"


def test_labels_are_shapes_in_shares(tmp_path: Path) -> None:
    path = write_set(tmp_path, {"train": {"a.png": TWO, "b.png": "x\n"}, "val": {"v.png": TWO}})
    data = find(path, "detect")
    first, second = pictures(data.splits["train"])
    found = labels(first, data)
    assert found.size == (96, 64)
    box, ring = found.shapes
    assert (box.class_index, box.is_box, ring.class_index, ring.is_box) == (0, True, 1, False)
    assert box.ring == pytest.approx(np.array([[0.1, 0.2], [0.4, 0.2], [0.4, 0.8], [0.1, 0.8]]))
    assert ring.ring == pytest.approx(np.array([[0.6, 0.2], [0.9, 0.2], [0.9, 0.8], [0.6, 0.8]]))
    assert labels(second, data).shapes == ()
    with pytest.raises(PictureError):
        labels(tmp_path / "absent.png", data)


def test_keypoints_are_part_of_a_shape(tmp_path: Path) -> None:
    path = write_set(
        tmp_path, {"train": {"a.png": PERSON}, "val": {"v.png": PERSON}}, kpt_shape=[3, 3]
    )
    data = find(path, "pose")
    (shape,) = labels(next(pictures(data.splits["train"])), data).shapes
    assert shape.keypoints is not None
    assert shape.keypoints.tolist() == [[0.5, 0.5, 2.0]] * 3
    assert preview(next(pictures(data.splits["train"])), data).shape == (64, 96, 3)


@pytest.mark.parametrize("turned", [False, True])
def test_a_preview_has_the_colours_of_the_classes(tmp_path: Path, turned: bool) -> None:
    path = write_set(tmp_path, {"train": {"a.jpg": TWO}, "val": {"v.jpg": TWO}})
    data = find(path, "detect")
    first = next(pictures(data.splits["train"]))
    exif = Image.Exif()
    exif[0x0112] = 6 if turned else 1
    Image.new("RGB", (400, 800) if turned else (800, 400)).save(first, exif=exif)
    image = preview(first, data, 200)
    assert image.shape == (100, 200, 3)
    assert image.dtype == np.uint8
    box, ring = class_colours(data.names)[:2]
    # The line of the box, and the tint in the ring.
    assert np.abs(image[50, 20].astype(int) - box).max() < 30
    inside = image[70, 150].astype(float) / np.array(ring)
    assert 0.3 < inside[np.array(ring) > 60].mean() < 0.6
    assert image[5, 5].max() < 20


def test_what_is_wrong_is_drawn_as_far_as_it_can_be(tmp_path: Path) -> None:
    odd = "99 0.5 0.5 0.3 0.3\n0 240 180 100 90\n0 1 1 2\n-1 0 0 1 1\n0 nan 0 1 1\n"
    odd += "0 -3 -3 9 9 1 0\n0 .1 .1 .5 .1 .5 .5 .1\n0 .5 .5 .2 .2 .9\n"
    path = write_set(tmp_path, {"train": {"a.png": TWO, "b.png": odd}, "val": {"v.png": TWO}})
    data = find(path, "detect")
    for each in pictures(data.splits["train"]):
        assert preview(each, data, 50).shape == (33, 50, 3)


def test_class_folders_have_no_shapes(tmp_path: Path) -> None:
    for split in ("train", "val"):
        for name in ("a", "b"):
            picture(tmp_path / split / name / "1.png", len(split) + ord(name))
    data = find(tmp_path, "classify")
    first = next(pictures(data.splits["train"]))
    assert labels(first, data).shapes == ()
    assert preview(first, data, 48).shape == (32, 48, 3)


def test_our_own_export_of_yolo_is_used_where_it_lies(tmp_path: Path) -> None:
    folder = tmp_path / "export"
    first = picture(tmp_path / "a.png", 1, (320, 240))
    made = Sessions(tmp_path / "sessions")
    found, _shapes = segmented()
    export_yolo(made.make(run_record("segment"), (frame(str(first)), found)), folder)
    made.close()
    (folder / "images").mkdir()
    first.rename(folder / "images" / "a.png")
    data = find(folder, "segment")
    assert data.names == NAMES
    assert len(labels(folder / "images" / "a.png", data).shapes) == len(found)


def test_importing_the_package_pulls_nothing_heavy() -> None:
    heavy = ("torch", "cv2", "openpyxl", "av", "ultralytics")
    code = f"import engine.datasets, sys; assert not set({heavy}) & set(sys.modules), sys.modules"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
