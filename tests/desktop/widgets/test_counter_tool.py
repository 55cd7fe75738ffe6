"""Lines and zones over the picture, drawn and changed by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from PyQt6.QtCore import QPoint, QPointF, Qt
from PyQt6.QtGui import QAction, QColor, QContextMenuEvent, QImage, QKeySequence
from PyQt6.QtWidgets import QApplication, QMainWindow, QMenu
from pytestqt.qtbot import QtBot

from desktop import theme
from desktop.scene import Overlay, Picture
from desktop.state import OverlayStyle, Place
from desktop.widgets.counter_shape import CounterShape
from desktop.widgets.image_view import ImageView
from engine.counting import CountLine
from engine.types import Detections, Frame

LEFT, MIDDLE = Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton
LINE = CounterShape("line", "gate", ((200.0, 100.0), (600.0, 100.0)), "in 3  out 1")
ZONE = CounterShape("zone", "bench", ((200.0, 200.0), (600.0, 200.0), (400.0, 400.0)))
SIGNALS = ("counter_drawn", "counter_changed", "counter_removed", "counter_rename_requested",
           "counter_selected", "counter_mode_changed")  # fmt: skip


class Said:
    """What a view said of its counters, in order, without what is said of the selection."""

    def __init__(self, view: ImageView) -> None:
        self.list: list[tuple[object, ...]] = []
        for name in SIGNALS:
            signal = getattr(view, name)
            signal.connect(lambda *values, name=name: self.list.append((name, *values)))

    def take(self, *kinds: str) -> list[tuple[object, ...]]:
        taken, self.list = self.list, []
        wanted = kinds or ("counter_drawn", "counter_changed", "counter_removed",
                           "counter_rename_requested")  # fmt: skip
        return [each for each in taken if each[0] in wanted]


def picture(level: int = 128) -> Picture:
    image = np.full((500, 1000, 3), level, np.uint8)
    return Picture.of(Frame(image, 0, None, "a.png"), Place("a.png"))


@pytest.fixture
def view(qtbot: QtBot) -> ImageView:
    """Return a view in which a picture of 1000 x 500 pixels is seen at 0.5."""
    view = ImageView()
    qtbot.addWidget(view)
    view.resize(524, 424)
    view.set_picture(picture())
    view.show()
    qtbot.waitExposed(view)
    assert view.zoom == 0.5
    return view


def at(x: float, y: float) -> QPoint:
    """Return where a point of the picture is in the fitted view."""
    return QPoint(round(12 + x * 0.5), round(87 + y * 0.5))


def click(qtbot: QtBot, view: ImageView, x: float, y: float) -> None:
    qtbot.mouseClick(view, LEFT, pos=at(x, y))


def drag(
    qtbot: QtBot, view: ImageView, start: QPoint, stop: QPoint, button: Qt.MouseButton = LEFT
) -> None:
    qtbot.mousePress(view, button, pos=start)
    for step in (1, 2, 3):
        qtbot.mouseMove(view, start + (stop - start) * step / 3)
    qtbot.mouseRelease(view, button, pos=stop)


def shot(view: ImageView) -> QImage:
    return view.grab().toImage()


def label(view: ImageView, index: int) -> QPoint:
    """Return the middle of the label of a shape."""
    tool = view._counters
    return next(
        QPoint(x, y)
        for y in range(0, view.height(), 4)
        for x in range(0, view.width(), 4)
        if (hit := tool._hit(QPointF(x, y))) is not None and hit.index == index and hit.name
    ) + QPoint(4, 4)


def near(points: object, *expected: tuple[float, float]) -> bool:
    """Tell whether points are those expected, to a pixel of the view."""
    return np.allclose(np.array(points), np.array(expected), atol=2.0)


def test_a_line_is_drawn_by_a_drag(qtbot: QtBot, view: ImageView) -> None:
    said = Said(view)
    view.begin_counter("line")
    assert view.cursor().shape() == Qt.CursorShape.CrossCursor
    drag(qtbot, view, at(100, 50), at(500, 250))
    ((_name, kind, points),) = said.take("counter_drawn")
    assert kind == "line"
    assert near(points, (100, 50), (500, 250))
    drag(qtbot, view, at(100, 50), at(500, 250))
    assert said.take("counter_drawn") == []
    assert view.cursor().shape() != Qt.CursorShape.CrossCursor


def test_a_line_is_drawn_by_two_clicks(qtbot: QtBot, view: ImageView) -> None:
    said = Said(view)
    view.begin_counter("line")
    click(qtbot, view, 100, 50)
    qtbot.mouseMove(view, at(300, 300))
    assert said.take("counter_drawn") == []
    click(qtbot, view, 700, 400)
    ((_name, _kind, points),) = said.take("counter_drawn")
    assert near(points, (100, 50), (700, 400))


def test_points_are_clipped_to_the_picture(qtbot: QtBot, view: ImageView) -> None:
    said = Said(view)
    view.begin_counter("line")
    drag(qtbot, view, QPoint(2, 10), QPoint(520, 420))
    assert said.take("counter_drawn") == [("counter_drawn", "line", ((0.0, 0.0), (1000.0, 500.0)))]


@pytest.mark.parametrize("end", ["enter", "first corner", "double click"])
def test_a_zone_is_closed_in_each_way(qtbot: QtBot, view: ImageView, end: str) -> None:
    said = Said(view)
    view.begin_counter("zone")
    click(qtbot, view, 100, 100)
    click(qtbot, view, 500, 100)
    qtbot.keyClick(view, Qt.Key.Key_Return)
    assert said.take("counter_drawn") == []
    click(qtbot, view, 500, 400)
    if end == "enter":
        qtbot.keyClick(view, Qt.Key.Key_Return)
    elif end == "first corner":
        click(qtbot, view, 104, 104)
    else:
        qtbot.mouseDClick(view, LEFT, pos=at(500, 400))
    ((_name, kind, points),) = said.take("counter_drawn")
    assert kind == "zone"
    assert near(points, (100, 100), (500, 100), (500, 400))


def test_the_double_click_that_ends_a_zone_does_not_zoom(qtbot: QtBot, view: ImageView) -> None:
    view.begin_counter("zone")
    for point in ((100, 100), (500, 100), (500, 400), (104, 104)):
        click(qtbot, view, *point)
    # Quick hands press twice on the first corner.
    qtbot.mouseDClick(view, LEFT, pos=at(104, 104))
    assert view.fitted
    qtbot.mouseDClick(view, LEFT, pos=at(300, 300))
    assert not view.fitted


def test_a_zone_without_an_area_is_none(qtbot: QtBot, view: ImageView) -> None:
    said = Said(view)
    view.begin_counter("zone")
    for x in (100, 300, 700):
        qtbot.mouseClick(view, LEFT, pos=QPoint(at(x, 0).x(), 3))
    qtbot.keyClick(view, Qt.Key.Key_Return)
    assert said.take("counter_drawn") == []
    click(qtbot, view, 400, 300)
    qtbot.keyClick(view, Qt.Key.Key_Return)
    assert len(said.take("counter_drawn")) == 1


def test_backspace_takes_a_corner_back_and_esc_all(qtbot: QtBot, view: ImageView) -> None:
    said = Said(view)
    view.begin_counter("zone")
    for point in ((100, 100), (500, 100), (900, 450), (500, 400)):
        click(qtbot, view, *point)
    qtbot.keyClick(view, Qt.Key.Key_Backspace)
    qtbot.keyClick(view, Qt.Key.Key_Backspace)
    click(qtbot, view, 300, 300)
    qtbot.keyClick(view, Qt.Key.Key_Enter)
    ((_name, _kind, points),) = said.take("counter_drawn")
    assert near(points, (100, 100), (500, 100), (300, 300))
    before = shot(view)
    view.begin_counter("zone")
    click(qtbot, view, 100, 100)
    qtbot.keyClick(view, Qt.Key.Key_Escape)
    assert said.take("counter_mode_changed")[-1] == ("counter_mode_changed", "")
    qtbot.mouseMove(view, QPoint(1, 1))
    assert shot(view) == before


def test_esc_ends_drawing_and_not_the_run(qtbot: QtBot) -> None:
    window, view = QMainWindow(), ImageView()
    qtbot.addWidget(window)
    window.setCentralWidget(view)
    window.resize(524, 424)
    action = QAction(window)
    action.setShortcuts([QKeySequence("Esc"), QKeySequence("Return")])
    window.addAction(action)
    pressed: list[bool] = []
    action.triggered.connect(pressed.append)
    view.set_picture(picture())
    window.show()
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    view.begin_counter("line")
    qtbot.keyClick(view, Qt.Key.Key_Escape)
    assert pressed == []
    qtbot.keyClick(view, Qt.Key.Key_Escape)
    assert len(pressed) == 1


def test_drawing_says_how_and_shows_what_comes(qtbot: QtBot, view: ImageView) -> None:
    bare = shot(view)
    view.begin_counter("line")
    hinted = shot(view)
    assert hinted.copy(0, 0, 524, 60) != bare.copy(0, 0, 524, 60)
    assert hinted.copy(0, 120, 524, 300) == bare.copy(0, 120, 524, 300)
    qtbot.mousePress(view, LEFT, pos=at(100, 250))
    qtbot.mouseMove(view, at(900, 250))
    assert shot(view).pixelColor(at(300, 250)) == theme.colour("accent")


def test_one_can_pan_and_zoom_while_drawing(qtbot: QtBot, view: ImageView) -> None:
    said = Said(view)
    view.actual_size()
    view.begin_counter("line")
    qtbot.mousePress(view, LEFT, pos=QPoint(100, 100))
    qtbot.mouseRelease(view, LEFT, pos=QPoint(100, 100))
    first = view._stage.camera.to_picture(QPointF(100, 100))
    drag(qtbot, view, QPoint(300, 200), QPoint(200, 200), MIDDLE)
    assert view._stage.camera.to_picture(QPointF(0, 100)).x() == pytest.approx(first.x(), abs=1)
    view.zoom_out()
    stop = view._stage.camera.to_picture(QPointF(400, 300))
    qtbot.mouseClick(view, LEFT, pos=QPoint(400, 300))
    ((_name, _kind, points),) = said.take("counter_drawn")
    assert near(points, (first.x(), first.y()), (stop.x(), stop.y()))


def test_the_arrow_points_to_where_the_engine_counts_in(view: ImageView) -> None:
    bare = shot(view)
    for angle in range(0, 360, 45):
        x, y = 150 * math.cos(math.radians(angle)), 150 * math.sin(math.radians(angle))
        start, end = (500 - x, 250 - y), (500 + x, 250 + y)
        view.set_counters((CounterShape("line", "", (start, end)),))
        image, counter = shot(view), CountLine("", start, end)
        inked = {1: 0, -1: 0}
        for px in range(0, 524):
            for py in range(87, 337):
                if image.pixel(px, py) == bare.pixel(px, py):
                    continue
                place = ((px + 0.5 - 12) / 0.5, (py + 0.5 - 87) / 0.5)
                if counter.away(place) > 20:
                    inked[counter.step(place, place, 0)[0]] += 1
        assert inked[1] > 40, angle
        assert inked[-1] == 0, angle


@pytest.mark.parametrize("level", [0, 128, 255])
def test_lines_are_seen_on_every_picture_and_as_wide_at_every_zoom(
    view: ImageView, level: int
) -> None:
    view.set_picture(picture(level))
    view.set_picture(None)
    view.set_picture(picture(level))
    for zoom in (0.5, 2.0):
        view.fit()
        view.set_counters(())
        while view.zoom < zoom:
            view.zoom_in()
        bare = shot(view)
        view.set_counters((CounterShape("line", "", ((0.0, 250.0), (1000.0, 250.0))),))
        image = shot(view)
        rows = [y for y in range(424) if image.pixel(100, y) != bare.pixel(100, y)]
        assert 2 <= len(rows) <= 6
        contrast = [abs(image.pixelColor(100, y).lightness() - level) for y in rows]
        assert max(contrast) > 100


def test_a_click_selects_a_line_and_another_one_lets_go(qtbot: QtBot, view: ImageView) -> None:
    view.set_counters((LINE, ZONE))
    said = Said(view)
    objects: list[object] = []
    view.object_clicked.connect(objects.append)
    click(qtbot, view, 250, 102)
    qtbot.mouseClick(view, LEFT, pos=label(view, 1))
    click(qtbot, view, 900, 400)
    assert said.take("counter_selected") == [
        ("counter_selected", 0), ("counter_selected", 1), ("counter_selected", None),
    ]  # fmt: skip
    assert objects == [None]


def test_objects_inside_a_zone_are_clicked_as_ever(qtbot: QtBot, view: ImageView) -> None:
    found = Detections(
        np.array([[350, 220, 450, 300]], np.float32), np.ones(1, np.float32), np.zeros(1, np.int32)
    )
    view.set_overlay(Overlay(Place("a.png"), 1, found, ("gel",), ((230, 159, 0),)))
    view.set_counters((ZONE,))
    said = Said(view)
    with qtbot.waitSignal(view.object_clicked) as signal:
        click(qtbot, view, 400, 260)
    assert signal.args == [1]
    assert said.take("counter_selected") == []


def test_a_handle_of_the_selected_one_is_dragged(qtbot: QtBot, view: ImageView) -> None:
    view.set_counters((LINE, ZONE))
    said = Said(view)
    view.select_counter(0)
    drag(qtbot, view, at(600, 100), at(800, 300))
    ((_name, index, points),) = said.take()
    assert index == 0
    assert near(points, (200, 100), (800, 300))
    assert view.fitted
    drag(qtbot, view, at(800, 300), QPoint(523, 423))
    ((_name, index, points),) = said.take()
    assert near(points, (200, 100), (1000, 500))


def test_the_whole_one_is_dragged_without_leaving_the_picture(
    qtbot: QtBot, view: ImageView
) -> None:
    view.set_counters((LINE, ZONE))
    view.select_counter(1)
    said = Said(view)
    drag(qtbot, view, at(300, 200), at(340, 250))
    ((_name, index, points),) = said.take()
    assert index == 1
    assert near(points, (240, 250), (640, 250), (440, 450))
    drag(qtbot, view, at(300, 250), QPoint(523, 423))
    ((_name, index, points),) = said.take()
    assert np.array(points)[:, 1].max() == 500
    shift = np.array(points) - np.array(ZONE.points)
    assert np.allclose(shift, shift[0], atol=0.2)


def test_what_is_not_selected_does_not_hinder_panning(qtbot: QtBot, view: ImageView) -> None:
    view.set_counters((LINE,))
    view.actual_size()
    said, transform = Said(view), view._stage.camera.transform
    start = transform.map(QPointF(400, 100)).toPoint()
    drag(qtbot, view, start, start + QPoint(60, 0))
    assert view._stage.camera.transform.dx() == pytest.approx(transform.dx() + 60)
    assert said.take(*SIGNALS) == []


def test_new_totals_do_not_disturb_a_drag_and_esc_takes_it_back(
    qtbot: QtBot, view: ImageView
) -> None:
    view.set_counters((LINE,))
    view.select_counter(0)
    said = Said(view)
    qtbot.mousePress(view, LEFT, pos=at(600, 100))
    qtbot.mouseMove(view, at(700, 300))
    view.set_counters((CounterShape("line", "gate", LINE.points, "in 4  out 1"),))
    qtbot.mouseRelease(view, LEFT, pos=at(700, 300))
    ((_name, _index, points),) = said.take()
    assert near(points, (200, 100), (700, 300))
    qtbot.mousePress(view, LEFT, pos=at(700, 300))
    qtbot.mouseMove(view, at(900, 400))
    qtbot.keyClick(view, Qt.Key.Key_Escape)
    qtbot.mouseRelease(view, LEFT, pos=at(900, 400))
    assert said.take() == []
    drag(qtbot, view, at(700, 300), at(720, 320))
    assert len(said.take()) == 1


def test_a_line_cannot_be_drawn_together_to_a_point(qtbot: QtBot, view: ImageView) -> None:
    line = CounterShape("line", "", ((1000.0, 0.0), (200.0, 250.0)))
    view.set_counters((line,))
    view.select_counter(0)
    said = Said(view)
    drag(qtbot, view, at(200, 250), QPoint(523, 2))
    assert said.take() == []
    drag(qtbot, view, at(200, 250), at(300, 250))
    assert len(said.take()) == 1


def test_delete_removes_and_f_turns_round(qtbot: QtBot, view: ImageView) -> None:
    view.set_counters((LINE, ZONE))
    said = Said(view)
    qtbot.keyClick(view, Qt.Key.Key_Delete)
    qtbot.keyClick(view, Qt.Key.Key_F)
    assert said.take() == []
    view.select_counter(0)
    qtbot.keyClick(view, Qt.Key.Key_F)
    assert said.take() == [("counter_changed", 0, LINE.points[::-1])]
    view.select_counter(1)
    qtbot.keyClick(view, Qt.Key.Key_F)
    qtbot.keyClick(view, Qt.Key.Key_Delete)
    assert said.take() == [("counter_removed", 1)]
    qtbot.keyClick(view, Qt.Key.Key_Delete)
    assert said.take() == []


def test_a_double_click_on_the_label_asks_for_a_name(qtbot: QtBot, view: ImageView) -> None:
    view.set_counters((LINE, ZONE))
    said = Said(view)
    qtbot.mouseDClick(view, LEFT, pos=label(view, 1))
    assert said.take() == [("counter_rename_requested", 1)]
    assert view.fitted


def test_the_menu_is_that_of_what_is_under_the_pointer(
    view: ImageView, monkeypatch: pytest.MonkeyPatch
) -> None:
    view.set_counters((LINE, ZONE))
    said = Said(view)
    opened: list[QMenu] = []
    monkeypatch.setattr(QMenu, "popup", lambda menu, place: opened.append(menu))
    for place in (at(900, 450), at(300, 200), at(300, 100)):
        reason, where = QContextMenuEvent.Reason.Mouse, view.mapToGlobal(place)
        QApplication.sendEvent(view, QContextMenuEvent(reason, place, where))
    zone, line = opened
    assert [action.text() for action in zone.actions()] == ["Rename…", "Delete"]
    rename, turn_round, delete = line.actions()
    assert turn_round.text() == "Reverse direction"
    for action in (rename, turn_round, delete):
        action.trigger()
    assert said.take() == [
        ("counter_rename_requested", 0),
        ("counter_changed", 0, LINE.points[::-1]),
        ("counter_removed", 0),
    ]


def test_the_label_says_name_and_totals_within_the_view(view: ImageView) -> None:
    view.set_counters((CounterShape("line", "gate", ((400.0, 0.0), (600.0, 0.0)), ""),))
    plain = label(view, 0)
    short = shot(view)
    view.set_counters((CounterShape("line", "gate", ((400.0, 0.0), (600.0, 0.0)), "in 3"),))
    assert shot(view) != short
    assert view.rect().contains(plain)
    tab = QColor(short.pixelColor(plain.x(), plain.y() - 3))
    assert tab.lightness() < 60
    view.actual_size()
    for _ in range(8):
        view.zoom_in()
    tool = view._counters
    hits = [tool._hit(QPointF(x, y)) for x in range(0, 524, 8) for y in range(0, 424, 8)]
    assert not any(hit is not None and hit.name for hit in hits)


def test_the_picture_as_it_is_has_no_lines(qtbot: QtBot, view: ImageView) -> None:
    bare = shot(view)
    view.set_counters((LINE, ZONE))
    lined = shot(view)
    said = Said(view)
    view.set_style(OverlayStyle(visible=False))
    assert shot(view) == bare
    click(qtbot, view, 300, 100)
    assert said.take("counter_selected") == []
    view.set_style(OverlayStyle())
    assert shot(view) == lined
    view.begin_counter("line")
    view.set_picture(None)
    assert said.take("counter_mode_changed")[-1] == ("counter_mode_changed", "")
    empty = shot(view)
    view.set_counters(())
    assert shot(view) == empty


def test_nothing_is_drawn_where_there_is_no_picture(qtbot: QtBot) -> None:
    view = ImageView()
    qtbot.addWidget(view)
    said = Said(view)
    view.begin_counter("line")
    assert said.take(*SIGNALS) == []
