"""What is said of a training: where it is, how long it took, how long it will take."""

from __future__ import annotations

from dataclasses import dataclass

from desktop.figures import number
from desktop.panels.training.curve_names import main_metric
from desktop.panels.training.plots import rate
from engine.i18n import N_
from engine.i18n import translate as _
from engine.training.record import RunRecord, Stage
from engine.training.words import metric_word

_ENDS = {
    Stage.FINISHED: N_("Finished: {done} epochs"),
    Stage.STOPPED: N_("Stopped early: {done} of {wanted} epochs"),
    Stage.CANCELLED: N_("Cancelled: {done} of {wanted} epochs"),
    Stage.INTERRUPTED: N_("Interrupted: {done} of {wanted} epochs"),
    Stage.FAILED: N_("Failed: {done} of {wanted} epochs"),
}
_BEFORE_ANY = {
    Stage.FINISHED: N_("Finished"),
    Stage.STOPPED: N_("Stopped"),
    Stage.CANCELLED: N_("Cancelled"),
    Stage.INTERRUPTED: N_("Interrupted"),
    Stage.FAILED: N_("Failed"),
}
_MINUTE, _HOUR = 60, 3600


@dataclass(frozen=True, slots=True)
class Look:
    """An icon and the colour of the theme that it has."""

    icon: str
    token: str


LOOKS = {
    Stage.WAITING: Look("history", "muted"),
    Stage.PREPARING: Look("history", "accent"),
    Stage.TRAINING: Look("chart", "accent"),
    Stage.VALIDATING: Look("eye", "accent"),
    Stage.FINISHED: Look("check", "ok"),
    Stage.STOPPED: Look("stop", "ok"),
    Stage.CANCELLED: Look("close", "muted"),
    Stage.INTERRUPTED: Look("warning", "warn"),
    Stage.FAILED: Look("error", "error"),
}


def title(record: RunRecord, seconds: float) -> str:
    """Return where a run is.

    Args:
        record: Of the run.
        seconds: How long it has been waiting or preparing.
    """
    stage, epoch, wanted = record.stage, current_epoch(record), wanted_epochs(record)
    if stage in (Stage.WAITING, Stage.PREPARING):
        said = _("Starting: {time}") if stage is Stage.WAITING else _("Preparing: {time}")
        return said.format(time=lasted(seconds))
    if stage.busy:
        return _("Epoch {epoch} of {epochs}").format(epoch=epoch, epochs=wanted)
    done = len(record.epochs)
    if not done:
        return _(_BEFORE_ANY[stage])
    return _(_ENDS[stage]).format(done=done, wanted=wanted)


def step(record: RunRecord) -> str:
    """Return what a run is doing, empty where its title says it."""
    return _("validating") if record.stage is Stage.VALIDATING else ""


def figures(record: RunRecord) -> list[tuple[str, str]]:
    """Return names and figures of where a run is, the most important first."""
    busy = record.stage.busy
    batch, last = record.batch, record.epochs[-1] if record.epochs else None
    newest = last if batch is None or not busy else batch
    found = []
    if busy and batch is not None and record.stage is Stage.TRAINING:
        place = _("{batch} of {batches}").format(batch=batch.batch, batches=batch.batches)
        found.append((_("batch"), place))
    best = record.best
    if not busy and best is not None:
        found.append((_("best epoch"), str(best.epoch)))
        metrics = record.metrics or best.metrics
        name = main_metric(list(metrics))
        value = metrics.get(name)
        if value is not None:
            found.append((metric_word(name), number(value, 3)))
    if newest is None:
        return found
    found.append((_("elapsed"), lasted(newest.elapsed_s)))
    if busy and newest.eta_s is not None:
        found.append((_("left"), about(newest.eta_s)))
    if busy:
        found.append((_("learning rate"), rate(newest.lr)))
    found.append((_("pictures/s"), number(newest.images_per_s, 1)))
    found.append((_("memory"), f"{number(newest.memory_mb / 1024, 1)} GB"))
    return found


def share(record: RunRecord) -> float | None:
    """Return how much of a run is done, 0 to 1; None while that is unknown."""
    if record.stage is Stage.FINISHED:
        return 1.0
    wanted = wanted_epochs(record)
    if not wanted or record.stage in (Stage.WAITING, Stage.PREPARING):
        return None
    done, batch = float(len(record.epochs)), record.batch
    if batch is not None and batch.epoch > done and batch.batches:
        done = batch.epoch - 1 + batch.batch / batch.batches
    return min(done / wanted, 1.0)


def current_epoch(record: RunRecord) -> int:
    """Return the epoch that a run is in, from 1."""
    last = record.epochs[-1].epoch if record.epochs else 0
    if record.batch is not None:
        return max(record.batch.epoch, last)
    return last + 1 if record.stage.busy else last


def wanted_epochs(record: RunRecord) -> int:
    """Return how many epochs are wanted, 0 while unknown."""
    return record.epochs[-1].epochs if record.epochs and not record.wanted else record.wanted


def lasted(seconds: float) -> str:
    """Return a length of time such as "41 min 12 s"."""
    whole = max(0, int(seconds))
    if whole < _MINUTE:
        return _("{seconds} s").format(seconds=whole)
    if whole < _HOUR:
        minutes, rest = divmod(whole, _MINUTE)
        return _("{minutes} min {seconds} s").format(minutes=minutes, seconds=f"{rest:02}")
    hours, rest = divmod(whole // _MINUTE, _MINUTE)
    return _("{hours} h {minutes} min").format(hours=hours, minutes=f"{rest:02}")


def about(seconds: float) -> str:
    """Return a length of time that is not known well, such as "about 25 min"."""
    if seconds < _MINUTE:
        said = _("{seconds} s").format(seconds=max(10, 10 * round(seconds / 10)))
    elif round(seconds / _MINUTE) < _MINUTE:
        said = _("{minutes} min").format(minutes=round(seconds / _MINUTE))
    else:
        hours, rest = divmod(round(seconds / _MINUTE), _MINUTE)
        said = _("{hours} h {minutes} min").format(hours=hours, minutes=f"{rest:02}")
    return _("about {time}").format(time=said)
