"""The picture itself, pixel by pixel, on screens of either density."""

from __future__ import annotations

import numpy as np
import pytest
from PyQt6.QtCore import QPointF
from PyQt6.QtGui import QColor, QImage, QPainter

from desktop.scene import Picture
from desktop.state import Place
from desktop.widgets import canvas
from desktop.widgets.camera import Camera
from engine.types import Frame, UInt8

VIEW = 120


def noise(width: int, height: int) -> UInt8:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)


def paint(
    image: UInt8,
    zoom: float,
    ratio: float = 1.0,
    centre: QPointF | None = None,
    *,
    ready: bool = False,
) -> tuple[UInt8, Camera]:
    """Return what is seen of a picture [H, W, 3], and through what.

    Args:
        image: The picture.
        zoom: Of the view.
        ratio: Device pixels a device-independent one.
        centre: What is in the middle.
        ready: Whether the picture was scaled before.
    """
    camera = Camera()
    camera.ratio = ratio
    camera.set_view(VIEW, VIEW)
    camera.set_picture(image.shape[1], image.shape[0])
    camera.zoom_to(zoom)
    if centre is not None:
        camera.centre_on(centre)
    side = round(VIEW * ratio)
    screen = QImage(side, side, QImage.Format.Format_RGB888)
    screen.setDevicePixelRatio(ratio)
    screen.fill(QColor(1, 2, 3))
    painter = QPainter(screen)
    scale = zoom * ratio if ready else 0.0
    picture = Picture.of(Frame(image, 0, None, "a.png"), Place("a.png"), scale)
    canvas.paint_picture(painter, picture, camera)
    painter.end()
    colours = [screen.pixelColor(x, y) for y in range(side) for x in range(side)]
    values = [(colour.red(), colour.green(), colour.blue()) for colour in colours]
    return np.array(values, np.uint8).reshape(side, side, 3), camera


@pytest.mark.parametrize(("zoom", "ratio"), [(1.0, 1.0), (0.5, 2.0)])
def test_a_pixel_of_the_picture_is_a_pixel_of_the_screen(zoom: float, ratio: float) -> None:
    image = noise(301, 303)
    seen, camera = paint(image, zoom, ratio, QPointF(160, 150))
    corner = camera.to_picture(QPointF(0, 0))
    x, y = round(corner.x()), round(corner.y())
    side = round(VIEW * ratio)
    assert np.array_equal(seen, image[y : y + side, x : x + side])


@pytest.mark.parametrize(("zoom", "ratio"), [(2.0, 1.0), (1.0, 2.0), (8.0, 1.0), (4.0, 2.0)])
def test_a_pixel_of_the_picture_is_a_square_of_the_screen(zoom: float, ratio: float) -> None:
    image = noise(10, 10)
    seen, _ = paint(image, zoom, ratio)
    scale = round(zoom * ratio)
    start = (round(VIEW * ratio) - 10 * scale) // 2
    stop = start + 10 * scale
    assert np.array_equal(
        seen[start:stop, start:stop], image.repeat(scale, axis=0).repeat(scale, axis=1)
    )
    assert (seen[: max(start, 0)] == (1, 2, 3)).all()


def test_a_reduced_picture_is_the_mean_of_what_it_covers() -> None:
    image = np.zeros((1200, 1200, 3), np.uint8)
    image[::2, ::2] = 255
    image[:, 600:] = 200
    seen, _ = paint(image, 0.08)
    assert np.abs(seen[40:80, 15:55].astype(int) - 64).max() <= 2
    assert (seen[40:80, 65:100] == 200).all()


def test_between_whole_zooms_a_picture_is_smooth() -> None:
    image = np.zeros((40, 40, 3), np.uint8)
    image[:, 20:] = 200
    seen, _ = paint(image, 2.5)
    assert len(np.unique(seen[60, :, 0])) > 4
    squares, _ = paint(image, 5.5)
    assert set(np.unique(squares[60, :, 0])) <= {0, 200}


def test_a_picture_wider_than_qt_can_count_is_shown_to_its_end() -> None:
    image = np.zeros((4, 40_000, 3), np.uint8)
    image[:, 39_990:] = 250
    seen, _ = paint(image, 8.0, centre=QPointF(39_994, 2))
    assert (seen[60, 28:108] == 250).all()
    assert (seen[60, :28] == 0).all()
    assert (seen[60, 108:] == (1, 2, 3)).all()


@pytest.mark.parametrize("size", [(400, 20), (20, 400), (1, 1)])
def test_a_background_fills_the_view(size: tuple[int, int]) -> None:
    screen = QImage(VIEW, VIEW, QImage.Format.Format_RGB888)
    screen.fill(QColor(0, 0, 0))
    image = QImage(*size, QImage.Format.Format_RGB32)
    image.fill(QColor(255, 255, 255))
    painter = QPainter(screen)
    canvas.paint_background(painter, image, Camera().view.expandedTo(screen.size().toSizeF()))
    painter.end()
    corners = {screen.pixelColor(x, y).rgb() for x in (0, VIEW - 1) for y in (0, VIEW - 1)}
    assert len(corners) == 1
    assert QColor.fromRgb(corners.pop()).red() > 100


@pytest.mark.parametrize(("zoom", "ratio"), [(0.37, 1.0), (0.37, 2.0), (1.3, 1.0), (1.3, 2.0)])
@pytest.mark.parametrize("centre", [None, QPointF(90.3, 130.7)])
def test_a_picture_that_was_scaled_before_looks_the_same(
    zoom: float, ratio: float, centre: QPointF | None
) -> None:
    across, down = np.meshgrid(np.linspace(0, 255, 301), np.linspace(0, 255, 203))
    image = np.stack((across, down, 255 - across), -1).astype(np.uint8)
    seen, _ = paint(image, zoom, ratio, centre)
    again, _ = paint(image, zoom, ratio, centre, ready=True)
    apart = np.abs(seen.astype(int) - again)
    # At the edges of the picture a part of a pixel may be covered or not.
    assert np.percentile(apart, 97) <= 3
    assert (seen != again).any()
