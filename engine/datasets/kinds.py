"""In which form a folder, archive or file holds labelled pictures."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

from engine.datasets import archive
from engine.datasets.dataset import label_of
from engine.errors import DataError
from engine.i18n import N_
from engine.sources.sniffing import not_opened
from engine.suffixes import PICTURE_SUFFIXES

ARCHIVE_SUFFIX = ".zip"

# So many files of a sort are looked into, and so many bytes of each.
_LOOKED_INTO, _HEAD = 50, 1 << 16
_DEEPEST_DESCRIPTION = 4
_COCO = re.compile(rb'"(images|annotations|categories)"\s*:\s*\[')
_LABELME = re.compile(rb'"shapes"\s*:\s*\[|"imageData"\s*:')
_VOC = re.compile(rb"<annotation\b")
_LINE = re.compile(
    rb"(\xef\xbb\xbf)?\s*-?\d+(\.0+)?([\s,]+-?[\d.]+(e-?\d+)?){4,}\s*$", re.MULTILINE
)
_SPLITS = frozenset({"train", "val", "valid", "validation", "test"})
_NO_CLASSES = frozenset({"images", "labels", "annotations", "JPEGImages"})

Head = Callable[[str], bytes]


class Kind(StrEnum):
    """A form of labelled pictures."""

    YOLO = "yolo"
    CLASSES = "classes"
    COCO = "coco"
    VOC = "voc"
    LABELME = "labelme"


@dataclass(frozen=True, slots=True)
class Found:
    """What was recognised.

    Attributes:
        kind: In which form it is.
        anchor: What it begins with, relative to the folder: a description of YOLO, the folder of
            the classes; empty for the folder itself.
        whole: Whether it can be trained on where it lies.
    """

    kind: Kind
    anchor: str = ""
    whole: bool = False


def recognise(path: Path) -> Kind:
    """Tell in which form a folder, a zip, a data.yaml or a COCO JSON holds labelled pictures.

    Raises:
        DataError: It is not there or in none of them.
    """
    return look(path).kind


def look(path: Path) -> Found:
    """Recognise a data set and say where it begins.

    Raises:
        DataError: It is not there or in no known form.
    """
    if path.is_dir():
        return _told(_names_below(path), lambda name: _read_head(path / name), path)
    if not path.exists():
        raise DataError(N_("There is no data set {path}."), N_("Check the name."), path=path)
    if path.suffix.lower() == ARCHIVE_SUFFIX:
        with archive.opened(path) as packed:
            infos = {name: info for info, name in archive.members(packed, path)}

            def head(name: str) -> bytes:
                with packed.open(infos[name]) as file:
                    return file.read(_HEAD)

            return _told(sorted(infos), head, path)
    if path.suffix.lower() in (".yaml", ".yml"):
        return Found(Kind.YOLO, path.name, whole=True)
    found = _of_json([path.name], lambda name: _read_head(path)) or _of_xml(
        [path.name], lambda name: _read_head(path)
    )
    if found is None:
        raise _unknown(path)
    return found


def _told(names: Sequence[str], head: Head, path: Path) -> Found:
    found = (
        _of_description(names, head, path)
        or _of_json(names, head)
        or _of_xml(names, head)
        or _of_lines(names, head)
        or _of_folders(names)
    )
    if found is None:
        raise _unknown(path)
    return found


def _unknown(path: Path) -> DataError:
    return DataError(
        N_("{path} is no data set in a known form."),
        N_(
            "Looked for: a data.yaml or label files beside pictures (YOLO), COCO JSON, VOC XML, "
            "LabelMe JSON, and a folder for each class."
        ),
        path=path,
    )


def _names_below(folder: Path) -> list[str]:
    found = []
    for root, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        below = Path(root).relative_to(folder)
        found += [
            (below / name).as_posix()
            for name in sorted(names)
            if not name.startswith(".") and Path(name).suffix.lower() in archive.SUFFIXES
        ]
    return found


def _read_head(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_HEAD)
    except OSError as error:
        raise not_opened(path, error, DataError) from error


def _of_suffix(names: Sequence[str], *suffixes: str) -> list[str]:
    return [name for name in names if name.lower().endswith(suffixes)]


def _of_description(names: Sequence[str], head: Head, path: Path) -> Found | None:
    """Recognise YOLO by its description, the one nearest to the top.

    Raises:
        DataError: Several data sets lie side by side.
    """
    given = _of_suffix(names, ".yaml", ".yml")
    given = [name for name in given if name.count("/") < _DEEPEST_DESCRIPTION]
    given.sort(key=lambda name: (name.count("/"), PurePosixPath(name).name != "data.yaml", name))
    if given and given[0] == "data.yaml":
        return Found(Kind.YOLO, given[0], whole=True)
    found = [name for name in given[:_LOOKED_INTO] if _describes(head(name))]
    if not found:
        return None
    beside = [
        name
        for name in found
        if name.count("/") == found[0].count("/")
        and PurePosixPath(name).parent != PurePosixPath(found[0]).parent
    ]
    if beside:
        raise DataError(
            N_("{path} holds several data sets, such as {first} and {second}."),
            N_("Choose one of them."),
            path=path,
            first=found[0],
            second=beside[0],
        )
    return Found(Kind.YOLO, found[0], whole=True)


def _describes(data: bytes) -> bool:
    try:
        content: Any = yaml.safe_load(data)
    except (yaml.YAMLError, ValueError):
        return False
    return isinstance(content, dict) and "names" in content and bool({"train", "val"} & {*content})


def _of_json(names: Sequence[str], head: Head) -> Found | None:
    for name in _of_suffix(names, ".json")[:_LOOKED_INTO]:
        data = head(name)
        if _LABELME.search(data):
            return Found(Kind.LABELME)
        if _COCO.search(data):
            return Found(Kind.COCO)
    return None


def _of_xml(names: Sequence[str], head: Head) -> Found | None:
    for name in _of_suffix(names, ".xml")[:_LOOKED_INTO]:
        if _VOC.search(head(name)):
            return Found(Kind.VOC)
    return None


def _of_lines(names: Sequence[str], head: Head) -> Found | None:
    """Recognise YOLO without a description by label files that belong to pictures."""
    texts = set(_of_suffix(names, ".txt"))
    looked = 0
    for name in _pictures(names):
        beside = PurePosixPath(name).with_suffix(".txt").as_posix()
        for label in (label_of(Path(name)).as_posix(), beside):
            if label in texts:
                looked += 1
                if _LINE.search(head(label)):
                    return Found(Kind.YOLO)
                break
        if looked == _LOOKED_INTO:
            break
    return None


def _of_folders(names: Sequence[str]) -> Found | None:
    """Recognise classes by folders that hold nothing but pictures."""
    parents = {PurePosixPath(name).parts[:-1] for name in _pictures(names)}
    if not parents or () in parents:
        return None
    top: tuple[str, ...] = ()
    while len({parts[: len(top) + 1] for parts in parents}) == 1:
        (top,) = {parts[: len(top) + 1] for parts in parents}
        if top in parents:
            return None
    below = [parts[len(top) :] for parts in parents]
    splits = {parts[0] for parts in below}
    divided = splits <= _SPLITS and "train" in splits
    if divided and any(len(parts) < 2 for parts in below):
        return None
    classes = {parts[1] if divided else parts[0] for parts in below}
    if len(classes) < 2 or classes & _NO_CLASSES:
        return None
    whole = divided and bool(splits & {"val", "valid", "validation"})
    return Found(Kind.CLASSES, "/".join(top), whole=whole)


def _pictures(names: Sequence[str]) -> list[str]:
    return [name for name in names if PurePosixPath(name).suffix.lower() in PICTURE_SUFFIXES]
