"""A session as LabelMe files, one JSON a picture, to be corrected by hand.

Format: https://github.com/wkentaro/labelme, version 5.2 and later, which knows shapes of type
`mask`. A frame of a video or a page of a TIFF is expected beside its file as `clip_000012.png`.
"""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from engine import masks
from engine.export import shapes
from engine.export.labels import FRAMES_A_REPORT, labelled, refuse_classification
from engine.export.pictures import Pictures, is_stream, path_from
from engine.export.progress import Question, Report, Ticker, finished
from engine.export.table import class_name
from engine.export.target import whole_folder
from engine.types import Detections, ModelInfo, Rle

if TYPE_CHECKING:
    from engine.store.reader import SessionReader

_VERSION = "5.5.0"
_DECIMALS = 3

# A person drags corners: outlines leave out those that are nearer to the line than this, unless
# the object is so thin that it would lose more than some 2 % of its area.
_TOLERANCE_PX = 0.75
_THICK_PX = 10.0

Shape = dict[str, Any]


def export_labelme(
    reader: SessionReader,
    target: Path,
    *,
    progress: Report | None = None,
    should_stop: Question | None = None,
) -> Path:
    """Write a folder of JSON files that point to the pictures where they are.

    A detection is a rectangle; a rotated one a polygon of four corners; a mask a polygon, several
    with one group number where it has several parts, or a shape of type `mask` where it has holes;
    a pose a rectangle and its numbered points with one group number. The description of a shape
    holds its confidence and track.

    Returns:
        The target.

    Raises:
        ExportError: The run classifies whole pictures, the folder holds other files, or it cannot
            be written.
        Cancelled: `should_stop` said so; a former folder stays as it was.
    """
    model = reader.run.model
    refuse_classification(model, "LabelMe")
    count = reader.frame_count()
    ticker = Ticker(count, progress, should_stop, FRAMES_A_REPORT)
    names = Pictures(reader.frames())
    base = target.resolve()
    with finished(labelled(reader, ticker, count)) as frames, whole_folder(target) as folder:
        for frame, found in frames:
            stem = names.take_stem(frame)
            apart = names.in_sequence(frame) or is_stream(frame.source)
            content: dict[str, Any] = {
                "version": _VERSION,
                "flags": {},
                "shapes": list(_shapes(found, model)),
                "imagePath": f"{stem}.png" if apart else path_from(base, frame.source),
                "imageData": None,
                "imageHeight": frame.height,
                "imageWidth": frame.width,
            }
            text = json.dumps(content, ensure_ascii=False, allow_nan=False, indent=2)
            folder.write(f"{stem}.json", text + "\n", frame.source, frame.index)
        ticker.finish()
    return target


def _shapes(found: Detections, model: ModelInfo) -> Iterator[Shape]:
    turned = None if found.angles is None else shapes.corners(found.boxes, found.angles)
    for i in range(len(found)):
        label = class_name(model.names, int(found.classes[i]))
        description = f"confidence {float(found.scores[i]):.4f}"
        if found.ids is not None and found.ids[i]:
            description += f", track {int(found.ids[i])}"
        if turned is not None:
            yield _shape(label, turned[i].tolist(), "polygon", description)
        elif found.masks is not None and found.masks[i].area:
            yield from _outlines(found.masks[i], label, description, i + 1)
        else:
            posed = found.keypoints is not None
            box = found.boxes[i].reshape(2, 2).tolist()
            yield _shape(label, box, "rectangle", description, i + 1 if posed else None)
            if found.keypoints is not None:
                yield from _points(found.keypoints[i].tolist(), description, model, i + 1)


def _outlines(mask: Rle, label: str, description: str, group: int) -> Iterator[Shape]:
    parts = masks.rings(mask)
    if any(holes for _outer, holes in parts):
        inside, x, y = masks.crop(mask)
        # LabelMe counts the last row and column as inside.
        last = x + inside.shape[1] - 1, y + inside.shape[0] - 1
        shape = _shape(label, [[x, y], list(last)], "mask", description)
        yield shape | {"mask": _png(inside)}
        return
    length_px = sum(np.abs(outer - np.roll(outer, 1, axis=0)).sum() for outer, _holes in parts)
    if mask.area > _THICK_PX * length_px:
        parts = masks.rings(mask, _TOLERANCE_PX)
    for outer, _holes in parts:
        several = group if len(parts) > 1 else None
        yield _shape(label, outer.tolist(), "polygon", description, several)


def _points(
    keypoints: list[list[float]], description: str, model: ModelInfo, group: int
) -> Iterator[Shape]:
    for name, (x, y, *seen) in zip(shapes.keypoint_names(model), keypoints, strict=True):
        text = f"visibility {seen[0]:.4f}" if seen else description
        yield _shape(name, [[x, y]], "point", text, group)


def _shape(
    label: str, points: list[list[float]], kind: str, description: str, group: int | None = None
) -> Shape:
    rounded = [[round(float(x), _DECIMALS), round(float(y), _DECIMALS)] for x, y in points]
    return {
        "label": label,
        "points": rounded,
        "group_id": group,
        "description": description,
        "shape_type": kind,
        "flags": {},
        "mask": None,
    }


def _png(mask: NDArray[np.bool_]) -> str:
    from PIL import Image

    data = io.BytesIO()
    Image.fromarray(mask.astype(np.uint8) * 255).save(data, "PNG")
    return base64.b64encode(data.getvalue()).decode("ascii")
