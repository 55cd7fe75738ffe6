"""What can only be seen of a data set as a whole: leaks, classes, its description."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path, PureWindowsPath

from engine.datasets.dataset import DataSet
from engine.datasets.finding import read_description
from engine.datasets.findings import Collector, SplitCounts
from engine.datasets.fingerprints import Fingerprint, equal_pairs, near_pairs
from engine.datasets.groups import group, origin_of
from engine.errors import DataError
from engine.export.progress import Question
from engine.i18n import translate as _

_RARE = 10
_IMBALANCE = 50


def check_twins(
    collector: Collector,
    splits: Mapping[str, Sequence[Path]],
    prints: Mapping[Path, Fingerprint],
    cancelled: Question | None = None,
) -> None:
    """Look for pictures that are there twice, in one split or in several.

    Args:
        collector: Takes what is found.
        splits: Pictures by split, in the order in which leaks are told: train first.
        prints: What is known of the pictures that can be read.
        cancelled: True ends the work.

    Raises:
        Cancelled: `cancelled` said so.
    """
    train, val = (set(splits.get(name, ())) for name in ("train", "val"))
    same = bool(val) and _digests(val, prints) <= _digests(train, prints)
    if same:
        for path in splits["val"]:
            collector.add("same_split", path)
    rank = {split: number for number, split in enumerate(splits)}
    entries = [(split, path) for split, paths in splits.items() for path in paths]
    known = [(split, path) for split, path in entries if path in prints]
    seen = [prints[path] for _split, path in known]
    told: set[int] = set()
    equal = list(equal_pairs(seen))
    for first, second in equal:
        (one, here), (other, there) = known[first], known[second]
        if one == other:
            collector.add("duplicate", there, detail=_("as {path}").format(path=here.name))
        elif not same or other != "val":
            told.add(second)
            collector.add("leak", there, detail=_("in {split} as {path}").format(
                split=one, path=here.name
            ))  # fmt: skip
    if same:
        return
    near = list(near_pairs(seen, cancelled))
    _check_groups(collector, "near_leak", known, [*equal, *near], rank, told)
    by_name = _named_alike([path for _split, path in known])
    _check_groups(collector, "name_leak", known, by_name, rank, told)


def _digests(paths: set[Path], prints: Mapping[Path, Fingerprint]) -> set[bytes]:
    return {prints[path].content for path in paths if path in prints} or {b""}


def _check_groups(
    collector: Collector,
    kind: str,
    known: Sequence[tuple[str, Path]],
    pairs: Sequence[tuple[int, int]],
    rank: Mapping[str, int],
    told: set[int],
) -> None:
    """Name what is in a later split than the first one of its group."""
    members: dict[int, list[int]] = {}
    for index, number in enumerate(group([Path(str(n)) for n in range(len(known))], pairs)):
        members.setdefault(number, []).append(index)
    for together in members.values():
        first = min(together, key=lambda index: rank[known[index][0]])
        split, path = known[first]
        for index in together:
            if known[index][0] != split and index not in told:
                told.add(index)
                detail = _("like {path} in {split}").format(split=split, path=path.name)
                collector.add(kind, known[index][1], detail=detail)


def _named_alike(paths: Sequence[Path]) -> list[tuple[int, int]]:
    """Return pairs of pictures whose names say that they were made from one photograph."""
    first: dict[str, int] = {}
    pairs = []
    for index, path in enumerate(paths):
        origin = origin_of(path.name).casefold()
        if origin == path.stem.casefold():
            continue
        pairs.append((first.setdefault(origin, index), index))
    return [(one, other) for one, other in pairs if one != other]


def check_classes(collector: Collector, data: DataSet, counts: Mapping[str, SplitCounts]) -> None:
    """Look for classes without objects, rare ones, and names that cannot be told apart."""
    train = counts["train"].classes
    most = max(train, default=0)
    for index, name in enumerate(data.names):
        total = sum(each.classes[index] for each in counts.values())
        if not total:
            collector.add("class_empty", data.source, detail=name)
        elif not train[index]:
            collector.add("class_unlearned", data.source, detail=name)
        elif train[index] < _RARE:
            detail = f"{name}: {train[index]}"
            collector.add("class_rare", data.source, detail=detail)
        elif train[index] * _IMBALANCE < most:
            collector.add("imbalance", data.source, detail=f"{name}: {train[index]} / {most}")
        if name != name.strip():
            collector.add("name_blank", data.source, detail=repr(name))
    for name, times in Counter(name.strip().casefold() for name in data.names).items():
        if times > 1:
            collector.add("name_twice", data.source, detail=name)


def check_description(collector: Collector, data: DataSet) -> None:
    """Look for paths in the description that only one machine knows."""
    for entry in data.foreign:
        collector.add("foreign_path", data.source, detail=entry)
    if data.classifies:
        return
    try:
        content = read_description(data.source)
    except DataError:
        return
    for key in ("path", "train", "val", "valid", "test"):
        value = content.get(key)
        for given in value if isinstance(value, list) else [value]:
            if not isinstance(given, str) or given in data.foreign:
                continue
            if given.startswith("/") or PureWindowsPath(given).is_absolute():
                collector.add("absolute_path", data.source, detail=f"{key}: {given}")
