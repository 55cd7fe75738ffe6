"""Sessions to export, written and read by the real store."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from engine import export, masks
from engine.errors import EngineError
from engine.store.reader import SessionReader
from engine.store.records import RunRecord
from engine.store.writer import SessionWriter
from engine.types import Detections, Frame, ModelInfo, Result, Rle, Task, Timing

NAMES = ("=SUM(A1)", "-x", "naïve 文件", "quo\"te's, comma\nnewline", "@cmd", "<b>&amp;")
SIZE = (240, 320)

Export = Callable[..., Path]


def run_record(
    task: Task = "detect",
    names: tuple[str, ...] = NAMES,
    keypoint_shape: tuple[int, int] | None = None,
    **more: object,
) -> RunRecord:
    """Return how a made-up run was made, with more settings than the usual ones."""
    return RunRecord(
        started="2025-11-20T10:00:00+08:00",
        model=ModelInfo("tubes.pt", task, names, 640, 32, "ab" * 32, keypoint_shape),
        settings={"confidence": 0.25, "iou": 0.7, "input_size": None, "classes": ["-x", "@cmd"]}
        | more,
        device="CPU",
        versions={"labsight": "0.1.0", "torch": "2.13.0"},
        sources=("/data/pictures", "=cmd|' /C calc'!A0"),
    )


def frame(
    origin: str = "/data/pictures/a.png",
    index: int = 0,
    time_s: float | None = None,
    size: tuple[int, int] = SIZE,
) -> Frame:
    """Return a black frame of some size [H, W]."""
    return Frame(np.zeros((*size, 3), np.uint8), index, time_s, origin)


def boxes(count: int, seed: int = 0) -> Detections:
    """Return upright boxes inside a frame of the usual size, classes in turn."""
    rng = np.random.default_rng(seed)
    corner = rng.uniform(0, (240, 160), (count, 2))
    sides = rng.uniform(5, 75, (count, 2))
    return Detections(
        np.hstack((corner, corner + sides)).astype(np.float32),
        np.sort(rng.uniform(0.25, 1, count).astype(np.float32))[::-1].copy(),
        (np.arange(count) % len(NAMES)).astype(np.int32),
    )


def disc(x: float, y: float, radius: float, size: tuple[int, int] = SIZE) -> NDArray[np.bool_]:
    """Return a disc in a picture."""
    rows, columns = np.mgrid[: size[0], : size[1]] + 0.5
    inside: NDArray[np.bool_] = (columns - x) ** 2 + (rows - y) ** 2 < radius**2
    return inside


def segmented() -> tuple[Detections, list[NDArray[np.bool_]]]:
    """Return objects of every awkward shape and their masks."""
    shapes = [
        disc(100, 120, 45),
        disc(200, 90, 60) & ~disc(205, 85, 25),
        disc(50, 60, 32) | disc(250, 180, 35),
        disc(0, 120, 70),
        disc(320, 240, 90),
        (disc(90, 150, 50) & ~disc(80, 150, 10) & ~disc(110, 160, 12)) | disc(260, 60, 31),
        disc(30, 30, 2),
        np.ones(SIZE, bool),
    ]
    single = np.zeros(SIZE, bool)
    single[7, 9] = True
    shapes.append(single)
    rles = tuple(encoded(mask) for mask in shapes)
    count = len(shapes)
    found = Detections(
        np.array([masks.bounds(rle) for rle in rles], np.float32),
        np.linspace(0.95, 0.3, count, dtype=np.float32),
        (np.arange(count) % len(NAMES)).astype(np.int32),
        rles,
    )
    return found, shapes


def encoded(mask: NDArray[np.bool_]) -> Rle:
    """Encode a mask of a whole picture."""
    return masks.encode(mask, 0, 0, *mask.shape)


def rotated() -> Detections:
    """Return two rotated boxes, the second beyond the border and without a track."""
    return Detections(
        np.array([[100, 100, 180, 140], [260, 10, 340, 50]], np.float32),
        np.array([0.9, 0.8], np.float32),
        np.array([1, 2], np.int32),
        angles=np.array([0.5, -0.3], np.float32),
        ids=np.array([7, 0], np.int32),
    )


def posed(width: int = 3) -> Detections:
    """Return one pose of three keypoints, one of them hidden."""
    points = np.array([[[60, 70, 0.9], [90.5, 100.25, 0.2], [130, 150, 0.7]]], np.float32)
    return Detections(
        np.array([[50, 60, 140, 160]], np.float32),
        np.array([0.75], np.float32),
        np.array([0], np.int32),
        keypoints=points[..., :width],
    )


class Sessions:
    """Writes sessions and opens them for reading."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._open: list[SessionReader] = []

    def make(
        self,
        run: RunRecord,
        *results: Result | tuple[Frame, Detections],
        failures: tuple[tuple[str, EngineError], ...] = (),
    ) -> SessionReader:
        """Return a session with these results."""
        folder = self._folder / f"session-{len(self._open)}"
        with SessionWriter.create(folder, run) as writer:
            for each in results:
                writer.add(each if isinstance(each, Result) else timed(*each))
            for source, error in failures:
                writer.fail(source, error)
        self._open.append(SessionReader.open(folder))
        return self._open[-1]

    def close(self) -> None:
        """Close all sessions."""
        for reader in self._open:
            reader.close()


def timed(picture: Frame, found: Detections) -> Result:
    """Return a result that took a while."""
    return Result(picture, found, timing=Timing(network_ms=12.345, postprocess_ms=1.0))


@pytest.fixture
def sessions(tmp_path: Path) -> Iterator[Sessions]:
    """Sessions in a folder of their own."""
    made = Sessions(tmp_path / "sessions")
    yield made
    made.close()


@pytest.fixture(params=["excel", "csv", "coco", "yolo", "labelme"])
def exporter(request: pytest.FixtureRequest) -> Export:
    """Each export in turn."""
    chosen: Export = getattr(export, f"export_{request.param}")
    return chosen
