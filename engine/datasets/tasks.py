"""What labels can train, told by how many numbers their lines have."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from engine.datasets import lines
from engine.datasets.dataset import DataSet, label_of, pictures
from engine.datasets.lines import Line
from engine.errors import DataError
from engine.i18n import N_

if TYPE_CHECKING:
    from engine.types import Task

_LOOKED_AT = 50
"""So many label files that hold anything tell what a data set is labelled for."""

_LINES = 5
_BOX, _CORNERS = 5, 9


def tasks_of(data: Path) -> tuple[Task, ...]:
    """Return what the labels of a data set can train, the most likely task first.

    Args:
        data: A description or the folder of one, or a folder with a folder for each class.

    Raises:
        DataError: It is no data set, or none of its pictures has a label.
    """
    from engine.datasets import finding

    try:
        path = finding.description(data)
    except DataError:
        if not data.is_dir() or not any((data / name).is_dir() for name in ("train", "val")):
            raise
        finding.find(data, "classify", val_needed=False)
        return ("classify",)
    content = finding.read_description(path)
    found = finding.described(path, content, val_needed=False)
    counts = Counter(_length(line) for line in _first_lines(found))
    if not counts:
        raise _unlabelled(found)
    match content.get("kpt_shape"):
        case [int(number), int(each)] if counts[_BOX + number * each] * 2 > counts.total():
            return ("pose",)
    if counts[_BOX] * 2 > counts.total():
        return ("detect",)
    if counts[_CORNERS] == counts.total():
        return ("obb", "segment", "detect")
    return ("segment", "detect")


def check_labels(data: DataSet, task: str) -> None:
    """Refuse labels of another task or of other classes.

    Raises:
        DataError: There are no labels, or they are not for this task or these classes.
    """
    lengths: Counter[int] = Counter()
    beyond, highest = 0, 0
    for line in _first_lines(data):
        lengths[_length(line)] += 1
        beyond += line.class_index >= len(data.names)
        highest = max(highest, line.class_index)
    if not lengths:
        raise _unlabelled(data)
    if set(lengths) == {_BOX} and task != "detect":
        raise DataError(
            N_("The labels of {path} are boxes; the recipe is for {task}."),
            N_("Train a recipe that detects, such as yolo11n, or choose other data."),
            path=data.source,
            task=task,
        )
    shape = data.keypoints
    if shape is not None and set(lengths) != {_BOX + shape[0] * shape[1]}:
        raise DataError(
            N_("The labels of {path} do not have {count} keypoints of {each} values."),
            N_("Correct `kpt_shape:` or choose other data."),
            path=data.source,
            count=shape[0],
            each=shape[1],
        )
    if task == "obb" and not lengths[_CORNERS]:
        raise DataError(
            N_("The labels of {path} are no rotated boxes, which have four corners each."),
            N_("Train a recipe that segments, such as yolo11n-seg, or choose other data."),
            path=data.source,
        )
    if beyond * 2 > lengths.total():
        raise DataError(
            N_("The labels of {path} use class {index}, but only {count} classes are named."),
            N_("Name every class after `names:`; the first one has the number 0."),
            path=data.source,
            index=highest,
            count=len(data.names),
        )


def _length(line: Line) -> int:
    """Return how many numbers a line has, its class among them."""
    return 1 + len(line.values) if len(line.values) else len(line.text.split())


def _first_lines(data: DataSet) -> Iterator[Line]:
    """Yield the first lines of the first label files that hold any."""
    seen = 0
    for picture in pictures(data.splits["train"]):
        try:
            found = lines.read(label_of(picture)).lines[:_LINES]
        except OSError:
            continue
        yield from found
        seen += bool(found)
        if seen == _LOOKED_AT:
            return


def _unlabelled(data: DataSet) -> DataError:
    return DataError(
        N_("No labels were found for the pictures of {path}."),
        N_("For images/x/1.jpg they are in labels/x/1.txt."),
        path=data.source,
    )
