"""What a check of a data set can find, and the report that it makes of it.

To add a kind: one row in `KINDS`, and `collector.add` where it is seen; if it has a fix, that goes
to `engine.datasets.mending` for lines or to `engine.datasets.fixing` for pictures.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple

from engine.i18n import N_
from engine.i18n import translate as _
from engine.sources.sniffing import printable

Severity = Literal["error", "warning", "note"]

_SHOWN = 3
"""Places of a finding that a text lists; the others are counted."""

_DROPPED = N_("These lines are left out, and pictures that have no others.")
_DROPPED_ALONE = N_("These lines are left out.")
_CLIPPED = N_("They are cut off at the border of the picture.")
_REWRITTEN = N_("The files are written anew.")
_LEFT_OUT = N_("They are left out.")
_TO_TRAIN = N_("They go with the others they belong to, to the pictures to learn from.")

KINDS: Mapping[str, tuple[Severity, str, str]] = {
    "unreadable": ("error", N_("Pictures that cannot be read: {count}"), _LEFT_OUT),
    "cut_off": ("error", N_("Pictures whose end is missing: {count}"), _LEFT_OUT),
    "picture_gone": ("error", N_("Listed pictures that are not there: {count}"), _LEFT_OUT),
    "small_picture": ("error", N_("Pictures below 10 px a side: {count}"), _LEFT_OUT),
    "stem_twice": (
        "error",
        N_("Pictures that share a label file with another one: {count}"),
        N_("Each gets a name and a label file of its own."),
    ),
    "same_split": (
        "error",
        N_("The pictures to validate with are those to learn from: {count}"),
        N_("They are split anew."),
    ),
    "leak": ("error", N_("Pictures that are in an earlier split as well: {count}"), _LEFT_OUT),
    "encoding": ("error", N_("Label files that are not UTF-8: {count}"), _REWRITTEN),
    "suffix_case": ("error", N_("Label files whose suffix is not .txt: {count}"), _REWRITTEN),
    "not_numbers": ("error", N_("Lines with text in the place of numbers: {count}"), _DROPPED),
    "commas": (
        "error",
        N_("Lines with commas in the place of points or blanks: {count}"),
        N_("They are written with points and blanks."),
    ),
    "not_finite": ("error", N_("Lines with numbers that are none, such as nan: {count}"), _DROPPED),
    "short": ("error", N_("Lines of fewer than five numbers: {count}"), _DROPPED),
    "six_values": (
        "error",
        N_("Lines of six numbers, a box and one too many: {count}"),
        N_("Where the box is inside the picture the sixth is left out, else the line."),
    ),
    "odd_count": ("error", N_("Polygons with half a point: {count}"), _DROPPED),
    "class_negative": ("error", N_("Lines with a class below 0: {count}"), _DROPPED),
    "class_fraction": ("error", N_("Lines whose class is no whole number: {count}"), _DROPPED),
    "class_out_of_range": ("error", N_("Lines of a class that has no name: {count}"), _DROPPED),
    "pixels": ("error", N_("Lines in pixels, not in shares of the picture: {count}"), _DROPPED),
    "far_outside": ("error", N_("Lines with shares below 0 or above 1: {count}"), _CLIPPED),
    "negative_size": ("error", N_("Boxes of negative size: {count}"), _DROPPED_ALONE),
    "mixed": (
        "error",
        N_("Label files with boxes and polygons: {count}"),
        N_("The boxes become polygons of four corners."),
    ),
    "other_task": ("error", N_("Lines for another task than {task}: {count}"), ""),
    "near_leak": (
        "warning",
        N_("Pictures that show nearly the same as one in an earlier split: {count}"),
        _TO_TRAIN,
    ),
    "name_leak": (
        "warning",
        N_("Pictures made from one photograph or film as those of an earlier split: {count}"),
        _TO_TRAIN,
    ),
    "unsupported": ("warning", N_("Pictures of a kind that a training skips: {count}"), ""),
    "missing_label": (
        "warning",
        N_("Pictures without a label file: {count}"),
        N_("They get an empty one, which says that nothing is on them."),
    ),
    "orphan_label": ("warning", N_("Label files without a picture: {count}"), _LEFT_OUT),
    "outside": ("warning", N_("Shapes that reach out of their picture: {count}"), _CLIPPED),
    "zero_size": ("warning", N_("Boxes of no width or height: {count}"), _DROPPED_ALONE),
    "flat": ("warning", N_("Polygons without an area: {count}"), _DROPPED_ALONE),
    "crossing": ("warning", N_("Polygons that cross themselves: {count}"), ""),
    "duplicate_line": ("warning", N_("Lines that stand there twice: {count}"), _DROPPED_ALONE),
    "mixed_set": ("warning", N_("Some label files have boxes and others polygons: {count}"), ""),
    "tiny": ("warning", N_("Objects below 3 px at an input of {size} px: {count}"), ""),
    "class_empty": ("warning", N_("Classes without an object: {count}"), ""),
    "class_unlearned": ("warning", N_("Classes that only the validation has: {count}"), ""),
    "name_twice": ("warning", N_("Class names that are there twice: {count}"), ""),
    "name_blank": (
        "warning",
        N_("Class names with blanks at an end: {count}"),
        N_("The blanks are left out."),
    ),
    "foreign_path": (
        "warning",
        N_("Paths of another machine in the description: {count}"),
        N_("The copy has paths of its own."),
    ),
    "absolute_path": (
        "note",
        N_("Absolute paths in the description, which break when the folder is moved: {count}"),
        N_("The copy has paths of its own."),
    ),
    "duplicate": ("note", N_("Pictures that are in one split twice: {count}"), ""),
    "small": ("note", N_("Objects below 8 px at an input of {size} px: {count}"), ""),
    "class_rare": ("note", N_("Classes with fewer than ten objects to learn from: {count}"), ""),
    "imbalance": ("note", N_("Classes with a fiftieth of the most frequent one: {count}"), ""),
    "class_decimal": (
        "note",
        N_("Lines whose class is written with a point: {count}"),
        N_("It is written as a whole number."),
    ),
    "bom": ("note", N_("Label files that begin with a byte-order mark: {count}"), _REWRITTEN),
    "empty_label": ("note", N_("Pictures whose label file is empty: {count}"), ""),
    "classes_file": ("note", N_("Lists of class names among the labels: {count}"), _LEFT_OUT),
    "orientation": ("note", N_("Pictures that their metadata turn: {count}"), ""),
    "huge_picture": ("note", N_("Pictures above 50 million pixels: {count}"), ""),
}
"""Severity, title and fix of each kind, the most serious first.

