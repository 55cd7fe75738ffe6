"""A session as an Excel workbook."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from engine.config import RunConfig, declarations
from engine.export import table
from engine.export.progress import Question, Report, Ticker, finished
from engine.export.sheets import MOST_ROWS, Sheet, paged, write_book
from engine.export.table import Column, Survey, Value
from engine.export.target import whole_file
from engine.i18n import translate as _
from engine.store.records import RunRecord

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

    from engine.store.reader import SessionReader

_MOST_BARS = 30


def export_excel(
    reader: SessionReader,
    target: Path,
    *,
    progress: Report | None = None,
    should_stop: Question | None = None,
    most_rows: int = MOST_ROWS,
) -> Path:
    """Write a workbook: counts, objects, pictures, failures if any, and how the run was made.

    Texts stay texts whatever they begin with. A classification run has no sheet of objects; its
    counts are those of the most probable class.

    Args:
        reader: The session.
        target: The file, usually `.xlsx`.
        progress: Called with how far the work is, in rows read.
        should_stop: True ends the work.
        most_rows: Rows of a sheet, the header among them; a table goes on in a further sheet.

    Returns:
        The target.

    Raises:
        ExportError: The file cannot be written.
        Cancelled: `should_stop` said so; a former file stays as it was.
    """
    run = reader.run
    classified = run.model.task == "classify"
    size = reader.frame_count() + reader.object_count()
    ticker = Ticker((2 if classified else 3) * size, progress, should_stop)
    seen = table.survey(reader, ticker)
    objects = table.object_rows(reader, seen, ticker)
    pictures = table.picture_rows(reader, seen, ticker)
    sheets = [_counts(run, seen)]
    if not classified:
        columns = table.object_columns(seen)
        sheets += paged(_("Objects"), columns, objects, seen.objects, most_rows)
    columns = table.picture_columns(reader, seen)
    sheets += paged(_("Pictures"), columns, pictures, seen.frames, most_rows)
    failed = reader.failures()
    if failed:
        columns = [table.text(_("Source"), 60), table.text(_("What happened"), 60)]
        columns.append(table.text(_("What to do"), 60))
        lines = ([each.source, each.message, each.hint] for each in failed)
        sheets += paged(_("Failures"), columns, lines, len(failed), most_rows)
    sheets.append(_run(run, seen, len(failed)))
    with finished(objects), finished(pictures), whole_file(target) as path:
        write_book(path, sheets)
        ticker.finish()
    return target


def _counts(run: RunRecord, seen: Survey) -> Sheet:
    """Return the sheet of what was found, by class, with a chart."""
    classified = run.model.task == "classify"
    listed = table.class_columns(run.model.names, seen) or list(seen.classes)
    if len(run.model.names) > table.MOST_CLASS_COLUMNS:
        listed.sort(key=lambda class_id: (-seen.classes[class_id].objects, class_id))
    all_objects = sum(tally.objects for tally in seen.classes.values())
    confidence = sum(tally.confidence for tally in seen.classes.values())

    def row(name: str, objects: int, pictures: int, confidence: float) -> list[Value]:
        values: list[Value] = [name, objects]
        if not classified:
            values.append(pictures)
        values.append(100 * objects / all_objects if all_objects else None)
        values.append(confidence / objects if objects else None)
        return values

    rows = []
    for class_id in listed:
        tally = seen.classes.get(class_id, table.Tally())
        name = table.class_name(run.model.names, class_id)
        rows.append(row(name, tally.objects, tally.pictures, tally.confidence))
    rows.append(row(_("Total"), all_objects, seen.with_objects, confidence))
    columns = [table.text(_("Class"), 24)]
    if classified:
        columns.append(table.whole(_("Pictures")))
    else:
        columns += [table.whole(_("Objects")), table.whole(_("Pictures with it"))]
    columns.append(Column(_("Share (%)"), 12, decimals=4, shown="0.0"))
    columns.append(table.share(_("Mean confidence")))
    title = _("Pictures by class") if classified else _("Objects by class")
    bars = min(len(listed), _MOST_BARS)
    return Sheet(
        _("Counts"),
        columns,
        rows,
        len(rows),
        strong=True,
        decorate=lambda sheet: _add_chart(sheet, title, bars, len(columns)),
    )


def _add_chart(sheet: Worksheet, title: str, bars: int, columns: int) -> None:
    """Add a bar chart of the second column by the first, to the right of the table."""
    from openpyxl.chart import BarChart, Reference
    from openpyxl.utils import get_column_letter

    if not bars:
        return
    chart = BarChart()
    chart.type = "bar"
    chart.title = title
    chart.legend = None
    chart.gapWidth = 50
    chart.add_data(Reference(sheet, min_col=2, min_row=1, max_row=bars + 1), titles_from_data=True)
    chart.set_categories(Reference(sheet, min_col=1, min_row=2, max_row=bars + 1))
    # Excel draws bars from the bottom up and hides axes that do not say that they are there.
    chart.x_axis.scaling.orientation = "maxMin"
    chart.x_axis.delete = False
    chart.y_axis.delete = False
    chart.y_axis.crosses = "max"
    chart.y_axis.number_format = "0"
    chart.height = 4 + bars * 3 // 5
    chart.width = 16
    sheet.add_chart(chart, f"{get_column_letter(columns + 2)}2")


def _run(run: RunRecord, seen: Survey, failures: int) -> Sheet:
    """Return the sheet that says how the run was made."""
    columns = [table.text(_("What"), 28), Column(_("Value"), 80, shown="General")]
    rows = list(chain(_summary(run, seen, failures), _settings(run), _origins(run)))
    return Sheet(_("Run"), columns, rows, len(rows))


def _summary(run: RunRecord, seen: Survey, failures: int) -> Iterator[list[Value]]:
    states = {
        "running": _("running"),
        "done": _("done"),
        "interrupted": _("interrupted"),
        "failed": _("failed"),
    }
    yield [_("Started"), run.started]
    yield [_("Finished"), run.finished]
    yield [_("State"), states[run.state]]
    yield [_("Pictures"), seen.frames]
    yield [_("Failures"), failures]
    yield [_("Model"), run.model.name]
    yield [_("Task"), run.model.task]
    yield [_("SHA-256 of the weights"), run.model.sha256]
    yield [_("Input size (px)"), run.model.input_size]
    yield [_("Device"), run.device]


def _settings(run: RunRecord) -> Iterator[list[Value]]:
    declared = declarations(RunConfig)
    for name, value in run.settings.items():
        label = name
        if name in declared:
            unit = declared[name].unit
            label = _(declared[name].label) + (f" ({unit})" if unit else "")
        yield [_("Setting: {name}").format(name=label), _plain(value)]


def _origins(run: RunRecord) -> Iterator[list[Value]]:
    for name, version in run.versions.items():
        yield [_("Version: {name}").format(name=name), version]
    for source in run.sources:
        yield [_("Source"), source]


def _plain(value: object) -> Value:
    """Return a JSON value as one that fits a cell."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    if isinstance(value, list):
        return ", ".join(str(each) for each in value)
    return json.dumps(value, ensure_ascii=False)
