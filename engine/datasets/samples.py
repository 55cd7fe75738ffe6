"""Labelled pictures on their way from another form into a copy of ours."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from engine.suffixes import PICTURE_SUFFIXES

Points = NDArray[np.float64]

_SPLIT_NAMES = {"valid": "val", "validation": "val"}
_WORD = r"(train|val|valid|validation|test)(?:\d{4})?"
_SPLIT_FOLDER = re.compile(rf"(?:images?[-_])?{_WORD}(?:[-_]images?)?")
_SPLIT_IN_FILE = re.compile(rf"(?<![a-z]){_WORD}(?![a-z0-9])")


@dataclass(frozen=True, slots=True)
class Object:
    """An object that somebody marked.

    Attributes:
        label: Name of its class.
        ring: [N, 2] corners in pixels of the picture as its labels know it.
        is_box: Whether the ring is no more than the corners of an upright box.
        keypoints: [K, 3] x, y and 0 absent, 1 hidden or 2 seen; None without.
    """

    label: str
    ring: Points
    is_box: bool
    keypoints: Points | None = None


@dataclass(frozen=True, slots=True)
class Sample:
    """A picture and what is marked in it.

    Attributes:
        picture: Its file, or the bytes of one that the labels hold.
        name: What the file is called.
        split: `train`, `val` or `test`, None where nothing says.
        size: Width and height in pixels that the labels count in; None for the picture's own.
        objects: What is marked.
        text: A label file of YOLO that is taken over as it is, in the place of objects.
    """

    picture: Path | bytes
    name: str
    split: str | None
    size: tuple[int, int] | None
    objects: tuple[Object, ...]
    text: str | None = None

    @property
    def bytes_on_disk(self) -> int:
        """How much room the picture takes; 0 where it is not there."""
        if isinstance(self.picture, bytes):
            return len(self.picture)
        try:
            return self.picture.stat().st_size
        except OSError:
            return 0


@dataclass(frozen=True, slots=True)
class Read:
    """What a reader found.

    Attributes:
        names: Class names by index.
        samples: The pictures, each once.
        keypoint_names: Names of the keypoints of every object, empty without.
        as_they_are: Whether the label files of the samples are taken over, or their absence.
    """

    names: tuple[str, ...]
    samples: tuple[Sample, ...]
    keypoint_names: tuple[str, ...] = ()
    as_they_are: bool = False


def split_of_folder(path: str) -> str | None:
    """Return the split that a path tells by a folder named like one, the innermost first."""
    for part in reversed(PurePosixPath(path.replace("\\", "/").lower()).parts):
        found = _SPLIT_FOLDER.fullmatch(part)
        if found:
            return _SPLIT_NAMES.get(found[1], found[1])
    return None


def split_of_file(stem: str) -> str | None:
    """Return the split that the name of a file of labels tells, as `instances_train2017` does."""
    found = _SPLIT_IN_FILE.search(stem.lower())
    return _SPLIT_NAMES.get(found[1], found[1]) if found else None


def existing(path: Path) -> Path | None:
    """Return a path that labels name if there is a file, whatever they name."""
    try:
        return path if path.is_file() else None
    except (OSError, ValueError):
        return None


class PictureIndex:
    """The pictures below a folder, found by what labels call them.

    Labels name files on the machine that they were made on. A picture is taken where the name fits
    as it is; else where it is the only one whose path ends in the same way.
    """

    def __init__(self, root: Path) -> None:
        """Look through a folder once."""
        self._root = root
        self._by_name: dict[str, list[Path]] = defaultdict(list)
        self._by_stem: dict[str, list[Path]] = defaultdict(list)
        for folder, folders, names in os.walk(root):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            for name in sorted(names):
                path = Path(folder, name)
                if path.suffix.lower() in PICTURE_SUFFIXES and not name.startswith("."):
                    self._by_name[name.casefold()].append(path)
                    self._by_stem[path.stem.casefold()].append(path)

    def find(self, name: str, near: Path, split: str | None = None) -> Path | None:
        """Return the picture that labels call `name`.

        Args:
            name: A file name, with any folders and either kind of slashes.
            near: The folder of the labels.
            split: Preferred among pictures of one name, where the labels are of one split.

        Returns:
            None where there is none, or several fit equally well.
        """
        written = PurePosixPath(name.replace("\\", "/"))
        # A path with `..` may lead to where a person's other pictures are, which is meant so.
        direct = existing(Path(os.path.normpath(near / written)))
        if direct is not None:
            return direct
        found = self._by_name.get(written.name.casefold(), [])
        return found[0] if len(found) == 1 else self._best(found, written, near, split)

    def of_stem(self, stem: str, near: Path, split: str | None = None) -> Path | None:
        """Return the picture of a stem, whatever its suffix."""
        found = self._by_stem.get(stem.casefold(), [])
        return found[0] if len(found) == 1 else self._best(found, PurePosixPath(stem), near, split)

    def all(self) -> Iterable[Path]:
        """Return every picture."""
        return sorted(path for paths in self._by_name.values() for path in paths)

    def _best(
        self, found: list[Path], written: PurePosixPath, near: Path, split: str | None = None
    ) -> Path | None:
        """Return the picture whose path ends most like `written`, is of the split, lies nearest."""

        def fit(path: Path) -> tuple[int, bool, int]:
            tail = [part.casefold() for part in written.parts[::-1]]
            own = [part.casefold() for part in path.parts[::-1]]
            alike = next(
                (at for at, (a, b) in enumerate(zip(tail, own, strict=False)) if a != b),
                min(len(tail), len(own)),
            )
            below = path.parent.relative_to(self._root).as_posix()
            return alike, split_of_folder(below) == split, len(os.path.commonpath((path, near)))

        ranked = sorted(((fit(path), path) for path in found), reverse=True)
        if not ranked or (len(ranked) > 1 and ranked[0][0] == ranked[1][0]):
            return None
        return ranked[0][1]


def in_order(names: Iterable[str]) -> tuple[str, ...]:
    """Return names once each, so that a person finds them: 2 before 10, whatever the case."""

    def key(name: str) -> tuple[list[str | int], str]:
        pieces = re.split(r"(\d+)", name.casefold())
        return [int(piece) if at % 2 else piece for at, piece in enumerate(pieces)], name

    return tuple(sorted(set(names), key=key))
