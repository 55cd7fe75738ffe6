"""A session as one CSV table: a row a detection, or a row a picture for classification."""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from engine.export import table
from engine.export.progress import Question, Report, Ticker, finished
from engine.export.target import whole_file
from engine.export.text import printable

if TYPE_CHECKING:
    from engine.store.reader import SessionReader

# The list is OWASP's ("CSV Injection"), with the full-width forms that spreadsheets take as well.
_FORMULA_STARTS = tuple("=+-@\t\r\n＝＋－＠")


def export_csv(
    reader: SessionReader,
    target: Path,
    *,
    progress: Report | None = None,
    should_stop: Question | None = None,
) -> Path:
    r"""Write UTF-8 with a byte-order mark, commas and `\r\n`, numbers with a point.

    CSV knows no types, and a spreadsheet takes a text that begins with = + - or @ for a formula.
    Such a text, as of a class or a file name, gets an apostrophe in front, as does one that begins
    with a tab or a line break.

    Returns:
        The target.

    Raises:
        ExportError: The file cannot be written.
        Cancelled: `should_stop` said so; a former file stays as it was.
    """
    size = reader.frame_count() + reader.object_count()
    ticker = Ticker(2 * size, progress, should_stop)
    seen = table.survey(reader, ticker)
    if reader.run.model.task == "classify":
        columns = table.picture_columns(reader, seen)
        rows = table.picture_rows(reader, seen, ticker)
    else:
        columns = table.object_columns(seen)
        rows = table.object_rows(reader, seen, ticker)
    with (
        finished(rows),
        whole_file(target) as path,
        path.open("w", encoding="utf-8-sig", newline="") as file,
    ):
        writer = csv.writer(file, lineterminator="\r\n")
        writer.writerow([_field(column.header, None) for column in columns])
        decimals = [column.decimals for column in columns]
        writer.writerows(_fields(row, decimals) for row in rows)
        ticker.finish()
    return target


def _fields(row: Sequence[table.Value], decimals: Sequence[int | None]) -> list[str]:
    return [_field(value, places) for value, places in zip(row, decimals, strict=True)]


def _field(value: table.Value, decimals: int | None) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        plain = printable(value)
        return f"'{plain}" if plain.startswith(_FORMULA_STARTS) else plain
    if isinstance(value, float):
        return f"{value:.{decimals or 0}f}" if math.isfinite(value) else ""
    return str(value)
