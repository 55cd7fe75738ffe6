"""The columns of the result table: what stands above them, on screen and in a copy.

To add a column: one row in `RESULT_COLUMNS` with the name of a column of `engine.store.query`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from desktop.figures import number
from engine.i18n import N_
from engine.store.query import file_name
from engine.store.records import ObjectRecord
from engine.types import Task

Value = str | int | float | None


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the table.

    Attributes:
        record: The object, or the class of a classified picture.
        source: The file it is in.
        index: Page of a TIFF or frame of a video, from 0.
    """

    record: ObjectRecord
    source: str
    index: int

    @property
    def picture(self) -> str:
        """Name of the picture without its folder, with its number where it is not the first."""
        name = file_name(self.source)
        return f"{name} · {self.index + 1}" if self.index else name


@dataclass(frozen=True, slots=True)
class ResultColumn:
    """A column.

    Attributes:
        name: A key of `engine.store.query.COLUMNS`.
        title: What stands above it, in English.
        width: The least width in pixels.
        value: Gives what a cell holds; of the class, its index.
        shown: Decimals on screen, None for texts and whole numbers.
        copied: Decimals in a copy, likewise.
    """

    name: str
    title: str
    width: int
    value: Callable[[Row], Value]
    shown: int | None = None
    copied: int | None = None

    @property
    def numeric(self) -> bool:
        """Whether it holds numbers, which stand at the right."""
        return self.name not in ("picture", "class")

    def text(self, row: Row) -> str:
        """Return a cell as it is shown, in the form of the locale; not for the class."""
        value = self.value(row)
        if value is None or isinstance(value, str):
            return value or ""
        return number(value, self.shown or 0)

    def plain(self, row: Row, names: Sequence[str]) -> str:
        """Return a cell as it is copied, the same in every locale."""
        value = self.value(row)
        if self.name == "class":
            value = class_name(names, row.record.class_id)
        if value is None:
            return ""
        if isinstance(value, float):
            return f"{value:.{self.copied or 0}f}"
        return " ".join(str(value).split())


RESULT_COLUMNS: tuple[ResultColumn, ...] = (
    ResultColumn("id", N_("No."), 56, lambda row: row.record.id),
    ResultColumn("picture", N_("Picture"), 180, lambda row: row.picture),
    ResultColumn("class", N_("Class"), 120, lambda row: row.record.class_id),
    ResultColumn("confidence", N_("Confidence"), 88, lambda row: row.record.confidence, 2, 5),
    ResultColumn("x", N_("X (px)"), 72, lambda row: row.record.x1, 1, 3),
    ResultColumn("y", N_("Y (px)"), 72, lambda row: row.record.y1, 1, 3),
    ResultColumn("width", N_("Width (px)"), 88, lambda row: row.record.x2 - row.record.x1, 1, 3),
    ResultColumn("height", N_("Height (px)"), 88, lambda row: row.record.y2 - row.record.y1, 1, 3),
    ResultColumn("area", N_("Area (px²)"), 88, lambda row: row.record.area, 0, 1),
    ResultColumn("angle", N_("Angle (°)"), 72, lambda row: degrees(row.record.angle), 1, 3),
    ResultColumn("track", N_("Track"), 64, lambda row: row.record.track),
)

_OF_EVERY_TASK = ("id", "picture", "class", "confidence")


def applies(column: ResultColumn, task: Task, tracked: bool) -> bool:
    """Tell whether a column has something to say in a session.

    Args:
        column: The column.
        task: Of the session's model.
        tracked: Whether the session has tracks.
    """
    if column.name in _OF_EVERY_TASK:
        return True
    if task == "classify":
        return False
    if column.name == "angle":
        return task == "obb"
    return tracked or column.name != "track"


def degrees(angle: float | None) -> float | None:
    """Return radians as degrees."""
    return None if angle is None else math.degrees(angle)


def class_name(names: Sequence[str], class_id: int) -> str:
    """Return the name of a class, or its number where the model has no name for it."""
    return names[class_id] if 0 <= class_id < len(names) else str(class_id)
