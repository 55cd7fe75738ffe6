"""A million rows in the real table of the window: is it ever kept waiting?

The longest gap between two ticks of a timer in the UI thread is what a person feels as a jerk.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from benchmarks import made
from benchmarks.harness import Measurement, Plan, at_most, in_fresh_process

FRAMES = 20_000
OBJECTS = 50
TICK_MS = 5
STEPS = 200
GAP_LIMIT_MS = 50.0
FILTERS = ("9", "se", "serum", "made", "0123", "")

_SIZE = 1200, 400
_WAIT_S = 60.0


@dataclass(slots=True)
class Felt:
    """What a person would have felt.

    Attributes:
        rows: In the table.
        open_s: From choosing the session to its first page.
        gaps_ms: The longest time without a tick by what was done.
        first_page_s: From a click on a column's title to the first page, by column.
    """

    rows: int = 0
    open_s: float = 0.0
    gaps_ms: dict[str, float] = field(default_factory=dict)
    first_page_s: dict[str, float] = field(default_factory=dict)


def measure(plan: Plan) -> list[Measurement]:
    """Measure scrolling through, sorting by each column and filtering."""
    frames = plan.size(FRAMES)
    session = plan.made(
        f"tracked-session-{frames}x{OBJECTS}",
        lambda folder: made.write_session(folder, frames, OBJECTS, tracked=True),
    )
    felt = in_fresh_process(use, session)
    rows = f"{felt.rows:,} rows"
    measurements = [
        at_most(f"{rows}: longest gap between ticks while {what}", gap, "ms", GAP_LIMIT_MS)
        for what, gap in felt.gaps_ms.items()
    ]
    slowest = max(felt.first_page_s, key=lambda column: felt.first_page_s[column])
    measurements.append(Measurement(f"{rows}: opened", felt.open_s, "s"))
    measurements.append(
        Measurement(
            f"{rows}: first page on screen after sorting by {slowest}, the slowest",
            felt.first_page_s[slowest],
            "s",
        )
    )
    return measurements


def use(session: Path) -> Felt:
    """Open, scroll, sort and filter in a window that nobody sees; in a process of its own."""
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    from PyQt6.QtCore import Qt
    from PyQt6.QtWidgets import QApplication

    from desktop import theme
    from desktop.app import SWITCH_EVERY_S
    from desktop.panels.result_columns import RESULT_COLUMNS
    from desktop.panels.results import ResultsPanel
    from desktop.settings import Settings
    from desktop.state import AppState, View
    from engine.store.schema import SESSION_FILE

    sys.setswitchinterval(SWITCH_EVERY_S)
    app = QApplication(["benchmark"])
    theme.apply(app, "light")
    felt, path = Felt(), session / SESSION_FILE
    with tempfile.TemporaryDirectory() as scratch:
        state = AppState()
        panel = ResultsPanel(state=state, settings=Settings(Path(scratch) / "settings.ini"))
        panel.resize(*_SIZE)
        panel.show()
        watch, model, table = _Watch(), panel.model, panel.table
        bar = table.verticalScrollBar()
        assert bar is not None

        def first_page() -> bool:
            return model.settled and (not model.rowCount() or model.row(table.rowAt(0)) is not None)

        def opened() -> bool:
            return model.rowCount() > 0 and first_page()

        def scroll() -> bool:
            for step in range(STEPS):
                bar.setValue(bar.maximum() * step // STEPS)
                watch.until(lambda: True)
            return True

        def note(what: str, do: Callable[[], object], done: Callable[[], bool]) -> float:
            seconds, gap_ms = watch.during(do, done)
            felt.gaps_ms[what] = max(felt.gaps_ms.get(what, 0.0), gap_ms)
            return seconds

        felt.open_s = note("opening", lambda: state.change(view=View(path, path)), opened)
        felt.rows = model.rowCount()
        note("scrolling", scroll, first_page)
        for section, column in enumerate(RESULT_COLUMNS):
            for order in Qt.SortOrder:
                sort = partial(table.sortByColumn, section, order)
                seconds = note("sorting", sort, first_page)
                felt.first_page_s[column.name] = max(
                    felt.first_page_s.get(column.name, 0.0), seconds
                )
        for text in FILTERS:
            note("filtering", partial(model.set_text, text), first_page)
        watch.end()
        panel.close_threads()
        panel.close()
        panel.deleteLater()
    app.quit()
    return felt


class _Watch:
    """Counts the ticks of a timer in the UI thread."""

    def __init__(self) -> None:
        from PyQt6.QtCore import Qt, QTimer

        self._ticks: list[float] = []
        self._timer = QTimer()
        self._timer.setInterval(TICK_MS)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(lambda: self._ticks.append(time.perf_counter()))
        self._timer.start()

    def until(self, done: Callable[[], bool]) -> None:
        """Let the window live until something holds."""
        from PyQt6.QtCore import QEventLoop, QTimer

        loop, look, last = QEventLoop(), QTimer(), time.perf_counter() + _WAIT_S
        look.timeout.connect(
            lambda: loop.quit() if done() or time.perf_counter() > last else None
        )
        look.start(1)
        loop.exec()

    def during(
        self, do: Callable[[], object], done: Callable[[], bool]
    ) -> tuple[float, float]:
        """Return the seconds until something that was done holds, and the longest gap in ms."""
        self.until(lambda: len(self._ticks) > 0)
        del self._ticks[:-1]
        began = time.perf_counter()
        do()
        self.until(done)
        seconds, known = time.perf_counter() - began, len(self._ticks)
        # What is painted last is felt too.
        self.until(lambda: len(self._ticks) > known + 1)
        gaps = [after - before for before, after in zip(self._ticks, self._ticks[1:], strict=False)]
        return seconds, 1000 * max(gaps)

    def end(self) -> None:
        """Tick no more."""
        self._timer.stop()
