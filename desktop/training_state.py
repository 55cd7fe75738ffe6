"""What the tab that trains shows, in one place: typed properties, each with one signal.

As in `desktop.state`: panels read it and listen to it, the verbs change it, and a property that is
set to what it already is says nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PyQt6.QtCore import QObject, pyqtSignal

from engine.errors import EngineError
from engine.training.config import TrainConfig
from engine.training.folder import RunFolder
from engine.training.preflight import Preflight
from engine.training.record import RunRecord, Stage
from engine.types import Progress, Task


@dataclass(frozen=True, slots=True)
class DataFacts:
    """What is known of the data set to train on.

    Attributes:
        path: Where it is read from, the `data` of the settings.
        name: What the person knows it by.
        tasks: What its labels can train, the most likely task first.
        classes: Their names.
        counts: Pictures by split.
    """

    path: Path
    name: str
    tasks: tuple[Task, ...]
    classes: tuple[str, ...]
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class DataCheck:
    """What looking through a data set has found.

    Attributes:
        errors: Kinds of findings that a training would fail or suffer from.
        warnings: Kinds of findings that are worth a look.
    """

    errors: int
    warnings: int


@dataclass(frozen=True, slots=True)
class RecipeFacts:
    """What the text of a recipe means.

    Attributes:
        text: As it was typed.
        task: What its network does, empty where it cannot be read.
        error: Why it cannot be read, None where it can.
    """

    text: str = ""
    task: str = ""
    error: EngineError | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """Something to pick from a list: its value, its words and a tip."""

    value: str
    words: str
    tip: str = ""


@dataclass(frozen=True, slots=True)
class TrainingValues:
    """Everything that the state holds, with what it is at the start.

    Attributes:
        config: The settings of the next training.
        data: Facts of its data set, None while there is none.
        data_check: What looking through the data has found, None before.
        loading: What becomes of the data set that is being opened; None while none is.
        recipe: What the text of its recipe means.
        recipes, weights: To pick from.
        preflight: What the training would be, None before it was measured.
        checking: The data are looked through, or the training is measured.
        run: The run on show, None for none.
        run_name: What the person calls it.
        run_config: Its settings, None before they were read.
        record: Its story, which grows; `RunWatch.grew` says when.
        stage: Where it is.
        engaged: A training is under way on this machine, or about to begin.
        told: The command that the run was given and has not followed yet: `stop`, `cancel` or none.
    """

    config: TrainConfig = field(default_factory=TrainConfig)
    data: DataFacts | None = None
    data_check: DataCheck | None = None
    loading: Progress | None = None
    recipe: RecipeFacts = RecipeFacts()
    recipes: tuple[Choice, ...] = ()
    weights: tuple[Choice, ...] = ()
    preflight: Preflight | None = None
    checking: bool = False
    run: RunFolder | None = None
    run_name: str = ""
    run_config: TrainConfig | None = None
    record: RunRecord | None = None
    stage: Stage = Stage.WAITING
    engaged: bool = False
    told: str = ""


class TrainingState(QObject):
    """The state of the tab that trains. Lives in the UI thread.

    Read a property by its name in `TrainingValues`, change some with `change`. Each has a signal of
    its name with `_changed`, which carries the new value.
    """

    config_changed = pyqtSignal(object)
    data_changed = pyqtSignal(object)
    data_check_changed = pyqtSignal(object)
    loading_changed = pyqtSignal(object)
    recipe_changed = pyqtSignal(object)
    recipes_changed = pyqtSignal(object)
    weights_changed = pyqtSignal(object)
    preflight_changed = pyqtSignal(object)
    checking_changed = pyqtSignal(object)
    run_changed = pyqtSignal(object)
    run_name_changed = pyqtSignal(object)
    run_config_changed = pyqtSignal(object)
    record_changed = pyqtSignal(object)
    stage_changed = pyqtSignal(object)
    engaged_changed = pyqtSignal(object)
    told_changed = pyqtSignal(object)

    config: TrainConfig
    data: DataFacts | None
    data_check: DataCheck | None
    loading: Progress | None
    recipe: RecipeFacts
    recipes: tuple[Choice, ...]
    weights: tuple[Choice, ...]
    preflight: Preflight | None
    checking: bool
    run: RunFolder | None
    run_name: str
    run_config: TrainConfig | None
    record: RunRecord | None
    stage: Stage
    engaged: bool
    told: str

    def __init__(self, parent: QObject | None = None) -> None:
        """Start with the values of the first start."""
        super().__init__(parent)
        values = TrainingValues()
        for name in TrainingValues.__slots__:
            setattr(self, name, getattr(values, name))

    def change(self, **values: Any) -> None:  # noqa: ANN401 - fields of TrainingValues
        """Set properties; each that is different now says so, after all of them are set."""
        for name in values:
            if name not in TrainingValues.__slots__:
                raise AttributeError(f"the state has no {name}")
        changed = [name for name, value in values.items() if getattr(self, name) != value]
        for name, value in values.items():
            setattr(self, name, value)
        for name in changed:
            getattr(self, f"{name}_changed").emit(values[name])
