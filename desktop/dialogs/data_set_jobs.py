"""What the window asks of `engine.datasets`, each for a background thread."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from desktop.background import Job
from engine.types import Task

if TYPE_CHECKING:
    from engine.datasets import DataSet, Report


@dataclass(frozen=True, slots=True)
class Loaded:
    """A data set as it was found.

    Attributes:
        data: The data set.
        tasks: What its labels can train, the one that it was found for first.
        pictures: By split.
    """

    data: DataSet
    tasks: tuple[Task, ...]
    pictures: Mapping[str, Sequence[Path]]


def load(path: Path, wanted: Task | None) -> Loaded:
    """Find a data set, with or without pictures to validate with.

    Raises:
        DataError: It is none, or not labelled for the task.
    """
    from engine.datasets import find, pictures, tasks_of

    tasks = tasks_of(path)
    task = wanted or tasks[0]
    data = find(path, task, val_needed=False)
    listed = {split: list(pictures(places)) for split, places in data.splits.items()}
    return Loaded(data, (task, *(each for each in tasks if each != task)), listed)


def check(loaded: Loaded, input_size: int | None, job: Job) -> Report:
    """Look at every picture and label.

    Raises:
        Cancelled: The job was cancelled.
    """
    from engine.datasets import check as look

    return look(
        loaded.data,
        loaded.tasks[0],
        input_size,
        progress=job.report,
        cancelled=job.should_stop,
    )


def fix(loaded: Loaded, report: Report, base: Path | None, job: Job) -> Path:
    """Make a copy in which everything is put right that can be, and return its path.

    Raises:
        DataError: It cannot be made.
        Cancelled: The job was cancelled.
    """
    from engine.datasets import fixed_copy

    return fixed_copy(
        loaded.data, report, base=base, progress=job.report, cancelled=job.should_stop
    )


def split(loaded: Loaded, base: Path | None, share: float, seed: int, job: Job) -> Path:
    """Make a copy that is split anew and return its path.

    Raises:
        DataError: It cannot be made.
        Cancelled: The job was cancelled.
    """
    from engine.datasets import resplit

    return resplit(loaded.data, base, share, seed, progress=job.report, cancelled=job.should_stop)
