"""The runs on disk: finding them, what a list shows of each, giving one another name."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from engine.errors import EngineError, TrainingError
from engine.i18n import N_
from engine.paths import home
from engine.training.config import TrainConfig
from engine.training.folder import RunFolder
from engine.training.record import Stage

_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_TIME = re.compile(r"(\d{6})-")


@dataclass(frozen=True, slots=True)
class Run:
    """What a list shows of a run.

    Attributes:
        path: Its folder.
        name: What the person calls it.
        notes: What the person says of it.
        config: Its settings, None where they cannot be read.
        recipe: Canonical text.
        task: Of the recipe, empty before it was read.
        data: The data set as it was named.
        device: In words.
        stage: Where it is.
        epoch: Epochs that are done.
        epochs: Epochs that are wanted.
        best_epoch: The one whose weights are the best, 0 without.
        metrics: Of that epoch, 0 to 1, by name.
        begun: Local time.
        seconds: Spent.
        message: Why it failed.
        best: Its best weights, None before there are any.
        resumable: Nobody works on it, and it can go on to more epochs than it has.
    """

    path: Path
    name: str
    notes: str
    config: TrainConfig | None
    recipe: str
    task: str
    data: str
    device: str
    stage: Stage
    epoch: int
    epochs: int
    best_epoch: int
    metrics: Mapping[str, float | None]
    begun: datetime
    seconds: float
    message: str
    best: Path | None
    resumable: bool


def base_folder() -> Path:
    """Return where runs are kept."""
    return home() / "training"


def find_runs(base: Path | None = None) -> list[RunFolder]:
    """Return the folders of all runs, the newest first."""
    found = []
    for day in _folders(base or base_folder()):
        if _DAY.fullmatch(day.name):
            found += [RunFolder(each) for each in _folders(day) if (each / "config.json").exists()]
    return found


def read_run(folder: RunFolder) -> Run:
    """Return what a list shows of a run; what cannot be read of it is left empty."""
    summary, about = folder.summary(), folder.about()
    try:
        config: TrainConfig | None = folder.config()
    except EngineError:
        config = None
    stage = Stage(summary.stage)
    return Run(
        path=folder.path,
        name=about.name,
        notes=about.notes,
        config=config,
        recipe=summary.recipe or (config.model if config else ""),
        task=summary.task,
        data=str(config.data) if config else "",
        device=summary.device,
        stage=stage,
        epoch=summary.epoch,
        epochs=summary.epochs or (config.epochs if config else 0),
        best_epoch=summary.best_epoch,
        metrics=summary.metrics,
        begun=_begun(folder.path),
        seconds=summary.seconds,
        message=summary.message,
        best=folder.best if folder.best.exists() else None,
        resumable=not stage.busy and (folder.state.exists() or not summary.epoch),
    )


def running(base: Path | None = None) -> list[RunFolder]:
    """Return the runs that a process works on."""
    return [folder for folder in find_runs(base) if folder.is_running()]


def rename(folder: RunFolder, name: str) -> None:
    """Give a run another name; its folder keeps its own, which weights and charts refer to.

    Raises:
        TrainingError: The name is empty, or the folder cannot be written.
    """
    if not name.strip():
        raise TrainingError(N_("A run needs a name."), N_("Type at least one letter."))
    folder.write_about(dataclasses.replace(folder.about(), name=name.strip()))


def set_notes(folder: RunFolder, notes: str) -> None:
    """Keep what a person says of a run.

    Raises:
        TrainingError: The folder cannot be written.
    """
    folder.write_about(dataclasses.replace(folder.about(), notes=notes.strip()))


def _folders(parent: Path) -> list[Path]:
    try:
        return sorted((each for each in parent.iterdir() if each.is_dir()), reverse=True)
    except OSError:
        return []


def _begun(path: Path) -> datetime:
    match = _TIME.match(path.name)
    with suppress(ValueError):
        if match is not None:
            return datetime.strptime(f"{path.parent.name} {match[1]}", "%Y-%m-%d %H%M%S")
    return datetime.fromtimestamp(path.stat().st_mtime)
