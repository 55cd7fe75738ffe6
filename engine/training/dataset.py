"""Finding the pictures and class names of a data set, without writing to it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import yaml

from engine.errors import DataError
from engine.i18n import N_
from engine.suffixes import PICTURE_SUFFIXES

_LOOKED_AT = 50
"""So many label files tell what a data set is labelled for."""

_KEPT = ("kpt_shape", "flip_idx", "kpt_names", "channels")


@dataclass(frozen=True, slots=True)
class DataSet:
    """A data set to train on.

    Attributes:
        source: The description or folder that a person named.
        names: Class names by index.
        splits: Folders or lists of pictures, by split; `train` and `val` are there.
        rest: What else ultralytics is to know of it.
        keypoints: Number of keypoints and values of each, None without.
    """

    source: Path
    names: tuple[str, ...]
    splits: dict[str, tuple[Path, ...]]
    rest: dict[str, Any]
    keypoints: tuple[int, int] | None = None

    def describe(self, path: Path) -> None:
        """Write the description that ultralytics reads: whole paths and nothing to download."""
        content: dict[str, Any] = {
            split: [str(place) for place in places] for split, places in self.splits.items()
        }
        content |= {"names": dict(enumerate(self.names))} | self.rest
        text = yaml.safe_dump(content, allow_unicode=True, sort_keys=False)
        path.write_text(text, encoding="utf-8")


def find(data: Path, task: str) -> DataSet:
    """Read a data set.

    Args:
        data: A description (data.yaml) or the folder of one; to classify, a folder with a folder
            for each split and in it one for each class.
        task: What is to be trained.

    Raises:
        DataError: It is absent, incomplete or labelled for another task; the sentence says where.
    """
    if task == "classify":
        return _classes(data)
    path = _description(data)
    content = _read(path)
    root = path.parent / str(content.get("path") or "")
    splits = {
        split: _places(content.get(split), root, path, split)
        for split in ("train", "val", "test")
        if split != "test" or content.get("test")
    }
    found = DataSet(
        source=path,
        names=_names(content.get("names"), path),
        splits=splits,
        rest={key: content[key] for key in _KEPT if key in content},
        keypoints=_keypoints(content.get("kpt_shape"), path) if task == "pose" else None,
    )
    _check_labels(found, task)
    return found


def _description(data: Path) -> Path:
    if data.is_file():
        return data
    if not data.is_dir():
        raise DataError(N_("There is no data set {path}."), N_("Check the name."), path=data)
    known = [data / "data.yaml", *sorted(data.glob("*.yaml")), *sorted(data.glob("*.yml"))]
    found = next((path for path in known if path.is_file()), None)
    if found is None:
        raise DataError(
            N_("This folder holds no data.yaml: {path}."),
            N_("Choose the folder of a data set in YOLO format."),
            path=data,
        )
    return found


def _read(path: Path) -> dict[str, Any]:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise DataError(
            N_("{path} cannot be read as a description of a data set."),
            N_("It must be YAML with train, val and names."),
            path=path,
        ) from error
    if not isinstance(content, dict):
        raise DataError(
            N_("{path} describes no data set."),
            N_("It must be YAML with train, val and names."),
            path=path,
        )
    return content


def _places(value: object, root: Path, path: Path, split: str) -> tuple[Path, ...]:
    given = value if isinstance(value, list) else [value]
    entries = [entry for entry in given if isinstance(entry, str) and entry]
    if not entries or len(entries) < len(given):
        raise DataError(
            N_("{path} names no pictures for {split}."),
            N_("Name a folder of pictures after `{split}:`."),
            path=path,
            split=split,
        )
    places = []
    for entry in entries:
        place = (root / entry).resolve()
        # Roboflow writes ../train/images where train/images is meant.
        if not place.exists() and entry.startswith("../"):
            place = (root / entry.removeprefix("../")).resolve()
        if not place.exists():
            raise DataError(
                N_("The pictures for {split} are not at {place}."),
                N_("Correct `{split}:` or `path:` in {path}."),
                split=split,
                place=place,
                path=path,
            )
        places.append(place)
    if not any(True for _ in pictures(places)):
        raise DataError(
            N_("There are no pictures for {split} in {place}."),
            N_("Put pictures there or correct {path}."),
            split=split,
            place=places[0],
            path=path,
        )
    return tuple(places)


def pictures(places: list[Path] | tuple[Path, ...]) -> Iterator[Path]:
    """Yield the pictures of a split: those in its folders and those in its lists."""
    for place in places:
        if place.is_dir():
            for path in sorted(place.rglob("*")):
                if path.suffix.lower() in PICTURE_SUFFIXES:
                    yield path
        else:
            for line in place.read_text(encoding="utf-8", errors="replace").splitlines():
                if line.strip():
                    yield place.parent / line.strip()


def _names(value: object, path: Path) -> tuple[str, ...]:
    if isinstance(value, dict) and sorted(value) == list(range(len(value))):
        value = [value[index] for index in range(len(value))]
    if not isinstance(value, list) or not value:
        raise DataError(
            N_("{path} has no class names."),
            N_("Write them after `names:`, numbered from 0."),
            path=path,
        )
    return tuple(str(name) for name in value)


def _keypoints(value: object, path: Path) -> tuple[int, int]:
    match value:
        case [int(count), 2 | 3 as each] if count > 0:
            return count, each
    raise DataError(
        N_("{path} does not say how many keypoints an object has."),
        N_("Write `kpt_shape: [17, 3]` with your number and 2 or 3 values for each."),
        path=path,
    )


def _classes(data: Path) -> DataSet:
    """Return a data set whose folders are its classes."""
    splits: dict[str, tuple[Path, ...]] = {
        split: (data / split,) for split in ("train", "val", "test") if (data / split).is_dir()
    }
    for split in ("train", "val"):
        if split not in splits:
            raise DataError(
                N_("There is no folder {split} in {path}."),
                N_("To classify, a data set has train and val, with a folder for each class."),
                split=split,
                path=data,
            )
    names = sorted(path.name for path in (data / "train").iterdir() if path.is_dir())
    if not names:
        raise DataError(
            N_("{path} has no folders of classes."),
            N_("To classify, a data set has train and val, with a folder for each class."),
            path=data / "train",
        )
    return DataSet(data, tuple(names), splits, {})


def _check_labels(data: DataSet, task: str) -> None:
    """Refuse labels of another task, by the number of values in their first lines."""
    lengths: set[int] = set()
    for picture in islice(pictures(data.splits["train"]), _LOOKED_AT):
        parts = list(picture.parts)
        if "images" in parts:
            parts[len(parts) - 1 - parts[::-1].index("images")] = "labels"
        label = Path(*parts).with_suffix(".txt")
        if label.is_file():
            lines = label.read_text(encoding="utf-8", errors="replace").splitlines()
            lengths.update(len(line.split()) for line in lines[:5] if line.strip())
    if not lengths:
        raise DataError(
            N_("No labels were found for the pictures of {path}."),
            N_("For images/x/1.jpg they are in labels/x/1.txt."),
            path=data.source,
        )
    boxes = lengths == {5}
    if boxes and task != "detect":
        raise DataError(
            N_("The labels of {path} are boxes; the recipe is for {task}."),
            N_("Train a recipe that detects, such as yolo11n, or choose other data."),
            path=data.source,
            task=task,
        )
    if data.keypoints is not None and lengths != {5 + data.keypoints[0] * data.keypoints[1]}:
        raise DataError(
            N_("The labels of {path} do not have {count} keypoints of {each} values."),
            N_("Correct `kpt_shape:` or choose other data."),
            path=data.source,
            count=data.keypoints[0],
            each=data.keypoints[1],
        )
