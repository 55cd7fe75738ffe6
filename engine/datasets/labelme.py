"""Reading LabelMe: a JSON file a picture, made by hand or by our own export.

Format: https://github.com/wkentaro/labelme.
"""

from __future__ import annotations

import base64
import io
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from engine import masks
from engine.datasets.lines import corners_of
from engine.datasets.losses import Losses
from engine.datasets.samples import (
    Object,
    PictureIndex,
    Points,
    Read,
    Sample,
    in_order,
    split_of_folder,
)
from engine.export.shapes import one_ring
from engine.filenames import media_name
from engine.i18n import N_
from engine.types import Float32

Record = Mapping[str, Any]

_ROUND = 72
"""Corners of the polygon that stands for a circle; it lacks 0.1 % of the area."""

_UNKNOWN = N_("Shape {number} cannot be read.")
_SUFFIXES = {b"\x89PNG": ".png", b"\xff\xd8\xff": ".jpg", b"BM": ".bmp"}


def read(files: Iterable[Path], root: Path, losses: Losses) -> Read:
    """Read LabelMe files.

    A rectangle and points of one group are an object with keypoints, if every group with points
    has one; polygons of one group and name are the parts of one object.

    Args:
        files: JSON files, of which some may be something else.
        root: The folder that holds the pictures somewhere.
        losses: Takes what cannot be read.
    """
    index = PictureIndex(root)
    whole = [(path, content) for path in files if (content := _load(path, losses)) is not None]
    points = _keypoint_names([content for _path, content in whole])
    samples = [_sample(path, content, index, points, losses) for path, content in whole]
    found = tuple(each for each in samples if each is not None)
    return Read(in_order(o.label for each in found for o in each.objects), found, points)


def _load(path: Path, losses: Losses) -> dict[str, Any] | None:
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError):
        losses.note(path, N_("It is no JSON that can be read."))
        return None
    if isinstance(content, dict) and isinstance(content.get("shapes"), list):
        return content
    return None


def _keypoint_names(contents: Sequence[Record]) -> tuple[str, ...]:
    """Return the names of the points that are grouped with rectangles."""
    names: set[str] = set()
    for content in contents:
        kinds = defaultdict(list)
        for shape in content["shapes"]:
            if isinstance(shape, dict) and isinstance(shape.get("group_id"), int | str):
                kinds[shape["group_id"]].append(shape)
        for group in kinds.values():
            if [s.get("shape_type") for s in group].count("rectangle") == 1:
                names |= {str(s.get("label")) for s in group if s.get("shape_type") == "point"}
    return in_order(names)


def _sample(
    path: Path,
    content: Record,
    index: PictureIndex,
    points: tuple[str, ...],
    losses: Losses,
) -> Sample | None:
    name = str(content.get("imagePath") or "")
    split = split_of_folder(path.parent.name)
    found = index.find(name, path.parent, split) if name else None
    picture: Path | bytes | None = found or index.of_stem(path.stem, path.parent, split)
    if isinstance(picture, Path):
        called, folder = picture.name, f"{path.parent.name}/{picture.parent.name}"
    else:
        picture = _embedded(content.get("imageData"))
        if picture is None:
            losses.note(name or path, N_("The picture is not there, or several have its name."))
            return None
        suffix = next((s for mark, s in _SUFFIXES.items() if picture.startswith(mark)), ".png")
        # The name comes from elsewhere and need not be one that this system takes.
        called = media_name(name or path.name, 0, pages=False, taken=set(), suffix=suffix)
        folder = path.parent.name
    return Sample(
        picture=picture,
        name=called,
        split=split_of_folder(folder),
        size=_size(content),
        objects=tuple(_objects(path, content["shapes"], points, losses)),
    )


def _embedded(data: object) -> bytes | None:
    try:
        return base64.b64decode(data, validate=True) if isinstance(data, str) and data else None
    except ValueError:
        return None


