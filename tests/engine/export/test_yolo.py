"""YOLO label files, read back by a parser of their own and by ultralytics."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import yaml
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from engine import masks
from engine.errors import ExportError
from engine.export import export_yolo
from engine.types import Detections
from tests.engine.export.conftest import (
    NAMES,
    SIZE,
    boxes,
    frame,
    posed,
    rotated,
    run_record,
    segmented,
)

if TYPE_CHECKING:
    from engine.store.reader import SessionReader
    from tests.engine.export.conftest import Sessions

FINE = 8


def labels(reader: SessionReader, folder: Path) -> dict[str, list[list[float]]]:
    """Export a session and read the numbers of each file."""
    target = export_yolo(reader, folder / "export")
    return {
        path.name: [[float(word) for word in line.split()] for line in lines]
        for path in sorted((target / "labels").iterdir())
        for lines in [path.read_text(encoding="ascii").splitlines()]
    }


def filled(ring: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Fill a ring of shares [P, 2] on a grid eight times as fine; return its larger halves."""
    picture = Image.new("L", (SIZE[1] * FINE, SIZE[0] * FINE))
    # PIL fills by the even-odd rule and through the centres of the cells.
    points = ring * (picture.width, picture.height) - 0.5
    ImageDraw.Draw(picture).polygon([(x, y) for x, y in points.tolist()], fill=1)
    cells = np.asarray(picture).reshape(SIZE[0], FINE, SIZE[1], FINE).mean(axis=(1, 3))
    inside: NDArray[np.bool_] = cells >= 0.5
    return inside


def test_boxes_come_back(sessions: Sessions, tmp_path: Path) -> None:
    found = boxes(11)
    reader = sessions.make(
        run_record(), (frame("/data/文件 1.png"), found), (frame("/data/b.png"), Detections.empty())
    )
    read = labels(reader, tmp_path)
    assert list(read) == ["b.txt", "文件 1.txt"]
    assert read["b.txt"] == []
    lines = np.array(read["文件 1.txt"])
    assert lines[:, 0].tolist() == found.classes.tolist()
    scale = np.array([320, 240])
    low = (lines[:, 1:3] - lines[:, 3:] / 2) * scale
    high = (lines[:, 1:3] + lines[:, 3:] / 2) * scale
    assert np.hstack((low, high)) == pytest.approx(found.boxes, abs=1e-3)
    data = yaml.safe_load((tmp_path / "export" / "data.yaml").read_text(encoding="utf-8"))
    assert data == {"train": "images", "val": "images", "names": dict(enumerate(NAMES))}


def test_masks_come_back(sessions: Sessions, tmp_path: Path) -> None:
    found, shapes = segmented()
    lines = labels(sessions.make(run_record("segment"), (frame(), found)), tmp_path)["a.txt"]
    assert [line[0] for line in lines] == found.classes.tolist()
    for line, shape in zip(lines, shapes, strict=True):
        read = filled(np.array(line[1:]).reshape(-1, 2))
        overlap = (read & shape).sum() / (read | shape).sum()
        assert overlap >= (0.98 if shape.sum() >= 60 else 0.5)


def test_holes_and_parts_are_wound_for_every_rule(sessions: Sessions, tmp_path: Path) -> None:
    """The signed area of the joined ring is the mask's: holes run the other way."""
    found, shapes = segmented()
    lines = labels(sessions.make(run_record("segment"), (frame(), found)), tmp_path)["a.txt"]
    for line, shape in zip(lines, shapes, strict=True):
        x, y = (np.array(line[1:]).reshape(-1, 2) * (320, 240)).T
        area = (x * np.roll(y, -1) - np.roll(x, -1) * y).sum() / 2
        assert area == pytest.approx(shape.sum(), abs=0.5)


def test_an_empty_mask_becomes_its_box(sessions: Sessions, tmp_path: Path) -> None:
    nothing = masks.encode(np.zeros(SIZE, bool), 0, 0, *SIZE)
    box = np.array([[32, 24, 64, 48]], np.float32)
    scores, classes = np.array([0.5], np.float32), np.array([2], np.int32)
    found = Detections(box, scores, classes, (nothing,))
    read = labels(sessions.make(run_record("segment"), (frame(), found)), tmp_path)
    assert read["a.txt"] == [[2, 0.1, 0.1, 0.2, 0.1, 0.2, 0.2, 0.1, 0.2]]


