"""The COCO file, read back by pycocotools."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO

from engine import masks
from engine.errors import ExportError
from engine.export import export_coco
from engine.types import Detections
from tests.engine.export.conftest import (
    NAMES,
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


def loaded(reader: SessionReader, folder: Path) -> tuple[dict[str, Any], COCO]:
    """Export a session and read it back."""
    path = export_coco(reader, folder / "export.json")
    return json.loads(path.read_text(encoding="utf-8")), COCO(str(path))


def overlap(coco: COCO, entry: dict[str, Any], shape: NDArray[np.bool_]) -> float:
    """Return the IoU of an annotation, as pycocotools rasters it, and a mask."""
    ours = coco_mask.encode(np.asfortranarray(shape.astype(np.uint8)))
    return float(coco_mask.iou([coco.annToRLE(entry)], [ours], [0])[0, 0])


def test_boxes_come_back(sessions: Sessions, tmp_path: Path) -> None:
    found = [boxes(9), Detections.empty(), boxes(4, 1)]
    paths = ["/data/a/文件.png", "/data/b/empty.png", "/data/a/c.png"]
    reader = sessions.make(
        run_record(), *((frame(path), each) for path, each in zip(paths, found, strict=True))
    )
    data, coco = loaded(reader, tmp_path)
    assert [each["name"] for each in data["categories"]] == list(NAMES)
    assert [each["id"] for each in data["categories"]] == [1, 2, 3, 4, 5, 6]
    names = [each["file_name"] for each in data["images"]]
    assert names == ["a/文件.png", "b/empty.png", "a/c.png"]
    assert data["info"]["root"] == "/data"
    assert data["info"]["model_sha256"] == "ab" * 32
    assert data["info"]["settings"]["confidence"] == 0.25
    for image, each in zip(data["images"], found, strict=True):
        assert (image["width"], image["height"]) == (320, 240)
        entries = coco.loadAnns(coco.getAnnIds(imgIds=[image["id"]]))
        assert len(entries) == len(each)
        for i, entry in enumerate(entries):
            x, y, width, height = entry["bbox"]
            assert (x, y, x + width, y + height) == pytest.approx(each.boxes[i], abs=2e-3)
            assert entry["category_id"] == each.classes[i] + 1
            assert entry["score"] == pytest.approx(each.scores[i], abs=1e-6)
            assert entry["area"] == pytest.approx(width * height, abs=0.2)
            assert entry["iscrowd"] == 0
    assert len({entry["id"] for entry in data["annotations"]}) == 13


def test_masks_come_back_exactly(sessions: Sessions, tmp_path: Path) -> None:
    found, shapes = segmented()
    data, coco = loaded(sessions.make(run_record("segment"), (frame(), found)), tmp_path)
    for entry, shape in zip(data["annotations"], shapes, strict=True):
        assert overlap(coco, entry, shape) == 1.0
        assert entry["area"] == shape.sum()
    kinds = [type(entry["segmentation"]) for entry in data["annotations"]]
    assert kinds == [list, dict, list, list, list, dict, list, list, list]
    assert len(data["annotations"][2]["segmentation"]) == 2
    holes = data["annotations"][1]["segmentation"]
    assert holes == {"size": [240, 320], "counts": encoded(shapes[1]).counts.tolist()}


def test_an_empty_mask_is_written(sessions: Sessions, tmp_path: Path) -> None:
    nothing = masks.encode(np.zeros((240, 320), bool), 0, 0, 240, 320)
    one = boxes(1)
    found = Detections(one.boxes, one.scores, one.classes, (nothing,))
    data, _coco = loaded(sessions.make(run_record("segment"), (frame(), found)), tmp_path)
    assert data["annotations"][0]["segmentation"] == []
    assert data["annotations"][0]["area"] == 0


def test_large_pictures_keep_small_objects(sessions: Sessions, tmp_path: Path) -> None:
    size = (3000, 4000)
    shape = disc(3900.3, 2900.7, 60, size)
    rle = masks.encode(shape, 0, 0, *size)
    found = Detections(
        np.array([masks.bounds(rle)], np.float32),
        np.array([0.5], np.float32),
        np.array([0], np.int32),
        (rle,),
    )
    data, coco = loaded(sessions.make(run_record("segment"), (frame(size=size), found)), tmp_path)
    assert overlap(coco, data["annotations"][0], shape) == 1.0


def test_rotated_boxes_come_with_their_corners(sessions: Sessions, tmp_path: Path) -> None:
    found = rotated()
    run = run_record("obb", track="bytetrack")
    data, coco = loaded(sessions.make(run, (frame(), found)), tmp_path)
    first, second = data["annotations"]
    assert first["rotated_box"] == pytest.approx([140, 120, 80, 40, 28.648], abs=1e-3)
    assert second["rotated_box"] == pytest.approx([300, 30, 80, 40, -17.189], abs=1e-3)
    assert (first["area"], first["track_id"]) == (3200, 7)
    assert "track_id" not in second
    ring = np.array(first["segmentation"][0]).reshape(4, 2)
    sides = np.linalg.norm(ring - np.roll(ring, -1, axis=0), axis=1)
    assert sides == pytest.approx([80, 40, 80, 40], abs=0.01)
    # Clockwise on screen: the longer side goes down to the right.
    assert ring[1] - ring[0] == pytest.approx([80 * np.cos(0.5), 80 * np.sin(0.5)], abs=0.01)
    low, high = ring.min(axis=0), ring.max(axis=0)
    assert first["bbox"] == pytest.approx([*low, *(high - low)], abs=0.01)
    assert int(coco_mask.area(coco.annToRLE(first))) == pytest.approx(3200, rel=0.02)


@pytest.mark.parametrize("width", [2, 3])
def test_keypoints_come_back(sessions: Sessions, tmp_path: Path, width: int) -> None:
    run = run_record("pose", keypoint_shape=(3, width))
    data, _coco = loaded(sessions.make(run, (frame(), posed(width))), tmp_path)
    assert data["categories"][0]["keypoints"] == ["1", "2", "3"]
    hidden = 1 if width == 3 else 2
    (entry,) = data["annotations"]
    assert entry["keypoints"] == [60, 70, 2, 90.5, 100.25, hidden, 130, 150, 2]
    assert entry["num_keypoints"] == 3
    assert entry["bbox"] == [50, 60, 90, 100]


def test_frames_of_a_video_are_images(sessions: Sessions, tmp_path: Path) -> None:
    frames = [(frame("/data/clip.mp4", i, i / 30), boxes(1)) for i in (0, 7)]
    frames.append((frame("/data/one.tif"), boxes(1)))
    frames.append((frame("camera:Lab", 0, 0.0), boxes(1)))
    data, _coco = loaded(sessions.make(run_record(), *frames), tmp_path)
    names = [each["file_name"] for each in data["images"]]
    assert names == ["clip.mp4#000000", "clip.mp4#000007", "one.tif", "camera:Lab#000000"]
    assert data["images"][1]["time_s"] == pytest.approx(7 / 30, abs=1e-6)


def test_an_empty_session(sessions: Sessions, tmp_path: Path) -> None:
    data, _coco = loaded(sessions.make(run_record()), tmp_path)
    assert (data["images"], data["annotations"]) == ([], [])


def test_classification_is_refused(sessions: Sessions, tmp_path: Path) -> None:
    reader = sessions.make(run_record("classify"))
    with pytest.raises(ExportError, match="classifies whole pictures. Use the Excel or CSV"):
        export_coco(reader, tmp_path / "export.json")
    assert not (tmp_path / "export.json").exists()
