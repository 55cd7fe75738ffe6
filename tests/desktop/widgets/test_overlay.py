"""What is painted over a picture, looked at pixel by pixel."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from PyQt6.QtCore import QPointF
from PyQt6.QtGui import QColor, QImage, QPainter, QPainterPath

from desktop.scene import Overlay
from desktop.state import OverlayStyle, Place
from desktop.widgets.camera import Camera
from desktop.widgets.outlines import OutlineCache
from desktop.widgets.overlay import OverlayPainter
from engine.types import Detections

GREY, RED, BLUE = QColor(128, 128, 128), QColor(220, 0, 0), QColor(0, 0, 220)
WHITE = QColor(255, 255, 255)
SIZE = 200
PLAIN = OverlayStyle(labels=False)


def found(*boxes: tuple[float, float, float, float], **parts: object) -> Detections:
    count = len(boxes)
    plain = Detections(
        np.array(boxes, np.float32).reshape(count, 4),
        np.linspace(0.9, 0.5, count, dtype=np.float32),
        np.arange(count, dtype=np.int32) % 2,
    )
    return replace(plain, **parts)  # type: ignore[arg-type]


def overlay(detections: Detections, *outlines: QPainterPath | None) -> Overlay:
    colours = tuple((c.red(), c.green(), c.blue()) for c in (RED, BLUE))
    return Overlay(Place("a"), 1, detections, ("a", "b"), colours, outlines or None)


def disc(x: float, y: float, radius: float, hole: float = 0.0) -> QPainterPath:
    path = QPainterPath()
    path.addEllipse(QPointF(x, y), radius, radius)
    if hole:
        path.addEllipse(QPointF(x, y), hole, hole)
    return path


def camera(zoom: float = 1.0, ratio: float = 1.0) -> Camera:
    result = Camera()
    result.ratio = ratio
    result.set_view(SIZE, SIZE)
    result.set_picture(SIZE, SIZE)
    result.zoom_to(zoom)
    return result


def paint(
    shown: Overlay,
    style: OverlayStyle = PLAIN,
    looked: Camera | None = None,
    mark: int | None = None,
    selected: bool = True,
    smooth: bool = True,
) -> QImage:
    looked = looked or camera()
    side = round(SIZE * looked.ratio)
    image = QImage(side, side, QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(looked.ratio)
    image.fill(GREY)
    painter = QPainter(image)
    painting = OverlayPainter(shown)
    painting.paint(painter, looked, style, smooth)
    if mark is not None:
        painting.paint_mark(painter, looked, style, mark, selected)
    painter.end()
    return image


def run(image: QImage, colour: QColor, row: int) -> list[int]:
    """Return the columns of a row that have a colour."""
    return [x for x in range(image.width()) if image.pixelColor(x, row) == colour]


@pytest.mark.parametrize("zoom", [1.0, 3.0])
def test_a_box_has_lines_of_two_pixels_with_a_dark_edge_at_every_zoom(zoom: float) -> None:
    image = paint(overlay(found((80, 80, 120, 120))), looked=camera(zoom))
    left, right = 100 - 20 * zoom, 100 + 20 * zoom
    assert run(image, RED, 100) == [left - 1, left, right - 1, right]
    dark = RED.darker(250)
    assert run(image, dark, 100) == [left - 2, left + 1, right - 2, right + 1]
    assert image.pixelColor(100, 100) == GREY


def test_lines_are_as_wide_on_a_screen_of_twice_the_density() -> None:
    image = paint(overlay(found((80, 80, 120, 120))), looked=camera(ratio=2.0))
    assert run(image, RED, 200) == [158, 159, 160, 161, 238, 239, 240, 241]


def test_a_mask_is_tinted_and_outlined_and_its_hole_is_not() -> None:
    shown = overlay(found((50, 50, 150, 150)), disc(100, 100, 50, hole=20))
    image = paint(shown, replace(PLAIN, boxes=False))
    assert image.pixelColor(50, 100) == RED
    assert image.pixelColor(100, 100) == GREY
    tint = image.pixelColor(65, 100)
    assert tint.red() == pytest.approx(146, abs=1)
    assert tint.green() == pytest.approx(102, abs=1)
    stronger = paint(shown, replace(PLAIN, boxes=False, mask_opacity=0.5)).pixelColor(65, 100)
    assert stronger.red() == pytest.approx(174, abs=1)


def test_where_masks_overlap_the_better_object_is_on_top() -> None:
    shown = overlay(
        found((20, 20, 120, 120), (60, 20, 160, 120)), disc(70, 70, 50), disc(110, 70, 50)
    )
    image = paint(shown, replace(PLAIN, boxes=False))
    assert image.pixelColor(90, 70) == image.pixelColor(40, 70)
    assert image.pixelColor(140, 70) != image.pixelColor(40, 70)


def test_the_box_of_a_mask_is_a_thin_line() -> None:
    shown = overlay(found((50, 50, 150, 150)), disc(100, 100, 30))
    assert run(paint(shown, replace(PLAIN, boxes=True)), RED, 60) == [50, 150]
    assert run(paint(shown), RED, 60) == []
    assert run(paint(shown, replace(PLAIN, boxes=False)), RED, 60) == []


def test_a_box_stands_in_for_a_mask_that_is_still_traced() -> None:
    shown = overlay(found((50, 50, 150, 150)), None)
    assert run(paint(shown, replace(PLAIN, boxes=False)), RED, 100) == [49, 50, 149, 150]
    # Nor is an object without its mask on screen left without a sign.
    assert run(paint(shown, replace(PLAIN, masks=False)), RED, 100) == [49, 50, 149, 150]


def test_masks_and_all_can_be_hidden() -> None:
    shown = overlay(found((50, 50, 150, 150)), disc(100, 100, 30))
    assert run(paint(shown, replace(PLAIN, masks=False)), RED, 60) == [49, 50, 149, 150]
    nothing = paint(shown, replace(PLAIN, visible=False), mark=0)
    assert nothing == paint(overlay(found()))


def test_a_draft_differs_only_in_how_smooth_it_is() -> None:
    shown = overlay(found((50, 50, 150, 150)), disc(100, 100, 50))
    fast, well = paint(shown, smooth=False), paint(shown, smooth=True)
    assert fast != well
    assert fast.pixelColor(75, 100) == well.pixelColor(75, 100)


def test_outlines_are_kept_until_the_view_looks_elsewhere() -> None:
    cache, whole, near = OutlineCache(), camera().transform, camera(2.0).transform
    outline = disc(100, 100, 20)
    first = cache.seen(outline, whole)
    assert cache.seen(outline, whole) is first
    assert first.inside.boundingRect().getRect() == (80, 80, 40, 40)
    assert first.line.contains(QPointF(80.5, 100))
    assert not first.line.contains(QPointF(100, 100))
    assert cache.seen(outline, near).inside.boundingRect().getRect() == (60, 60, 80, 80)
    assert cache.seen(outline, near).line.boundingRect().width() == pytest.approx(82, abs=0.5)


def test_many_long_outlines_are_slow() -> None:
    boxes = [(50.0, 50.0, 150.0, 150.0)] * 100
    many = OverlayPainter(overlay(found(*boxes), *[disc(100, 100, 50)] * 100))
    few = OverlayPainter(overlay(found(boxes[0]), disc(100, 100, 50)))
    assert many.is_slow(camera(), PLAIN)
    assert not many.is_slow(camera(0.1), PLAIN)
    assert not many.is_slow(camera(), replace(PLAIN, masks=False))
    assert not few.is_slow(camera(), PLAIN)


def test_a_selected_object_has_a_white_halo_and_one_pointed_at_has_none() -> None:
    shown = overlay(found((80, 80, 120, 120)))
    selected = paint(shown, mark=0)
    row = [selected.pixelColor(x, 100) for x in range(76, 84)]
    assert row.count(WHITE) == 4
    assert row.count(RED) == 3
    pointed = paint(shown, mark=0, selected=False)
    assert run(pointed, WHITE, 100) == []
    assert pointed != paint(shown)


def test_a_mark_follows_the_mask() -> None:
    shown = overlay(found((50, 50, 150, 150)), disc(100, 100, 30))
    image = paint(shown, replace(PLAIN, boxes=False), mark=0)
    assert image.pixelColor(67, 100) == WHITE
    assert image.pixelColor(50, 100) == GREY


def test_a_rotated_box_is_painted_rotated() -> None:
    turned = found((60, 90, 140, 110), angles=np.array([math.pi / 2], np.float32))
    image = paint(overlay(turned))
    assert image.pixelColor(100, 60) == RED or image.pixelColor(100, 59) == RED
    assert image.pixelColor(60, 100) == GREY
    assert paint(overlay(turned), mark=0).pixelColor(100, 57) == WHITE


def test_keypoints_are_painted_where_they_are_seen() -> None:
    points = np.zeros((1, 17, 3), np.float32)
    points[0, :, :2] = np.stack((np.linspace(20, 180, 17), np.full(17, 100)), axis=1)
    points[0, :, 2] = 1
    points[0, 9, 2] = 0.4
    person = found((10, 50, 190, 150), keypoints=points)
    image = paint(overlay(person), replace(PLAIN, boxes=False))
    assert image.pixelColor(60, 100) == RED
    assert image.pixelColor(110, 100) != RED
    few = found((10, 50, 190, 150), keypoints=points[:, :5])
    plain = paint(overlay(few), replace(PLAIN, boxes=False))
    assert plain.pixelColor(25, 100) == GREY


def test_boxes_that_are_not_finite_are_nowhere() -> None:
    nan = float("nan")
    wrong = found((nan, 0, 10, 10), (0, 0, float("inf"), 10), (20, 20, 40, 40))
    image = paint(overlay(wrong), mark=0)
    assert run(image, RED, 30) == [19, 20, 39, 40]
    assert OverlayPainter(overlay(wrong)).shapes.at(QPointF(5, 5), PLAIN) is None


def test_a_class_without_a_colour_is_painted_all_the_same() -> None:
    strange = found((80, 80, 120, 120), classes=np.array([9], np.int32))
    assert paint(overlay(strange)).pixelColor(80, 100) != GREY


def test_the_smallest_object_at_a_point_is_hit_by_its_mask() -> None:
    shown = overlay(
        found((0, 0, 190, 190), (50, 50, 150, 150), (60, 60, 140, 140)),
        disc(95, 95, 90),
        disc(100, 100, 50, hole=45),
        None,
    )
    shapes = OverlayPainter(shown).shapes
    assert shapes.at(QPointF(100, 100), PLAIN) == 2
    assert shapes.at(QPointF(53, 100), PLAIN) == 1
    assert shapes.at(QPointF(57, 57), PLAIN) == 0
    assert shapes.at(QPointF(57, 57), replace(PLAIN, masks=False)) == 1
    assert shapes.at(QPointF(1, 1), PLAIN) is None
    assert shapes.at(QPointF(100, 100), replace(PLAIN, visible=False)) is None


def test_a_rotated_box_is_hit_where_it_is() -> None:
    turned = found((60, 90, 140, 110), angles=np.array([math.pi / 4], np.float32))
    shapes = OverlayPainter(overlay(turned)).shapes
    assert shapes.at(QPointF(120, 120), PLAIN) == 0
    assert shapes.at(QPointF(80, 120), PLAIN) is None
    assert shapes.tips[0].tolist() == pytest.approx([121.2, 78.8], abs=0.1)


def test_only_objects_in_sight_are_looked_at() -> None:
    shapes = OverlayPainter(overlay(found((0, 0, 10, 10), (90, 90, 110, 110)))).shapes
    assert shapes.within(camera(4.0).shown).tolist() == [1]
    assert shapes.within(camera(1.0).shown).tolist() == [0, 1]
