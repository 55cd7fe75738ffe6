"""Dividing pictures into those to learn from and those to validate with, without leaks."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.datasets.fingerprints import Fingerprint, equal_pairs, fingerprint, near_pairs
from engine.datasets.groups import group
from engine.datasets.samples import Sample
from engine.errors import DataError, PictureError
from engine.export.progress import Question, Report, Ticker
from engine.i18n import N_

SHARE = 0.2
"""Of the pictures that validate, unless somebody says otherwise."""

_TIMES = 3
_EVERY = 10


def split(
    pictures: Sequence[Path],
    classes: Sequence[Mapping[str, int]],
    *,
    share: float = SHARE,
    seed: int = 0,
    prints: Sequence[Fingerprint | None] | None = None,
    progress: Report | None = None,
    cancelled: Question | None = None,
) -> list[bool]:
    """Choose the pictures to validate with.

    Pictures that belong together, by `engine.datasets.groups` or because they are nearly the same,
    stay on one side. As far as that allows, each side has its share of every class.

    Args:
        pictures: What to divide.
        classes: Number of objects by class of each picture.
        share: Of the pictures that are to validate, above 0 and below 1.
        seed: The same seed gives the same split.
        prints: Of the pictures, None for one that cannot be read; looked at here by default.
        progress: Told how many pictures were looked at.
        cancelled: True ends the work.

    Returns:
        Whether each picture validates.

    Raises:
        DataError: The share is none, or all pictures belong together.
        Cancelled: `cancelled` said so.
    """
    if not 0 < share < 1:
        raise DataError(
            N_("A share of {share} cannot be split off."),
            N_("Choose one above 0 and below 1, such as 0.2."),
            share=share,
        )
    if prints is None:
        prints = _looked_at(pictures, progress, cancelled)
    numbers = group(pictures, _pairs(prints, cancelled))
    count = max(numbers, default=-1) + 1
    if count < 2:
        raise DataError(
            N_("The {count} pictures cannot be split: all of them belong together."),
            N_("Add pictures of other things, or name the pictures to validate with yourself."),
            count=len(pictures),
        )
    chosen = _chosen(_table(numbers, classes, count), share, seed)
    return [bool(chosen[number]) for number in numbers]


def _looked_at(
    pictures: Sequence[Path], progress: Report | None, cancelled: Question | None
) -> list[Fingerprint | None]:
    """Return the fingerprints of pictures, None for those that cannot be read."""
    ticker = Ticker(len(pictures), progress, cancelled, _EVERY)
    found: list[Fingerprint | None] = []
    for path in pictures:
        try:
            found.append(fingerprint(path))
        except PictureError:
            found.append(None)
        ticker.step()
    ticker.finish()
    return found


def _pairs(
    prints: Sequence[Fingerprint | None], cancelled: Question | None
) -> list[tuple[int, int]]:
    """Return the indices of pictures that are the same or nearly so."""
    known = [(index, each) for index, each in enumerate(prints) if each is not None]
    seen = [each for _index, each in known]
    pairs = [*equal_pairs(seen), *near_pairs(seen, cancelled)]
    return [(known[first][0], known[second][0]) for first, second in pairs]


def _table(
    numbers: Sequence[int], classes: Sequence[Mapping[str, int]], count: int
) -> NDArray[np.float64]:
    """Return [groups, 1 + classes]: the share of all pictures and of each class in a group."""
    columns = {name: at for at, name in enumerate(sorted({n for each in classes for n in each}), 1)}
    table = np.zeros((count, 1 + len(columns)))
    for number, each in zip(numbers, classes, strict=True):
        table[number, 0] += 1
        for name, objects in each.items():
            table[number, columns[name]] += objects
    shares: NDArray[np.float64] = table / np.maximum(table.sum(axis=0), 1e-12)
    # Pictures count as much as all classes together: the share that was asked for comes first.
    shares[:, 0] *= max(1.0, len(columns)) ** 0.5
    return shares


def _chosen(table: NDArray[np.float64], share: float, seed: int) -> NDArray[np.bool_]:
    """Choose groups whose sum comes near to a share of every column."""
    chance = random.Random(seed)
    whole = table.sum(axis=0)
    goal = share * whole
    order = list(range(len(table)))
    chance.shuffle(order)
    # Those with much of a rare class come first, as they fit in few places.
    order.sort(key=lambda index: -round(float(table[index, 1:].max(initial=0.0)), 2))
    chosen = np.zeros(len(table), np.bool_)
    had = np.zeros_like(goal)
    for _ in range(_TIMES):
        before = chosen.copy()
        for index in order:
            without = had - table[index] if chosen[index] else had
            take = _far(without + table[index], goal) < _far(without, goal)
            had = without + table[index] if take else without
            chosen[index] = take
        if (chosen == before).all():
            break
    if not chosen.any() or chosen.all():
        smallest = min(order, key=lambda index: float(table[index].sum()))
        chosen[:] = chosen.all()
        chosen[smallest] = not chosen[smallest]
    return chosen


def _far(had: NDArray[np.float64], goal: NDArray[np.float64]) -> float:
    return float(((had - goal) ** 2).sum())


def split_samples(
    samples: Sequence[Sample],
    *,
    progress: Report | None = None,
    cancelled: Question | None = None,
) -> tuple[Sample, ...]:
    """Give every sample a split: that of its source where it has both, else one of ours.

    Raises:
        DataError: There is no split and none can be made.
        Cancelled: `cancelled` said so.
    """
    said = {sample.split for sample in samples}
    if {"train", "val"} <= said:
        return tuple(replace(each, split=each.split or "train") for each in samples)
    free = [index for index, each in enumerate(samples) if each.split != "test"]
    # Where nothing but a test is said there is nothing to learn from without it.
    free = free or list(range(len(samples)))
    paths = [_path(samples[index]) for index in free]
    classes = [_classes(samples[index]) for index in free]
    validate = split(paths, classes, progress=progress, cancelled=cancelled)
    found = list(samples)
    for index, chosen in zip(free, validate, strict=True):
        found[index] = replace(samples[index], split="val" if chosen else "train")
    return tuple(found)


def _path(sample: Sample) -> Path:
    return sample.picture if isinstance(sample.picture, Path) else Path(sample.name)


def _classes(sample: Sample) -> dict[str, int]:
    counts: dict[str, int] = {}
    names = (
        [each.label for each in sample.objects]
        if sample.text is None
        else [line.split()[0] for line in sample.text.splitlines() if line.strip()]
    )
    for name in names:
        counts[name] = counts.get(name, 0) + 1
    return counts
