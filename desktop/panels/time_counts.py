"""Counts over the time of a video, read from its session as that grows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PyQt6.QtCore import QTimer, pyqtSignal
from PyQt6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from desktop.background import Lane
from desktop.state import AppState, Place, View
from desktop.widgets.note import Note
from desktop.widgets.timeline import Timeline
from engine.colours import class_colours
from engine.errors import EngineError
from engine.i18n import translate as _

MOST_CLASSES = 8
READ_EVERY_MS = 500


@dataclass(frozen=True, slots=True)
class _Wish:
    path: Path
    source: str
    # Raised with every other session: a run that goes on has cut off rows of the very file that
    # was on screen before.
    opening: int


@dataclass(frozen=True, slots=True, eq=False)
class _Answer:
    wish: _Wish
    names: tuple[str, ...]
    times: NDArray[np.float64]
    positions: NDArray[np.int64]
    counts: Mapping[int, NDArray[np.int64]]


class TimeCounts(QWidget):
    """A plot of objects a frame by class; a click in it asks for its time.

    Args:
        state: Read and listened to.
        parent: The owner.

    Signals:
        seek_requested: float, seconds from the start of the video.
    """

    seek_requested = pyqtSignal(float)

    def __init__(self, *, state: AppState, parent: QWidget | None = None) -> None:
        """Show the sentence that there is nothing yet."""
        super().__init__(parent)
        self._state = state
        self._place: Place | None = None
        self._answer: _Answer | None = None
        self._path: Path | None = None
        self._opening = 0
        self._plot = Timeline()
        self._plot.seek_requested.connect(self.seek_requested)
        self._pages = QStackedWidget()
        self._pages.addWidget(Note(_("Counts over time appear here once a video is processed.")))
        self._pages.addWidget(self._plot)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._pages)
        self._worker = _Worker()
        self._lane = Lane("time-counts", self._worker.answer, parent=self)
        self._lane.answered.connect(self._on_answer)
        self._again = QTimer(self)
        self._again.setInterval(READ_EVERY_MS)
        self._again.timeout.connect(self._ask)
        state.view_changed.connect(self._on_view)
        state.place_changed.connect(self._on_place)
        self._on_view(state.view)

    def close_threads(self) -> None:
        """End the thread; the panel is of no use afterwards."""
        self._again.stop()
        self._lane.close()

    def show_frame(self, place: Place) -> None:
        """Let the cursor stand at a frame."""
        self._place = place
        answer = self._answer
        if answer is None or answer.wish.source != place.path or not len(answer.positions):
            return
        row = int(np.searchsorted(answer.positions, place.index))
        self._plot.set_time(float(answer.times[min(row, len(answer.times) - 1)]))

    def _on_view(self, view: View | None) -> None:
        path = None if view is None else view.path
        if path != self._path:
            self._path = path
            self._opening += 1
        if view is not None and view.growing:
            self._again.start()
        else:
            self._again.stop()
        self._ask()

    def _on_place(self, place: Place | None) -> None:
        if place is not None and (self._place is None or place.path != self._place.path):
            self._ask()
        self._place = place

    def _ask(self) -> None:
        view, place = self._state.view, self._state.place
        if view is None or place is None:
            self._answer = None
            self._pages.setCurrentIndex(0)
            return
        self._lane.ask(_Wish(view.path, place.path, self._opening))

    def _on_answer(self, answer: _Answer) -> None:
        view, place = self._state.view, self._state.place
        if view is None or place is None:
            return
        if answer.wish != _Wish(view.path, place.path, self._opening):
            return
        self._answer = answer
        self._pages.setCurrentIndex(1 if len(answer.times) else 0)
        duration_s = float(answer.times[-1]) if len(answer.times) else 0.0
        self._plot.set_counts(
            answer.times, answer.counts, answer.names, class_colours(answer.names), duration_s
        )
        here = self._place
        self.show_frame(here if here is not None and here.path == place.path else place)


class _Worker:
    """Reads in the thread of the lane; keeps what it read of the session asked for last."""

    def __init__(self) -> None:
        from engine.store.time_counts import TimeCounts as Series

        self._series = Series("")
        self._wish: _Wish | None = None

    def answer(self, wish: _Wish) -> _Answer | None:
        from engine.store import SessionReader
        from engine.store.time_counts import TimeCounts as Series

        if wish != self._wish:
            self._wish, self._series = wish, Series(wish.source)
        try:
            with SessionReader.open(wish.path) as reader:
                self._series.extend(reader)
                names = reader.run.model.names
        except EngineError:
            # It may just have been replaced by another view; the table says what is wrong.
            return None
        series = self._series
        return _Answer(wish, names, series.times, series.positions, series.counts(MOST_CLASSES))
