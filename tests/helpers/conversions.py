"""Data sets of YOLO in the forms of other programs, to be imported again."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine.datasets import DataSet, pictures
from engine.datasets.dataset import label_of

Row = tuple[int, NDArray[np.float64]]


def rows_of(label: Path) -> list[Row]:
    """Return the class and the numbers of each line."""
    rows = []
    for line in label.read_text(encoding="utf-8").splitlines():
        words = line.split()
        rows.append((int(words[0]), np.array(words[1:], np.float64)))
    return rows


def size_of(picture: Path) -> tuple[int, int]:
    """Return width and height."""
    with Image.open(picture) as opened:
        return opened.size


def corners(values: NDArray[np.float64], size: tuple[int, int]) -> NDArray[np.float64]:
    """Return left, top, right and bottom of a box in pixels."""
    x, y, width, height = values * (*size, *size)
    return np.array((x - width / 2, y - height / 2, x + width / 2, y + height / 2))


def to_coco(data: DataSet, folder: Path) -> Path:
    """Write images/SPLIT beside annotations/instances_SPLIT2017.json, ids with gaps."""
    (folder / "annotations").mkdir(parents=True)
    for split, places in data.splits.items():
        images: list[dict[str, Any]] = []
        annotations: list[dict[str, Any]] = []
        for picture in pictures(places):
            width, height = size_of(picture)
            _copy(picture, folder / "images" / split)
            key = len(images) * 7 + 3
            images.append({"id": key, "file_name": picture.name, "width": width, "height": height})
            for index, values in rows_of(label_of(picture)):
                each: dict[str, Any] = {
                    "id": len(annotations) + 1, "image_id": key, "category_id": index * 10 + 5,
                    "iscrowd": 0,
                }  # fmt: skip
                if len(values) == 4:
                    x1, y1, x2, y2 = corners(values, (width, height))
                    each |= {"bbox": [x1, y1, x2 - x1, y2 - y1], "segmentation": []}
                else:
                    ring = values.reshape(-1, 2) * (width, height)
                    low, high = ring.min(axis=0), ring.max(axis=0)
                    each["segmentation"] = [ring.ravel().tolist()]
                    each["bbox"] = [*low.tolist(), *(high - low).tolist()]
                annotations.append(each)
        categories = [{"id": 10 * i + 5, "name": name} for i, name in enumerate(data.names)]
        # The order in the file says nothing.
        content = {
            "images": images, "annotations": annotations, "categories": categories[::-1],
        }  # fmt: skip
        (folder / "annotations" / f"instances_{split}2017.json").write_text(json.dumps(content))
    return folder


def to_voc(data: DataSet, folder: Path) -> Path:
    """Write JPEGImages, Annotations and ImageSets/Main; boxes only."""
    (folder / "Annotations").mkdir(parents=True)
    (folder / "ImageSets" / "Main").mkdir(parents=True)
    for split, places in data.splits.items():
        stems = []
        for picture in pictures(places):
            size = size_of(picture)
            _copy(picture, folder / "JPEGImages")
            stems.append(picture.stem)
            objects = "".join(
                f"<object><name>{escape(data.names[index])}</name><bndbox>"
                + "".join(
                    f"<{tag}>{value:.5f}</{tag}>"
                    for tag, value in zip(
                        ("xmin", "ymin", "xmax", "ymax"), corners(values, size), strict=True
                    )
                )
                + "</bndbox></object>"
                for index, values in rows_of(label_of(picture))
            )
            # Some programs leave the size at 0.
            width, height = size if len(stems) % 2 else (0, 0)
            (folder / "Annotations" / f"{picture.stem}.xml").write_text(
                f"<annotation><folder>elsewhere</folder><filename>{escape(picture.name)}</filename>"
                f"<size><width>{width}</width><height>{height}</height><depth>3</depth></size>"
                f"{objects}</annotation>",
                encoding="utf-8",
            )
        (folder / "ImageSets" / "Main" / f"{split}.txt").write_text("\n".join(stems) + "\n")
    return folder


def to_labelme(data: DataSet, folder: Path) -> Path:
    """Write a JSON file beside each picture, in a folder for each split."""
    for split, places in data.splits.items():
        for picture in pictures(places):
            width, height = size_of(picture)
            _copy(picture, folder / split)
            shapes = []
            for index, values in rows_of(label_of(picture)):
                box = len(values) == 4
                points = (
                    corners(values, (width, height)).reshape(2, 2)
                    if box
                    else values.reshape(-1, 2) * (width, height)
                )
                shapes.append({
                    "label": data.names[index],
                    "points": points.tolist(),
                    "shape_type": "rectangle" if box else "polygon",
                    "group_id": None,
                    "flags": {},
                })  # fmt: skip
            content: dict[str, Any] = {
                "version": "5.5.0", "flags": {}, "shapes": shapes,
                "imagePath": f"..\\{split}\\{picture.name}", "imageData": None,
                "imageHeight": height, "imageWidth": width,
            }  # fmt: skip
            path = folder / split / f"{picture.stem}.json"
            path.write_text(json.dumps(content), encoding="utf-8")
    return folder


FORMS: dict[str, Callable[[DataSet, Path], Path]] = {
    "coco": to_coco,
    "voc": to_voc,
    "labelme": to_labelme,
}


def differences(before: DataSet, after: DataSet, tolerance: float = 1e-5) -> list[str]:
    """Return what is not the same in two data sets, classes compared by name."""
    wrong = []
    for split, places in before.splits.items():
        found = {path.name: path for path in pictures(after.splits[split])}
        expected = {path.name: path for path in pictures(places)}
        if set(found) != set(expected):
            wrong.append(f"{split}: {set(found) ^ set(expected)}")
            continue
        for name, picture in expected.items():
            if picture.read_bytes() != found[name].read_bytes():
                wrong.append(f"{name}: another picture")
            first = rows_of(label_of(picture))
            second = rows_of(label_of(found[name]))
            if not _equal(first, before.names, second, after.names, tolerance):
                wrong.append(f"{name}: other labels")
    return wrong


def _equal(
    first: Sequence[Row],
    names: Sequence[str],
    second: Sequence[Row],
    others: Sequence[str],
    tolerance: float,
) -> bool:
    if len(first) != len(second):
        return False
    return all(
        names[a] == others[b] and x.shape == y.shape and bool(np.allclose(x, y, 0, tolerance))
        for (a, x), (b, y) in zip(first, second, strict=True)
    )


def _copy(picture: Path, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(picture, folder / picture.name)
