"""The charts of a run's workbook, and the sheet of curves that some of them are drawn from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engine.colours import OKABE_ITO, Colour, class_colours
from engine.export.sheets import Sheet
from engine.export.table import MOST_CLASS_COLUMNS, Column, Value, text
from engine.i18n import N_
from engine.i18n import translate as _
from engine.training.words import part_word

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

MOST_LINES = 8
"""A chart of curves has so many classes at most, besides their mean."""

_CURVES = {
    "pr": (N_("Recall"), N_("Precision"), N_("Precision over recall, {part}")),
    "f1": (N_("Confidence"), "F1", N_("F1 over confidence, {part}")),
    "precision": (N_("Confidence"), N_("Precision"), N_("Precision over confidence, {part}")),
    "recall": (N_("Confidence"), N_("Recall"), N_("Recall over confidence, {part}")),
}
"""What a curve is drawn over, what it is of, and what stands above its chart."""

COLOURS: tuple[Colour, ...] = tuple(OKABE_ITO[place] for place in (6, 4, 2, 5, 0, 1, 7))
"""Of lines that are no classes: those that are seen well on white, the darkest first."""

_MEAN: Colour = (0x11, 0x11, 0x11)
_GRID = "D9DDE3"
_WIDTH_CM, _HEIGHT_CM = 17.0, 9.0
# Cells of the usual size that a chart covers, with a margin.
_ROWS, _COLUMNS = 19, 10
_LINE_EMU, _THIN_EMU = 19_000, 12_700


@dataclass(frozen=True, slots=True)
class Curve:
    """One line of a chart.

    Attributes:
        name: In the legend.
        column: Its place in the sheet, from 1.
        colour: RGB.
        dashed: Whether it is drawn so.
    """

    name: str
    column: int
    colour: Colour
    dashed: bool = False


@dataclass(frozen=True, slots=True)
class Chart:
    """Columns of one sheet over another column of it.

    Attributes:
        title: Above it.
        sheet: Title of the sheet.
        across: Place of the column along the lower axis, from 1.
        curves: What is drawn.
        axes: What stands along the lower and the left axis.
        rows: Numbers in each column.
        most: Where both axes end, None where that follows from the numbers.
    """

    title: str
    sheet: str
    across: int
    curves: tuple[Curve, ...]
    axes: tuple[str, str]
    rows: int
    most: float | None = None


def curve_sheet(content: Mapping[str, Any]) -> tuple[Sheet, list[Chart]]:
    """Return the numbers behind the curves of the best weights and what is drawn of them.

    Args:
        content: Of `curves.json`; without curves the sheet has no columns.
    """
    title = _("Curve data")
    columns: list[Column] = []
    values: list[Sequence[Value]] = []
    charts: list[Chart] = []
    for part, kind, xs, classes in _curves(content):
        word = part_word(part)
        across, up, above = (_(words) for words in _CURVES[kind])
        columns.append(_column(across))
        values.append(xs)
        place = len(columns)
        lines: list[tuple[str, Sequence[Value]]] = [(_("all"), _mean(list(classes.values())))]
        lines += classes.items() if len(classes) <= MOST_CLASS_COLUMNS else ()
        for name, line in lines:
            columns.append(_column(f"{up}, {word}: {name}"))
            values.append(line)
        colours = (_MEAN, *class_colours(list(classes)))
        drawn = [
            Curve(name, place + at, colour)
            for at, ((name, _line), colour) in enumerate(zip(lines, colours, strict=False), 1)
        ]
        charts.append(
            Chart(
                title=above.format(part=word),
                sheet=title,
                across=place,
                curves=tuple(drawn[: 1 + MOST_LINES]),
                axes=(across, up),
                rows=len(xs),
                most=1.0,
            )
        )
    count = max((len(each) for each in values), default=0)
    rows = [[each[at] if at < len(each) else None for each in values] for at in range(count)]
    return Sheet(title, columns, rows, count), charts


def charts_sheet(charts: Sequence[Chart]) -> Sheet:
    """Return a sheet of charts alone, two beside one another."""
    drawn = [chart for chart in charts if chart.rows and chart.curves]

    def decorate(sheet: Worksheet) -> None:
        for place, chart in enumerate(drawn):
            column = "A" if place % 2 == 0 else _letter(1 + _COLUMNS)
            sheet.add_chart(_drawn(chart), f"{column}{2 + place // 2 * _ROWS}")

    return Sheet(_("Curves"), [text(_("Charts"), 9)], [], 0, decorate=decorate)


def _curves(
    content: Mapping[str, Any],
) -> Iterator[tuple[str, str, list[float], dict[str, list[float]]]]:
    """Yield part, kind, places and curves by class; what is not of that form is passed over."""
    parts = content.get("curves")
    for part, kinds in parts.items() if isinstance(parts, dict) else ():
        for kind in _CURVES:
            curve = kinds.get(kind) if isinstance(kinds, dict) else None
            match curve:
                case {"x": list(xs), "classes": dict(classes)} if xs and classes:
                    yield part, kind, xs, {str(name): line for name, line in classes.items()}


def _mean(lines: Sequence[Sequence[float]]) -> list[Value]:
    return [sum(values) / len(values) for values in zip(*lines, strict=False)]


def _column(header: str) -> Column:
    return Column(header, 12, decimals=5, shown="0.000")


def _letter(column: int) -> str:
    from openpyxl.utils import get_column_letter

    return str(get_column_letter(column))


def _drawn(chart: Chart) -> Any:  # noqa: ANN401 - a chart of openpyxl
    from openpyxl.chart import Reference, ScatterChart, Series
    from openpyxl.chart.series import SeriesLabel
    from openpyxl.chart.shapes import GraphicalProperties
    from openpyxl.drawing.line import LineProperties
    from openpyxl.utils import quote_sheetname

    def column(place: int) -> Any:  # noqa: ANN401 - a reference of openpyxl
        letter, name = _letter(place), quote_sheetname(chart.sheet)
        return Reference(range_string=f"{name}!${letter}$2:${letter}${chart.rows + 1}")

    made: Any = ScatterChart()
    made.title = chart.title
    made.style = 2
    made.scatterStyle = "lineMarker"
    for curve in chart.curves:
        line = Series(column(curve.column), column(chart.across))
        line.tx = SeriesLabel(v=curve.name)
        # One number alone makes no line.
        line.marker.symbol = "circle" if chart.rows == 1 else "none"
        line.smooth = False
        line.graphicalProperties.line.width = _THIN_EMU if curve.dashed else _LINE_EMU
        line.graphicalProperties.line.solidFill = "{:02X}{:02X}{:02X}".format(*curve.colour)
        if curve.dashed:
            line.graphicalProperties.line.dashStyle = "sysDash"
        made.series.append(line)
    made.x_axis.title, made.y_axis.title = chart.axes
    # Excel hides axes that do not say that they are there.
    made.x_axis.delete = made.y_axis.delete = False
    made.x_axis.number_format = made.y_axis.number_format = "General"
    made.x_axis.scaling.min = made.y_axis.scaling.min = 0
    made.x_axis.majorGridlines = None
    made.y_axis.majorGridlines.spPr = GraphicalProperties(ln=LineProperties(solidFill=_GRID))
    if chart.most is not None:
        made.x_axis.scaling.max = made.y_axis.scaling.max = chart.most
    if len(chart.curves) == 1:
        made.legend = None
    else:
        made.legend.position = "b"
    made.width, made.height = _WIDTH_CM, _HEIGHT_CM
    return made