def _size(content: Record) -> tuple[int, int] | None:
    width, height = content.get("imageWidth"), content.get("imageHeight")
    if isinstance(width, int) and isinstance(height, int) and width > 0 and height > 0:
        return width, height
    return None


def _objects(
    path: Path, shapes: Sequence[Record], points: tuple[str, ...], losses: Losses
) -> list[Object]:
    parts: dict[object, list[Object]] = defaultdict(list)
    keypoints: dict[object, Points] = {}
    boxed: dict[object, object] = {}
    for number, shape in enumerate(shapes, 1):
        try:
            kind, group = shape.get("shape_type") or "polygon", shape.get("group_id")
            corners = np.array(shape["points"], np.float64).reshape(-1, 2)
            label = str(shape["label"])
            if kind in ("line", "linestrip", "lines"):
                losses.counts["line"] += 1
            elif kind in ("point", "points"):
                if group is None or label not in points:
                    losses.counts["point"] += 1
                    continue
                table = keypoints.setdefault(group, np.zeros((len(points), 3)))
                table[points.index(label)] = (*corners[0], _seen(shape))
            else:
                ring, is_box = _ring(kind, corners, shape)
                # Parts of one object share their group; a box of a group is its own object.
                key = (group, label) if group is not None and not is_box else number
                parts[key].append(Object(label, ring, is_box))
                if is_box and group is not None:
                    boxed[key] = group
        except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, OSError):
            losses.note(path, _UNKNOWN, number=number)
    found = [_joined(each) for each in parts.values()]
    if not points:
        return found
    losses.counts["point"] += sum(
        int((table[:, 2] > 0).sum())
        for group, table in keypoints.items()
        if group not in boxed.values()
    )
    return [
        replace(each, keypoints=keypoints.get(boxed.get(key), np.zeros((len(points), 3))))
        for key, each in zip(parts, found, strict=True)
    ]


def _seen(shape: Record) -> int:
    """Return COCO's flag of a point; our own export writes how visible it is."""
    text = str(shape.get("description") or "")
    if text.startswith("visibility "):
        return 2 if float(text.removeprefix("visibility ")) >= 0.5 else 1
    return 2


def _ring(kind: str, corners: Points, shape: Record) -> tuple[Points, bool]:
    """Return the ring of a shape and whether it is no more than a box.

    Raises:
        ValueError: It has no area by its kind.
    """
    if kind == "rectangle":
        (x1, y1), (x2, y2) = corners.min(axis=0), corners.max(axis=0)
        return corners_of(x1, y1, x2, y2), True
    if kind == "circle":
        centre, edge = corners
        angles = np.linspace(0, 2 * np.pi, _ROUND, endpoint=False)
        around = np.column_stack((np.cos(angles), np.sin(angles)))
        return centre + float(np.hypot(*(edge - centre))) * around, False
    if kind == "mask":
        return _of_mask(shape["mask"], corners), False
    if kind in ("polygon", "oriented_rectangle") and len(corners) >= 3:
        return corners, False
    raise ValueError(f"no shape with an area: {kind}")


def _of_mask(data: str, corners: Points) -> Points:
    """Return the ring of a mask that is kept as a PNG of its bounds."""
    from PIL import Image

    with Image.open(io.BytesIO(base64.b64decode(data, validate=True)), formats=("PNG",)) as png:
        inside = np.asarray(png.convert("L")) > 0
    x, y = (int(value) for value in corners.min(axis=0))
    height, width = inside.shape
    found = masks.rings(masks.encode(inside, 0, 0, height, width))
    if not found:
        raise ValueError("the mask is empty")
    return one_ring(found).astype(np.float64) + (x, y)


def _joined(parts: Sequence[Object]) -> Object:
    """Return one object for the parts of one."""
    if len(parts) == 1:
        return parts[0]
    rings: list[tuple[Float32, list[Float32]]] = [
        (part.ring.astype(np.float32), []) for part in parts
    ]
    return Object(parts[0].label, one_ring(rings).astype(np.float64), is_box=False)
