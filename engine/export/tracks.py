"""Sheets of what was tracked, and of what lines and zones have counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING

from engine.counting import CountLine, parse_counters
from engine.export import table
from engine.export.pictures import picture_name
from engine.export.progress import finished
from engine.export.sheets import Sheet, paged
from engine.export.table import Survey, Value
from engine.i18n import translate as _
from engine.store.records import RunRecord

if TYPE_CHECKING:
    from engine.store.reader import SessionReader

Counts = Counter[tuple[int, int, bool]]


def track_rows(reader: SessionReader, seen: Survey, count: int) -> Iterator[list[Value]]:
    """Yield a row a tracked object, at most so many."""
    names = reader.run.model.names
    with finished(reader.tracks(seen.last_object)) as tracks:
        for each in islice(tracks, count):
            row: list[Value] = [each.number, table.class_name(names, each.class_id)]
            row += (picture_name(each.source), each.first_frame, each.last_frame)
            if seen.timed:
                first, last = each.first_time_s, each.last_time_s
                row += (first, last, None if first is None or last is None else last - first)
            row += (each.frames, each.mean_confidence, each.source)
            yield row


def track_sheets(
    rows: Iterator[list[Value]], seen: Survey, count: int, most_rows: int
) -> list[Sheet]:
    """Return the sheets of `track_rows`."""
    columns = [table.whole(_("Track")), table.text(_("Class"), 20), table.text(_("Picture"), 28)]
    columns += [table.whole(_("First frame")), table.whole(_("Last frame"))]
    if seen.timed:
        columns += [table.seconds(_("First time (s)")), table.seconds(_("Last time (s)"))]
        columns.append(table.seconds(_("Duration (s)")))
    columns += [table.whole(_("Frames")), table.share(_("Mean confidence"))]
    columns.append(table.text(_("Source"), 60))
    return paged(_("Tracks"), columns, rows, count, most_rows)


def count_crossings(reader: SessionReader, seen: Survey) -> Counts:
    """Return how often each line and zone was crossed, by counter, class and way (inward)."""
    counts: Counts = Counter()
    with finished(reader.crossings()) as crossings:
        for each in crossings:
            if each.frame_id <= seen.last_frame:
                counts[each.counter, each.class_id, each.inward] += 1
    return counts


def counter_sheet(run: RunRecord, counts: Counts) -> Sheet:
    """Return the sheet of what each line and zone has counted, by class and in all."""
    rows: list[list[Value]] = []
    sums = []
    for index, counter in enumerate(parse_counters(run.settings["counters"])):
        kind = _("Line") if isinstance(counter, CountLine) else _("Zone")
        totals = [0, 0]
        for class_id in sorted({key[1] for key in counts if key[0] == index}):
            entered, left = (counts[index, class_id, inward] for inward in (True, False))
            name = table.class_name(run.model.names, class_id)
            rows.append([counter.name, kind, name, entered, left])
            totals = [totals[0] + entered, totals[1] + left]
        rows.append([counter.name, kind, _("Total"), *totals])
        sums.append(len(rows))
    columns = [table.text(_("Name"), 24), table.text(_("Kind"), 10), table.text(_("Class"), 24)]
    columns += [table.whole(_("In")), table.whole(_("Out"))]
    return Sheet(_("Lines and zones"), columns, rows, len(rows), bold=frozenset(sums))


def crossing_rows(reader: SessionReader, seen: Survey) -> Iterator[list[Value]]:
    """Yield a row for each time that something crossed a line or a zone's border."""
    run = reader.run
    counters = parse_counters(run.settings["counters"])
    ways = {True: _("in"), False: _("out")}
    with finished(reader.crossings()) as crossings:
        for each in crossings:
            if each.frame_id > seen.last_frame:
                return
            row: list[Value] = [each.time_s] if seen.timed else []
            row += (each.frame, counters[each.counter].name)
            row += (table.class_name(run.model.names, each.class_id), each.track)
            row += (ways[each.inward], picture_name(each.source), each.source)
            yield row


def crossing_sheets(
    rows: Iterator[list[Value]], seen: Survey, count: int, most_rows: int
) -> list[Sheet]:
    """Return the sheets of `crossing_rows`."""
    columns = [table.seconds(_("Time (s)"))] if seen.timed else []
    columns += [table.whole(_("Frame")), table.text(_("Line or zone"), 24)]
    columns += [table.text(_("Class"), 20), table.whole(_("Track"))]
    columns += [table.text(_("Direction"), 10), table.text(_("Picture"), 28)]
    columns.append(table.text(_("Source"), 60))
    return paged(_("Crossings"), columns, rows, count, most_rows)
