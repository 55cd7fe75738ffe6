"""A plot is loaded when it is seen, shows what it was told, and can be saved."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from PyQt6.QtGui import QImage
from pytestqt.qtbot import QtBot

from desktop import theme
from desktop.widgets.plot import Bar, Line, Plot, nice_step

COLOUR = (240, 228, 66)


@pytest.fixture
def plot(qtbot: QtBot) -> Plot:
    plot = Plot(name="Rate", across="Time (s)", up="Pictures a second")
    qtbot.addWidget(plot)
    plot.resize(300, 160)
    return plot


def shown(qtbot: QtBot, plot: Plot) -> QImage:
    plot.show()
    qtbot.waitUntil(lambda: plot.built, timeout=20_000)
    return plot.grab().toImage()


def has(image: QImage, colour: tuple[int, int, int]) -> bool:
    """Tell whether some pixel has nearly a colour."""
    pixels = image.convertToFormat(QImage.Format.Format_RGB888)
    data = pixels.constBits()
    assert data is not None
    stride = pixels.bytesPerLine()
    whole = np.frombuffer(data.asstring(stride * pixels.height()), np.uint8)
    rgb = whole.reshape(pixels.height(), stride)[:, : 3 * pixels.width()].reshape(-1, 3)
    return bool((np.abs(rgb.astype(int) - colour).max(axis=1) < 12).any())


def test_nothing_is_loaded_before_it_is_seen(plot: Plot) -> None:
    plot.set_bars([Bar("a", 1)])
    assert not plot.built


def test_bars_are_in_the_colours_of_their_classes(qtbot: QtBot, plot: Plot) -> None:
    plot.set_bars([Bar("a", 3, COLOUR), Bar("b", 1)])
    image = shown(qtbot, plot)
    accent = theme.colour("accent")
    assert has(image, COLOUR)
    assert has(image, (accent.red(), accent.green(), accent.blue()))
    assert plot.table() == [["Time (s)", "Pictures a second"], ["a", "3"], ["b", "1"]]


def test_lines_follow_and_leave_gaps(qtbot: QtBot, plot: Plot, tmp_path: Path) -> None:
    times = np.array([-2.0, -1.0, 0.0])
    shown(qtbot, plot)
    plot.set_lines(times, [Line("a", times + 3, COLOUR), Line("b", times * np.nan)], (-3, 0))
    assert has(plot.grab().toImage(), COLOUR)
    assert plot._plot.getAxis("left").labelText == "Pictures a second"
    assert plot._plot.viewRange()[0] == [-3, 0]
    plot.save_csv(tmp_path / "a.csv")
    qtbot.waitUntil((tmp_path / "a.csv").exists)
    qtbot.waitUntil(lambda: (tmp_path / "a.csv").stat().st_size > 40)
    with (tmp_path / "a.csv").open(encoding="utf-8-sig", newline="") as file:
        assert list(csv.reader(file)) == [
            ["Time (s)", "a", "b"],
            ["-2.000", "1.000", ""],
            ["-1.000", "2.000", ""],
            ["0.000", "3.000", ""],
        ]


def test_a_picture_is_saved_and_a_failure_told(
    qtbot: QtBot, plot: Plot, tmp_path: Path
) -> None:
    plot.set_bars([Bar("a", 3, COLOUR)])
    shown(qtbot, plot)
    path = tmp_path / "a.png"
    plot.save_png(path)
    qtbot.waitUntil(lambda: path.exists() and not QImage(str(path)).isNull())
    assert has(QImage(str(path)), COLOUR)
    with qtbot.waitSignal(plot.failed) as signal:
        plot.save_png(tmp_path / "missing" / "a.png")
    assert "missing" in signal.args[0].message


def test_the_figure_under_the_pointer_is_read_out(qtbot: QtBot, plot: Plot) -> None:
    plot.set_bars([Bar("a", 3, COLOUR), Bar("b", 1)])
    shown(qtbot, plot)
    box = plot._plot.getViewBox()
    place = box.sceneBoundingRect()
    plot._on_mouse(place.center() + (place.topRight() - place.topLeft()) / 4)
    assert plot._reading.isVisible()
    assert plot._reading.toPlainText() == "b: 1"
    plot._on_mouse(place.topLeft() * 0 - place.bottomRight())
    assert not plot._reading.isVisible()
    plot.set_lines(np.array([-1.0, 0.0]), [Line("rate", np.array([1.0, 2.0]))], (-1, 0))
    plot._on_mouse(place.center() + (place.topRight() - place.topLeft()) / 4)
    assert plot._reading.toPlainText() == "0 s\nrate: 2.0"


@pytest.mark.parametrize(
    ("least", "whole", "step"),
    [(0, False, 1), (0.3, True, 1), (0.3, False, 0.5), (1.1, True, 2), (24, False, 50), (5, 0, 5)],
)
def test_steps_are_round(least: float, whole: bool, step: float) -> None:
    assert nice_step(least, whole=whole) == pytest.approx(step)
