"""`detect` with the default weights: lines, tables, media and a session that agree."""

import csv
import dataclasses
import functools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import numpy as np
import openpyxl
import pytest
from PIL import Image

from engine import device
from engine.config import RunConfig
from engine.cv import cv2
from engine.inference.detector import open_detector
from engine.masks import decode
from engine.store import SESSION_FILE, SessionReader
from engine.types import Float32, Frame
from tests.helpers.command_line import Command, Said

LINE = {"source", "frame", "time_s", "width", "height", "detections", "top5", "error"}
DETECTION = {
    "class", "name", "confidence", "box", "polygons", "keypoints", "angle", "track", "measures",
}  # fmt: skip
SUMMARY = {
    "pictures", "frames", "detections", "failed", "session", "excel", "seconds", "fps",
}  # fmt: skip
NAMES = ("cells", "gel", "serum")

Found = Callable[[RunConfig], Float32]


@pytest.fixture(scope="module")
def found(texture: Path, lively: Path) -> Found:
    """Return a function that gives the detector's own boxes at some settings."""
    detector = open_detector(RunConfig(weights=lively))
    frame = pixels(texture)
    return functools.cache(lambda config: detector.detect(frame, config).detections.boxes)


def pixels(path: Path) -> Frame:
    with Image.open(path) as picture:
        return Frame(np.asarray(picture.convert("RGB")), 0, None, str(path))


def painted(polygons: list[list[list[float]]], width: int, height: int) -> Any:  # noqa: ANN401
    """Return the inside of rings, outer ones and holes alike, by the even-odd rule."""
    image = np.zeros((height, width), np.uint8)
    # Ring corners are the corners of pixels; OpenCV counts from their centres, here in 1/16.
    rings = [np.round((np.array(ring) - 0.5) * 16).astype(np.int32) for ring in polygons]
    cv2.fillPoly(image, rings, [1], shift=4)
    return image > 0


def assert_line(line: dict[str, Any]) -> None:
    """Hold a line of JSON to the public interface."""
    assert set(line) == LINE
    assert isinstance(line["source"], str)
    assert line["top5"] is None
    assert line["error"] is None
    for found in line["detections"]:
        assert set(found) == DETECTION
        assert NAMES[found["class"]] == found["name"]
        assert 0 < found["confidence"] <= 1
        x1, y1, x2, y2 = found["box"]
        assert 0 <= x1 < x2 <= line["width"]
        assert 0 <= y1 < y2 <= line["height"]
        assert found["polygons"]
        for ring in found["polygons"]:
            assert len(ring) >= 3
            assert all(len(point) == 2 for point in ring)
            assert all(0 <= x <= line["width"] and 0 <= y <= line["height"] for x, y in ring)
        assert (found["keypoints"], found["angle"], found["track"]) == (None, None, None)
        assert found["measures"] == {}


def test_everything_at_once(command: Command, tubes: Path, tmp_path: Path) -> None:
    out, excel, table = tmp_path / "out", tmp_path / "r.xlsx", tmp_path / "r.csv"
    coco, yolo, labelme = tmp_path / "coco.json", tmp_path / "yolo", tmp_path / "labelme"
    said = command(
        "detect", tubes, "--out", out, "--excel", excel, "--csv", table, "--coco", coco,
        "--yolo", yolo, "--labelme", labelme, "--no-media", "--json",
    )  # fmt: skip
    assert (said.code, said.err) == (0, "")
    assert [Path(line["source"]).name for line in said.results] == ["t0.jpg", "t1.jpg", "t2.jpg"]
    sizes = [(line["width"], line["height"]) for line in said.results]
    assert sizes == [(640, 480), (333, 517), (800, 600)]
    for line in said.results:
        assert_line(line)
        assert (line["frame"], line["time_s"]) == (0, None)
    assert set(said.summary) == SUMMARY
    assert said.summary["pictures"] == said.summary["frames"] == 3
    assert said.summary["failed"] == 0
    assert said.summary["session"] == str(out / SESSION_FILE)
    assert said.summary["excel"] == str(excel)
    assert said.summary["fps"] == pytest.approx(3 / said.summary["seconds"], rel=0.02)
    total = said.summary["detections"]
    assert total == sum(len(line["detections"]) for line in said.results) >= 3
    assert [path.name for path in out.iterdir()] == [SESSION_FILE]
    assert_session(said)
    sheet = openpyxl.load_workbook(excel)["Objects"]
    assert sheet.max_row == total + 1
    with table.open(encoding="utf-8-sig", newline="") as file:
        assert len(list(csv.reader(file))) == total + 1
    assert len(json.loads(coco.read_text("utf-8"))["annotations"]) == total
    assert list(yolo.rglob("t0.txt"))
    assert list(labelme.rglob("t0.json"))


