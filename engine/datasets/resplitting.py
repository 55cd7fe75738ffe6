"""Splitting a data set anew, as a copy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from engine.datasets import lines
from engine.datasets.dataset import DataSet, label_of, pictures
from engine.datasets.rewriting import Entry, name_of, places_of, rewrite
from engine.datasets.splitting import SHARE, split
from engine.export.progress import Question, Report


def resplit(
    data: DataSet,
    base: Path | None = None,
    share: float = SHARE,
    seed: int = 0,
    *,
    progress: Report | None = None,
    cancelled: Question | None = None,
) -> Path:
    """Make a data set with the same pictures and labels, split anew without leaks.

    What the source keeps for a test stays there.

    Args:
        data: What to split; it may have no pictures to validate with yet.
        base: Folder of the copies; by default the one below the person's folder.
        share: Of the pictures that are to validate, above 0 and below 1.
        seed: The same seed gives the same split.
        progress: Told how far it is, in pictures: those looked at, then those copied.
        cancelled: True ends the work.

    Returns:
        The description, or the folder of classes, of the copy.

    Raises:
        DataError: It cannot be split, there is no room for it, or it cannot be written.
        Cancelled: `cancelled` said so; nothing is left of it.
    """
    entries = [
        Entry(split, path) for split, places in data.splits.items() for path in pictures(places)
    ]
    return rewrite(
        data,
        split_entries(data, entries, share, seed, progress=progress, cancelled=cancelled),
        _text_of,
        names=data.names,
        name=name_of(data, "split"),
        base=base,
        progress=progress,
        cancelled=cancelled,
    )


def split_entries(
    data: DataSet,
    entries: Sequence[Entry],
    share: float = SHARE,
    seed: int = 0,
    *,
    progress: Report | None = None,
    cancelled: Question | None = None,
) -> list[Entry]:
    """Divide all but the pictures for a test into those to learn from and to validate with.

    Raises:
        DataError: They cannot be divided.
        Cancelled: `cancelled` said so.
    """
    test = [entry for entry in entries if entry.split == "test"]
    kept = {entry.picture for entry in test}
    # A picture that is in two splits is there once afterwards.
    pool = list({e.picture: e for e in entries if e.picture not in kept}.values())
    paths = [entry.picture for entry in pool]
    classes = [_classes(data, path) for path in paths]
    chosen = split(paths, classes, share=share, seed=seed, progress=progress, cancelled=cancelled)
    divided = [
        Entry("val" if validates else "train", entry.picture)
        for entry, validates in zip(pool, chosen, strict=True)
    ]
    return divided + test


def _classes(data: DataSet, picture: Path) -> Counter[str]:
    if data.classifies:
        place = next(iter(places_of(data, picture).values()))
        return Counter([picture.relative_to(place).parts[0]])
    try:
        found = lines.read(label_of(picture)).lines
    except OSError:
        return Counter()
    return Counter(str(line.class_index) for line in found if line.readable)


def _text_of(picture: Path) -> str | None:
    try:
        label = lines.read(label_of(picture))
    except OSError:
        return None
    return "".join(f"{line.text}\n" for line in label.lines)
