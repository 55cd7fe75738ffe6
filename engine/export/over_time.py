"""The sheet of how many objects there are over the time of each video, with charts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.export import table
from engine.export.pictures import picture_name
from engine.export.sheets import Sheet
from engine.export.table import Column, Survey, Value
from engine.i18n import translate as _

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

    from engine.store.reader import SessionReader

MOST_POINTS = 500
"""A video has so many rows at most; a longer one has the means of several frames in each."""

MOST_LINES = 8
"""So many classes are listed, the most frequent ones."""

MOST_CHARTS = 10

_FIRST_COLUMN = 4
"""Of the numbers of objects."""

_CHART_ROWS = 17


@dataclass(frozen=True, slots=True)
class _Video:
    """A source whose frames have times.

    Attributes:
        number: Its number in the session.
        path: The file or stream.
        frames: How many were worked on.
        step: So many of them are one row.
    """

    number: int
    path: str
    frames: int

    @property
    def step(self) -> int:
        return -(-self.frames // MOST_POINTS)

    @property
    def rows(self) -> int:
        return -(-self.frames // self.step)


def over_time_sheet(reader: SessionReader, seen: Survey, most_rows: int) -> Sheet | None:
    """Return the sheet, None for a session without videos.

    Videos beyond the last row of a sheet are left out.

    Args:
        reader: The session.
        seen: What is known of it; what was written later is left out.
        most_rows: Rows of a sheet, the header among them.
    """
    videos = []
    room = most_rows - 1
    for video in _videos(reader, seen):
        room -= video.rows
        if room < 0:
            break
        videos.append(video)
    if not videos:
        return None
    listed = sorted(table.by_frequency(seen)[:MOST_LINES])
    names = [table.class_name(reader.run.model.names, index) for index in listed]
    columns = [table.text(_("Picture"), 28), table.seconds(_("Time (s)"))]
    columns += [table.whole(_("Frames")), _mean(_("Objects"))]
    if len(listed) > 1:
        columns += [_mean(name) for name in names]
    else:
        listed = []
    return Sheet(
        _("Over time"),
        columns,
        _rows(reader, seen, videos, listed),
        sum(video.rows for video in videos),
        decorate=lambda sheet: _add_charts(sheet, videos, len(columns)),
    )


def _mean(header: str) -> Column:
    return Column(header, 10, decimals=3, shown="0.0")


def _videos(reader: SessionReader, seen: Survey) -> list[_Video]:
    query = (
        "SELECT source.id, path, count(*) FROM frame JOIN source ON source.id = source_id"
        " WHERE time_s IS NOT NULL AND frame.id <= ? GROUP BY source.id ORDER BY source.id"
    )
    found = reader.connection.execute(query, (seen.last_frame,)).fetchall()
    return [_Video(*row) for row in found]


def _rows(
    reader: SessionReader, seen: Survey, videos: list[_Video], listed: list[int]
) -> Iterator[list[Value]]:
    """Yield rows of a time and the numbers of objects in a frame then, all and by class."""
    query = (
        "SELECT id, time_s FROM frame"
        " WHERE source_id = ? AND time_s IS NOT NULL AND id <= ? ORDER BY id"
    )
    for video in videos:
        name = picture_name(video.path)
        with closing(reader.connection.cursor()) as cursor:
            cursor.execute(query, (video.number, seen.last_frame))
            while part := cursor.fetchmany(video.step):
                counts = _counts(reader, video.number, part[0][0], part[-1][0])
                row: list[Value] = [name, part[0][1], len(part), sum(counts.values()) / len(part)]
                row += [counts.get(index, 0) / len(part) for index in listed]
                yield row


def _counts(reader: SessionReader, source: int, first: int, last: int) -> dict[int, int]:
    """Return the objects by class in the frames of a source from one to another."""
    query = (
        "SELECT class_id, count(*) FROM object JOIN frame ON frame.id = frame_id"
        " WHERE frame_id BETWEEN ? AND ? AND source_id = ? GROUP BY class_id"
    )
    return dict(reader.connection.execute(query, (first, last, source)).fetchall())


def _add_charts(sheet: Worksheet, videos: list[_Video], columns: int) -> None:
    """Add a chart a video, one below the other, to the right of the table."""
    from openpyxl.chart import Reference, ScatterChart, Series
    from openpyxl.utils import get_column_letter

    start = 2
    for place, video in enumerate(videos[:MOST_CHARTS]):
        end = start + video.rows - 1
        chart = ScatterChart()
        chart.title = picture_name(video.path)
        chart.style = 2
        # A line at its place in time: frames need not follow one another at one rate.
        chart.scatterStyle = "lineMarker"
        times = Reference(sheet, min_col=2, min_row=start, max_row=end)
        for column in range(_FIRST_COLUMN, columns + 1):
            counts = Reference(sheet, min_col=column, min_row=start, max_row=end)
            line = Series(counts, times)
            line.tx = _heading(sheet, column)
            line.marker.symbol = "none"
            line.smooth = False
            line.graphicalProperties.line.width = 15_000
            chart.series.append(line)
        chart.x_axis.title = _("Time (s)")
        chart.y_axis.title = _("Objects")
        chart.x_axis.delete = chart.y_axis.delete = False
        chart.x_axis.number_format = chart.y_axis.number_format = "General"
        chart.y_axis.scaling.min = 0
        chart.height, chart.width = 8, 18
        sheet.add_chart(chart, f"{get_column_letter(columns + 2)}{2 + place * _CHART_ROWS}")
        start = end + 1


def _heading(sheet: Worksheet, column: int) -> object:
    """Return the name of a line: what stands above its column."""
    from openpyxl.chart.data_source import StrRef
    from openpyxl.chart.series import SeriesLabel
    from openpyxl.utils import get_column_letter, quote_sheetname

    cell = f"{quote_sheetname(sheet.title)}!${get_column_letter(column)}$1"
    return SeriesLabel(strRef=StrRef(cell))
