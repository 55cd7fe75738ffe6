"""Finding the pictures and class names of a data set, without writing to it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from engine.datasets.dataset import DataSet
from engine.datasets.places import Places
from engine.datasets.tasks import check_labels
from engine.errors import DataError
from engine.i18n import N_

_KEPT = ("kpt_shape", "flip_idx", "kpt_names", "channels")

VALIDATION = ("val", "valid", "validation")
"""What the split to validate with is called, our own name first."""


def find(data: Path, task: str, *, val_needed: bool = True) -> DataSet:
    """Read a data set.

    Args:
        data: A description (data.yaml) or the folder of one; to classify, a folder with a folder
            for each split and in it one for each class.
        task: What is to be trained.
        val_needed: Refuse a data set without pictures to validate with.

    Raises:
        DataError: It is absent, incomplete or labelled for another task; the sentence says where.
    """
    if task == "classify":
        return _classes(data, val_needed=val_needed)
    path = description(data)
    content = read_description(path)
    keypoints = _keypoints(content.get("kpt_shape"), path) if task == "pose" else None
    found = described(path, content, keypoints, val_needed=val_needed)
    check_labels(found, task)
    return found


def described(
    path: Path,
    content: dict[str, Any],
    keypoints: tuple[int, int] | None = None,
    *,
    val_needed: bool = True,
) -> DataSet:
    """Return what a description names, whatever its labels are.

    Args:
        path: Of the description.
        content: What it says.
        keypoints: Number of keypoints and values of each, None without.
        val_needed: Refuse it where it names no pictures to validate with.

    Raises:
        DataError: It names no pictures or classes.
    """
    names = _names(content.get("names"), path)
    _check_count(content.get("nc"), names, path)
    places = Places(path, str(content.get("path") or ""))
    val = next((content[name] for name in VALIDATION if content.get(name)), content.get("val"))
    splits = {"train": places.of("train", content.get("train"))}
    if val_needed or val:
        splits["val"] = places.of("val", val)
    if content.get("test"):
        splits["test"] = places.of("test", content["test"])
    return DataSet(
        source=path,
        names=names,
        splits=splits,
        rest={key: content[key] for key in _KEPT if key in content},
        keypoints=keypoints,
        foreign=tuple(places.foreign),
    )


def description(data: Path) -> Path:
    """Return the description of a data set, given itself or its folder.

    Raises:
        DataError: There is none.
    """
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


def read_description(path: Path) -> dict[str, Any]:
    """Return what a description says.

    Raises:
        DataError: It cannot be read or is no description.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8-sig"))
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


def _names(value: object, path: Path) -> tuple[str, ...]:
    if isinstance(value, dict) and set(value) == set(range(len(value))):
        value = [value[index] for index in range(len(value))]
    if not isinstance(value, list) or not value:
        raise DataError(
            N_("{path} has no class names."),
            N_("Write them after `names:`, numbered from 0."),
            path=path,
        )
    return tuple(str(name) for name in value)


def _check_count(stated: object, names: tuple[str, ...], path: Path) -> None:
    if isinstance(stated, int) and stated != len(names):
        raise DataError(
            N_("{path} says that there are {stated} classes and names {count}."),
            N_("Correct `nc:` or `names:`."),
            path=path,
            stated=stated,
            count=len(names),
        )


def _keypoints(value: object, path: Path) -> tuple[int, int]:
    match value:
        case [int(count), 2 | 3 as each] if count > 0:
            return count, each
    raise DataError(
        N_("{path} does not say how many keypoints an object has."),
        N_("Write `kpt_shape: [17, 3]` with your number and 2 or 3 values for each."),
        path=path,
    )


def _classes(data: Path, *, val_needed: bool) -> DataSet:
    """Return a data set whose folders are its classes."""
    splits: dict[str, tuple[Path, ...]] = {}
    for split, called in (("train", ("train",)), ("val", VALIDATION), ("test", ("test",))):
        folder = next((data / name for name in called if (data / name).is_dir()), None)
        if folder is not None:
            splits[split] = (folder,)
        elif split == "train" or (split == "val" and val_needed):
            raise DataError(
                N_("There is no folder {split} in {path}."),
                N_("To classify, a data set has train and val, with a folder for each class."),
                split=split,
                path=data,
            )
    train = splits["train"][0]
    names = sorted(path.name for path in train.iterdir() if path.is_dir())
    if not names:
        raise DataError(
            N_("{path} has no folders of classes."),
            N_("To classify, a data set has train and val, with a folder for each class."),
            path=train,
        )
    return DataSet(data, tuple(names), splits, {}, classifies=True)
