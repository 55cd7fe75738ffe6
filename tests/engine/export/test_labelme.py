"""LabelMe files, read back as LabelMe reads them."""

from __future__ import annotations

import base64
import io
import json
import os
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from engine import masks
from engine.errors import ExportError
from engine.export import export_labelme
from engine.types import Detections
from tests.engine.export.conftest import (
    NAMES,
    SIZE,
    boxes,
    disc,
    encoded,
    frame,
    posed,
    rotated,
    run_record,
    segmented,
)

if TYPE_CHECKING:
    from pathlib import Path

    from engine.store.reader import SessionReader
    from tests.engine.export.conftest import Sessions

FINE = 8


def files(reader: SessionReader, folder: Path) -> dict[str, dict[str, Any]]:
    """Export a session and read each file."""
    target = export_labelme(reader, folder / "export")
    return {
        path.stem: json.loads(path.read_text(encoding="utf-8"))
        for path in sorted(target.glob("*.json"))
    }


def inside(shape: dict[str, Any]) -> NDArray[np.bool_]:
    """Return the mask of a shape."""
    if shape["shape_type"] == "mask":
        whole = np.zeros(SIZE, bool)
        (x1, y1), (x2, y2) = np.array(shape["points"], int)
        part = np.asarray(Image.open(io.BytesIO(base64.b64decode(shape["mask"]))))
        whole[y1 : y2 + 1, x1 : x2 + 1] = part.astype(bool)
        return whole
    picture = Image.new("L", (SIZE[1] * FINE, SIZE[0] * FINE))
    points = np.array(shape["points"]) * FINE - 0.5
    ImageDraw.Draw(picture).polygon([(x, y) for x, y in points.tolist()], fill=1)
    cells = np.asarray(picture).reshape(SIZE[0], FINE, SIZE[1], FINE).mean(axis=(1, 3))
    covered: NDArray[np.bool_] = cells >= 0.5
    return covered


def test_boxes_come_back(sessions: Sessions, tmp_path: Path) -> None:
    found = boxes(8)
    picture = tmp_path / "pictures" / "文件.png"
    reader = sessions.make(run_record(), (frame(str(picture)), found))
    (read,) = files(reader, tmp_path).values()
    assert (read["imageHeight"], read["imageWidth"], read["imageData"]) == (240, 320, None)
    assert read["imagePath"] == "../pictures/文件.png"
    assert read["version"].startswith("5.")
    for i, shape in enumerate(read["shapes"]):
        assert shape["shape_type"] == "rectangle"
        assert np.ravel(shape["points"]) == pytest.approx(found.boxes[i], abs=1e-3)
        assert shape["label"] == NAMES[found.classes[i]]
        assert shape["description"] == f"confidence {found.scores[i]:.4f}"
        assert shape["group_id"] is None


def test_masks_come_back(sessions: Sessions, tmp_path: Path) -> None:
    found, shapes = segmented()
    (read,) = files(sessions.make(run_record("segment"), (frame(), found)), tmp_path).values()
    kinds = [(each["label"], each["shape_type"], each["group_id"]) for each in read["shapes"]]
    assert kinds == [
        (NAMES[0], "polygon", None),
        (NAMES[1], "mask", None),
        (NAMES[2], "polygon", 3),
        (NAMES[2], "polygon", 3),
        (NAMES[3], "polygon", None),
        (NAMES[4], "polygon", None),
        (NAMES[5], "mask", None),
        (NAMES[0], "polygon", None),
        (NAMES[1], "polygon", None),
        (NAMES[2], "polygon", None),
    ]
    read["shapes"][2:4] = [read["shapes"][2:4]]
    for entry, shape in zip(read["shapes"], shapes, strict=True):
        covered = np.any([inside(part) for part in np.atleast_1d(entry)], axis=0)
        overlap = (covered & shape).sum() / (covered | shape).sum()
        assert overlap >= (0.98 if shape.sum() > 60 else 0.5)


