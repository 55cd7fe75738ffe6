"""The picture view under hands: zoom, pan, click, keys, and what it says of what it shows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PyQt6.QtCore import QEvent, QPoint, QPointF, QRect, Qt
from PyQt6.QtGui import QColor, QFocusEvent, QImage, QKeyEvent, QPainterPath, QWheelEvent
from PyQt6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from desktop import theme
from desktop.scene import Overlay, Picture
from desktop.state import OverlayStyle, Place
from desktop.widgets import cards
from desktop.widgets.image_view import SETTLED_MS, ImageView
from desktop.widgets.stage import Stage
from engine.types import Detections, Frame, UInt8

ORANGE, BLUE = QColor(230, 159, 0), QColor(0, 0, 220)
COLOURS = ((230, 159, 0), (0, 0, 220))
BARE = OverlayStyle(labels=False)


def noise(width: int, height: int) -> UInt8:
    """Return a picture of which no two pixels near one another are alike."""
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)


def picture(width: int = 1000, height: int = 500, path: str = "a.png") -> Picture:
    image = np.full((height, width, 3), 128, np.uint8)
    return Picture.of(Frame(image, 0, None, path), Place(path))


def overlay(
    *boxes: tuple[float, float, float, float],
    outlines: tuple[QPainterPath | None, ...] | None = None,
    path: str = "a.png",
) -> Overlay:
    count = len(boxes)
    found = Detections(
        np.array(boxes, np.float32).reshape(count, 4),
        np.linspace(0.93, 0.5, count, dtype=np.float32),
        np.arange(count, dtype=np.int32) % 2,
    )
    return Overlay(Place(path), 1, found, ("gel", "cells"), COLOURS, outlines)


@pytest.fixture
def view(qtbot: QtBot) -> ImageView:
    """Return a view in which a picture of 1000 x 500 pixels is seen at 0.5."""
    view = ImageView()
    qtbot.addWidget(view)
    view.resize(524, 424)
    view.show()
    return view


def at(view: ImageView, x: float, y: float) -> QPoint:
    """Return where a point of the 1000 x 500 picture is in the fitted view."""
    return QPoint(round(12 + x * 0.5), round(87 + y * 0.5))


def turn(view: ImageView, notches: float, place: QPoint) -> None:
    event = QWheelEvent(
        QPointF(place),
        QPointF(view.mapToGlobal(place)),
        QPoint(0, 0),
        QPoint(0, round(120 * notches)),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(view, event)


def drag(qtbot: QtBot, view: ImageView, start: QPoint, by: QPoint, button: Qt.MouseButton) -> None:
    qtbot.mousePress(view, button, pos=start)
    for step in (1, 2, 3):
        qtbot.mouseMove(view, start + by * step / 3)
    qtbot.mouseRelease(view, button, pos=start + by)


def click(qtbot: QtBot, view: ImageView, place: QPoint) -> None:
    qtbot.mouseClick(view, Qt.MouseButton.LeftButton, pos=place)


def shot(view: ImageView) -> QImage:
    return view.grab().toImage()


def test_a_picture_is_fitted_and_says_its_zoom(view: ImageView) -> None:
    said: list[float] = []
    view.zoom_changed.connect(said.append)
    view.set_picture(picture())
    assert (view.fitted, view.zoom) == (True, 0.5)
    assert said == [0.5]
    image = shot(view)
    assert image.pixelColor(11, 200) == theme.colour("canvas")
    assert image.pixelColor(12, 200).red() == 128
    assert image.pixelColor(511, 200).red() == 128
    assert image.pixelColor(512, 200) == theme.colour("canvas")
    view.resize(1024, 824)
    assert said == [0.5, 1.0]


def test_at_its_actual_size_every_pixel_is_exact(view: ImageView) -> None:
    image = noise(301, 203)
    view.set_picture(Picture.of(Frame(image, 0, None, "a.png"), Place("a.png")))
    view.actual_size()
    shown = shot(view).copy((524 - 301) // 2, (424 - 203) // 2, 303, 205)
    expected = {tuple(row) for row in image[100, :20].tolist()}
    colours = [shown.pixelColor(x, y) for y in range(205) for x in range(30)]
    seen = {(c.red(), c.green(), c.blue()) for c in colours}
    assert expected <= seen
    view.zoom_in()
    assert not view.fitted


def test_far_zoomed_in_a_pixel_is_a_square(view: ImageView) -> None:
    image = noise(64, 64)
    view.set_picture(Picture.of(Frame(image, 0, None, "a.png"), Place("a.png")))
    for _ in range(20):
        view.zoom_in()
    assert view.zoom > 16
    shown = shot(view)
    row = [shown.pixelColor(x, 212).rgb() for x in range(524)]
    runs = 1 + sum(first != second for first, second in zip(row, row[1:], strict=False))
    assert runs <= 524 / view.zoom + 2


def test_a_reduced_picture_is_smooth(view: ImageView) -> None:
    stripes = np.zeros((2000, 4000, 3), np.uint8)
    stripes[:, ::2] = 255
    view.set_picture(Picture.of(Frame(stripes, 0, None, "a.png"), Place("a.png")))
    shown = shot(view)
    assert {abs(shown.pixelColor(x, 212).red() - 128) < 8 for x in range(20, 500)} == {True}


def test_the_wheel_zooms_about_the_pointer(qtbot: QtBot, view: ImageView) -> None:
    view.set_picture(picture())
    view.set_overlay(overlay((395, 195, 405, 205)))
    view.set_style(BARE)
    place = at(view, 400, 200)
    turn(view, 6, place)
    assert view.zoom == pytest.approx(0.5 * 1.25**6)
    clicked: list[object] = []
    view.object_clicked.connect(clicked.append)
    click(qtbot, view, place)
    assert clicked == [1]
    before = view.zoom
    turn(view, 0.1, place)
    assert before < view.zoom < before * 1.03
    turn(view, -6.1, place)
    assert view.zoom == pytest.approx(0.5)


@pytest.mark.parametrize("button", [Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton])
def test_dragging_pans_and_is_no_click(
    qtbot: QtBot, view: ImageView, button: Qt.MouseButton
) -> None:
    view.set_picture(picture())
    view.set_overlay(overlay((0, 0, 1000, 500)))
    view.set_style(BARE)
    clicked: list[object] = []
    view.object_clicked.connect(clicked.append)
    view.actual_size()
    before = shot(view)
    drag(qtbot, view, QPoint(200, 200), QPoint(90, 30), button)
    assert clicked == []
    after = shot(view)
    assert after != before
    assert after.pixelColor(262, 212) == before.pixelColor(172, 182)


def test_a_double_click_goes_between_all_and_actual_size(qtbot: QtBot, view: ImageView) -> None:
    view.set_picture(picture())
    qtbot.mouseDClick(view, Qt.MouseButton.LeftButton, pos=QPoint(200, 200))
    assert (view.zoom, view.fitted) == (1.0, False)
    qtbot.mouseDClick(view, Qt.MouseButton.LeftButton, pos=QPoint(200, 200))
    assert (view.zoom, view.fitted) == (0.5, True)


def test_keys_zoom(qtbot: QtBot, view: ImageView) -> None:
    view.set_picture(picture())
    for key, zoom in (
        (Qt.Key.Key_Plus, 0.625),
        (Qt.Key.Key_Equal, 0.78125),
        (Qt.Key.Key_Minus, 0.625),
        (Qt.Key.Key_1, 1.0),
        (Qt.Key.Key_0, 0.5),
        (Qt.Key.Key_1, 1.0),
        (Qt.Key.Key_Home, 0.5),
    ):
        qtbot.keyClick(view, key)
        assert view.zoom == pytest.approx(zoom)


def accepts(view: ImageView, key: Qt.Key, held: Qt.KeyboardModifier) -> bool:
    event = QKeyEvent(QEvent.Type.KeyPress, key, held)
    event.setAccepted(True)
    view.keyPressEvent(event)
    return event.isAccepted()


def test_keys_that_do_nothing_here_are_left_to_others(view: ImageView) -> None:
    none, control = Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ControlModifier
    assert not accepts(view, Qt.Key.Key_Plus, none)
    view.set_picture(picture())
    assert not accepts(view, Qt.Key.Key_Left, none)
    assert not accepts(view, Qt.Key.Key_Escape, none)
    assert not accepts(view, Qt.Key.Key_0, control)
    view.actual_size()
    before = shot(view)
    view.set_overlay(overlay((480, 230, 520, 270)))
    assert accepts(view, Qt.Key.Key_Left, none)
    assert shot(view) != before
    assert not accepts(view, Qt.Key.Key_Left, control)


def test_a_click_says_which_object_and_none_beside_them(qtbot: QtBot, view: ImageView) -> None:
    hole = QPainterPath()
    hole.addRect(600, 100, 200, 200)
    hole.addRect(650, 150, 100, 100)
    view.set_picture(picture())
    view.set_overlay(overlay((100, 100, 300, 300), (600, 100, 800, 300), outlines=(None, hole)))
    view.set_style(BARE)
    clicked: list[object] = []
    view.object_clicked.connect(clicked.append)
    for x, y in ((200, 200), (620, 200), (700, 200), (450, 200)):
        click(qtbot, view, at(view, x, y))
    assert clicked == [1, 2, None, None]
    view.set_style(replace(BARE, visible=False))
    click(qtbot, view, at(view, 200, 200))
    assert clicked[-1] is None


def test_a_label_is_part_of_its_object(qtbot: QtBot, view: ImageView) -> None:
    view.set_picture(picture())
    view.set_overlay(overlay((100, 100, 300, 300)))
    shot(view)
    clicked: list[object] = []
    view.object_clicked.connect(clicked.append)
    click(qtbot, view, at(view, 300, 200) + QPoint(40, 0))
    assert clicked == [1]


def test_what_the_pointer_is_on_is_said_and_shown_on_a_card(qtbot: QtBot, view: ImageView) -> None:
    view.set_picture(picture())
    view.set_overlay(overlay((100, 100, 300, 300)))
    view.set_style(BARE)
    hovered: list[object] = []
    view.object_hovered.connect(hovered.append)
    bare = shot(view)
    qtbot.mouseMove(view, at(view, 200, 200))
    qtbot.mouseMove(view, at(view, 210, 200))
    assert hovered == [1]
    image, place = shot(view), at(view, 210, 200)
    assert image.pixelColor(place.x() + 22, place.y() + 40) == theme.colour("surface")
    assert view.cursor().shape() == Qt.CursorShape.PointingHandCursor
    QApplication.sendEvent(view, QEvent(QEvent.Type.Leave))
    assert hovered == [1, None]
    assert shot(view) == bare


def test_the_object_under_a_resting_pointer_may_change(qtbot: QtBot, view: ImageView) -> None:
    view.set_picture(picture())
    qtbot.mouseMove(view, at(view, 190, 200))
    qtbot.mouseMove(view, at(view, 200, 200))
    hovered: list[object] = []
    view.object_hovered.connect(hovered.append)
    view.set_overlay(overlay((0, 0, 50, 50), (100, 100, 300, 300)))
    view.set_overlay(None)
    assert hovered == [2, None]


def test_a_selected_object_is_marked_and_brought_into_sight(qtbot: QtBot, view: ImageView) -> None:
    view.set_picture(picture())
    view.set_overlay(overlay((10, 10, 60, 60), (900, 400, 950, 450)))
    view.set_style(BARE)
    white = QColor(Qt.GlobalColor.white)
    view.select(1)
    image, place = shot(view), at(view, 10, 35)
    assert image.pixelColor(place.x() - 3, place.y()) == white
    for _ in range(10):
        view.zoom_in()
    clicked: list[object] = []
    view.object_clicked.connect(clicked.append)
    view.select(2)
    click(qtbot, view, QPoint(262, 212))
    assert clicked == [2]
    view.select(None)
    view.fit()
    assert shot(view).pixelColor(place.x() - 3, place.y()) != white
    view.select(99)
    shot(view)


def test_a_selected_object_is_brought_into_sight_once(view: ImageView) -> None:
    found = overlay((10, 10, 60, 60), (900, 400, 950, 450))
    view.set_picture(picture())
    view.set_style(BARE)
    for _ in range(10):
        view.zoom_in()
    middle = shot(view)
    view.select(2)
    assert shot(view) == middle
    view.set_overlay(found)
    view.select(2)
    there = shot(view)
    assert there != middle
    view.fit()
    for _ in range(10):
        view.zoom_in()
    elsewhere = shot(view)
    view.set_overlay(overlay((10, 10, 60, 60), (900, 400, 950, 450)))
    view.select(2)
    assert shot(view) == elsewhere != there


def test_the_selected_object_has_a_label_even_where_the_others_have_none(
    view: ImageView,
) -> None:
    boxes = [
        (x * 20.0, y * 20.0, x * 20.0 + 30, y * 20.0 + 30) for x in range(20) for y in range(9)
    ]
    view.set_picture(picture())
    view.set_overlay(overlay(*boxes))
    view.select(1)
    with_label = shot(view)
    view.set_style(BARE)
    assert shot(view) != with_label


def test_a_mark_does_not_hide_the_labels_of_others(view: ImageView) -> None:
    view.set_picture(picture())
    # The side of the second goes through the label of the first, at the right edge of the view.
    view.set_overlay(overlay((-200, -400, 1300, 900), (-200, -400, 976, 900)))
    middle, above = QPoint(500, 212), QPoint(502, 300)
    plain = shot(view)
    view.select(2)
    marked = shot(view)
    assert marked.pixelColor(above) != plain.pixelColor(above)
    around = QRect(middle - QPoint(15, 7), middle + QPoint(15, 7))
    assert plain.copy(around).pixelColor(0, 0) == ORANGE
    assert marked.copy(around) == plain.copy(around)


def test_another_picture_of_the_same_size_keeps_zoom_and_place(view: ImageView) -> None:
    view.set_picture(picture())
    view.actual_size()
    view.set_picture(picture(path="b.png"))
    assert (view.zoom, view.fitted) == (1.0, False)
    view.set_picture(picture(500, 500, "c.png"))
    assert view.fitted


def test_what_was_found_in_another_picture_is_not_shown(view: ImageView) -> None:
    view.set_picture(picture())
    bare = shot(view)
    view.set_overlay(overlay((100, 100, 300, 300)))
    assert shot(view) != bare
    view.set_picture(picture(path="b.png"))
    assert shot(view) == bare
    view.set_overlay(overlay((100, 100, 300, 300)))
    assert shot(view) == bare
    view.set_overlay(overlay((100, 100, 300, 300), path="b.png"))
    assert shot(view) != bare


def test_without_a_picture_the_background_is_dim(view: ImageView) -> None:
    canvas = theme.colour("canvas")
    assert shot(view).pixelColor(200, 200) == canvas
    image = QImage(40, 10, QImage.Format.Format_RGB32)
    image.fill(QColor(255, 0, 0))
    view.set_background(image)
    dim = shot(view).pixelColor(200, 200)
    assert canvas.green() * 0.7 < dim.green() < canvas.green()
    view.set_picture(picture())
    assert shot(view).pixelColor(200, 5) == canvas
    view.set_picture(None)
    view.set_background(QImage())
    assert shot(view).pixelColor(200, 200) == canvas


def test_a_classified_picture_has_a_ranking(view: ImageView) -> None:
    shares = np.array([0.1, 0.62, 0.2, 0.05, 0.02, 0.01], np.float32)
    names = ("almond", "cashew", "peanut", "walnut", "pecan", "pine")
    found = Overlay(Place("a.png"), 1, Detections.empty(), names, COLOURS * 3, probabilities=shares)
    assert [rank.name for rank in cards.ranking(found)] == list(names[1:3]) + [
        "almond",
        "walnut",
        "pecan",
    ]
    view.set_picture(picture())
    bare = shot(view)
    view.set_overlay(found)
    assert view.accessibleDescription() == "cashew 0.62"
    image = shot(view)
    assert image != bare
    assert image.pixelColor(26, 42) == BLUE
    view.set_style(BARE)
    assert shot(view) == bare


def test_it_says_how_many_objects_there_are(view: ImageView) -> None:
    assert view.accessibleName() == "Picture"
    assert view.accessibleDescription() == "No results"
    view.set_picture(picture())
    view.set_overlay(overlay((0, 0, 9, 9), (20, 20, 30, 30)))
    assert view.accessibleDescription() == "Objects: 2"


def test_facts_of_an_object() -> None:
    found = overlay((10, 10, 30, 50))
    assert cards.facts(found, 0) == [("Box", "20 × 40 px"), ("Area", "800 px²")]
    turned = replace(
        found.detections, angles=np.array([0.5], np.float32), ids=np.array([7], np.int32)
    )
    assert cards.facts(replace(found, detections=turned), 0)[2:] == [
        ("Angle", "28.6°"),
        ("Track", "#7"),
    ]


def test_a_crowd_is_painted_fast_first_and_well_when_the_hand_rests(
    qtbot: QtBot, view: ImageView
) -> None:
    disc = QPainterPath()
    disc.addEllipse(QPointF(500, 250), 200, 200)
    boxes = [(300.0, 50.0, 700.0, 450.0)] * 40
    view.set_picture(picture())
    view.set_overlay(overlay(*boxes, outlines=(disc,) * 40))
    draft = shot(view)
    qtbot.waitUntil(lambda: shot(view) != draft, timeout=20 * SETTLED_MS)
    well = shot(view)
    view.set_style(OverlayStyle())
    assert shot(view) == draft
    qtbot.waitUntil(lambda: shot(view) == well, timeout=20 * SETTLED_MS)


def test_only_keys_bring_the_ring_of_focus(view: ImageView) -> None:
    def focus(reason: Qt.FocusReason) -> QColor:
        QApplication.sendEvent(view, QFocusEvent(QEvent.Type.FocusIn, reason))
        return shot(view).pixelColor(0, 100)

    assert focus(Qt.FocusReason.MouseFocusReason) == theme.colour("canvas")
    assert focus(Qt.FocusReason.TabFocusReason) == theme.colour("accent")
    QApplication.sendEvent(view, QFocusEvent(QEvent.Type.FocusOut))
    assert shot(view).pixelColor(0, 100) == theme.colour("canvas")


def test_another_theme_shows_at_once(qapp: QApplication, view: ImageView) -> None:
    view.set_picture(picture())
    light = shot(view).pixelColor(1, 1)
    theme.apply(qapp, "dark")
    assert shot(view).pixelColor(1, 1) == theme.colour("canvas") != light


def test_on_a_denser_screen_all_is_painted_anew(qapp: QApplication) -> None:
    stage = Stage()
    stage.camera.set_view(524, 424)
    stage.set_picture(picture())
    plain = stage.painted(1.0, qapp.font())
    dense = stage.painted(2.0, qapp.font())
    assert (plain.width(), dense.width()) == (524, 1048)
    assert dense.deviceIndependentSize() == plain.deviceIndependentSize()
    assert dense.toImage().pixelColor(23, 400) == theme.colour("canvas")
    assert dense.toImage().pixelColor(24, 400).red() == 128
    assert stage.painted(2.0, qapp.font()) is dense
