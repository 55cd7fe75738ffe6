"""What the events of a training add up to: the story of one run.

`RunRecord.add` takes the events of `engine.training.events` in their order. A run that goes on
after an interruption begins again with `preparing` and `started`; what it had told of the epochs
that it repeats is forgotten then.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import Enum
from pathlib import Path
from typing import Any

from engine.training.events import Event

Values = Mapping[str, float | None]


class Stage(Enum):
    """Where a run is; the value is what files hold."""

    WAITING = "waiting"
    PREPARING = "preparing"
    TRAINING = "training"
    VALIDATING = "validating"
    FINISHED = "finished"
    STOPPED = "stopped"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"
    FAILED = "failed"

    @property
    def busy(self) -> bool:
        """Whether a process works on the run."""
        return self in (Stage.PREPARING, Stage.TRAINING, Stage.VALIDATING)


@dataclass(frozen=True, slots=True)
class BatchReport:
    """Where a run is within an epoch.

    Attributes:
        epoch: From 1.
        epochs: All that are wanted.
        batch: Batches done in this epoch.
        batches: In an epoch.
        losses: Of this batch, by name (box, cls, dfl, seg …).
        lr: Learning rate.
        images_per_s: Pictures learned from in a second of this epoch.
        memory_mb: Of the graphics card, or of the process without one.
        elapsed_s: Since the run began, all its parts together.
        eta_s: Seconds left, None in the first moments.
    """

    epoch: int
    epochs: int
    batch: int
    batches: int
    losses: Values
    lr: float
    images_per_s: float
    memory_mb: float
    elapsed_s: float
    eta_s: float | None


@dataclass(frozen=True, slots=True)
class ClassReport:
    """How well one class is found in the validation pictures; 0 to 1, None where unknown.

    Attributes:
        name: Of the class.
        pictures: Validation pictures that it is in.
        objects: Labelled ones.
        precision: At the confidence of the best F1.
        recall: Likewise.
        map50: Of boxes, or of what the task finds.
        map50_95: Likewise.
        mask_map50: Of masks, for segmentation alone.
        mask_map50_95: Likewise.
    """

    name: str
    pictures: int
    objects: int
    precision: float | None = None
    recall: float | None = None
    map50: float | None = None
    map50_95: float | None = None
    mask_map50: float | None = None
    mask_map50_95: float | None = None


@dataclass(frozen=True, slots=True)
class EpochReport:
    """An epoch that is done.

    Attributes:
        epoch: From 1.
        epochs: All that are wanted.
        losses: Mean over the training pictures, by name.
        val_losses: Mean over the validation pictures, by name.
        metrics: 0 to 1, by name (precision, recall, map50, map50_95, mask_map50 …).
        classes: The same by class.
        lr: Learning rate at its end.
        images_per_s: Pictures learned from in a second, validation left out.
        memory_mb: Of the graphics card, or of the process without one.
        elapsed_s: Since the run began, all its parts together.
        eta_s: Seconds left.
        is_best: It was better than all before it.
    """

    epoch: int
    epochs: int
    losses: Values
    val_losses: Values
    metrics: Values
    classes: tuple[ClassReport, ...]
    lr: float
    images_per_s: float
    memory_mb: float
    elapsed_s: float
    eta_s: float
    is_best: bool


@dataclass(frozen=True, slots=True)
class Preview:
    """A validation picture with what the network of an epoch finds in it.

    Attributes:
        epoch: From 1.
        name: Of the picture's file.
        path: The drawn picture.
        found: Labelled objects that were found.
        labelled: Objects that are labelled.
        false: Found where nothing of the class is labelled.
    """

    epoch: int
    name: str
    path: Path
    found: int
    labelled: int
    false: int


@dataclass(frozen=True, slots=True)
class Notice:
    """What a person should know of a run: a sentence, and since which epoch it holds."""

    epoch: int
    text: str


class RunRecord:
    """The story of a run, told by its events.

    Attributes:
        stage: Where it is.
        preparing: The event of that name, empty before.
        started: Likewise.
        batch: The newest place within an epoch, None before the first.
        epochs: Those that are done, in order.
        previews: Of each epoch that has some.
        notices: What a person should know.
        message: Why it failed, empty else.
        hint: What to do about it.
        metrics: Of the best weights, validated once more at the end; empty before.
        curves: File with confusion matrix and curves, None before the end.
    """

    def __init__(self) -> None:
        """Know nothing yet."""
        self.stage = Stage.WAITING
        self.preparing: Event = {}
        self.started: Event = {}
        self.batch: BatchReport | None = None
        self.epochs: list[EpochReport] = []
        self.previews: dict[int, tuple[Preview, ...]] = {}
        self.notices: list[Notice] = []
        self.message = self.hint = ""
        self.metrics: Values = {}
        self.curves: Path | None = None

    @property
    def best(self) -> EpochReport | None:
        """The epoch whose weights are kept as the best."""
        return next((each for each in reversed(self.epochs) if each.is_best), None)

    @property
    def wanted(self) -> int:
        """Epochs that are wanted, 0 while unknown."""
        return int(self.started.get("epochs") or 0)

    def add(self, event: Event) -> None:
        """Take the next event; one of a kind that is not known is passed over."""
        match event["event"]:
            case "preparing":
                self._begin(event)
            case "started":
                self._start(event)
            case "batch":
                self.stage = Stage.TRAINING
                self.batch = BatchReport(**_fields(BatchReport, event))
            case "validation":
                self.stage = Stage.VALIDATING
            case "epoch":
                self.epochs.append(_epoch(event))
            case "preview":
                self.previews[event["epoch"]] = _previews(event)
            case "notice":
                self.notices.append(Notice(event["epoch"], event["text"]))
            case "finished":
                self.stage = Stage.STOPPED if event.get("stopped") else Stage.FINISHED
                self.metrics = event["metrics"]
                self.curves = Path(event["curves"]) if event.get("curves") else None
            case "failed":
                self.stage = Stage.FAILED
                self.message, self.hint = event["message"], event["hint"]
            case "cancelled":
                self.stage = Stage.CANCELLED
            case "interrupted":
                self.stage = Stage.INTERRUPTED

    def _begin(self, event: Event) -> None:
        self.stage = Stage.PREPARING
        self.preparing, self.batch = event, None
        self.message = self.hint = ""
        self.metrics, self.curves = {}, None

    def _start(self, event: Event) -> None:
        self.stage = Stage.TRAINING
        self.started = event
        first = event["first_epoch"]
        self.epochs = [each for each in self.epochs if each.epoch < first]
        self.previews = {key: each for key, each in self.previews.items() if key < first}
        self.notices = [each for each in self.notices if each.epoch < first]


def _fields(kind: type[BatchReport | EpochReport], event: Event) -> dict[str, Any]:
    return {each.name: event[each.name] for each in fields(kind) if each.name in event}


def _epoch(event: Event) -> EpochReport:
    classes = tuple(ClassReport(**each) for each in event["classes"])
    return EpochReport(**(_fields(EpochReport, event) | {"classes": classes}))


def _previews(event: Event) -> tuple[Preview, ...]:
    return tuple(
        Preview(epoch=event["epoch"], **(each | {"path": Path(each["path"])}))
        for each in event["pictures"]
    )
