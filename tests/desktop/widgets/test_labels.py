"""Labels find places beside their objects, in the view and clear of one another."""

from __future__ import annotations

import numpy as np
import pytest
from PyQt6.QtCore import QRectF, QSizeF
from PyQt6.QtGui import QColor, QImage, QPainter

from desktop.scene import Overlay
from desktop.state import Place
from desktop.widgets import labels
from desktop.widgets.labels import HEIGHT, WIDEST, Float64, Label
from engine.types import Detections

VIEW = QSizeF(600, 400)
NAMES = ("gel", "a class with a name that is far too long for any label to show")


def overlay(count: int, ids: bool = False, class_id: int = 0) -> Overlay:
    found = Detections(
        np.tile(np.array([0, 0, 10, 10], np.float32), (count, 1)),
        np.linspace(0.934, 0.3, count, dtype=np.float32),
        np.full(count, class_id, np.int32),
        ids=np.arange(100, 100 + count, dtype=np.int32) if ids else None,
    )
    return Overlay(Place("a.png"), 1, found, NAMES, ((1, 2, 3), (4, 5, 6)))


def arrange(boxes: list[list[float]], view: QSizeF = VIEW, **how: bool) -> tuple[Label, ...]:
    bounds: Float64 = np.array(boxes, np.float64).reshape(-1, 4)
    tips = np.repeat(bounds[:, 1::2].mean(axis=1, keepdims=True), 2, axis=1)
    return labels.arrange(overlay(len(boxes), **how), range(len(boxes)), bounds, tips, view)


def inside(rect: QRectF, view: QSizeF = VIEW) -> bool:
    return QRectF(0, 0, view.width(), view.height()).contains(rect)


def test_a_label_says_class_confidence_and_track() -> None:
    assert labels.text_of(overlay(1), 0) == "gel 0.93"
    assert labels.text_of(overlay(2, ids=True), 1) == "gel 0.30 #101"
    assert labels.text_of(overlay(1, class_id=9), 0) == "9 0.93"


def test_a_label_stands_beside_its_object_with_a_leader() -> None:
    (label,) = arrange([[100, 100, 200, 180]])
    assert label.rect.left() > 200
    assert label.rect.center().y() == 140
    assert label.leader is not None
    assert (label.leader.x1(), label.leader.x2()) == (200, label.rect.left())


def test_a_label_changes_sides_at_the_edge_of_the_view() -> None:
    (label,) = arrange([[500, 100, 590, 180]])
    assert label.rect.right() < 500
    assert label.leader is not None
    assert label.leader.x2() == label.rect.right()


@pytest.mark.parametrize(
    "box",
    [[-50, -50, 650, 450], [-900, 100, -5, 200], [595, 395, 700, 500], [0, 0, 600, 12]],
)
def test_a_label_is_always_in_the_view(box: list[float]) -> None:
    (label,) = arrange([box])
    assert inside(label.rect)


def test_labels_keep_clear_of_one_another() -> None:
    columns = [[40 + 60 * n, 100, 90 + 60 * n, 300] for n in range(8)]
    found = arrange([[float(value) for value in box] for box in columns])
    assert len(found) == 8
    for number, label in enumerate(found):
        assert inside(label.rect)
        for other in found[:number]:
            assert not label.rect.intersects(other.rect)


def test_labels_leave_neighbouring_objects_uncovered() -> None:
    left, right = arrange([[100, 100, 200, 180], [205, 100, 300, 180]])
    assert left.rect.right() < 100
    assert right.rect.left() > 300


def test_labels_that_would_cover_the_view_are_left_out() -> None:
    rng = np.random.default_rng(0)
    corners = rng.uniform(0, 300, (120, 2))
    boxes = np.concatenate((corners, corners + 60), axis=1).tolist()
    assert arrange(boxes) == ()
    assert len(arrange(boxes, QSizeF(3000, 2000))) == 120
    assert arrange(boxes + boxes, QSizeF(9000, 9000)) == ()


def test_an_object_too_small_to_be_seen_beside_a_label_has_none() -> None:
    found = arrange([[10, 10, 14, 14], [100, 100, 150, 150]])
    assert [label.position for label in found] == [1]


def test_no_objects_have_no_labels() -> None:
    assert arrange([]) == ()


def test_a_long_name_is_cut_short() -> None:
    bounds = np.array([[50.0, 50, 90, 90]])
    text = labels.text_of(overlay(1, class_id=1), 0)
    (label,) = labels.place([0], [text], bounds, np.full((1, 2), 70.0), bounds, VIEW)
    assert (label.rect.width(), label.rect.height()) == (WIDEST, HEIGHT)


def test_a_label_is_painted_in_the_colour_of_its_class() -> None:
    image = QImage(600, 400, QImage.Format.Format_RGB32)
    image.fill(QColor(200, 200, 200))
    (label,) = arrange([[100, 100, 200, 180]])
    painter = QPainter(image)
    labels.paint(painter, label, QColor(0, 158, 115))
    painter.end()
    corner = label.rect.topLeft().toPoint()
    assert image.pixelColor(corner.x() + 3, corner.y() + 3) == QColor(0, 158, 115)
    assert image.pixelColor(207, 140).green() < 200
