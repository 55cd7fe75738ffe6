"""Pictures to classify: a folder for each class, with or without folders of splits around them."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from engine.datasets.copies import Copy
from engine.datasets.losses import Losses
from engine.datasets.samples import Object, Read, Sample, in_order, split_of_folder
from engine.datasets.taking import taken
from engine.export.progress import Ticker
from engine.filenames import media_name
from engine.suffixes import PICTURE_SUFFIXES

_SPLITS = frozenset({"train", "val", "valid", "validation", "test"})


def read(root: Path) -> Read:
    """Read the pictures of class folders.

    Args:
        root: The folder of the classes, or of the splits that hold them.

    Returns:
        Samples with one object each, which has no place and the name of the class.
    """
    samples = []
    tops = {path.name for path in root.iterdir() if path.is_dir()}
    divided = bool(tops) and tops <= _SPLITS
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        parts = Path(folder).relative_to(root).parts
        if len(parts) < 1 + divided:
            continue
        whole = Object(parts[divided], np.zeros((0, 2)), is_box=True)
        split = split_of_folder(parts[0]) if divided else None
        for name in sorted(names):
            if Path(name).suffix.lower() in PICTURE_SUFFIXES and not name.startswith("."):
                samples.append(Sample(Path(folder, name), name, split, None, (whole,)))
    return Read(in_order(o.label for each in samples for o in each.objects), tuple(samples))


def write(
    copy: Copy, samples: tuple[Sample, ...], losses: Losses, ticker: Ticker
) -> tuple[int, int]:
    """Write pictures into a folder for each split and class.

    Returns:
        How many pictures there are, and how many of them have a class.

    Raises:
        OSError: A picture cannot be written.
    """
    names: set[str] = set()
    count = 0
    for sample in samples:
        ticker.step()
        found = taken(sample, losses)
        if found is None:
            continue
        label = sample.objects[0].label
        folder = copy.folder / (sample.split or "train") / label
        folder.mkdir(parents=True, exist_ok=True)
        suffix = Path(sample.name).suffix
        (folder / media_name(sample.name, 0, pages=False, taken=names, suffix=suffix)).write_bytes(
            found[0]
        )
        count += 1
    # Every split needs every class, or their numbers would differ.
    labels = {sample.objects[0].label for sample in samples}
    for split in {sample.split or "train" for sample in samples}:
        for label in labels:
            (copy.folder / split / label).mkdir(parents=True, exist_ok=True)
    return count, count
