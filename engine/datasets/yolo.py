"""Reading labels of YOLO that no description goes with, as LabelImg and Darknet leave them."""

from __future__ import annotations

from pathlib import Path

from engine.datasets import lines
from engine.datasets.dataset import label_of
from engine.datasets.losses import Losses
from engine.datasets.samples import PictureIndex, Read, Sample, split_of_folder
from engine.i18n import N_

_NAMES = ("classes.txt", "obj.names", "predefined_classes.txt", "labels.txt")
"""Files that say what the classes are called, a line each."""


def read(root: Path, losses: Losses) -> Read:
    """Read the pictures below a folder and the label files that belong to them.

    Args:
        root: The folder.
        losses: Takes what cannot be read.
    """
    samples, highest = [], -1
    for picture in PictureIndex(root).all():
        label = next((path for path in _labels(picture) if path.is_file()), None)
        text = None
        if label is not None:
            try:
                found = lines.read(label)
            except OSError:
                losses.note(label, N_("It cannot be opened."))
            else:
                highest = max([highest, *(line.class_index for line in found.lines)])
                text = "".join(f"{line.text}\n" for line in found.lines)
        below = picture.parent.relative_to(root).as_posix()
        samples.append(Sample(picture, picture.name, split_of_folder(below), None, (), text))
    names = _names(root)
    # What no file names is numbered, so that no label is without a class.
    names += tuple(f"class {index}" for index in range(len(names), highest + 1))
    return Read(names or ("class 0",), tuple(samples), as_they_are=True)


def _labels(picture: Path) -> tuple[Path, ...]:
    """Return where the labels of a picture may be."""
    beside = picture.with_suffix(".txt")
    return label_of(picture), beside, picture.parent / "labels" / beside.name


def _names(root: Path) -> tuple[str, ...]:
    found = sorted(path for name in _NAMES for path in root.rglob(name))
    for path in sorted(found, key=lambda path: len(path.parts)):
        try:
            text = path.read_text(encoding="utf-8-sig", errors="replace")
        except OSError:
            continue
        names = tuple(line.strip() for line in text.splitlines() if line.strip())
        if names:
            return names
    return ()
