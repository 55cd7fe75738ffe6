"""A confusion matrix shows counts or shares, and reads out what is pointed at."""

from __future__ import annotations

import numpy as np
import pytest
from PyQt6.QtCore import QPointF
from PyQt6.QtGui import QImage
from pytestqt.qtbot import QtBot

from desktop import theme
from desktop.widgets.confusion_matrix import ConfusionMatrix

COUNTS = np.array([[90, 1, 2], [0, 80, 1], [10, 19, 0]])


@pytest.fixture
def matrix(qtbot: QtBot) -> ConfusionMatrix:
    matrix = ConfusionMatrix()
    qtbot.addWidget(matrix)
    matrix.resize(320, 260)
    matrix.set_counts(("cells", "gel"), COUNTS)
    return matrix


def test_the_background_is_named_where_there_is_one(matrix: ConfusionMatrix) -> None:
    assert matrix.table()[0][1:] == ["cells", "gel", "background"]
    matrix.set_counts(("cat", "dog"), np.array([[3, 1], [0, 4]]))
    assert matrix.table()[0][1:] == ["cat", "dog"]


def test_shares_are_of_what_is_labelled(matrix: ConfusionMatrix) -> None:
    assert matrix.table()[1] == ["cells", "90", "1", "2"]
    matrix.set_normalised(True)
    assert matrix.table()[1] == ["cells", "0.9", "0.01", "0.6667"]
    assert matrix.table()[3] == ["background", "0.1", "0.19", "0"]


def test_the_cell_under_the_pointer_is_read_out(matrix: ConfusionMatrix) -> None:
    room = matrix._room()
    inside = QPointF(room.left() + 1, room.bottom() - 1)
    assert matrix.cell_at(inside) == (2, 0)
    assert matrix.cell_at(QPointF(0, 0)) is None
    assert matrix.words(2, 0) == "cells found as background: 10 (10.0 %)"


def test_the_diagonal_stands_out(matrix: ConfusionMatrix) -> None:
    image: QImage = matrix.grab().toImage()
    room, ratio = matrix._room(), image.devicePixelRatio()

    def colour(row: int, column: int) -> tuple[int, int, int]:
        x = room.left() + (column + 0.15) * room.width() / 3
        y = room.top() + (row + 0.15) * room.height() / 3
        found = image.pixelColor(round(x * ratio), round(y * ratio))
        return found.red(), found.green(), found.blue()

    surface, accent = theme.colour("surface"), theme.colour("accent")
    assert colour(1, 0) == (surface.red(), surface.green(), surface.blue())
    assert abs(colour(0, 0)[0] - accent.red()) < 40
    assert colour(2, 0) != colour(1, 0)


def test_many_classes_have_room(qtbot: QtBot) -> None:
    matrix = ConfusionMatrix()
    qtbot.addWidget(matrix)
    matrix.resize(200, 160)
    matrix.set_counts([f"class {n}" for n in range(80)], np.eye(81, dtype=np.int64))
    assert not matrix.grab().isNull()
    assert matrix.cell_at(matrix._room().center()) == (40, 40)
