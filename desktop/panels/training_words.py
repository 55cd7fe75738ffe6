"""How a training is told in a few words: for the status bar and the forms around it."""

from __future__ import annotations

from dataclasses import dataclass

from desktop.panels.parameters import device_words
from desktop.panels.training.words import lasted
from desktop.training_state import TrainingState
from engine.i18n import N_
from engine.i18n import translate as _
from engine.training.record import RunRecord, Stage

STAGES = {
    Stage.WAITING: N_("Ready"),
    Stage.PREPARING: N_("Preparing the training …"),
    Stage.TRAINING: N_("Training …"),
    Stage.VALIDATING: N_("Validating …"),
    Stage.FINISHED: N_("Finished"),
    Stage.STOPPED: N_("Stopped early"),
    Stage.CANCELLED: N_("Cancelled"),
    Stage.INTERRUPTED: N_("Interrupted"),
    Stage.FAILED: N_("Failed"),
}
_DOTS = {
    Stage.FAILED: "error",
    Stage.INTERRUPTED: "warn",
    Stage.CANCELLED: "warn",
    Stage.FINISHED: "ok",
    Stage.STOPPED: "ok",
    Stage.WAITING: "ok",
}
_MINUTE_S = 60.0


@dataclass(frozen=True, slots=True)
class StatusLine:
    """What the status bar says of a training.

    Attributes:
        dot: Token of the dot's colour.
        words: What is under way, and on what.
        speed: How long an epoch takes, empty while unknown.
        folder: Where it is kept, empty for nowhere.
        path: The same in full.
        note: What happens when the window is closed, empty where nothing does.
    """

    dot: str
    words: str
    speed: str = ""
    folder: str = ""
    path: str = ""
    note: str = ""


def status_line(state: TrainingState) -> StatusLine:
    """Return what the status bar says of the run on show."""
    stage, record, run = state.stage, state.record, state.run
    words = _(STAGES[stage])
    if state.told == "stop":
        words = _("Stopping early …")
    elif state.told == "cancel":
        words = _("Cancelling …")
    elif state.engaged and not stage.busy:
        words = _(STAGES[Stage.PREPARING])
    device = _device(state)
    folder = "" if run is None else f"{run.path.parent.name} / {run.name}"
    seconds = epoch_seconds(record)
    busy = stage.busy or state.engaged
    return StatusLine(
        dot="accent" if busy else _DOTS[stage],
        words=f"{words} · {device}" if device else words,
        speed=_("{time} an epoch").format(time=seconds_words(seconds)) if seconds else "",
        folder=folder,
        path="" if run is None else str(run.path),
        note=_("Training goes on if this window is closed") if busy else "",
    )


def epoch_seconds(record: RunRecord | None) -> float | None:
    """Return how long the newest epochs took, None before there was one."""
    if record is None or not record.epochs:
        return None
    last = record.epochs[-1]
    if len(record.epochs) > 1:
        return last.elapsed_s - record.epochs[-2].elapsed_s
    return last.elapsed_s / last.epoch


def seconds_words(seconds: float) -> str:
    """Return how long an epoch or a training takes; short times with their decimals."""
    if seconds < _MINUTE_S:
        return _("{seconds} s").format(seconds=f"{seconds:.3g}")
    return lasted(seconds)


def memory_words(megabytes: float) -> str:
    """Return an amount of memory or disk in GB, small ones in MB."""
    if megabytes < 1000:
        return f"{megabytes:.0f} MB"
    return f"{megabytes / 1000:,.1f} GB"


def _device(state: TrainingState) -> str:
    record = state.record
    told = "" if record is None else str(record.preparing.get("device") or "")
    return told or device_words(state.config.device)
