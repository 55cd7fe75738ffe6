"""Plots as files, and the squares of their legends."""

from __future__ import annotations

import base64
import csv
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from PyQt6.QtCore import QBuffer
from PyQt6.QtGui import QColor, QImage

from desktop.widgets.swatch import swatch
from engine.errors import ExportError, writing_failed


@lru_cache(maxsize=128)
def data_uri(colour: int) -> str:
    """Return the square of a colour, 0xAARRGGBB, as rich text takes pictures."""
    plain = QColor.fromRgb(colour)
    square = swatch((plain.red(), plain.green(), plain.blue()), 20).toImage()
    return "data:image/png;base64," + base64.b64encode(_png(square)).decode("ascii")


def save_image(image: QImage, path: Path) -> None:
    """Write a picture as PNG.

    Raises:
        ExportError: It cannot be written.
    """
    try:
        path.write_bytes(_png(image))
    except OSError as error:
        raise writing_failed(error, path, ExportError) from error


def save_table(table: Sequence[Sequence[str]], path: Path) -> None:
    """Write rows as CSV, UTF-8 with a mark that spreadsheets know.

    Raises:
        ExportError: It cannot be written.
    """
    try:
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            csv.writer(file).writerows(table)
    except OSError as error:
        raise writing_failed(error, path, ExportError) from error


def _png(image: QImage) -> bytes:
    buffer = QBuffer()
    buffer.open(QBuffer.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")
    return buffer.data().data()