def test_corners_of_rotated_boxes(sessions: Sessions, tmp_path: Path) -> None:
    lines = labels(sessions.make(run_record("obb"), (frame(), rotated())), tmp_path)["a.txt"]
    assert [line[0] for line in lines] == [1, 2]
    ring = np.array(lines[0][1:]).reshape(4, 2) * (320, 240)
    assert ring.mean(axis=0) == pytest.approx([140, 120], abs=1e-3)
    assert np.linalg.norm(ring[1] - ring[0]) == pytest.approx(80, abs=1e-3)
    assert np.linalg.norm(ring[2] - ring[1]) == pytest.approx(40, abs=1e-3)
    assert max(lines[1][1:]) == 1.0


@pytest.mark.parametrize("width", [2, 3])
def test_keypoints_come_back(sessions: Sessions, tmp_path: Path, width: int) -> None:
    run = run_record("pose", keypoint_shape=(3, width))
    ((class_id, *numbers),) = labels(sessions.make(run, (frame(), posed(width))), tmp_path)["a.txt"]
    assert class_id == 0
    points = np.array(numbers[4:]).reshape(3, width)
    expected = posed().keypoints
    assert expected is not None
    assert points[:, :2] * (320, 240) == pytest.approx(expected[0, :, :2], abs=1e-3)
    if width == 3:
        assert points[:, 2].tolist() == [2, 1, 2]
    data = yaml.safe_load((tmp_path / "export" / "data.yaml").read_text(encoding="utf-8"))
    assert data["kpt_shape"] == [3, width]


def test_one_file_a_picture_whatever_their_names(sessions: Sessions, tmp_path: Path) -> None:
    sources = ["/a/x.png", "/b/x.png", "/a/X.jpg", "/a/x-2.png", "C:\\lab\\y.png", "rtsp://cam:1/s"]
    pictures = [(frame(source), boxes(i + 1)) for i, source in enumerate(sources)]
    pictures += [(frame("/a/clip.mp4", i, i / 25), boxes(1)) for i in (0, 12)]
    reader = sessions.make(run_record(), *pictures)
    read = labels(reader, tmp_path)
    names = ["x", "x-2", "X-3", "x-2-2", "y", "rtsp___cam_1_s", "clip_000000", "clip_000012"]
    assert sorted(read) == sorted(f"{name}.txt" for name in names)
    assert [len(read[f"{name}.txt"]) for name in names] == [1, 2, 3, 4, 5, 6, 1, 1]
    manifest = tmp_path / "export" / "labsight-export.csv"
    with manifest.open(encoding="utf-8", newline="") as file:
        told = {row["file"]: row for row in csv.DictReader(file)}
    assert told["labels/x-2.txt"]["picture"] == "/b/x.png"
    assert told["labels/clip_000012.txt"]["frame"] == "12"


def test_an_empty_session(sessions: Sessions, tmp_path: Path) -> None:
    target = export_yolo(sessions.make(run_record()), tmp_path / "export")
    assert (target / "data.yaml").is_file()
    assert not (target / "labels").exists()


def test_classification_is_refused(sessions: Sessions, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="classifies whole pictures. Use the Excel or CSV"):
        export_yolo(sessions.make(run_record("classify")), tmp_path / "export")
    assert list(tmp_path.iterdir()) == [tmp_path / "sessions"]


@pytest.mark.slow
@pytest.mark.parametrize("task", ["detect", "segment", "obb", "pose"])
def test_ultralytics_accepts_the_labels(sessions: Sessions, tmp_path: Path, task: str) -> None:
    from ultralytics.data.utils import verify_image_label

    run = {
        "detect": run_record("detect"),
        "segment": run_record("segment"),
        "obb": run_record("obb"),
        "pose": run_record("pose", keypoint_shape=(3, 3)),
    }[task]
    found = {"detect": boxes(9), "segment": segmented()[0], "obb": rotated(), "pose": posed()}[task]
    target = export_yolo(sessions.make(run, (frame(), found)), tmp_path / "export")
    picture = tmp_path / "a.png"
    Image.new("RGB", (320, 240)).save(picture)
    posed_points = 3 if task == "pose" else 0
    entry = (
        picture,
        target / "labels" / "a.txt",
        "",
        task == "pose",
        len(NAMES),
        posed_points,
        3,
        0,
    )
    _file, lines, _shape, rings, points, _missing, read, empty, corrupt, message = (
        verify_image_label(tuple(str(each) if isinstance(each, Path) else each for each in entry))
    )
    assert (read, empty, corrupt, message) == (1, 0, 0, "")
    assert lines[:, 0].tolist() == found.classes.tolist()
    if task in ("segment", "obb"):
        assert len(rings) == len(found)
    if task == "pose":
        assert points.shape == (1, 3, 3)
    if task in ("detect", "pose"):
        sizes = (found.boxes[:, 2:] - found.boxes[:, :2]) / (320, 240)
        assert lines[:, 3:] == pytest.approx(sizes, abs=1e-5)