With an error the training fails, leaves the picture out or learns something that is wrong; with a
warning it may learn worse; a note is worth knowing.
"""

FIXABLE = frozenset(kind for kind, (_severity, _title, fix) in KINDS.items() if fix)


class Place(NamedTuple):
    """Where something was found.

    Attributes:
        file: A picture, a label file or the description.
        line: Of the file, from 1; None where all of it is meant.
        detail: More about it, in the language of the check; may be empty.
    """

    file: Path
    line: int | None
    detail: str

    def __str__(self) -> str:
        """Return it as one line for a person."""
        at = printable(self.file) + (f":{self.line}" if self.line is not None else "")
        return f"{at}  {self.detail}".rstrip()


@dataclass(frozen=True, slots=True)
class Finding:
    """One kind of thing that was found.

    Attributes:
        kind: A key of `KINDS`.
        severity: How serious it is.
        template: Its title in English.
        values: What the title names.
        places: Where, in the order of the pictures.
        fix_template: What a fixed copy does about it, in English; empty where it does nothing.
    """

    kind: str
    severity: Severity
    template: str
    values: Mapping[str, object]
    places: tuple[Place, ...]
    fix_template: str

    @property
    def title(self) -> str:
        """What was found, in the active language."""
        return _(self.template).format(**self.values)

    @property
    def fix(self) -> str | None:
        """What a fixed copy does about it in the active language, None for nothing."""
        return _(self.fix_template) or None


@dataclass(frozen=True, slots=True)
class SplitCounts:
    """How much a split has.

    Attributes:
        pictures: All of them.
        labelled: Those with at least one object.
        backgrounds: Those without any.
        objects: In all pictures.
        classes: Objects by class index.
    """

    pictures: int
    labelled: int
    backgrounds: int
    objects: int
    classes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """What a check found.

    Attributes:
        findings: One a kind, the most serious first.
        splits: What each split has.
        names: Class names by index.
        task: What the data set was checked for.
        input_size: Longer side of the network's input in pixels.
    """

    findings: tuple[Finding, ...]
    splits: Mapping[str, SplitCounts]
    names: tuple[str, ...]
    task: str
    input_size: int

    @property
    def has_errors(self) -> bool:
        """Whether anything is found that a training cannot do with."""
        return any(each.severity == "error" for each in self.findings)

    @property
    def fixable(self) -> tuple[str, ...]:
        """Kinds of findings that a fixed copy does something about."""
        return tuple(each.kind for each in self.findings if each.fix_template)

    def as_text(self) -> Iterator[str]:
        """Yield the report as lines for a person."""
        for split, counts in self.splits.items():
            yield _(
                "{split}: {pictures} pictures, {backgrounds} of them without an object; "
                "{objects} objects"
            ).format(
                split=split,
                pictures=counts.pictures,
                backgrounds=counts.backgrounds,
                objects=counts.objects,
            )
            each = zip(self.names, counts.classes, strict=True)
            yield "  " + ", ".join(f"{name} {count}" for name, count in each)
        words = {"error": _("Error"), "warning": _("Warning"), "note": _("Note")}
        for finding in self.findings:
            yield f"{words[finding.severity]}: {finding.title}"
            yield from (f"  {place}" for place in finding.places[:_SHOWN])
            if len(finding.places) > _SHOWN:
                more = len(finding.places) - _SHOWN
                yield "  " + _("and {count} more").format(count=more)
            if finding.fix:
                yield "  " + _("With --fix: {fix}").format(fix=finding.fix)
        if not self.findings:
            yield _("Nothing to complain of.")


@dataclass(slots=True)
class Collector:
    """Gathers what a check sees.

    Attributes:
        values: What titles name beside the number of places.
    """

    values: Mapping[str, object] = field(default_factory=dict)
    _places: dict[str, list[Place]] = field(default_factory=lambda: defaultdict(list))

    def add(self, kind: str, file: Path, line: int | None = None, detail: str = "") -> None:
        """Keep one place of a kind of `KINDS`."""
        self._places[kind].append(Place(file, line, detail))

    def findings(self) -> tuple[Finding, ...]:
        """Return everything that was seen, in the order of the table."""
        return tuple(
            Finding(
                kind=kind,
                severity=severity,
                template=title,
                values={**self.values, "count": len(self._places[kind])},
                places=tuple(self._places[kind]),
                fix_template=fix,
            )
            for kind, (severity, title, fix) in KINDS.items()
            if kind in self._places
        )
