"""Reading Pascal VOC: an XML file a picture, with boxes.

Format: http://host.robots.ox.ac.uk/pascal/VOC/. Its own sets count pixels from 1 and the last one
is inside; most programs that write the form today give the edges themselves, counted from 0.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

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
from engine.i18n import N_

_LISTS = {"train": "train", "val": "val", "valid": "val", "test": "test"}
_FROM_ONE = re.compile(r"VOC\s*20\d\d|PASCAL VOC", re.IGNORECASE)


def read(files: Iterable[Path], root: Path, losses: Losses) -> Read:
    """Read VOC files.

    Args:
        files: XML files, of which some may be something else.
        root: The folder that holds the pictures somewhere.
        losses: Takes what cannot be read.
    """
    index = PictureIndex(root)
    lists = _lists(root)
    trees = [(path, tree) for path in files if (tree := _load(path, losses)) is not None]
    samples = [_sample(path, tree, index, lists, losses) for path, tree in trees]
    found = [each for each in samples if each is not None]
    if _counts_from_one(found, [tree for _path, tree in trees]):
        found = [_shifted(each) for each in found]
    return Read(in_order(o.label for each in found for o in each.objects), tuple(found))


def _load(path: Path, losses: Losses) -> ElementTree.Element | None:
    try:
        data = path.read_bytes()
        # An entity may stand for gigabytes.
        if b"<!ENTITY" in data:
            raise ValueError("entities are not read")
        tree = ElementTree.fromstring(data)
    except (OSError, ValueError, ElementTree.ParseError, LookupError):
        losses.note(path, N_("It is no XML that can be read."))
        return None
    return tree if tree.tag == "annotation" else None


def _sample(
    path: Path,
    tree: ElementTree.Element,
    index: PictureIndex,
    lists: dict[str, str],
    losses: Losses,
) -> Sample | None:
    name = (tree.findtext("filename") or "").strip()
    split = split_of_folder(path.parent.name)
    picture = index.find(name, path.parent, split) if name else None
    picture = picture or index.of_stem(path.stem, path.parent, split)
    if picture is None:
        losses.note(name or path, N_("The picture is not there, or several have its name."))
        return None
    folder = f"{path.parent.name}/{picture.parent.name}"
    return Sample(
        picture=picture,
        name=picture.name,
        split=lists.get(path.stem) or split_of_folder(folder),
        size=_size(tree),
        objects=tuple(_objects(path, tree, losses)),
    )


def _size(tree: ElementTree.Element) -> tuple[int, int] | None:
    try:
        width = int(float(tree.findtext("size/width") or 0))
        height = int(float(tree.findtext("size/height") or 0))
    except ValueError:
        return None
    return (width, height) if width > 0 and height > 0 else None


def _objects(path: Path, tree: ElementTree.Element, losses: Losses) -> Iterator[Object]:
    for number, each in enumerate(tree.iter("object"), 1):
        label = (each.findtext("name") or "").strip()
        try:
            x1, y1, x2, y2 = (
                float(each.findtext(f"bndbox/{side}") or "")
                for side in ("xmin", "ymin", "xmax", "ymax")
            )
            ring = _polygon(each)
        except ValueError:
            label = ""
        if not label:
            losses.note(path, N_("Object {number} has no name or no box."), number=number)
        elif ring is not None:
            yield Object(label, ring, is_box=False)
        else:
            yield Object(label, corners_of(x1, y1, x2, y2), is_box=True)


def _polygon(each: ElementTree.Element) -> Points | None:
    """Return the ring that Roboflow writes beside the box: x1, y1, x2, y2 and so on."""
    polygon = each.find("polygon")
    if polygon is None:
        return None
    values = {child.tag: float(child.text or "") for child in polygon}
    count = len(values) // 2
    points = [(values.get(f"x{n}"), values.get(f"y{n}")) for n in range(1, count + 1)]
    whole = count >= 3 and all(x is not None and y is not None for x, y in points)
    return np.array(points, np.float64) if whole else None


def _counts_from_one(samples: Sequence[Sample], trees: Sequence[ElementTree.Element]) -> bool:
    """Tell whether the boxes of a set count pixels from 1: whole numbers, and none of them 0."""
    boxes = [o.ring for each in samples for o in each.objects if o.is_box]
    if not boxes:
        return False
    values = np.concatenate(boxes)
    if bool((values != np.floor(values)).any()) or values.min() < 1:
        return False
    said = any(_FROM_ONE.search(tree.findtext("source/database") or "") for tree in trees)
    return said or bool(values.min() == 1)


def _shifted(sample: Sample) -> Sample:
    """Return a sample with boxes along the edges of their pixels."""
    objects = tuple(
        replace(each, ring=each.ring - ((1, 1), (0, 1), (0, 0), (1, 0))) if each.is_box else each
        for each in sample.objects
    )
    return replace(sample, objects=objects)


def _lists(root: Path) -> dict[str, str]:
    """Return the splits by the stems of the pictures that ImageSets/Main lists."""
    found: dict[str, str] = {}
    for folder in sorted(root.rglob("ImageSets/Main")):
        for name, split in _LISTS.items():
            try:
                text = (folder / f"{name}.txt").read_text(encoding="utf-8-sig", errors="replace")
            except OSError:
                continue
            found |= {line.split()[0]: split for line in text.splitlines() if line.strip()}
    return found
