"""A copy of a data set in which what a check found is put right, as far as it can be."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from engine.datasets import lines
from engine.datasets.dataset import DataSet, label_of, pictures
from engine.datasets.findings import FIXABLE, Report
from engine.datasets.label_checks import label_listing
from engine.datasets.mending import is_lost, mended
from engine.datasets.resplitting import split_entries
from engine.datasets.rewriting import Entry, name_of, rewrite
from engine.errors import DataError
from engine.export.progress import Question
from engine.export.progress import Report as Tell
from engine.i18n import N_
from engine.sources.sniffing import not_opened

_BROKEN = ("unreadable", "cut_off", "picture_gone", "small_picture")
_MOVED = ("near_leak", "name_leak")


def fixed_copy(
    data: DataSet,
    report: Report,
    *,
    kinds: Collection[str] | None = None,
    base: Path | None = None,
    progress: Tell | None = None,
    cancelled: Question | None = None,
) -> Path:
    """Make a data set with the fixes that a report offers; the source stays as it is.

    Args:
        data: What was checked.
        report: What was found.
        kinds: Kinds of findings to do something about; by default all that have a fix.
        base: Folder of the copies; by default the one below the person's folder.
        progress: Told how far it is, in pictures.
        cancelled: True ends the work.

    Returns:
        The description, or the folder of classes, of the copy.

    Raises:
        DataError: Nothing would be left, there is no room for it, or it cannot be written.
        Cancelled: `cancelled` said so; nothing is left of it.
    """
    chosen = FIXABLE if kinds is None else FIXABLE & frozenset(kinds)
    mender = _Mender(data, chosen)
    entries = _entries(data, report, chosen, mender)
    if not entries:
        raise DataError(
            N_("Nothing would be left of {path}."),
            N_("Choose other data or mend the pictures first."),
            path=data.source,
        )
    if not _is_divided(entries):
        # Where all belong together, to have moved them leaves nothing to validate with.
        entries = _entries(data, report, chosen - {*_MOVED}, mender)
    if not _is_divided(entries):
        entries = split_entries(data, entries, progress=progress, cancelled=cancelled)
    names = [name.strip() for name in data.names] if "name_blank" in chosen else data.names
    return rewrite(
        data,
        entries,
        mender.text,
        names=names,
        name=name_of(data, "fixed"),
        base=base,
        progress=progress,
        cancelled=cancelled,
    )


def _is_divided(entries: Collection[Entry]) -> bool:
    return {"train", "val"} <= {entry.split for entry in entries}


@dataclass(slots=True)
class _Mender:
    """Mends the label files of a data set, one at a time."""

    data: DataSet
    chosen: Collection[str]
    _listings: dict[Path, dict[str, str]] = field(default_factory=dict)

    def text(self, picture: Path) -> str | None:
        """Return the label file that a picture is to have, None for none."""
        return self._mended(picture)[0]

    def is_lost(self, picture: Path) -> bool:
        """Tell whether nothing is left of a picture's labels."""
        return self._mended(picture)[1]

    def _mended(self, picture: Path) -> tuple[str | None, bool]:
        path, count = label_of(picture), len(self.data.names)
        name = label_listing(path.parent, self._listings).get(path.name.lower())
        if name is None or (name != path.name and "suffix_case" not in self.chosen):
            return ("" if "missing_label" in self.chosen else None), False
        try:
            label = lines.read(path.with_name(name), self.data.stated_keypoints)
        except OSError as error:
            raise not_opened(path, error, DataError) from error
        text = mended(label, self.chosen, count)
        return text, is_lost(label, text, count)


def _entries(
    data: DataSet, report: Report, chosen: Collection[str], mender: _Mender
) -> list[Entry]:
    """Return the pictures that stay, with the splits that they go to."""
    found: Mapping[str, set[Path]] = {
        finding.kind: {place.file for place in finding.places} for finding in report.findings
    }
    broken = set().union(*(found.get(kind, set()) for kind in _BROKEN if kind in chosen))
    moved = set().union(*(found.get(kind, set()) for kind in _MOVED if kind in chosen))
    twins = found.get("leak", set()) if "leak" in chosen else set()
    anew = "same_split" in chosen and "same_split" in found
    splits = {split: list(pictures(places)) for split, places in data.splits.items()}
    times = Counter(path for paths in splits.values() for path in set(paths))
    entries, seen = [], set(broken)
    for split, paths in splits.items():
        for path in paths:
            # One and the same file in two splits stays in the first of them.
            is_twin = path in twins and times[path] == 1
            if path in seen or is_twin or (anew and split == "val"):
                continue
            seen.add(path)
            if not data.classifies and mender.is_lost(path):
                continue
            entries.append(Entry("train" if path in moved else split, path))
    return entries
