"""Live figures are those of the last minute and cost no memory."""

from __future__ import annotations

import numpy as np
import pytest
from PyQt6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

from desktop.panels.metrics import SECONDS, MetricsPanel, Minute
from desktop.state import AppState
from engine.errors import PictureError
from engine.session import Entry, Phase
from tests.helpers.sessions import INFO
from tests.helpers.widgets import Doubled, Marked, cut_off, texts, translated_by, untranslated


class Clock:
    """A time that a test sets."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def state(qapp: QApplication) -> AppState:
    state = AppState()
    state.change(model=INFO)
    return state


@pytest.fixture
def panel(qtbot: QtBot, state: AppState, clock: Clock) -> MetricsPanel:
    panel = MetricsPanel(state=state, clock=clock)
    qtbot.addWidget(panel)
    panel.resize(1016, 220)
    panel.show()
    return panel


def words(panel: MetricsPanel) -> list[str]:
    return [label.text() for label in panel.findChildren(QLabel) if label.isVisible()]


def feed(panel: MetricsPanel, clock: Clock, seconds: int) -> None:
    """Work on two pictures of 25 ms, three serum each, every 100 ms."""
    for _tenth in range(seconds * 10):
        clock.now += 0.1
        panel.add([Entry("a", {0: 3}, 20.0), Entry("b", {0: 3}, 30.0)])


def test_nothing_at_first(panel: MetricsPanel) -> None:
    assert words(panel) == ["Live figures appear here during a run."]
    panel.add([])
    panel.add([Entry("bad", error=PictureError("no"))])
    assert not panel._soon.isActive(), "what failed is no figure"


def test_readouts(qtbot: QtBot, panel: MetricsPanel, clock: Clock) -> None:
    feed(panel, clock, 10)
    qtbot.waitUntil(lambda: "25.0" in words(panel))
    assert words(panel)[:6] == [
        "25.0", "ms a picture", "20.0", "pictures a second", "600", "objects",
    ]
    qtbot.waitUntil(lambda: all(plot.built for plot in panel._plots.values()), timeout=20_000)


def test_plots_show_whole_seconds(panel: MetricsPanel, clock: Clock) -> None:
    clock.now = 999.95
    feed(panel, clock, 5)
    panel._redraw()
    head, *rows = panel._plots["rate"].table()
    assert head == ["Time (s)", "Rate"]
    assert rows == [[f"{at}.000", "20.000"] for at in (-4, -3, -2, -1)]
    assert panel._plots["latency"].table()[1:] == [
        [f"{at}.000", "25.000"] for at in (-4, -3, -2, -1)
    ]
    assert panel._plots["classes"].table()[:2] == [["Time (s)", "serum"], ["-4.000", "3.000"]]


def test_nothing_is_drawn_while_nobody_looks(
    qtbot: QtBot, panel: MetricsPanel, clock: Clock
) -> None:
    panel.hide()
    feed(panel, clock, 3)
    panel._redraw()
    assert panel._plots["rate"].table() == [["Time (s)", "Pictures a second"]]
    panel.show()
    assert len(panel._plots["rate"].table()) > 2


def test_redraws_are_at_most_ten_a_second(panel: MetricsPanel, clock: Clock) -> None:
    feed(panel, clock, 2)
    assert panel._soon.isActive()
    assert panel._soon.interval() == 100
    assert words(panel) == ["Live figures appear here during a run."]


def test_a_new_run_starts_anew(
    qtbot: QtBot, panel: MetricsPanel, state: AppState, clock: Clock
) -> None:
    feed(panel, clock, 3)
    panel._redraw()
    state.change(phase=Phase.LOADING)
    assert words(panel) == ["Live figures appear here during a run."]
    assert panel._minute.objects == 0


def test_memory_does_not_grow() -> None:
    minute = Minute()
    for tenth in range(10 * 60 * 10):
        minute.add(tenth / 10, [Entry("a", {tenth % 20: 1}, 5.0)])
    assert len(minute._seconds) == SECONDS + 1
    assert len(minute._recent) <= 31
    times, latency, rate, classes = minute.lines()
    assert len(times) == len(latency) == len(rate) == SECONDS
    assert len(classes) == 8
    assert minute.objects == 6000


def test_gaps_are_gaps() -> None:
    minute = Minute()
    minute.add(10.5, [Entry("a", {1: 4}, 8.0)])
    minute.add(13.5, [Entry("a", {1: 4}, 8.0)])
    times, latency, rate, classes = minute.lines()
    assert times.tolist() == [-3, -2, -1]
    assert latency[0] == 8.0
    assert np.isnan(latency[1:]).all()
    assert rate.tolist() == [1, 0, 0]
    assert classes[1][0] == 4
    assert minute.rate_hz() == pytest.approx(1 / 3)
    assert Minute().latency_ms() is None
    assert Minute().rate_hz() is None


def test_there_is_room_for_texts_of_double_length(
    qtbot: QtBot, state: AppState, clock: Clock
) -> None:
    with translated_by(Doubled()):
        panel = MetricsPanel(state=state, clock=clock)
        qtbot.addWidget(panel)
        panel.resize(740, 220)
        panel.show()
        feed(panel, clock, 3)
        panel._redraw()
        qtbot.waitUntil(lambda: cut_off(panel) == [])
        panel.close_threads()


def test_every_text_is_translated(qtbot: QtBot, state: AppState, clock: Clock) -> None:
    with translated_by(Marked()):
        panel = MetricsPanel(state=state, clock=clock)
        qtbot.addWidget(panel)
        panel.show()
        feed(panel, clock, 3)
        panel._redraw()
        left = [(said, untranslated(said, {*INFO.names})) for said in texts(panel)]
        assert [pair for pair in left if pair[1]] == []
        panel.close_threads()
