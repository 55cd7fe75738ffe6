"""`python -m installer.icons`: the program's icon in the forms that systems want, into `build/`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from PIL import Image
from PyQt6.QtCore import QRectF
from PyQt6.QtGui import QImage, QPainter
from PyQt6.QtSvg import QSvgRenderer

from engine.paths import ROOT, resource

PROGRAM = resource("icons/labsight.svg")
SESSION = ROOT / "installer" / "linux" / "application-x-labsight.svg"
PNG_SIZES = (16, 22, 24, 32, 48, 64, 128, 256)
ICO_SIZES = (16, 20, 24, 32, 40, 48, 64, 128, 256)
SIDE_SIZE, SIDE_MARK, SIDE_COLOUR = (272, 628), 128, "#E8EEF9"
ICNS_SIZES = (16, 32, 64, 128, 256, 512, 1024)


def main(arguments: list[str] | None = None) -> int:
    """Write the icons of Windows and macOS."""
    parser = argparse.ArgumentParser(prog="python -m installer.icons", description=__doc__)
    parser.add_argument("--out", type=Path, default=ROOT / "build", help="folder (build)")
    folder = parser.parse_args(arguments).out
    folder.mkdir(parents=True, exist_ok=True)
    print(write_ico(folder / "labsight.ico"))
    print(write_icns(folder / "labsight.icns"))
    return 0


def write_ico(path: Path) -> Path:
    """Write an icon for Windows, each size drawn for itself."""
    *smaller, largest = map(drawn, ICO_SIZES)
    sizes = [(size, size) for size in ICO_SIZES]
    largest.save(path, format="ICO", sizes=sizes, append_images=smaller)
    return path


def write_icns(path: Path) -> Path:
    """Write an icon for macOS, each size drawn for itself."""
    *smaller, largest = map(drawn, ICNS_SIZES)
    largest.save(path, format="ICNS", append_images=smaller)
    return path


def write_side(path: Path) -> Path:
    """Write the picture at the side of the installer for Windows, in twice its size."""
    picture = Image.new("RGB", SIDE_SIZE, SIDE_COLOUR)
    mark = drawn(SIDE_MARK)
    left = (SIDE_SIZE[0] - SIDE_MARK) // 2
    picture.paste(mark, (left, left), mark)
    picture.save(path)
    return path


def drawn(size: int, source: Path = PROGRAM) -> Image.Image:
    """Return an icon of so many pixels a side, drawn from its SVG file."""
    image = QImage(size, size, QImage.Format.Format_RGBA8888)
    image.fill(0)
    painter = QPainter(image)
    QSvgRenderer(str(source)).render(painter, QRectF(0, 0, size, size))
    painter.end()
    bits = image.constBits()
    assert bits is not None
    return Image.frombytes("RGBA", (size, size), bits.asstring(image.sizeInBytes()))


if __name__ == "__main__":
    sys.exit(main())
