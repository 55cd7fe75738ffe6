"""A session as YOLO label files.

Format: https://docs.ultralytics.com/datasets/. The folder holds `labels/NAME.txt` for each picture,
`data.yaml`, and `labsight-export.csv`, which says which picture each file belongs to. A copy of
the pictures in a folder `images` beside `labels` makes it a data set to train on; a frame of a
video or a page of a TIFF is expected there as `clip_000012`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from engine import masks
from engine.export import shapes
from engine.export.labels import FRAMES_A_REPORT, labelled, refuse_classification
from engine.export.pictures import Pictures
from engine.export.progress import Question, Report, Ticker, finished
from engine.export.target import whole_folder
from engine.export.text import encodable
from engine.store.records import FrameRecord
from engine.types import Detections, Float32, ModelInfo, Task

if TYPE_CHECKING:
    from engine.store.reader import SessionReader

_DECIMALS = 6


def export_yolo(
    reader: SessionReader,
    target: Path,
    *,
    progress: Report | None = None,
    should_stop: Question | None = None,
) -> Path:
    """Write a folder of label files; pictures without objects get an empty one.

    Coordinates are shares of the picture with six decimals, cut off at its border. A mask is one
    ring a line: its parts and holes are joined by bridges of no width. A line of a pose ends in
    x, y and, where the model gives it, 2 for a keypoint that is seen and 1 for one that is not.

    Returns:
        The target.

    Raises:
        ExportError: The run classifies whole pictures, the folder holds other files, or it cannot
            be written.
        Cancelled: `should_stop` said so; a former folder stays as it was.
    """
    model = reader.run.model
    refuse_classification(model, "YOLO")
    count = reader.frame_count()
    ticker = Ticker(count, progress, should_stop, FRAMES_A_REPORT)
    names = Pictures(reader.frames())
    with finished(labelled(reader, ticker, count)) as frames, whole_folder(target) as folder:
        folder.write("data.yaml", _data(model))
        for frame, found in frames:
            lines = "".join(f"{line}\n" for line in _lines(frame, found, model.task))
            name = f"labels/{names.take_stem(frame)}.txt"
            folder.write(name, lines, frame.source, frame.index)
        ticker.finish()
    return target


def _data(model: ModelInfo) -> str:
    import yaml

    data: dict[str, Any] = {
        "train": "images",
        "val": "images",
        "names": {index: encodable(name) for index, name in enumerate(model.names)},
    }
    if model.task == "pose" and model.keypoint_shape is not None:
        data["kpt_shape"] = list(model.keypoint_shape)
    return str(yaml.safe_dump(data, allow_unicode=True, sort_keys=False, width=1000))


def _lines(frame: FrameRecord, found: Detections, task: Task) -> Iterator[str]:
    size = np.array((frame.width, frame.height), np.float64)
    for i, class_id in enumerate(found.classes.tolist()):
        yield f"{class_id} {_numbers(_coordinates(found, i, size, task))}"


def _coordinates(
    found: Detections, i: int, size: NDArray[np.float64], task: Task
) -> NDArray[np.float64]:
    """Return the numbers of one line, 0 to 1."""
    if found.angles is not None:
        return _share(shapes.corners(found.boxes[i : i + 1], found.angles[i : i + 1])[0], size)
    if task == "segment":
        parts = [] if found.masks is None else masks.rings(found.masks[i])
        return _share(shapes.one_ring(parts) if parts else _rectangle(found.boxes[i]), size)
    low, high = _share(found.boxes[i, :2], size), _share(found.boxes[i, 2:], size)
    box = np.concatenate(((low + high) / 2, high - low))
    if found.keypoints is None:
        return box
    points = found.keypoints[i]
    shares = _share(points[:, :2], size).reshape(-1, 2)
    if points.shape[1] == 3:
        shares = np.column_stack((shares, shapes.visibility(points)))
    return np.concatenate((box, shares.ravel()))


def _share(points: ArrayLike, size: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return points as shares of the picture, flat; ultralytics refuses a file that leaves 0..1."""
    return np.clip(np.asarray(points, np.float64) / size, 0.0, 1.0).ravel()


def _rectangle(box: Float32) -> Float32:
    """Return the corners of a box: a line of a segmentation cannot be without a ring."""
    x1, y1, x2, y2 = box
    return np.array(((x1, y1), (x2, y1), (x2, y2), (x1, y2)), np.float32)


def _numbers(values: NDArray[np.float64]) -> str:
    return " ".join([f"%.{_DECIMALS}f"] * len(values)) % tuple(values.tolist())
