"""Curves grow, are read out in their legend, and zoom as a person asks."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from PyQt6.QtCore import QPointF, Qt
from PyQt6.QtGui import QImage
from pytestqt.qtbot import QtBot

from desktop import theme
from desktop.widgets.curve import Curve
from desktop.widgets.curves import Curves
from desktop.widgets.plot import Values

BOX = Curve("box", "box", "train", "curve_box")
BOX_VAL = Curve("box_val", "box", "val", "curve_box", dashed=True)
MASK = Curve("mask", "mask", "train", "curve_mask")
EPOCHS = np.arange(1.0, 11.0)


@pytest.fixture
def plot(qtbot: QtBot) -> Curves:
    plot = Curves(
        name="Losses", across="epoch", up="loss", whole=True, reading=lambda at: f"epoch {at:.0f}"
    )
    qtbot.addWidget(plot)
    plot.resize(500, 300)
    plot.set_curves([BOX, BOX_VAL, MASK])
    return plot


def shown(qtbot: QtBot, plot: Curves) -> Curves:
    plot.show()
    qtbot.waitUntil(lambda: plot.built, timeout=20_000)
    # It is built in a room that is laid out a moment later.
    qtbot.waitUntil(lambda: plot._plot.getViewBox().width() > 300)
    return plot


def fill(plot: Curves, count: int = 10) -> None:
    across = EPOCHS[:count]
    values = {"box": 2 / across, "box_val": 3 / across, "mask": 4 / across}
    plot.set_points({key: (across, each) for key, each in values.items()}, (0, 20))


def count_of(plot: Curves, token: str) -> int:
    """Return how many pixels have nearly a colour of the theme."""
    image = plot.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    data = image.constBits()
    assert data is not None
    pixels = np.frombuffer(data.asstring(image.sizeInBytes()), np.uint8).reshape(-1, 4)
    colour = theme.colour(token)
    wanted = np.array([colour.blue(), colour.green(), colour.red()])
    return int((np.abs(pixels[:, :3].astype(int) - wanted).max(axis=1) < 10).sum())


def legend(plot: Curves) -> tuple[str, dict[tuple[str, str], str]]:
    return plot._legend._head, dict(plot._legend._values)


def test_nothing_is_loaded_before_it_is_seen(plot: Curves) -> None:
    fill(plot)
    assert not plot.built


def test_curves_are_drawn_in_their_colours(qtbot: QtBot, plot: Curves) -> None:
    fill(plot)
    shown(qtbot, plot)
    plot._legend.setVisible(False)
    solid = count_of(plot, "curve_mask")
    assert solid > 150
    assert count_of(plot, "curve_box") > 150


def test_one_value_alone_is_a_dot(qtbot: QtBot, plot: Curves) -> None:
    fill(plot, 1)
    shown(qtbot, plot)
    head, _values = legend(plot)
    plot._legend.hide()
    assert head == "epoch 1"
    assert 15 < count_of(plot, "curve_mask") < 80


def test_dashes_leave_gaps(qtbot: QtBot, plot: Curves) -> None:
    across = np.linspace(1, 20, 400)
    flat = {"box": (across, np.ones(400))}
    shown(qtbot, plot)
    plot.set_curves([BOX])
    plot.set_points(flat, (0, 20))
    plot._legend.hide()
    whole = count_of(plot, "curve_box")
    plot.set_curves([Curve("box", "box", colour="curve_box", dashed=True)])
    plot.set_points(flat, (0, 20))
    plot._legend.hide()
    assert 0.4 * whole < count_of(plot, "curve_box") < 0.75 * whole


def test_the_legend_says_the_last_values_and_those_pointed_at(qtbot: QtBot, plot: Curves) -> None:
    fill(plot)
    shown(qtbot, plot)
    assert legend(plot) == (
        "epoch 10",
        {("box", "train"): "0.200", ("box", "val"): "0.300", ("mask", "train"): "0.400"},
    )
    with qtbot.waitSignal(plot.pointed) as signal:
        box = plot._plot.getViewBox()
        plot._on_mouse(box.mapViewToScene(QPointF(4.3, 1.0)))
    assert signal.args == [4.0]
    assert legend(plot)[0] == "epoch 4"
    assert legend(plot)[1]["mask", "train"] == "1.000"
    assert plot._cursor.isVisible()
    plot.leaveEvent(None)
    assert legend(plot)[0] == "epoch 10"
    assert not plot._cursor.isVisible()


def test_values_that_are_no_number_are_left_out(qtbot: QtBot, plot: Curves) -> None:
    values: Values = 4 / EPOCHS
    values[-1] = np.nan
    values[2] = np.inf
    plot.set_points({"mask": (EPOCHS, values)}, (0, 20))
    shown(qtbot, plot)
    assert legend(plot)[1]["mask", "train"] == f"{4 / 9:.3f}"
    assert plot._plot.viewRange()[1][1] == pytest.approx(4 * 1.08)
    plot.set_place(3.0)
    assert ("mask", "train") not in legend(plot)[1]


def test_zooming_is_kept_while_values_come_and_a_double_click_ends_it(
    qtbot: QtBot, plot: Curves
) -> None:
    fill(plot, 8)
    shown(qtbot, plot)
    assert plot._plot.viewRange()[0] == [0, 20]
    box = plot._plot.getViewBox()
    with qtbot.waitSignal(plot.viewed) as signal:
        box.setRange(xRange=(2, 6), yRange=(1, 2), padding=0)
        box.sigRangeChangedManually.emit(box.mouseEnabled())
    assert signal.args == [(2, 6)]
    fill(plot, 10)
    assert plot._plot.viewRange() == [[2, 6], [1, 2]]

    class DoubleClick:
        def double(self) -> bool:
            return True

        def button(self) -> Qt.MouseButton:
            return Qt.MouseButton.LeftButton

    with qtbot.waitSignal(plot.viewed) as signal:
        plot._on_click(DoubleClick())
    assert signal.args == [None]
    assert plot._plot.viewRange() == [[0, 20], [0, pytest.approx(4 * 1.08)]]


def test_the_legend_moves_to_the_corner_that_hides_least(qtbot: QtBot, plot: Curves) -> None:
    fill(plot)
    shown(qtbot, plot)
    assert plot._legend.isVisible()
    assert plot._legend.geometry().center().y() < plot.height() / 2
    high = {key: (EPOCHS, np.full(10, 3.0) + EPOCHS) for key in ("box", "box_val", "mask")}
    plot.set_points(high, (0, 10))
    assert plot._legend.geometry().center().y() > plot.height() / 2
    assert plot.rect().contains(plot._legend.geometry())
    assert plot._legend.geometry().center().x() > plot.width() / 2
    # All over the right half, nothing in the left one but at its foot.
    x, wide = np.linspace(6.5, 10, 200), np.linspace(0, 4, 200)
    late = {"box": (x, wide), "box_val": (x, 4 - wide)}
    plot.set_points(late, (0, 10))
    assert plot._legend.geometry().center().x() < plot.width() / 2
    assert plot._legend.geometry().center().y() < plot.height() / 2
    plot.set_mark(1.0, "best")
    plot.set_points({key: (x[1:], y[1:]) for key, (x, y) in late.items()}, (0, 10))
    assert plot._legend.geometry().center().y() > plot.height() / 2


def test_marks_and_what_is_to_come_are_shown(qtbot: QtBot, plot: Curves) -> None:
    shown(qtbot, plot)
    fill(plot)
    assert not plot._line.isVisible()
    plot.set_mark(7.0, "best, epoch 7")
    plot.set_points({"mask": (EPOCHS, 4 / EPOCHS)}, (0, 20), reached=10)
    assert plot._line.isVisible()
    assert plot._line.value() == 7
    assert plot._said.toPlainText() == "best, epoch 7"
    assert plot._rest.getRegion() == (10, 20)
    plot.set_mark(None)
    assert not plot._line.isVisible()


def test_curves_of_different_lengths_share_a_table(
    qtbot: QtBot, plot: Curves, tmp_path: Path
) -> None:
    plot.set_points(
        {"box": (EPOCHS[:1], EPOCHS[:1]), "mask": (EPOCHS[:2], np.array([0.5, np.nan]))}, (0, 2)
    )
    assert plot.table() == [
        ["epoch", "box, train", "box, val", "mask, train"],
        ["1", "1", "", "0.5"],
    ]
    plot.save_csv(tmp_path / "a.csv")
    qtbot.waitUntil(lambda: (tmp_path / "a.csv").exists())
    qtbot.waitUntil(lambda: (tmp_path / "a.csv").stat().st_size > 30)
    with (tmp_path / "a.csv").open(encoding="utf-8-sig", newline="") as file:
        assert list(csv.reader(file)) == plot.table()


def test_growing_adds_no_items(qtbot: QtBot, plot: Curves) -> None:
    fill(plot, 1)
    shown(qtbot, plot)
    before = len(plot._plot.scene().items())
    for count in range(2, 11):
        fill(plot, count)
        plot.set_curves([BOX, BOX_VAL, MASK])
    assert len(plot._plot.scene().items()) == before
    plot.set_curves([MASK])
    assert len(plot._plot.scene().items()) == before - 2
