"""The columns of the list of runs: what they say, what they are sorted by."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from desktop.figures import number
from desktop.panels.history_delegate import when
from desktop.widgets.clock import clock
from engine.i18n import N_
from engine.i18n import translate as _
from engine.training.runs import Run
from engine.training.words import STAGES


@dataclass(frozen=True, slots=True)
class RunColumn:
    """A column of the list.

    Attributes:
        name: By which the code knows it.
        title: What stands above it.
        width: In pixels, at least that of the title.
        shown: What a cell says.
        key: What it is sorted by.
        figure: Whether it holds figures, which stand on the right.
        metric: The metric that it shows; it is hidden where no run has that one.
    """

    name: str
    title: str
    width: int
    shown: Callable[[Run], str]
    key: Callable[[Run], Any]
    figure: bool = False
    metric: str = ""


def _metric(name: str, title: str) -> RunColumn:
    def shown(run: Run) -> str:
        value = run.metrics.get(name)
        return "" if value is None else number(value, 3)

    def key(run: Run) -> float:
        value = run.metrics.get(name)
        return -1.0 if value is None else value

    return RunColumn(name, title, 76, shown, key, figure=True, metric=name)


def _state(run: Run) -> str:
    return _(STAGES[run.stage])


def _epochs(run: Run) -> str:
    return _("{epoch} of {epochs}").format(epoch=run.epoch, epochs=run.epochs)


def _data(run: Run) -> str:
    """Return the name of a data set: that of its folder where the file says nothing."""
    path = Path(run.data)
    return path.parent.name if path.name == "data.yaml" else path.name


# To add a column: one row here.
RUN_COLUMNS = (
    RunColumn("state", N_("State"), 132, _state, _state),
    RunColumn("name", N_("Name"), 170, lambda r: r.name, lambda r: r.name.casefold()),
    RunColumn("recipe", N_("Recipe"), 180, lambda r: r.recipe, lambda r: r.recipe),
    RunColumn("data", N_("Data"), 110, _data, lambda r: _data(r).casefold()),
    RunColumn("epochs", N_("Epochs"), 88, _epochs, lambda r: (r.epoch, r.epochs), figure=True),
    _metric("map50", "mAP50"),
    _metric("map50_95", "mAP50-95"),
    _metric("mask_map50", N_("mask mAP50")),
    _metric("mask_map50_95", N_("mask mAP50-95")),
    _metric("pose_map50", N_("pose mAP50")),
    _metric("pose_map50_95", N_("pose mAP50-95")),
    _metric("top1", N_("top-1")),
    _metric("top5", N_("top-5")),
    RunColumn(
        "begun", N_("Begun"), 132, lambda r: when(r.begun.isoformat()), lambda r: r.begun, True
    ),
    RunColumn(
        "duration",
        N_("Duration"),
        84,
        lambda r: clock(r.seconds, hours=True, tenths=False),
        lambda r: r.seconds,
        True,
    ),
    RunColumn("notes", N_("Notes"), 200, lambda r: r.notes, lambda r: r.notes.casefold()),
)
PLACES = {column.name: place for place, column in enumerate(RUN_COLUMNS)}
EDITED = (PLACES["name"], PLACES["notes"])
"""Columns that a person types in."""


def words(run: Run) -> str:
    """Return everything that a run is searched by, in small letters."""
    parts = (run.name, run.recipe, run.data, run.notes, run.device, _state(run),
             run.begun.date().isoformat())  # fmt: skip
    return " ".join(parts).casefold()


def tip(run: Run, column: RunColumn) -> str:
    """Return what a cell says in whole, or what else there is to know."""
    if column.name == "state":
        return run.message or _state(run)
    if column.name == "name":
        return str(run.path)
    if column.name == "data":
        return run.data
    return column.shown(run)
