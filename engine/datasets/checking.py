"""Checking a data set before it is trained on."""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from engine.datasets import label_checks, lines, set_checks
from engine.datasets.dataset import TRAINED_SUFFIXES, DataSet, label_of, pictures
from engine.datasets.findings import Collector, Report, SplitCounts
from engine.datasets.fingerprints import CutOff, Fingerprint, fingerprint
from engine.datasets.label_checks import Rules, label_listing
from engine.errors import EngineError
from engine.export.progress import Question, Ticker
from engine.export.progress import Report as Tell
from engine.i18n import translate as _
from engine.suffixes import PICTURE_SUFFIXES

SIZE = 640
"""Input size that a data set is checked for unless somebody says otherwise."""

_SMALLEST_SIDE_PX = 10
_HUGE_PIXELS = 50_000_000
_EVERY = 20

_LISTS_OF_CLASSES = frozenset({"classes.txt", "labels.txt", "obj.names", "predefined_classes.txt"})


def check(
    data: DataSet,
    task: str,
    input_size: int | None = None,
    *,
    progress: Tell | None = None,
    cancelled: Question | None = None,
) -> Report:
    """Look at every picture and label of a data set; nothing is written.

    Args:
        data: What to look at.
        task: What is to be trained.
        input_size: Longer side of the network's input in pixels.
        progress: Told how far it is, in pictures.
        cancelled: True ends the work.

    Raises:
        Cancelled: `cancelled` said so.
    """
    size = input_size or SIZE
    collector = Collector({"task": task, "size": size})
    shape = data.stated_keypoints
    rules = Rules(len(data.names), task, shape, size)
    splits = {split: list(pictures(places)) for split, places in data.splits.items()}
    ticker = Ticker(sum(map(len, splits.values())), progress, cancelled, _EVERY)
    walk = _Walk(data, rules, collector)
    counts: dict[str, SplitCounts] = {}
    for split, paths in splits.items():
        counts[split] = walk.split(paths, ticker)
    walk.orphans()
    set_checks.check_twins(collector, splits, walk.prints, cancelled)
    set_checks.check_classes(collector, data, counts)
    set_checks.check_description(collector, data)
    if len(walk.sorts) == 2 and task != "segment":
        smaller = min(walk.sorts.values(), key=len)
        for path in smaller:
            collector.add("mixed_set", path)
    ticker.finish()
    return Report(collector.findings(), counts, data.names, task, size)


@dataclass(slots=True)
class _Walk:
    """Looks at one picture after the other and remembers what concerns several."""

    data: DataSet
    rules: Rules
    collector: Collector
    prints: dict[Path, Fingerprint] = field(default_factory=dict)
    sorts: dict[bool, list[Path]] = field(default_factory=lambda: defaultdict(list))
    _listings: dict[Path, dict[str, str]] = field(default_factory=dict)
    _owners: dict[Path, Path] = field(default_factory=dict)
    _folders: set[Path] = field(default_factory=set)

    def split(self, paths: Sequence[Path], ticker: Ticker) -> SplitCounts:
        """Look at the pictures of a split and count what they hold."""
        classes: Counter[int] = Counter()
        labelled = 0
        for path in paths:
            ticker.step()
            size = self._picture(path)
            found = self._class_of(path) if self.data.classifies else self._label(path, size)
            labelled += bool(found)
            classes.update(found)
        return SplitCounts(
            pictures=len(paths),
            labelled=labelled,
            backgrounds=len(paths) - labelled,
            objects=classes.total(),
            classes=tuple(classes[index] for index in range(self.rules.classes)),
        )

    def _picture(self, path: Path) -> tuple[int, int] | None:
        """Look at a picture; return its width and height, None where it cannot be read."""
        add = self.collector.add
        if path.suffix.lower() not in TRAINED_SUFFIXES:
            add("unsupported", path)
        if not os.path.lexists(path):
            add("picture_gone", path)
            return None
        try:
            known = self.prints[path] = fingerprint(path)
        except CutOff as error:
            add("cut_off", path, detail=error.hint)
            return None
        except EngineError as error:
            add("unreadable", path, detail=str(error))
            return None
        width, height = known.header.size
        if known.header.orientation > 1:
            add("orientation", path, detail=f"EXIF {known.header.orientation}")
        if min(width, height) < _SMALLEST_SIDE_PX:
            add("small_picture", path, detail=f"{width}×{height}")
        elif width * height > _HUGE_PIXELS:
            add("huge_picture", path, detail=f"{width}×{height}")
        return width, height

    def _class_of(self, path: Path) -> list[int]:
        """Return the class that the folder of a picture says."""
        for places in self.data.splits.values():
            for place in places:
                if path.is_relative_to(place):
                    name = path.relative_to(place).parts[0]
                    return [self.data.names.index(name)] if name in self.data.names else []
        return []

    def _label(self, picture: Path, size: tuple[int, int] | None) -> list[int]:
        """Look at the label file of a picture and return the classes of its objects."""
        path = label_of(picture)
        owner = self._owners.setdefault(path, picture)
        if owner != picture:
            detail = _("with {name}").format(name=owner.name)
            self.collector.add("stem_twice", picture, detail=detail)
        self._folders.add(path.parent)
        names = label_listing(path.parent, self._listings)
        written = names.get(path.name.lower())
        if written != path.name:
            if written is not None:
                self.collector.add("suffix_case", path.with_name(written))
            else:
                self.collector.add("missing_label", picture)
            return []
        try:
            label = lines.read(path, self.rules.keypoints)
        except OSError as error:
            self.collector.add("encoding", path, detail=error.strerror or str(error))
            return []
        for kind, line, detail in label_checks.whole_file(label):
            self.collector.add(kind, path, line, detail)
        for each in label.lines:
            for kind, number, detail in label_checks.one_line(each, self.rules, size):
                self.collector.add(kind, path, number, detail)
        sorts = {each.is_box for each in label.lines if each.readable}
        if len(sorts) == 1:
            self.sorts[sorts.pop()].append(path)
        return label_checks.counted(label, self.rules.classes)

    def orphans(self) -> None:
        """Look for labels that belong to no picture."""
        stems: dict[Path, set[str]] = defaultdict(set)
        # What is beside the pictures of a list, and not in it, was left out on purpose.
        for folder, beside in {(path.parent, own.parent) for path, own in self._owners.items()}:
            names = map(Path, label_listing(beside, self._listings).values())
            stems[folder] |= {n.stem.lower() for n in names if n.suffix.lower() in PICTURE_SUFFIXES}
        for folder in sorted(self._folders):
            for lower, name in sorted(label_listing(folder, self._listings).items()):
                path = folder / name
                if lower in _LISTS_OF_CLASSES:
                    self.collector.add("classes_file", path)
                elif lower.endswith(".txt") and Path(lower).stem not in stems[folder]:
                    self._orphan(path)

    def _orphan(self, path: Path) -> None:
        """Name a label file without a picture, unless it is some other text."""
        try:
            label = lines.read(path)
        except OSError:
            return
        if not label.lines or any(line.readable for line in label.lines):
            self.collector.add("orphan_label", path)
