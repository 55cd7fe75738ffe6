"""Counts over time: no peak is lost, gaps stay gaps, and a click asks for the time under it."""

from __future__ import annotations

import csv
import time
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest
from numpy.typing import NDArray
from PyQt6.QtCore import QEvent, QPoint, QPointF, Qt
from PyQt6.QtGui import QColor, QImage, QWheelEvent
from PyQt6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from desktop import theme
from desktop.widgets import timeline as module
from desktop.widgets import timeline_picture as picture
from desktop.widgets.counts import Counts, reduce
from desktop.widgets.timeline import LEAST_SPAN_S, Timeline
from desktop.widgets.timeline_picture import time_step

COLOURS = ((230, 159, 0), (86, 180, 233))
NAMES = ("gel", "cells")
LEFT = Qt.MouseButton.LeftButton


def series(seconds: float, rate: float = 10.0) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return the times of frames and a count that rises by one a second."""
    times = np.arange(round(seconds * rate)) / rate
    return times, np.floor(times).astype(np.int64)


@pytest.fixture
def timeline(qtbot: QtBot) -> Timeline:
    """Return a timeline over 100 seconds."""
    timeline = Timeline()
    qtbot.addWidget(timeline)
    timeline.resize(700, 132)
    times, counts = series(100)
    timeline.set_counts(times, {0: counts}, NAMES, COLOURS, 100.0)
    timeline.show()
    qtbot.waitExposed(timeline)
    return timeline


def at(timeline: Timeline, time_s: float) -> QPoint:
    """Return where a time is in a timeline."""
    axes = timeline._axes()
    return QPoint(round(axes.x(time_s)), round(axes.area.center().y()))


def cursor(timeline: Timeline) -> int:
    """Return where the cursor is seen."""
    image, accent = timeline.grab().toImage(), theme.colour("accent")
    middle = round(timeline._axes().area.center().y())
    return next(x for x in range(image.width()) if image.pixelColor(x, middle) == accent)


def turn(timeline: Timeline, angle: int, place: QPoint, shift: bool = False) -> None:
    held = Qt.KeyboardModifier.ShiftModifier if shift else Qt.KeyboardModifier.NoModifier
    event = QWheelEvent(
        QPointF(place), QPointF(place), QPoint(), QPoint(0, angle), Qt.MouseButton.NoButton, held,
        Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(timeline, event)


def test_no_peak_of_half_a_million_frames_is_lost() -> None:
    times = np.arange(500_000) / 30
    values = np.zeros(500_000, np.int64)
    values[[0, 123_456, 499_999]] = (5, 9, 7)
    counts = Counts(times, {3: values})
    began = time.perf_counter()
    columns = reduce(counts, 0.0, float(times[-1]) + 1 / 30, 1000)[3]
    assert time.perf_counter() - began < 1.0
    assert columns.shape == (1000,)
    assert sorted(columns[columns > 0].tolist()) == [5, 7, 9]
    assert columns[246] == 9


def test_where_nothing_was_counted_nothing_is_shown() -> None:
    times = np.concatenate((np.arange(0, 10, 0.1), np.arange(50, 60, 0.1)))
    counts = Counts(times, {0: np.full(len(times), 4)})
    columns = reduce(counts, 0.0, 100.0, 100)[0]
    known = np.flatnonzero(np.isfinite(columns))
    assert known.tolist() == [*range(10), *range(50, 60)]


def test_a_count_holds_until_the_next_frame() -> None:
    counts = Counts(np.array([0.0, 0.5, 1.0]), {0: np.array([1, 8, 2])})
    columns = reduce(counts, 0.0, 1.0, 20)[0]
    assert columns.tolist() == [1.0] * 10 + [8.0] * 10


def test_nothing_counted_is_shown_as_such(qtbot: QtBot) -> None:
    assert reduce(Counts(), 0.0, 1.0, 5) == {}
    empty = Counts(np.zeros(0), {0: np.zeros(0, np.int64)})
    assert np.isnan(reduce(empty, 0.0, 1.0, 5)[0]).all()
    timeline = Timeline()
    qtbot.addWidget(timeline)
    timeline.set_counts(np.zeros(0), {0: np.zeros(0)}, NAMES, COLOURS, None)
    timeline.set_time(1.0)
    assert not timeline.grab().isNull()


def test_a_line_is_in_the_colour_of_its_class_where_its_counts_are(timeline: Timeline) -> None:
    axes, image = timeline._axes(), timeline.grab().toImage()
    column = round(axes.x(50.5))
    ink = [y for y in range(image.height()) if image.pixelColor(column, y) == QColor(*COLOURS[0])]
    assert ink
    assert min(abs(y - axes.y(50)) for y in ink) <= 2
    assert all(axes.y(53) < y < axes.y(47) for y in ink)


def test_a_click_asks_for_the_time_under_it(qtbot: QtBot, timeline: Timeline) -> None:
    with qtbot.waitSignal(timeline.seek_requested) as signal:
        qtbot.mouseClick(timeline, LEFT, pos=at(timeline, 40))
    assert signal.args == [pytest.approx(40, abs=0.2)]


def test_the_cursor_is_dragged_and_nothing_pulls_it_away(qtbot: QtBot, timeline: Timeline) -> None:
    asked: list[float] = []
    timeline.seek_requested.connect(asked.append)
    qtbot.mousePress(timeline, LEFT, pos=at(timeline, 10))
    for goal in (20, 30, 300):
        qtbot.mouseMove(timeline, at(timeline, goal))
        timeline.set_time(1.0)
    assert asked == [pytest.approx(each, abs=0.2) for each in (10, 20, 30, 100)]
    accent = theme.colour("accent")
    column = round(timeline._axes().x(asked[-1]))
    assert timeline.grab().toImage().pixelColor(column - 1, 60) == accent
    qtbot.mouseRelease(timeline, LEFT, pos=at(timeline, 100))
    timeline.set_time(1.0)
    assert timeline.grab().toImage().pixelColor(at(timeline, 1.0)) == accent
    qtbot.mouseMove(timeline, at(timeline, 70))
    assert len(asked) == 4


def test_the_wheel_zooms_about_the_pointer_and_a_double_click_shows_all(
    qtbot: QtBot, timeline: Timeline
) -> None:
    place = at(timeline, 25)
    turn(timeline, 600, place)
    first, last = timeline.span
    assert last - first == pytest.approx(100 / 1.25**5)
    assert timeline._axes().time(place.x()) == pytest.approx(25, abs=0.2)
    turn(timeline, -120, place, shift=True)
    assert timeline.span[0] > first
    for _ in range(40):
        turn(timeline, 600, place)
    assert timeline.span[1] - timeline.span[0] == pytest.approx(LEAST_SPAN_S)
    qtbot.mouseDClick(timeline, LEFT, pos=place)
    assert timeline.span == (0.0, 100.0)
    turn(timeline, -600, place)
    assert timeline.span == (0.0, 100.0)


def test_what_is_zoomed_stays_within_the_video(qtbot: QtBot, timeline: Timeline) -> None:
    turn(timeline, 240, at(timeline, 100))
    assert timeline.span[1] == 100.0
    middle = Qt.MouseButton.MiddleButton
    qtbot.mousePress(timeline, middle, pos=at(timeline, 90))
    qtbot.mouseMove(timeline, at(timeline, 90) - QPoint(3000, 0))
    assert timeline.span[1] == 100.0
    qtbot.mouseMove(timeline, at(timeline, 90) + QPoint(3000, 0))
    qtbot.mouseRelease(timeline, middle, pos=at(timeline, 90))
    assert timeline.span[0] == 0.0


def test_a_zoomed_view_goes_along_with_the_video_but_not_away_from_a_person(
    timeline: Timeline,
) -> None:
    timeline.set_time(20.0)
    turn(timeline, 600, at(timeline, 20))
    length = timeline.span[1] - timeline.span[0]
    timeline.set_time(timeline.span[1] + 0.1)
    assert timeline.span[0] < 20 + length
    first, last = timeline.span
    assert first < timeline._axes().time(cursor(timeline)) < last
    turn(timeline, 12_000, at(timeline, timeline.span[1]), shift=True)
    elsewhere = timeline.span
    assert elsewhere[1] < 50
    timeline.set_time(90.0)
    timeline.set_time(91.0)
    assert timeline.span == elsewhere


def test_counts_are_reduced_anew_only_when_they_or_the_columns_change(
    timeline: Timeline,
) -> None:
    with patch.object(module, "reduce", wraps=reduce) as reduced:
        for tenth in range(200):
            timeline.set_time(tenth / 10)
            timeline.repaint()
        assert reduced.call_count == 0
        times, counts = series(120)
        timeline.set_counts(times, {0: counts}, NAMES, COLOURS, None)
        timeline.repaint()
        assert reduced.call_count == 1
        turn(timeline, 120, at(timeline, 50))
        timeline.repaint()
        assert reduced.call_count == 2


def test_what_is_under_the_pointer_is_read_out(qtbot: QtBot, timeline: Timeline) -> None:
    times, counts = series(100)
    timeline.set_counts(times, {0: counts, 1: counts * 2}, NAMES, COLOURS, 200.0)
    before = timeline.grab().toImage()
    qtbot.mouseMove(timeline, at(timeline, 40.5))
    assert timeline.grab().toImage() != before
    axes, columns = timeline._axes(), timeline._columns
    there = picture.reading(axes, timeline._counts, columns, axes.x(40.5))
    assert there == [(1, "cells", "80"), (0, "gel", "40")]
    assert picture.reading(axes, timeline._counts, columns, axes.x(150)) == []
    QApplication.sendEvent(timeline, QEvent(QEvent.Type.Leave))
    assert timeline.grab().toImage() == before


def test_keys_seek_and_zoom(qtbot: QtBot, timeline: Timeline) -> None:
    asked: list[float] = []
    timeline.seek_requested.connect(asked.append)
    timeline.set_time(50.0)
    qtbot.keyClick(timeline, Qt.Key.Key_Right)
    qtbot.keyClick(timeline, Qt.Key.Key_Left, Qt.KeyboardModifier.ShiftModifier)
    qtbot.keyClick(timeline, Qt.Key.Key_Home)
    qtbot.keyClick(timeline, Qt.Key.Key_End)
    assert asked == [51.0, 40.0, 0.0, 100.0]
    qtbot.keyClick(timeline, Qt.Key.Key_Plus)
    assert timeline.span[1] - timeline.span[0] == pytest.approx(80)
    qtbot.keyClick(timeline, Qt.Key.Key_0)
    assert timeline.span == (0.0, 100.0)


def test_all_counts_are_saved_not_only_what_is_seen(
    qtbot: QtBot, timeline: Timeline, tmp_path: Path
) -> None:
    times, counts = np.array([0.0, 0.5, 1.0]), np.array([1, 0, 2])
    timeline.set_counts(times, {1: counts, 7: counts + 1}, NAMES, COLOURS, 9.0)
    turn(timeline, 600, at(timeline, 8))
    path = tmp_path / "counts.csv"
    timeline.save_csv(path)
    qtbot.waitUntil(lambda: path.exists() and path.stat().st_size > 40, timeout=5000)
    with path.open(encoding="utf-8-sig", newline="") as file:
        assert list(csv.reader(file)) == [
            ["Time (s)", "cells", "7"],
            ["0.000", "1", "2"],
            ["0.500", "0", "1"],
            ["1.000", "2", "3"],
        ]
    image = tmp_path / "counts.png"
    timeline.save_png(image)
    qtbot.waitUntil(lambda: not QImage(str(image)).isNull(), timeout=5000)
    with qtbot.waitSignal(timeline.failed) as signal:
        timeline.save_csv(tmp_path / "missing" / "counts.csv")
    assert "missing" in signal.args[0].message


@pytest.mark.parametrize(
    ("least", "step"), [(0.05, 0.1), (0.3, 0.5), (7, 10), (40, 60), (1000, 1800), (90_000, 172_800)]
)
def test_steps_of_time_are_round(least: float, step: float) -> None:
    assert time_step(least) == step
