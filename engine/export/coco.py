"""A session as a COCO JSON file of instances, or of keypoints for pose.

Format: https://cocodataset.org/#format-data. Beyond it an annotation has a `score`, a `track_id`
where the object has a track, and for rotated boxes `rotated_box`: [cx, cy, w, h, degrees
clockwise].

A category's id is the index of its class plus one, since COCO counts from one. Images count from
one too; their `file_name` is the path below the folder that all pictures have in common, which
`info.root` names, and a frame of a video is `clip.mp4#000123`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from engine import masks
from engine.export import shapes
from engine.export.labels import FRAMES_A_REPORT, labelled, refuse_classification
from engine.export.pictures import Pictures
from engine.export.progress import Question, Report, Ticker, finished
from engine.export.target import whole_file
from engine.export.text import encodable
from engine.store.records import FrameRecord, RunRecord
from engine.types import Detections, ModelInfo, Rle

if TYPE_CHECKING:
    from engine.store.reader import SessionReader

_DECIMALS = 3


def export_coco(
    reader: SessionReader,
    target: Path,
    *,
    progress: Report | None = None,
    should_stop: Question | None = None,
) -> Path:
    """Write one JSON file, streamed.

    A mask without holes becomes polygons along the edges of its pixels, one a part; a mask with
    holes becomes uncompressed run lengths. Both hold the mask exactly.

    Returns:
        The target.

    Raises:
        ExportError: The run classifies whole pictures, or the file cannot be written.
        Cancelled: `should_stop` said so; a former file stays as it was.
    """
    run = reader.run
    refuse_classification(run.model, "COCO")
    count = reader.frame_count()
    ticker = Ticker(count, progress, should_stop, FRAMES_A_REPORT)
    names = Pictures(reader.frames())
    with (
        finished(reader.frames()) as pictures,
        finished(labelled(reader, ticker, count)) as frames,
        whole_file(target) as path,
        path.open("w", encoding="utf-8", newline="\n") as file,
    ):
        file.write('{"info": ' + _json(_info(run, names.root)))
        file.write(',\n"licenses": [],\n"categories": ')
        _write_list(file, _categories(run.model))
        file.write(',\n"images": ')
        _write_list(file, (_image(frame, names) for frame in islice(pictures, count)))
        file.write(',\n"annotations": ')
        _write_list(file, _annotations(frames, run.model))
        file.write("}\n")
        ticker.finish()
    return target


def _write_list(file: IO[str], items: Iterable[dict[str, Any]]) -> None:
    file.write("[")
    for number, item in enumerate(items):
        file.write((",\n" if number else "\n") + _json(item))
    file.write("\n]")


def _json(value: dict[str, Any]) -> str:
    return encodable(json.dumps(value, ensure_ascii=False, allow_nan=False))


def _info(run: RunRecord, root: str) -> dict[str, Any]:
    return {
        "description": f"Detections of {run.model.name}, not checked by a person",
        "date_created": run.started,
        "year": int(run.started[:4]),
        "version": "1.0",
        "contributor": "",
        "url": "",
        "root": root,
        "model": run.model.name,
        "model_sha256": run.model.sha256,
        "task": run.model.task,
        "settings": run.settings,
        "versions": run.versions,
    }


def _categories(model: ModelInfo) -> Iterator[dict[str, Any]]:
    for index, name in enumerate(model.names):
        category: dict[str, Any] = {"id": index + 1, "name": name, "supercategory": ""}
        if model.task == "pose":
            category |= {"keypoints": shapes.keypoint_names(model), "skeleton": []}
        yield category


def _image(frame: FrameRecord, names: Pictures) -> dict[str, Any]:
    image: dict[str, Any] = {
        "id": frame.id,
        "file_name": names.relative(frame),
        "width": frame.width,
        "height": frame.height,
    }
    if names.in_sequence(frame):
        image["frame"] = frame.index
    if frame.time_s is not None:
        image["time_s"] = round(frame.time_s, 6)
    return image


def _annotations(
    frames: Iterable[tuple[FrameRecord, Detections]], model: ModelInfo
) -> Iterator[dict[str, Any]]:
    number = 0
    for frame, found in frames:
        turned = None if found.angles is None else shapes.corners(found.boxes, found.angles)
        for i in range(len(found)):
            number += 1
            x1, y1, x2, y2 = (float(side) for side in found.boxes[i])
            annotation: dict[str, Any] = {
                "id": number,
                "image_id": frame.id,
                "category_id": int(found.classes[i]) + 1,
                "bbox": _rounded((x1, y1, x2 - x1, y2 - y1)),
                "area": round((x2 - x1) * (y2 - y1), _DECIMALS),
                "iscrowd": 0,
                "score": round(float(found.scores[i]), 6),
                "segmentation": [],
            }
            if found.masks is not None:
                annotation["area"] = found.masks[i].area
                annotation["segmentation"] = _segmentation(found.masks[i])
            if turned is not None and found.angles is not None:
                low, high = turned[i].min(axis=0), turned[i].max(axis=0)
                degrees = math.degrees(float(found.angles[i]))
                centre = (x1 + x2) / 2, (y1 + y2) / 2
                annotation["bbox"] = _rounded((*low, *(high - low)))
                annotation["rotated_box"] = _rounded((*centre, x2 - x1, y2 - y1, degrees))
                annotation["segmentation"] = [_rounded(turned[i].ravel())]
            if model.task == "pose" and found.keypoints is not None:
                points = found.keypoints[i]
                flags = shapes.visibility(points)
                flat = zip(points[:, 0].tolist(), points[:, 1].tolist(), flags, strict=True)
                annotation["keypoints"] = [
                    value for x, y, flag in flat for value in (*_rounded((x, y)), flag)
                ]
                annotation["num_keypoints"] = len(points)
            if found.ids is not None and found.ids[i]:
                annotation["track_id"] = int(found.ids[i])
            yield annotation


def _rounded(values: Iterable[float]) -> list[float]:
    return [round(float(value), _DECIMALS) for value in values]


def _segmentation(mask: Rle) -> list[list[float]] | dict[str, Any]:
    parts = masks.rings(mask)
    if any(holes for _outer, holes in parts):
        return {"size": [mask.height, mask.width], "counts": mask.counts.tolist()}
    return [np.round(outer, _DECIMALS).ravel().tolist() for outer, _holes in parts]