@pytest.mark.parametrize("width", [2, 6, 12, 20, 40, 60])
def test_outlines_stay_true_to_thin_objects(sessions: Sessions, tmp_path: Path, width: int) -> None:
    rows, columns = np.mgrid[: SIZE[0], : SIZE[1]] + 0.5
    along = (columns - 150) * np.cos(0.4) + (rows - 120) * np.sin(0.4)
    across = (rows - 120) * np.cos(0.4) - (columns - 150) * np.sin(0.4)
    bar = (abs(along) < 80) & (abs(across) < width / 2)
    found = boxes(1)
    found = Detections(found.boxes, found.scores, found.classes, (encoded(bar),))
    (read,) = files(sessions.make(run_record("segment"), (frame(), found)), tmp_path).values()
    covered = np.any([inside(shape) for shape in read["shapes"]], axis=0)
    assert (covered & bar).sum() / (covered | bar).sum() >= 0.98


def test_large_outlines_have_fewer_corners(sessions: Sessions, tmp_path: Path) -> None:
    rle = encoded(disc(160, 120, 90))
    found = boxes(1)
    found = Detections(found.boxes, found.scores, found.classes, (rle,))
    (read,) = files(sessions.make(run_record("segment"), (frame(), found)), tmp_path).values()
    ((outer, _holes),) = masks.rings(rle)
    assert len(read["shapes"][0]["points"]) < len(outer) / 2


def test_rotated_boxes_are_polygons(sessions: Sessions, tmp_path: Path) -> None:
    run = run_record("obb", track="bytetrack")
    (read,) = files(sessions.make(run, (frame(), rotated())), tmp_path).values()
    first = read["shapes"][0]
    assert (first["shape_type"], len(first["points"])) == ("polygon", 4)
    assert first["description"] == "confidence 0.9000, track 7"
    assert np.mean(first["points"], axis=0) == pytest.approx([140, 120], abs=1e-3)
    assert inside(first).sum() == pytest.approx(3200, rel=0.01)


def test_a_pose_is_a_group(sessions: Sessions, tmp_path: Path) -> None:
    run = run_record("pose", keypoint_shape=(3, 3))
    (read,) = files(sessions.make(run, (frame(), posed())), tmp_path).values()
    box, *points = read["shapes"]
    assert (box["shape_type"], box["label"], box["group_id"]) == ("rectangle", NAMES[0], 1)
    assert {(each["shape_type"], each["group_id"]) for each in points} == {("point", 1)}
    assert [each["label"] for each in points] == ["1", "2", "3"]
    assert [each["points"][0] for each in points] == [[60, 70], [90.5, 100.25], [130, 150]]
    assert points[1]["description"] == "visibility 0.2000"


def test_frames_point_to_pictures_beside_them(sessions: Sessions, tmp_path: Path) -> None:
    pictures = [(frame("/a/clip.mp4", i, i / 25), boxes(1)) for i in (0, 12)]
    pictures += [(frame("camera:Lab"), boxes(1)), (frame("D:\\lab\\x.png"), boxes(1))]
    read = files(sessions.make(run_record(), *pictures), tmp_path)
    assert {name: each["imagePath"] for name, each in read.items()} == {
        "clip_000000": "clip_000000.png",
        "clip_000012": "clip_000012.png",
        "camera_Lab": "camera_Lab.png",
        "x": "D:\\lab\\x.png" if os.name != "nt" else read["x"]["imagePath"],
    }


def test_a_picture_without_objects_has_a_file(sessions: Sessions, tmp_path: Path) -> None:
    (read,) = files(sessions.make(run_record(), (frame(), Detections.empty())), tmp_path).values()
    assert read["shapes"] == []


def test_an_empty_session(sessions: Sessions, tmp_path: Path) -> None:
    assert files(sessions.make(run_record()), tmp_path) == {}
    assert (tmp_path / "export").is_dir()


def test_classification_is_refused(sessions: Sessions, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="classifies whole pictures. Use the Excel or CSV"):
        export_labelme(sessions.make(run_record("classify")), tmp_path / "export")
