"""A session as an Excel workbook."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from engine.config import RunConfig, declarations
from engine.export import table
from engine.export.over_time import over_time_sheet
from engine.export.progress import Question, Report, Ticker, finished
from engine.export.sheets import MOST_ROWS, Sheet, paged, write_book
from engine.export.table import Column, Survey, Value
from engine.export.target import whole_file
from engine.export.tracks import (
    count_crossings,
    counter_sheet,
    crossing_rows,
    crossing_sheets,
    track_rows,
    track_sheets,
)
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

    Videos add a sheet of counts over time with charts; a run that tracked adds its tracks, and
    where there are lines and zones what they have counted.

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
    classified = reader.run.model.task == "classify"
    size = reader.frame_count() + reader.object_count()
    ticker = Ticker((2 if classified else 3) * size, progress, should_stop)
    seen = table.survey(reader, ticker)
    with ExitStack() as stack:
        sheets = _sheets(reader, seen, ticker, most_rows, stack)
        path = stack.enter_context(whole_file(target))
        write_book(path, sheets)
        ticker.finish()
    return target


def _sheets(
    reader: SessionReader, seen: Survey, ticker: Ticker, most_rows: int, stack: ExitStack
) -> list[Sheet]:
    """Return all sheets; the stack closes what their rows are read from."""
    run = reader.run
    classified = run.model.task == "classify"
    unique = reader.unique_counts(last_object=seen.last_object) if reader.tracked else None
    counts = count_crossings(reader, seen)
    sheets = [_counts(run, seen, unique)]
    if not classified:
        over_time = over_time_sheet(reader, seen, most_rows)
        if over_time is not None:
            stack.enter_context(finished(iter(over_time.rows)))
            sheets.append(over_time)
        sheets += [counter_sheet(run, counts)] if run.settings.get("counters") else []
        columns = table.object_columns(seen)
        rows = stack.enter_context(finished(table.object_rows(reader, seen, ticker)))
        sheets += paged(_("Objects"), columns, rows, seen.objects, most_rows)
    if unique is not None:
        number = sum(unique.values())
        rows = stack.enter_context(finished(track_rows(reader, seen, number)))
        sheets += track_sheets(rows, seen, number, most_rows)
    if run.settings.get("counters"):
        rows = stack.enter_context(finished(crossing_rows(reader, seen)))
        sheets += crossing_sheets(rows, seen, counts.total(), most_rows)
    columns = table.picture_columns(reader, seen)
    rows = stack.enter_context(finished(table.picture_rows(reader, seen, ticker)))
    sheets += paged(_("Pictures"), columns, rows, seen.frames, most_rows)
    failed = reader.failures()
    if failed:
        columns = [table.text(_("Source"), 60), table.text(_("What happened"), 60)]
        columns.append(table.text(_("What to do"), 60))
        lines: Iterator[list[Value]] = ([e.source, e.message, e.hint] for e in failed)
        sheets += paged(_("Failures"), columns, lines, len(failed), most_rows)
    return [*sheets, _run(run, seen, len(failed))]


def _counts(run: RunRecord, seen: Survey, unique: Mapping[int, int] | None) -> Sheet:
    """Return the sheet of what was found, by class, with a chart.

    Args:
        run: How the session was made.
        seen: What is in it.
        unique: Tracked objects by class, None without tracking.
    """
    classified = run.model.task == "classify"
    if len(run.model.names) > table.MOST_CLASS_COLUMNS:
        listed = table.by_frequency(seen)
    else:
        listed = table.class_columns(run.model.names, seen)
    all_objects = sum(tally.objects for tally in seen.classes.values())
    confidence = sum(tally.confidence for tally in seen.classes.values())

    def row(
        name: str, objects: int, pictures: int, confidence: float, tracks: int
    ) -> list[Value]:
        values: list[Value] = [name, objects]
        if unique is not None:
            values.append(tracks)
        if not classified:
            values.append(pictures)
        values.append(100 * objects / all_objects if all_objects else None)
        values.append(confidence / objects if objects else None)
        return values

    rows = []
    for class_id in listed:
        tally = seen.classes.get(class_id, table.Tally())
        name = table.class_name(run.model.names, class_id)
        tracks = 0 if unique is None else unique.get(class_id, 0)
        rows.append(row(name, tally.objects, tally.pictures, tally.confidence, tracks))
    tracks = 0 if unique is None else sum(unique.values())
    rows.append(row(_("Total"), all_objects, seen.with_objects, confidence, tracks))
    columns = [table.text(_("Class"), 24)]
    if classified:
        columns.append(table.whole(_("Pictures")))
    else:
        columns.append(table.whole(_("Objects")))
        columns += [table.whole(_("Unique objects"))] if unique is not None else []
        columns.append(table.whole(_("Pictures with it")))
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
    yield [_("Ended"), run.finished]
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
