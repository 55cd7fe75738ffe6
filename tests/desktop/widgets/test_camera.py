"""Where a view looks: fitting, zooming about a point, panning no further than there is to see."""

from __future__ import annotations

import pytest
from PyQt6.QtCore import QPointF

from desktop.widgets.camera import LARGEST, LARGEST_FIT, MARGIN, SMALLEST, Camera


def camera(picture: tuple[int, int] = (1000, 500), view: tuple[int, int] = (524, 424)) -> Camera:
    result = Camera()
    result.set_view(*view)
    result.set_picture(*picture)
    return result


def near(first: QPointF, second: QPointF, tolerance: float = 1.0) -> bool:
    return (first - second).manhattanLength() <= tolerance


def test_a_picture_is_fitted_with_a_margin_and_centred() -> None:
    looked = camera()
    assert looked.fitted
    assert looked.zoom == pytest.approx(0.5)
    corner = looked.transform.map(QPointF(0, 0))
    assert (corner.x(), corner.y()) == (MARGIN, 87)
    assert looked.shown.getRect() == (0, 0, 1000, 500)
    assert not looked.pannable


def test_a_fitted_picture_stays_fitted_in_another_view() -> None:
    looked = camera()
    looked.set_view(1024, 1024)
    assert looked.zoom == pytest.approx(1.0)
    looked.zoom_to(2.0)
    looked.set_view(524, 424)
    assert (looked.fitted, looked.zoom) == (False, 2.0)


def test_a_small_picture_is_not_blown_up_without_limit() -> None:
    assert camera((2, 2)).zoom == LARGEST_FIT
    assert camera((10_000_000, 10)).zoom == SMALLEST


def test_another_picture_of_the_same_size_is_seen_alike_and_one_of_another_is_fitted() -> None:
    looked = camera()
    looked.zoom_to(3.0, QPointF(100, 100))
    before = looked.transform
    looked.set_picture(1000, 500)
    assert looked.transform == before
    looked.set_picture(500, 1000)
    assert looked.fitted


@pytest.mark.parametrize("zoom", [1.0, 3.7, 20.0])
def test_the_point_zoomed_about_stays(zoom: float) -> None:
    looked = camera()
    point = QPointF(200, 212)
    before = looked.to_picture(point)
    looked.zoom_to(zoom, point)
    assert near(looked.transform.map(before), point)


def test_zoom_has_limits() -> None:
    looked = camera()
    looked.zoom_to(1e9)
    assert looked.zoom == LARGEST
    looked.zoom_to(0.0)
    assert looked.zoom == SMALLEST


def test_panning_moves_the_picture_with_the_hand() -> None:
    looked = camera()
    looked.zoom_to(2.0)
    at = looked.to_picture(QPointF(100, 100))
    looked.pan(30, -20)
    assert near(looked.transform.map(at), QPointF(130, 80))
    assert looked.pannable


def test_a_picture_cannot_be_lost() -> None:
    looked = camera()
    looked.zoom_to(2.0)
    looked.pan(1e6, 1e6)
    corner = looked.transform.map(QPointF(0, 0))
    assert 0 < corner.x() <= 64
    assert 0 < corner.y() <= 64
    looked.pan(-1e6, -1e6)
    corner = looked.transform.map(QPointF(1000, 500))
    assert 524 - 64 <= corner.x() < 524
    looked.fit()
    looked.pan(50, 50)
    assert looked.fitted
    assert looked.shown.getRect() == (0, 0, 1000, 500)


def test_an_axis_on_which_the_picture_fits_is_centred() -> None:
    looked = camera((1000, 100), (500, 400))
    looked.zoom_to(1.0)
    looked.pan(-100, -300)
    assert looked.transform.map(QPointF(0, 50)).y() == 200


@pytest.mark.parametrize("ratio", [1.0, 1.5, 2.0])
def test_a_picture_begins_on_a_whole_device_pixel(ratio: float) -> None:
    looked = camera((333, 77), (501, 303))
    looked.ratio = ratio
    for zoom in (0.77, 1.0, 3.0):
        looked.zoom_to(zoom, QPointF(13.3, 17.7))
        corner = looked.transform.map(QPointF(0, 0)) * ratio
        assert corner.x() == pytest.approx(round(corner.x()), abs=1e-6)
        assert corner.y() == pytest.approx(round(corner.y()), abs=1e-6)


def test_a_point_can_be_brought_into_the_middle() -> None:
    looked = camera()
    looked.zoom_to(4.0)
    looked.centre_on(QPointF(700, 300))
    assert near(looked.transform.map(QPointF(700, 300)), QPointF(262, 212))
    assert looked.shown.contains(QPointF(700, 300))


def test_nothing_to_look_at_is_no_error() -> None:
    looked = Camera()
    looked.fit()
    looked.zoom_to(2.0)
    looked.set_view(0, 0)
    looked.set_picture(10, 10)
    assert looked.zoom == 1.0
