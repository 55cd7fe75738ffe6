"""Lines and zones between the state and the picture view that draws them."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from PyQt6.QtCore import QObject

from desktop.panels.counting import CountingPanel, totals_words, unused_name
from desktop.state import AppState
from desktop.widgets.counter_shape import CounterShape
from desktop.widgets.image_view import ImageView
from engine.counting import Counter, CountLine, CountZone

Points = Sequence[tuple[float, float]]


class CounterDrawing(QObject):
    """Keeps the counters of a state and those over its picture the same.

    Args:
        state: Read, listened to and changed.
        view: Where they are drawn, with the mouse too.
        panel: Where drawing is asked for and names are typed.
        parent: The owner.
    """

    def __init__(
        self, *, state: AppState, view: ImageView, panel: CountingPanel, parent: QObject
    ) -> None:
        """Connect the three."""
        super().__init__(parent)
        self._state = state
        self._view = view
        panel.drawing_requested.connect(view.begin_counter)
        view.counter_drawn.connect(self._on_drawn)
        view.counter_changed.connect(self._on_changed)
        view.counter_removed.connect(self._on_removed)
        view.counter_rename_requested.connect(panel.rename)
        state.counters_changed.connect(self._show)
        state.counted_changed.connect(self._show)
        state.engaged_changed.connect(self._show)
        self._show()

    def _show(self) -> None:
        state = self._state
        totals = () if state.counted is None else state.counted.totals
        words = [totals_words(each) for each in totals]
        words += [""] * (len(state.counters) - len(words))
        shapes = [shape(each, text) for each, text in zip(state.counters, words, strict=False)]
        self._view.set_counters(tuple(shapes))

    def _on_drawn(self, kind: str, points: Points) -> None:
        if self._locked():
            return
        counters = self._state.counters
        config = self._state.config
        if config.track == "off":
            # What is not followed cannot be seen to cross anything.
            config = dataclasses.replace(config, track="bytetrack")
        added = counter(kind, unused_name(kind, counters), points)
        self._state.change(counters=(*counters, added), config=config, counted=None)

    def _on_changed(self, index: int, points: Points) -> None:
        if self._locked():
            self._show()
            return
        counters = list(self._state.counters)
        kind = "line" if isinstance(counters[index], CountLine) else "zone"
        counters[index] = counter(kind, counters[index].name, points)
        self._state.change(counters=tuple(counters), counted=None)

    def _on_removed(self, index: int) -> None:
        if self._locked():
            return
        counters = self._state.counters
        self._state.change(counters=counters[:index] + counters[index + 1 :], counted=None)

    def _locked(self) -> bool:
        """Tell whether a run counts with them now."""
        return self._state.phase.busy


def counter(kind: str, name: str, points: Points) -> Counter:
    """Return a counter of points in pixels of the picture."""
    exact = tuple((float(x), float(y)) for x, y in points)
    return CountLine(name, exact[0], exact[1]) if kind == "line" else CountZone(name, exact)


def shape(counter: Counter, totals: str) -> CounterShape:
    """Return a counter as it is drawn."""
    if isinstance(counter, CountLine):
        return CounterShape("line", counter.name, (counter.start, counter.end), totals)
    return CounterShape("zone", counter.name, counter.points, totals)
