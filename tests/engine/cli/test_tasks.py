"""Models of every task through the whole command line."""

import csv
import math
from pathlib import Path

import openpyxl
import pytest
from PIL import Image

from engine.store import SessionReader
from tests.helpers.checkpoints import random_checkpoint
from tests.helpers.command_line import Command, Said


def run(command: Command, weights: Path, texture: Path, folder: Path, *flags: str) -> Said:
    """Detect with all outputs, and check what every task has in common."""
    said = command(
        "detect", texture, "--weights", weights, "--json", "--out", folder / "out",
        "--excel", folder / "r.xlsx", "--csv", folder / "r.csv", *flags,
    )  # fmt: skip
    assert (said.code, said.err) == (0, "")
    with Image.open(folder / "out" / "annotated" / "texture.jpg") as picture:
        assert picture.size == (400, 300)
    with SessionReader.open(said.session) as reader:
        assert reader.object_count() == said.summary["detections"]
    return said


def rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "r.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_boxes(command: Command, texture: Path, lively: Path, tmp_path: Path) -> None:
    said = run(command, lively, texture, tmp_path)
    found = said.results[0]["detections"]
    assert len(found) > 10
    assert {each["polygons"] for each in found} == {None}
    assert len(rows(tmp_path)) == len(found)
    for row, each in zip(rows(tmp_path), found, strict=True):
        assert float(row["X (px)"]) == pytest.approx(each["box"][0], abs=0.01)
        assert row["Class"] == each["name"]


def test_masks(command: Command, texture: Path, tmp_path: Path) -> None:
    weights = random_checkpoint(tmp_path, "yolo11", "segment")
    # A few objects are enough: masks of chance have hundreds of holes.
    said = run(command, weights, texture, tmp_path, "--conf", "0.95")
    found = said.results[0]["detections"]
    assert len(found) > 3
    with SessionReader.open(said.session) as reader:
        stored = reader.detections(1).masks
        assert stored is not None
        areas = [mask.area for mask in stored]
    assert all(len(ring) >= 3 for each in found for ring in each["polygons"])
    assert [float(row["Area (px²)"]) for row in rows(tmp_path)] == areas


def test_poses(command: Command, texture: Path, tmp_path: Path) -> None:
    said = run(command, random_checkpoint(tmp_path, "yolo11", "pose"), texture, tmp_path)
    found = said.results[0]["detections"]
    assert len(found) > 10
    for each in found:
        assert len(each["keypoints"]) == 17
        for x, y, visible in each["keypoints"]:
            assert 0 <= x <= 400
            assert 0 <= y <= 300
            assert 0 <= visible <= 1
        assert each["angle"] is None
    with SessionReader.open(said.session) as reader:
        points = reader.detections(1).keypoints
        assert points is not None
        assert points.shape == (len(found), 17, 3)
        assert points[3, 5].tolist() == pytest.approx(found[3]["keypoints"][5], abs=1e-3)


def test_rotated_boxes(command: Command, texture: Path, tmp_path: Path) -> None:
    said = run(command, random_checkpoint(tmp_path, "yolo11", "obb"), texture, tmp_path)
    found = said.results[0]["detections"]
    assert len(found) > 10
    angles = [each["angle"] for each in found]
    assert all(0 <= angle < math.pi / 2 + 1e-5 for angle in angles)
    assert len(set(angles)) > 10
    table = [float(row["Angle (°)"]) for row in rows(tmp_path)]
    assert table == pytest.approx([math.degrees(angle) for angle in angles], abs=0.001)


def test_classes_of_whole_pictures(command: Command, texture: Path, tmp_path: Path) -> None:
    said = run(command, random_checkpoint(tmp_path, "yolo11", "classify"), texture, tmp_path)
    (line,) = said.results
    assert line["detections"] == []
    assert said.summary["detections"] == 0
    top = line["top5"]
    assert len(top) == 5
    assert set(top[0]) == {"class", "name", "confidence"}
    shares = [entry["confidence"] for entry in top]
    assert shares == sorted(shares, reverse=True)
    assert 0 < sum(shares) <= 1.0001
    assert all(entry["name"] == f"class {entry['class']}" for entry in top)
    book = openpyxl.load_workbook(tmp_path / "r.xlsx")
    assert "Objects" not in book.sheetnames
    (row,) = rows(tmp_path)
    assert row["Class 1"] == top[0]["name"]
    assert float(row["Probability 1"]) == pytest.approx(shares[0], abs=1e-5)
    words = command(
        "detect", texture, "--weights", tmp_path / "yolo11n-cls-0.pt", "--no-media",
        "--out", tmp_path / "words",
    )  # fmt: skip
    assert words.out.startswith(f"texture.png: {top[0]['name']} {shares[0]:.2f}, ")
