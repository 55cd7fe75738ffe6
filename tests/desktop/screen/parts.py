"""What the scenes have in common: finding what is to be pressed, films, files that must play."""

from __future__ import annotations

import json
import struct
import subprocess
from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import TypeVar

import av
import numpy as np
import openpyxl
from PyQt6.QtCore import QObject, QPointF
from PyQt6.QtGui import QImage
from PyQt6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QFileDialog,
    QLineEdit,
    QPushButton,
    QTabBar,
    QWidget,
)

from desktop.app import Application
from desktop.main_window import MainWindow
from desktop.panels.detection_tab import DetectionTab
from engine.sources.simulated_scenes import PannedScene
from engine.types import UInt8
from tests.desktop.screen.conftest import Hands

T = TypeVar("T", bound=QObject)
Until = Callable[[Callable[[], bool]], None]
Rows = list[tuple[object, ...]]


def window_of(application: Application) -> MainWindow:
    """Return the window on screen."""
    assert application.window is not None
    return application.window


def tab_of(application: Application) -> DetectionTab:
    """Return the tab on screen."""
    return window_of(application)._pages.tab


def part(root: QObject, kind: type[T]) -> T:
    """Return the one part of a kind."""
    found: list[T] = root.findChildren(kind)
    assert len(found) == 1, (kind, found)
    return found[0]


def button(root: QWidget, words: str) -> QAbstractButton:
    """Return the button in sight with these words on it, or with this name."""
    found = [
        each
        for each in root.findChildren(QAbstractButton)
        if _seen(each) and words in (each.text().strip(), each.accessibleName())
    ]
    assert len(found) == 1, (words, [each.text() for each in root.findChildren(QPushButton)])
    return found[0]


def show_dock(application: Application, hands: Hands, title: str) -> None:
    """Click on the tab of a dock that stands behind another one."""
    for bar in tab_of(application).findChildren(QTabBar):
        for place in range(bar.count()):
            if bar.isVisible() and bar.tabText(place) == title:
                hands.click(bar, bar.tabRect(place).center())
                return
    raise AssertionError(f"no dock is called {title}")


def shown_pixels(application: Application) -> UInt8:
    """Return the picture that the view holds, [H, W, 3]."""
    picture = tab_of(application).view._stage.picture
    assert picture is not None
    image = picture.levels[0].convertToFormat(QImage.Format.Format_RGB888)
    memory = image.constBits()
    assert memory is not None
    data = np.frombuffer(memory.asstring(image.sizeInBytes()), np.uint8)
    rows = data.reshape(image.height(), image.bytesPerLine())[:, : image.width() * 3]
    return rows.reshape(image.height(), image.width(), 3)


def on_view(application: Application, x: float, y: float) -> QPointF:
    """Return where a point of the picture is in its view."""
    return tab_of(application).view._camera.transform.map(QPointF(x, y))


def export_excel(
    application: Application, hands: Hands, until: Until, target: Path
) -> dict[str, Rows]:
    """Export by the keyboard and return the sheets of the workbook, row by row."""
    window_of(application).activateWindow()
    hands.key("ctrl+e")
    until(lambda: QApplication.activeModalWidget() is not None)
    dialog = QApplication.activeModalWidget()
    assert isinstance(dialog, QFileDialog)
    field = dialog.findChild(QLineEdit, "fileNameEdit")
    assert field is not None
    hands.click(field)
    # Chinese cannot be typed through xdotool on every server.
    field.setText(str(target))
    hands.key("Return")
    until(target.exists)
    until(lambda: application.messages.last is not None)
    workbook = openpyxl.load_workbook(target)
    sheets: dict[str, Rows] = {
        sheet.title: [tuple(row) for row in sheet.iter_rows(values_only=True)]
        for sheet in workbook.worksheets
    }
    workbook.close()
    return sheets


def plays(path: Path) -> tuple[int, float]:
    """Return how many frames a video has and its length in seconds; all of it must decode."""
    command = ["ffprobe", "-v", "error", "-count_frames", "-select_streams", "v:0"]
    command += ["-show_entries", "stream=nb_read_frames:format=duration", "-of", "json", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert (done.returncode, done.stderr) == (0, ""), done
    said = json.loads(done.stdout)
    return int(said["streams"][0]["nb_read_frames"]), float(said["format"]["duration"])


def length_s(path: Path) -> tuple[float, float]:
    """Return how long the pictures of a video take in seconds, and its longest frame."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert stream.time_base is not None
        unit = float(stream.time_base)
        found = sorted(
            (each.pts * unit, (each.duration or 0) * unit)
            for each in container.demux(stream)
            if each.pts is not None
        )
    (first, _), (last, rest) = found[0], found[-1]
    longest = max((after[0] - before[0] for before, after in pairwise(found)), default=0.0)
    return last - first + rest, max(longest, rest)


def panned_film(path: Path, count: int, *, rate: Fraction = Fraction(30)) -> Path:
    """Write a video of a view over tubes, in which the weights of the application find objects."""
    scene = PannedScene((480, 360))
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=rate, options={"g": "20", "bf": "2"})
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 480, 360, "yuv420p"
        for number in range(count):
            picture = av.VideoFrame.from_ndarray(scene.next_picture(0, 1.0), format="rgb24")
            picture.pts, picture.time_base = number, 1 / rate
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
    return path


def turned(path: Path, target: Path) -> Path:
    """Write an MP4 file again with the note that it is to be shown turned by a right angle."""
    data = path.read_bytes()
    one, apart = 1 << 16, 1 << 30
    upright = struct.pack(">9i", one, 0, 0, 0, one, 0, 0, 0, apart)
    quarter = struct.pack(">9i", 0, one, 0, -one, 0, 0, 0, 0, apart)
    at = data.index(upright, data.index(b"tkhd"))
    target.write_bytes(data[:at] + quarter + data[at + len(upright) :])
    return target


def _seen(widget: QWidget) -> bool:
    return widget.isVisible() and not widget.visibleRegion().isEmpty()
