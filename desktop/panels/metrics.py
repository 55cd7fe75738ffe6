"""The strip of live figures: how fast a run is and what it finds, over the last minute."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from PyQt6.QtCore import QTimer, pyqtSignal
from PyQt6.QtWidgets import QHBoxLayout, QLabel, QStackedWidget, QVBoxLayout, QWidget

from desktop.figures import count, number, tabular
from desktop.panels.result_columns import class_name
from desktop.state import AppState
from desktop.widgets.note import Note
from desktop.widgets.plot import Line, Plot, Values
from engine.colours import class_colours
from engine.i18n import translate as _
from engine.session import Entry, Phase

SECONDS = 60
RATE_OVER_S = 3.0
REDRAW_MS = 100
MOST_CLASSES = 8


@dataclass(slots=True)
class Second:
    """What was worked on in one second.

    Attributes:
        pictures: So many.
        total_ms: Their times from picture to detections, added up.
        counts: Their objects by class index.
    """

    pictures: int = 0
    total_ms: float = 0.0
    counts: Counter[int] = field(default_factory=Counter)


class Minute:
    """The last minute second by second; memory does not grow with the length of a run.

    Attributes:
        objects: All since the start.
        pictures: Likewise.
        newest: The second under way.
    """

    def __init__(self) -> None:
        """Start with nothing."""
        self.objects = 0
        self.pictures = 0
        self._seconds: dict[int, Second] = {}
        self._recent: deque[tuple[float, int, float]] = deque()
        self._first: float | None = None
        self.newest = 0

    def add(self, now: float, entries: Sequence[Entry]) -> None:
        """Take in what was worked on up to a time in seconds."""
        done = [entry for entry in entries if entry.error is None]
        if not done:
            return
        self.newest = int(now)
        if self._first is None:
            self._first = now
        second = self._seconds.setdefault(self.newest, Second())
        for entry in done:
            second.pictures += 1
            second.total_ms += entry.total_ms
            second.counts.update(entry.counts)
            self.objects += sum(entry.counts.values())
        self.pictures += len(done)
        for old in [at for at in self._seconds if at < self.newest - SECONDS]:
            del self._seconds[old]
        self._recent.append((now, len(done), sum(entry.total_ms for entry in done)))
        while self._recent[0][0] < now - RATE_OVER_S:
            self._recent.popleft()

    def latency_ms(self) -> float | None:
        """Return the time a picture took lately, None where there was none."""
        pictures = sum(each[1] for each in self._recent)
        return sum(each[2] for each in self._recent) / pictures if pictures else None

    def rate_hz(self) -> float | None:
        """Return the pictures a second lately, None while too few are known."""
        if len(self._recent) < 2:
            return None
        lasted = self._recent[-1][0] - self._recent[0][0]
        # What came with the first time was worked on before it.
        pictures = sum(each[1] for each in self._recent) - self._recent[0][1]
        return pictures / lasted if lasted > 0 else None

    def lines(self) -> tuple[Values, Values, Values, dict[int, Values]]:
        """Return the whole seconds, the newest last, without the one that is under way.

        Returns:
            Four times [N]: seconds before now, milliseconds a picture, pictures a second, and by
            class index the objects a picture. NaN where nothing was worked on.
        """
        first = self.newest if self._first is None else int(self._first)
        times = range(max(first, self.newest - SECONDS), self.newest)
        seconds = [self._seconds.get(at, Second()) for at in times]
        pictures = np.array([each.pictures for each in seconds], np.float64)
        worked = np.where(pictures > 0, pictures, np.nan)
        latency = np.array([each.total_ms for each in seconds], np.float64) / worked
        total: Counter[int] = Counter()
        for each in seconds:
            total.update(each.counts)
        classes = {
            index: np.array([each.counts[index] for each in seconds], np.float64) / worked
            for index, _count in sorted(total.most_common(MOST_CLASSES))
        }
        return np.array(times, np.float64) - self.newest, latency, pictures, classes


class MetricsPanel(QWidget):
    """Readouts and plots of the run under way.

    Args:
        state: Read and listened to.
        clock: Tells the time in seconds.
        parent: The owner.

    Signals:
        failed: EngineError, a plot could not be written.
    """

    failed = pyqtSignal(object)

    def __init__(
        self,
        *,
        state: AppState,
        clock: Callable[[], float] = time.monotonic,
        parent: QWidget | None = None,
    ) -> None:
        """Show the sentence that there is nothing yet."""
        super().__init__(parent)
        self._state = state
        self._clock = clock
        self._minute = Minute()
        self._drawn: int | None = None
        self._latency, self._rate, self._objects = (_Readout() for _each in range(3))
        self._plots = {
            "latency": Plot(name=_("Latency"), across=_("Time (s)"), up=_("Latency (ms)")),
            "rate": Plot(name=_("Rate"), across=_("Time (s)"), up=_("Pictures a second")),
            "classes": Plot(name=_("Objects"), across=_("Time (s)"), up=_("Objects a picture")),
        }
        readouts = QVBoxLayout()
        readouts.setSpacing(12)
        for readout in (self._latency, self._rate, self._objects):
            readouts.addWidget(readout)
        readouts.addStretch(1)
        figures = QWidget()
        layout = QHBoxLayout(figures)
        layout.setContentsMargins(12, 12, 12, 8)
        layout.setSpacing(16)
        layout.addLayout(readouts)
        for plot in self._plots.values():
            plot.failed.connect(self.failed)
            layout.addWidget(plot, 1)
        self._pages = QStackedWidget()
        self._pages.addWidget(Note(_("Live figures appear here during a run.")))
        self._pages.addWidget(figures)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(self._pages)
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(REDRAW_MS)
        self._soon.timeout.connect(self._redraw)
        state.phase_changed.connect(self._on_phase)

    def prepare(self) -> None:
        """Make the plots ready while nothing else is going on."""
        for plot in self._plots.values():
            plot.prepare()

    def add(self, entries: Sequence[Entry]) -> None:
        """Take in what became of the frames since the last time."""
        self._minute.add(self._clock(), entries)
        if self._minute.pictures and not self._soon.isActive():
            self._soon.start()

    def close_threads(self) -> None:
        """Draw no more."""
        self._soon.stop()

    def showEvent(self, event: object) -> None:
        """Draw what came while nobody looked."""
        self._redraw()

    def _on_phase(self, phase: Phase) -> None:
        if phase is Phase.LOADING:
            self._minute, self._drawn = Minute(), None
            self._soon.stop()
            self._pages.setCurrentIndex(0)

    def _redraw(self) -> None:
        if not self.isVisible() or not self._minute.pictures:
            return
        self._pages.setCurrentIndex(1)
        minute, model = self._minute, self._state.model
        latency, rate = minute.latency_ms(), minute.rate_hz()
        classified = model is not None and model.task == "classify"
        self._latency.show_figure(
            "–" if latency is None else number(latency, 1), _("ms a picture")
        )
        self._rate.show_figure("–" if rate is None else number(rate, 1), _("pictures a second"))
        self._objects.show_figure(
            count(minute.objects), _("pictures") if classified else _("objects")
        )
        if minute.newest != self._drawn:
            self._drawn = minute.newest
            self._draw(names=() if model is None else model.names)

    def _draw(self, names: Sequence[str]) -> None:
        """Draw the plots, which change once a second."""
        times, milliseconds, pictures, classes = self._minute.lines()
        span = (-float(SECONDS), 0.0)
        self._plots["latency"].set_lines(times, [Line(_("Latency"), milliseconds)], span)
        self._plots["rate"].set_lines(times, [Line(_("Rate"), pictures)], span)
        colours = class_colours(names)
        self._plots["classes"].set_lines(
            times,
            [
                Line(
                    class_name(names, index),
                    values,
                    colours[index] if index < len(colours) else None,
                )
                for index, values in classes.items()
            ],
            span,
        )


class _Readout(QWidget):
    """A large figure over its unit."""

    def __init__(self) -> None:
        super().__init__()
        self._figure = QLabel("–")
        self._figure.setProperty("role", "readout")
        self._figure.setFont(tabular(self._figure.font()))
        self._unit = QLabel()
        self._unit.setProperty("role", "caption")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self._figure)
        layout.addWidget(self._unit)

    def show_figure(self, figure: str, unit: str) -> None:
        self._figure.setText(figure)
        self._unit.setText(unit)
        self.setAccessibleName(f"{figure} {unit}")