def assert_session(said: Said) -> None:
    """The session holds what the lines said."""
    with SessionReader.open(said.session) as reader:
        run = reader.run
        assert (run.state, run.model.task, run.model.names) == ("done", "segment", NAMES)
        assert run.versions == device.versions()
        for frame, line in zip(reader.frames(), said.results, strict=True):
            assert frame.source == line["source"]
            assert frame.media is None
            stored = reader.detections(frame.id)
            assert stored.masks is not None
            assert len(stored) == len(line["detections"])
            for index, found in enumerate(line["detections"]):
                assert np.abs(stored.boxes[index] - found["box"]).max() <= 0.0051
                assert stored.scores[index] == pytest.approx(found["confidence"], abs=1e-5)
                mask = decode(stored.masks[index])
                inside = painted(found["polygons"], frame.width, frame.height)
                assert (mask & inside).sum() / (mask | inside).sum() > 0.9


SETTINGS = {
    (): RunConfig(),
    ("--conf", "0.7"): RunConfig(confidence=0.7),
    ("--iou", "0.1"): RunConfig(iou=0.1),
    ("--iou", "1"): RunConfig(iou=1.0),
    ("--imgsz", "448"): RunConfig(input_size=448),
    ("--device", "cpu"): RunConfig(device="cpu"),
    ("--backend", "torch"): RunConfig(),
    ("--classes", "class 1"): RunConfig(classes=("class 1",)),
    ("--classes", "CLASS 1", "4"): RunConfig(classes=("CLASS 1", "4")),
    ("--classes", "class 1, 4,2"): RunConfig(classes=("class 1", "4", "2")),
}


@pytest.mark.parametrize("flags", SETTINGS, ids=" ".join)
def test_every_flag_takes_effect(
    command: Command, texture: Path, lively: Path, found: Found, tmp_path: Path,
    flags: tuple[str, ...],
) -> None:  # fmt: skip
    config = dataclasses.replace(SETTINGS[flags], weights=lively)
    out = tmp_path / "out"
    said = command(
        "detect", texture, "--weights", lively, "--out", out, "--no-media", "--json", *flags
    )
    (line,) = said.results
    boxes = np.array([each["box"] for each in line["detections"]])
    expected = found(config)
    assert boxes.shape == expected.shape
    # Rounded to a hundredth; a network's sums depend a little on its number of threads, and with
    # them the order of equal scores.
    apart = np.abs(boxes[:, None] - expected[None]).max(2)
    assert max(apart.min(0).max(), apart.min(1).max()) <= 0.01
    with SessionReader.open(said.session) as reader:
        assert RunConfig.from_json(reader.run.settings) == config
    if config.classes:
        assert {each["class"] for each in line["detections"]} <= {1, 2, 4}


def test_the_flags_differ_on_this_picture(lively: Path, found: Found) -> None:
    results = {
        flags: found(dataclasses.replace(config, weights=lively)).tobytes()
        for flags, config in SETTINGS.items()
        if flags[:1] not in (("--device",), ("--backend",))
    }
    assert len(set(results.values())) == len(results)


def test_a_video_keeps_its_times(command: Command, clip: Path, tmp_path: Path) -> None:
    out, table = tmp_path / "out", tmp_path / "r.csv"
    said = command("detect", clip, "--out", out, "--csv", table, "--json", "--imgsz", "320")
    assert (said.code, said.err) == (0, "")
    assert [line["frame"] for line in said.results] == list(range(8))
    times = [line["time_s"] for line in said.results]
    assert times == pytest.approx([number / 10 for number in range(8)], abs=1e-4)
    for line in said.results:
        assert_line(line)
        assert (line["width"], line["height"], line["source"]) == (320, 240, str(clip))
    assert (said.summary["pictures"], said.summary["frames"]) == (0, 8)
    assert said.summary["detections"] > 0
    assert [path.name for path in (out / "annotated").iterdir()] == ["clip.mp4"]
    with av.open(str(out / "annotated/clip.mp4")) as container:
        shown = list(container.decode(video=0))
    assert [float(frame.time or 0) for frame in shown] == pytest.approx(times, abs=1e-4)
    assert (shown[0].width, shown[0].height) == (320, 240)
    with table.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["Picture"] for row in rows} == {"clip.mp4"}
    assert {float(row["Time (s)"]) for row in rows} <= {number / 10 for number in range(8)}


def test_annotated_pictures_lie_beside_the_session(
    command: Command, tubes: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    said = command("detect", tubes / "t0.jpg", tubes / "t2.jpg", "--out", out)
    assert said.code == 0
    assert "t0.jpg: " in said.out
    assert f"Session: {out / SESSION_FILE}" in said.out
    for name in ("t0.jpg", "t2.jpg"):
        drawn, given = pixels(out / "annotated" / name), pixels(tubes / name)
        assert drawn.image.shape == given.image.shape
        different = np.abs(drawn.image.astype(int) - given.image).max(axis=2) > 60
        assert different.any() == (f"{name}: nothing" not in said.out)
        assert different.mean() < 0.6
