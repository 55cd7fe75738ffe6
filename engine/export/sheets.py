"""Rows of a workbook, streamed.

openpyxl makes the book: styles, columns, filters, charts. It needs some 12 microseconds a cell,
so the rows themselves are written here, straight into the sheets of the packed file: the part of
ISO/IEC 29500 that says `<row>` and `<c>`.
"""

from __future__ import annotations

import io
import math
import re
import unicodedata
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, cast
from xml.sax.saxutils import escape

from engine.export.table import Column, Value
from engine.export.text import printable

if TYPE_CHECKING:
    from openpyxl import Workbook
    from openpyxl.worksheet._write_only import WriteOnlyWorksheet
    from openpyxl.worksheet.worksheet import Worksheet

_CellWriter = Callable[[str, Value], str]

MOST_ROWS = 1_048_576
"""Rows of a sheet that Excel can read, the header among them."""

# Number formats of Excel.
_TEXT = "@"
_ANY = "General"

_MOST_CHARACTERS = 32_767
_BLOCK_ROWS = 500
# A fifth larger than at zlib's usual level, in half the time.
_LEVEL = 3
# Above this number of cells a sheet may pass 2 GiB before it is packed.
_LARGE_SHEET = 20_000_000
_NO_ROWS = re.compile(rb"<sheetData\s*/>|<sheetData>\s*</sheetData>")
# Excel reads _x0041_ as A; the underscore of a text that has it anyway is escaped in turn.
_ESCAPE_LIKE = re.compile("_(?=x[0-9A-Fa-f]{4}_)")


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet: a header and rows.

    Attributes:
        title: Its name.
        columns: Its columns.
        rows: Its rows, read once.
        count: Their number.
        strong: The last row is a sum: bold and left out of the filter.
        bold: Numbers of further rows in bold, from 1 below the header.
        decorate: Called with openpyxl's sheet, to add charts.
    """

    title: str
    columns: Sequence[Column]
    rows: Iterable[Sequence[Value]]
    count: int
    strong: bool = False
    bold: frozenset[int] = frozenset()
    decorate: Callable[[Worksheet], None] | None = None


def paged(
    title: str,
    columns: Sequence[Column],
    rows: Iterator[Sequence[Value]],
    count: int,
    most_rows: int,
) -> list[Sheet]:
    """Split a table into sheets of at most so many rows; the sheets are written in this order."""
    room = most_rows - 1
    starts = range(0, max(count, 1), room)
    titles = [title if not start else f"{title} {start // room + 1}" for start in starts]
    return [
        Sheet(name, columns, islice(rows, room), min(room, count - start))
        for name, start in zip(titles, starts, strict=True)
    ]


@dataclass(frozen=True, slots=True)
class _Styles:
    """Numbers of the cell styles of a sheet in its book."""

    headers: list[int]
    texts: list[int]
    numbers: list[int]
    strong_texts: list[int]
    strong_numbers: list[int]


def write_book(path: Path, sheets: Sequence[Sheet]) -> None:
    """Write a workbook.

    Raises:
        OSError: The disk is full or the folder cannot be written.
    """
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    made = [(sheet, *_frame(book, sheet)) for sheet in sheets]
    skeleton = io.BytesIO()
    book.save(skeleton)
    streams = {frame.path.lstrip("/"): (sheet, styles) for sheet, frame, styles in made}
    with (
        zipfile.ZipFile(skeleton) as source,
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=_LEVEL) as packed,
    ):
        for name in source.namelist():
            if name in streams:
                _stream(packed, name, source.read(name), *streams[name])
            else:
                packed.writestr(name, source.read(name))


def _frame(book: Workbook, sheet: Sheet) -> tuple[WriteOnlyWorksheet, _Styles]:
    """Add an empty sheet to a book, with all that is not rows."""
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Alignment, Font
    from openpyxl.utils import get_column_letter

    made = book.create_sheet(sheet.title)
    made.freeze_panes = "A2"
    made.print_title_rows = "1:1"
    made.page_setup.orientation = "landscape"
    made.page_setup.fitToHeight = 0
    made.sheet_properties.pageSetUpPr.fitToPage = True
    last = get_column_letter(len(sheet.columns))
    made.auto_filter.ref = f"A1:{last}{sheet.count + 1 - sheet.strong}"
    for number, column in enumerate(sheet.columns, 1):
        wide = max(column.width, _cells_wide(column.header) + 3)
        made.column_dimensions[get_column_letter(number)].width = wide
    if sheet.decorate is not None:
        # It has the methods of a sheet that a chart needs, whatever its annotations say.
        sheet.decorate(cast("Worksheet", made))

    def style(shown: str, *, bold: bool = False, align: str | None = None) -> int:
        cell = WriteOnlyCell(made)
        cell.number_format = shown
        if bold:
            cell.font = Font(name="Calibri", size=11, bold=True)
        if align is not None:
            cell.alignment = Alignment(horizontal=align, vertical="top", wrap_text=True)
        return int(cell.style_id)

    forms = [column.shown for column in sheet.columns]
    sides = ["left" if form in (_TEXT, _ANY) else "right" for form in forms]
    return made, _Styles(
        headers=[style(_TEXT, bold=True, align=side) for side in sides],
        texts=[style(_TEXT)] * len(forms),
        # Numbers among texts stand where the texts do.
        numbers=[style(form, align="left" if form == _ANY else None) for form in forms],
        strong_texts=[style(_TEXT, bold=True)] * len(forms),
        strong_numbers=[style(form, bold=True) for form in forms],
    )


def _stream(
    packed: zipfile.ZipFile, name: str, skeleton: bytes, sheet: Sheet, styles: _Styles
) -> None:
    before, after = _NO_ROWS.split(skeleton)
    large = sheet.count * len(sheet.columns) > _LARGE_SHEET
    with packed.open(name, "w", force_zip64=large) as file:
        file.write(before + b"<sheetData>")
        rows = _rows(sheet, styles)
        while block := "".join(islice(rows, _BLOCK_ROWS)):
            file.write(block.encode())
        file.write(b"</sheetData>" + after)


def _rows(sheet: Sheet, styles: _Styles) -> Iterator[str]:
    header = _writers(sheet, styles.headers, styles.numbers)
    yield _row("1", header, [column.header for column in sheet.columns])
    plain = _writers(sheet, styles.texts, styles.numbers)
    strong = _writers(sheet, styles.strong_texts, styles.strong_numbers)
    sums = sheet.bold | ({sheet.count} if sheet.strong else set())
    for number, values in enumerate(sheet.rows, 1):
        yield _row(str(number + 1), strong if number in sums else plain, values)


def _row(number: str, writers: Sequence[_CellWriter], values: Sequence[Value]) -> str:
    cells = [write(number, value) for write, value in zip(writers, values, strict=True)]
    return f'<row r="{number}">{"".join(cells)}</row>'


def _writers(sheet: Sheet, texts: Sequence[int], numbers: Sequence[int]) -> list[_CellWriter]:
    """Return what turns a value into XML for each column."""
    from openpyxl.utils import get_column_letter

    columns = zip(sheet.columns, texts, numbers, strict=True)
    return [
        _writer(get_column_letter(place), text, number, column.decimals)
        for place, (column, text, number) in enumerate(columns, 1)
    ]


def _writer(letter: str, text_style: int, number_style: int, decimals: int | None) -> _CellWriter:
    opening = f'<c r="{letter}'
    as_text = f'" s="{text_style}" t="inlineStr"><is><t xml:space="preserve">'
    as_number = f'" s="{number_style}"><v>'
    form = "%r" if decimals is None else f"%.{decimals}f"

    def write(row: str, value: Value) -> str:
        if value is None or value == "":
            return ""
        if isinstance(value, str):
            return f"{opening}{row}{as_text}{_xml(value)}</t></is></c>"
        if isinstance(value, int):
            return f"{opening}{row}{as_number}{value}</v></c>"
        return f"{opening}{row}{as_number}{form % value}</v></c>" if math.isfinite(value) else ""

    return write


@lru_cache(maxsize=4096)
def _xml(text: str) -> str:
    plain = _ESCAPE_LIKE.sub("_x005F_", printable(text[:_MOST_CHARACTERS]))
    return escape(plain, {"\r": "&#13;"})


def _cells_wide(text: str) -> int:
    """Return the width of a text in characters; Chinese ones count twice."""
    return sum(2 if unicodedata.east_asian_width(each) in "WF" else 1 for each in text)
