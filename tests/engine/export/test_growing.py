"""A session that is still written is exported as it was at one moment."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from openpyxl import load_workbook

from engine import export
from engine.store import writer as store_writer
from engine.store.reader import SessionReader
from engine.store.writer import SessionWriter
from engine.types import Progress
from tests.engine.export.conftest import boxes, frame, run_record, timed


@pytest.fixture
def growing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SessionWriter]:
    """A running session of a video whose rows are committed at once."""
    monkeypatch.setattr(store_writer, "COMMIT_EVERY_S", 0.0)
    with SessionWriter.create(tmp_path / "session", run_record()) as writer:
        for i in range(30):
            writer.add(timed(frame("/data/clip.mp4", i, i / 25), boxes(40, seed=i)))
        yield writer


class Growth:
    """Adds a frame at every report of progress."""

    def __init__(self, writer: SessionWriter) -> None:
        self._writer = writer
        self.frames = 30

    def __call__(self, _progress: Progress) -> None:
        picture = frame("/data/clip.mp4", self.frames, self.frames / 25)
        self._writer.add(timed(picture, boxes(40)))
        self.frames += 1


def test_excel_agrees_with_itself(growing: SessionWriter, tmp_path: Path) -> None:
    growth = Growth(growing)
    with SessionReader.open(growing.path) as reader:
        path = export.export_excel(reader, tmp_path / "export.xlsx", progress=growth)
        assert reader.frame_count() == growth.frames
    book = load_workbook(path)
    pictures = book["Pictures"].max_row - 1
    assert 30 <= pictures < growth.frames
    assert book["Objects"].max_row - 1 == 40 * pictures
    assert book["Counts"]["B8"].value == 40 * pictures


def test_coco_agrees_with_itself(growing: SessionWriter, tmp_path: Path) -> None:
    growth = Growth(growing)
    with SessionReader.open(growing.path) as reader:
        path = export.export_coco(reader, tmp_path / "export.json", progress=growth)
    data = json.loads(path.read_text(encoding="utf-8"))
    images = [image["id"] for image in data["images"]]
    assert len(images) < growth.frames
    assert [each["image_id"] for each in data["annotations"]] == [
        image for image in images for _ in range(40)
    ]


@pytest.mark.parametrize("name", ["yolo", "labelme"])
def test_labels_are_those_of_the_start(growing: SessionWriter, tmp_path: Path, name: str) -> None:
    growth = Growth(growing)
    with SessionReader.open(growing.path) as reader:
        count = reader.frame_count()
        target = getattr(export, f"export_{name}")(reader, tmp_path / "out", progress=growth)
    assert growth.frames > count
    assert len(list(target.rglob("clip_*"))) == count
