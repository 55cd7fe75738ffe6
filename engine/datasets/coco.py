"""Reading COCO JSON: instances, or persons with keypoints, in one file or several.

Format: https://cocodataset.org/#format-data.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath
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
    existing,
    split_of_file,
    split_of_folder,
)
from engine.export.shapes import one_ring
from engine.i18n import N_
from engine.types import Rle

Record = Mapping[str, Any]

_NOT_JSON = N_("It is no JSON that can be read.")
_NO_PICTURE = N_("The picture is not there, or several have its name.")


def read(files: Iterable[Path], root: Path, losses: Losses) -> Read:
    """Read COCO files; those that hold no instances are passed over.

    Args:
        files: JSON files, of which some may be something else.
        root: The folder that holds the pictures somewhere.
        losses: Takes what cannot be read.
    """
    index = PictureIndex(root)
    whole = [(path, content) for path in files if (content := _load(path, losses)) is not None]
    # COCO itself has files of captions and of persons alone beside those of all instances.
    instances = [each for each in whole if each[0].stem.startswith("instances")]
    names: list[str] = []
    points: tuple[str, ...] = ()
    merged: dict[Path, Sample] = {}
    for path, content in instances or whole:
        categories = _categories(content)
        names += [name for name in categories.values() if name not in names]
        for category in _dicts(content.get("categories")):
            named = category.get("keypoints")
            points = points or tuple(map(str, named if isinstance(named, list) else ()))
        for sample in _samples(path, content, categories, index, losses):
            picture = sample.picture
            assert isinstance(picture, Path)
            former = merged.get(picture)
            if former is None:
                merged[picture] = sample
            elif former.split == sample.split:
                objects = former.objects + sample.objects
                merged[picture] = Sample(picture, sample.name, sample.split, sample.size, objects)
            else:
                losses.note(picture, N_("It is in {split} already."), split=former.split)
    return Read(tuple(names), tuple(merged.values()), points)


def _load(path: Path, losses: Losses) -> dict[str, Any] | None:
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError):
        losses.note(path, _NOT_JSON)
        return None
    if not isinstance(content, dict) or not isinstance(content.get("images"), list):
        return None
    return content if isinstance(content.get("annotations"), list) else None


def _dicts(value: object) -> list[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _categories(content: Record) -> dict[Any, str]:
    """Return the names of the categories by their ids, in the order of the ids."""
    categories = _dicts(content.get("categories"))
    found = {
        each["id"]: str(each["name"])
        for each in categories
        if isinstance(each.get("id"), int | str) and "name" in each
    }
    used = [each.get("category_id") for each in _dicts(content["annotations"])]
    above = [each.get("supercategory") for each in categories]
    # Roboflow writes the name of the project as a category that has no objects.
    unused = {key for key, name in found.items() if key == 0 and key not in used and name in above}
    ordered = sorted(found.items(), key=lambda item: (isinstance(item[0], str), item[0]))
    return {key: name for key, name in ordered if key not in unused}


def _samples(
    path: Path,
    content: Record,
    categories: Mapping[Any, str],
    index: PictureIndex,
    losses: Losses,
) -> Iterator[Sample]:
    marked: dict[Any, list[Object]] = {}
    for annotation in content["annotations"]:
        try:
            found = _object(annotation, categories, losses)
            if found is not None:
                marked.setdefault(annotation["image_id"], []).append(found)
        except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError):
            which = annotation.get("id") if isinstance(annotation, dict) else None
            losses.note(path, N_("Annotation {id} cannot be read."), id=which)
    split = split_of_file(path.stem) or split_of_folder(path.parent.name)
    info = content.get("info")
    root = str(info.get("root") or "") if isinstance(info, dict) else ""
    for image in content["images"]:
        try:
            name = str(image["file_name"])
            objects = tuple(marked.get(image["id"], ()))
        except (KeyError, TypeError):
            losses.note(path, N_("An image has no file_name or no id."))
            continue
        picture = index.find(name, path.parent, split)
        if picture is None and root:
            picture = existing(Path(root) / name)
        if picture is None:
            losses.note(name, _NO_PICTURE)
            continue
        yield Sample(
            picture=picture,
            name=picture.name,
            split=split or split_of_folder(f"{picture.parent.name}/{PurePosixPath(name).parent}"),
            size=_size(image),
            objects=objects,
        )


def _size(image: Record) -> tuple[int, int] | None:
    try:
        width, height = int(image["width"]), int(image["height"])
    except (KeyError, TypeError, ValueError):
        return None
    return (width, height) if width > 0 and height > 0 else None


def _object(annotation: Record, categories: Mapping[Any, str], losses: Losses) -> Object | None:
    if annotation.get("iscrowd"):
        losses.counts["crowd"] += 1
        return None
    label = categories[annotation["category_id"]]
    keypoints = annotation.get("keypoints")
    points = np.array(keypoints, np.float64).reshape(-1, 3) if keypoints else None
    ring = None if points is not None else _ring(annotation.get("segmentation"))
    if ring is not None:
        return Object(label, ring, is_box=False)
    x, y, width, height = (float(value) for value in annotation["bbox"])
    return Object(label, corners_of(x, y, x + width, y + height), is_box=True, keypoints=points)


def _ring(segmentation: object) -> Points | None:
    """Return one ring for all parts of a mask, None where there is no mask."""
    if isinstance(segmentation, dict):
        mask = _mask(segmentation)
        parts = masks.rings(mask)
        return one_ring(parts).astype(np.float64) if parts else None
    if not isinstance(segmentation, list):
        return None
    rings = [np.array(part, np.float64).reshape(-1, 2) for part in segmentation]
    rings = [ring for ring in rings if len(ring) >= 3]
    if len(rings) < 2:
        return rings[0] if rings else None
    return one_ring([(ring.astype(np.float32), []) for ring in rings]).astype(np.float64)


def _mask(value: Mapping[str, Any]) -> Rle:
    height, width = (int(side) for side in value["size"])
    counts = value["counts"]
    lengths = _lengths(counts) if isinstance(counts, str) else [int(count) for count in counts]
    if min(lengths, default=0) < 0 or sum(lengths) != height * width:
        raise ValueError("the runs do not fill the picture")
    return Rle(height, width, np.array(lengths, np.uint32))


def _lengths(text: str) -> list[int]:
    """Read COCO's compressed run lengths: five bits a letter, each run less the one before last."""
    found: list[int] = []
    value = shift = 0
    for letter in text:
        bits = ord(letter) - 48
        value |= (bits & 0x1F) << shift
        shift += 5
        if bits & 0x20:
            continue
        if bits & 0x10:
            value -= 1 << shift
        found.append(value + found[-2] if len(found) > 2 else value)
        value = shift = 0
    return found
