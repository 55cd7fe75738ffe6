"""What a data set is: class names, the pictures of each split, and where their labels lie."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from engine.errors import DataError
from engine.i18n import N_
from engine.suffixes import PICTURE_SUFFIXES

TRAINED_SUFFIXES = frozenset({
    ".avif", ".bmp", ".heic", ".heif", ".jp2", ".jpeg", ".jpg", ".mpo", ".png", ".tif", ".tiff",
    ".webp",
})  # fmt: skip
"""Pictures that ultralytics takes from a folder; it passes over others without a word."""

LIST_SUFFIX = ".txt"


@dataclass(frozen=True, slots=True)
class DataSet:
    """A data set to train on.

    Attributes:
        source: The description or folder that a person named.
        names: Class names by index.
        splits: Folders or lists of pictures, by split; `train` and, unless it was left to the
            caller, `val` are there.
        rest: What else ultralytics is to know of it.
        keypoints: Number of keypoints and values of each, None without.
        foreign: Paths of the description that name no place on this machine, as they are written.
        classifies: Whether its classes are folders and not labels.
    """

    source: Path
    names: tuple[str, ...]
    splits: dict[str, tuple[Path, ...]]
    rest: dict[str, Any]
    keypoints: tuple[int, int] | None = None
    foreign: tuple[str, ...] = ()
    classifies: bool = False

    @property
    def stated_keypoints(self) -> tuple[int, int] | None:
        """What the description says of keypoints, also where they are not to be trained."""
        match self.rest.get("kpt_shape"):
            case [int(count), int(each)]:
                return count, each
        return self.keypoints

    def describe(self, path: Path) -> None:
        """Write the description that ultralytics reads: whole paths and nothing to download."""
        content: dict[str, Any] = {
            split: [str(place) for place in places] for split, places in self.splits.items()
        }
        content |= {"names": dict(enumerate(self.names))} | self.rest
        text = yaml.safe_dump(content, allow_unicode=True, sort_keys=False)
        path.write_text(text, encoding="utf-8")

    def refuse_if_gone(self) -> None:
        """Say so where pictures were taken away since the data set was found.

        A training that fails asks this first: it tells more than what the training raised.

        Raises:
            DataError: A folder or list of pictures is no longer there, or holds none.
        """
        for split, places in self.splits.items():
            for place in places:
                if not place.exists() or next(pictures([place]), None) is None:
                    raise DataError(
                        N_("The pictures for {split} are no longer in {place}."),
                        N_("Put them back, or connect the disk again, and start anew."),
                        split=split,
                        place=place,
                    )


def pictures(places: Sequence[Path]) -> Iterator[Path]:
    """Yield the pictures of a split: those in its folders and those in its lists."""
    for place in places:
        if place.is_dir():
            for path in sorted(place.rglob("*")):
                if path.suffix.lower() in PICTURE_SUFFIXES:
                    yield path
        elif place.is_file():
            for line in place.read_text(encoding="utf-8-sig", errors="replace").splitlines():
                if Path(line.strip()).suffix.lower() in PICTURE_SUFFIXES:
                    yield place.parent / line.strip()


def label_of(picture: Path) -> Path:
    """Return where the label file of a picture is expected, as ultralytics looks for it."""
    parts = list(picture.parts)
    folders = parts[:-1]
    if "images" in folders:
        parts[len(folders) - 1 - folders[::-1].index("images")] = "labels"
    return Path(*parts).with_suffix(LIST_SUFFIX)
