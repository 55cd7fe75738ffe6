"""A training run as an Excel workbook."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from engine.config import declarations
from engine.device import versions
from engine.export.sheets import Sheet, write_book
from engine.export.table import Column, Value, share, text, whole
from engine.export.target import whole_file
from engine.i18n import N_
from engine.i18n import translate as _
from engine.training.config import TrainConfig
from engine.training.folder import RunFolder
from engine.training.record import ClassReport, EpochReport, RunRecord
from engine.training.report_curves import charts_sheet, curve_sheet
from engine.training.report_epochs import epochs_sheet
from engine.training.retelling import retell
from engine.training.runs import Run, read_run
from engine.training.words import STAGES, metric_word

_CLASS_COLUMNS = {
    "precision": N_("precision"),
    "recall": N_("recall"),
    "map50": "mAP50",
    "map50_95": "mAP50-95",
    "mask_map50": N_("mask mAP50"),
    "mask_map50_95": N_("mask mAP50-95"),
}


def write_report(folder: RunFolder, path: Path) -> Path:
    """Write a workbook: the run, its epochs, its classes, curves and confusion matrix.

    The classes are those of the best epoch, or of the last where none was the best. Curves and
    matrix are those of the best weights; a run that has not ended has none yet.

    Args:
        folder: Of the run; nothing in it is written.
        path: The file, usually `.xlsx`.

    Returns:
        The path.

    Raises:
        TrainingError: The run cannot be read.
        ExportError: The file cannot be written.
    """
    run, record = read_run(folder), retell(folder)
    content = _curves(folder)
    epochs, charts = epochs_sheet(record.epochs)
    sheets = [_run_sheet(run, record, folder), epochs]
    told = record.best or (record.epochs[-1] if record.epochs else None)
    if told is not None and told.classes:
        sheets.append(_classes_sheet(told))
    curves, more = curve_sheet(content)
    sheets.append(charts_sheet([*charts, *more]))
    sheets += _confusion_sheets(content)
    sheets += [curves] if curves.columns else []
    with whole_file(path) as temporary:
        write_book(temporary, sheets)
    return path


def _curves(folder: RunFolder) -> dict[str, Any]:
    try:
        content = json.loads(folder.curves.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _run_sheet(run: Run, record: RunRecord, folder: RunFolder) -> Sheet:
    rows = [*_facts(run, record), *_figures(run, record), *_settings(run)]
    rows += _origins(record, folder)
    columns = [text(_("What"), 32), Column(_("Value"), 80, shown="General")]
    return Sheet(_("Run"), columns, rows, len(rows))


def _facts(run: Run, record: RunRecord) -> Iterator[list[Value]]:
    told = record.preparing | record.started
    yield [_("Name"), run.name]
    yield [_("Notes"), run.notes]
    yield [_("State"), _(STAGES[run.stage])]
    if run.message:
        yield [_("What happened"), run.message]
    yield [_("Started"), run.begun.isoformat(sep=" ", timespec="seconds")]
    yield [_("Duration (s)"), round(run.seconds, 1)]
    yield [_("Recipe"), run.recipe]
    yield [_("Task"), run.task]
    yield [_("Data"), run.data or str(told.get("data") or "")]
    yield [_("Classes"), ", ".join(str(name) for name in told.get("classes") or ())]
    yield [_("Device"), run.device]
    for words, key in (
        (_("Training pictures"), "pictures"),
        (_("Validation pictures"), "validation"),
        (_("Parameters"), "parameters"),
        (_("GFLOPs"), "gflops"),
        (_("Carried over"), "carried"),
        (_("Optimizer"), "optimizer"),
        (_("Input size (px)"), "input_size"),
        (_("Batch"), "batch_size"),
    ):
        if told.get(key) is not None:
            yield [words, _plain(told[key])]
    yield [_("Epochs done"), run.epoch]
    yield [_("Epochs wanted"), run.epochs]
    for notice in record.notices:
        yield [_("Notice of epoch {epoch}").format(epoch=notice.epoch), notice.text]


def _figures(run: Run, record: RunRecord) -> Iterator[list[Value]]:
    yield [_("Best epoch"), run.best_epoch or None]
    for name, value in (record.metrics or run.metrics).items():
        yield [_("Best: {metric}").format(metric=metric_word(name)), value]


def _settings(run: Run) -> Iterator[list[Value]]:
    if run.config is None:
        return
    values = run.config.to_json()
    for name, declared in declarations(TrainConfig).items():
        label = _(declared.label) + (f" ({declared.unit})" if declared.unit else "")
        yield [_("Setting: {name}").format(name=label), _plain(values[name])]


def _origins(record: RunRecord, folder: RunFolder) -> Iterator[list[Value]]:
    for weights in (folder.best, folder.last):
        digest = _sha256(weights)
        if digest:
            yield [_("SHA-256 of {file}").format(file=weights.name), digest]
    told = record.preparing.get("versions")
    if isinstance(told, dict):
        for name, version in told.items():
            yield [_("Version: {name}").format(name=name), str(version)]
    else:
        for name, version in versions().items():
            yield [_("Version at this export: {name}").format(name=name), version]
    yield [_("Folder"), str(folder.path)]


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""


def _classes_sheet(epoch: EpochReport) -> Sheet:
    columns = [text(_("Class"), 24), whole(_("Pictures with it")), whole(_("Objects"))]
    known = [
        name
        for name in _CLASS_COLUMNS
        if any(getattr(each, name) is not None for each in epoch.classes)
    ]
    columns += [share(_(_CLASS_COLUMNS[name])) for name in known]
    # The classes of which epoch these are is told in the table, which may be copied elsewhere.
    columns.append(whole(_("Epoch")))

    def row(each: ClassReport) -> list[Value]:
        values = dataclasses.asdict(each)
        return [each.name, each.pictures, each.objects, *(values[name] for name in known),
                epoch.epoch]  # fmt: skip

    mean: list[Value] = [
        _("all"),
        None,
        sum(each.objects for each in epoch.classes),
        *(epoch.metrics.get(name) for name in known),
        epoch.epoch,
    ]
    rows = [*(row(each) for each in epoch.classes), mean]
    return Sheet(_("Classes"), columns, rows, len(rows), strong=True)


def _confusion_sheets(content: Mapping[str, Any]) -> list[Sheet]:
    matrix, names = content.get("confusion"), [str(name) for name in content.get("names") or ()]
    if not isinstance(matrix, list) or not matrix:
        return []
    # To classify there is no background: every picture is of some class.
    labels = names if len(matrix) == len(names) else [*names, _("background")]
    columns = [text(_("Found \\ labelled"), 24), *(whole(name) for name in labels)]
    rows = [[label, *map(_plain, row)] for label, row in zip(labels, matrix, strict=False)]
    rows = [row for row in rows if len(row) == len(columns)]
    return [Sheet(_("Confusion matrix"), columns, rows, len(rows))]


def _plain(value: object) -> Value:
    """Return a JSON value as one that fits a cell."""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if value is None or isinstance(value, str | int | float):
        return value
    return json.dumps(value, ensure_ascii=False)
