"""Tracking, and the lines and zones that count what is tracked."""

from __future__ import annotations

import dataclasses

from PyQt6.QtCore import QSignalBlocker, pyqtSignal
from PyQt6.QtWidgets import (
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from desktop import icons
from desktop.figures import count, tabular
from desktop.panels.parameters import headline
from desktop.state import AppState
from desktop.widgets.buttons import text_button
from engine.config import TRACKERS
from engine.counting import Counter, CountLine
from engine.i18n import N_
from engine.i18n import translate as _
from engine.types import Counted, CounterTotals, ModelInfo

TRACKER_WORDS = {"off": N_("off"), "bytetrack": "ByteTrack", "botsort": "BoT-SORT"}
NAME_LENGTH = 40


class CountingPanel(QWidget):
    """How objects are followed, and what is counted of them.

    Args:
        state: Read, listened to and changed.
        parent: The owner.

    Signals:
        drawing_requested: `line` or `zone`, which is to be drawn over the picture.
    """

    drawing_requested = pyqtSignal(str)

    def __init__(self, *, state: AppState, parent: QWidget | None = None) -> None:
        """Show what the state holds."""
        super().__init__(parent)
        self._state = state
        self._tracker = QComboBox()
        self._tracker.setAccessibleName(_("Tracking"))
        for name in TRACKERS:
            self._tracker.addItem(_(TRACKER_WORDS[name]), name)
        self._tracker.setToolTip(
            _("Follows objects from frame to frame, so that each is counted once.")
        )
        self._tracker.activated.connect(self._on_tracker)
        self._line = text_button("line", _("Line"))
        self._line.setToolTip(_("Draw a line that counts what crosses it"))
        self._line.clicked.connect(lambda: self.drawing_requested.emit("line"))
        self._zone = text_button("zone", _("Zone"))
        self._zone.setToolTip(_("Draw a zone that counts what enters and leaves it"))
        self._zone.clicked.connect(lambda: self.drawing_requested.emit("zone"))
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addWidget(self._line, 1)
        buttons.addWidget(self._zone, 1)
        self._hint = QLabel(_("Draw a line or a zone over the picture to count what crosses it."))
        self._hint.setProperty("role", "muted")
        self._hint.setWordWrap(True)
        self._rows: list[CounterRow] = []
        self._list = QVBoxLayout()
        self._list.setSpacing(4)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addLayout(headline(_("Tracking"), self._tracker))
        layout.addLayout(buttons)
        layout.addWidget(self._hint)
        layout.addLayout(self._list)
        state.config_changed.connect(self._on_config)
        state.model_changed.connect(self._on_model)
        state.engaged_changed.connect(self._on_config)
        state.place_changed.connect(self._on_config)
        state.counters_changed.connect(self._on_counters)
        state.counted_changed.connect(self._on_counted)
        self._on_counters()
        self._on_config()

    def rename(self, index: int) -> None:
        """Let the person type another name for a counter."""
        self._rows[index].edit()

    def _on_tracker(self, row: int) -> None:
        wanted = self._tracker.itemData(row)
        self._state.change(config=dataclasses.replace(self._state.config, track=wanted))

    def _on_model(self, model: ModelInfo | None) -> None:
        self._on_config()

    def _on_config(self) -> None:
        state = self._state
        running = bool(state.engaged) and state.engaged == state.kind
        sorts = state.model is not None and state.model.task == "classify"
        with QSignalBlocker(self._tracker):
            self._tracker.setCurrentIndex(self._tracker.findData(state.config.track))
        self._tracker.setEnabled(not running and not sorts)
        for button in (self._line, self._zone):
            button.setEnabled(not running and not sorts and state.place is not None)
        for row in self._rows:
            row.set_locked(running)

    def _on_counters(self) -> None:
        for row in self._rows:
            self._list.removeWidget(row)
            row.deleteLater()
        self._rows = [CounterRow(counter) for counter in self._state.counters]
        for index, row in enumerate(self._rows):
            row.renamed.connect(lambda name, index=index: self._on_renamed(index, name))
            row.removed.connect(lambda index=index: self._on_removed(index))
            self._list.addWidget(row)
        self._hint.setVisible(not self._rows)
        self._on_counted(self._state.counted)
        self._on_config()

    def _on_counted(self, counted: Counted | None) -> None:
        totals = () if counted is None else counted.totals
        for row, total in zip(self._rows, totals, strict=False):
            row.show_totals(total)

    def _on_renamed(self, index: int, name: str) -> None:
        counters = list(self._state.counters)
        counters[index] = dataclasses.replace(counters[index], name=name)
        if len({counter.name for counter in counters}) == len(counters):
            self._state.change(counters=tuple(counters))
        else:
            self._on_counters()

    def _on_removed(self, index: int) -> None:
        counters = self._state.counters
        self._state.change(counters=counters[:index] + counters[index + 1 :], counted=None)


class CounterRow(QWidget):
    """A line or zone: its name, what it has counted, a button to remove it.

    Signals:
        renamed: str, the new name.
        removed: The counter is to go.
    """

    renamed = pyqtSignal(str)
    removed = pyqtSignal()

    def __init__(self, counter: Counter) -> None:
        """Show a counter that has counted nothing."""
        super().__init__()
        self._counter = counter
        kind = "line" if isinstance(counter, CountLine) else "zone"
        sign = QLabel()
        sign.setPixmap(icons.pixmap(kind, 16, "muted", self.devicePixelRatioF()))
        self._name = QLineEdit(counter.name)
        self._name.setProperty("role", "quiet")
        self._name.setMaxLength(NAME_LENGTH)
        self._name.setAccessibleName(_("Name"))
        self._name.editingFinished.connect(self._on_edited)
        self._totals = QLabel()
        self._totals.setFont(tabular(self._totals.font()))
        self._totals.setProperty("role", "muted")
        self._totals.setIndent(8)
        self._remove = QToolButton()
        self._remove.setIcon(icons.icon("close"))
        self._remove.setToolTip(_("Remove"))
        self._remove.setAccessibleName(_("Remove {name}").format(name=counter.name))
        self._remove.clicked.connect(self.removed)
        layout = QGridLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setHorizontalSpacing(8)
        layout.setVerticalSpacing(0)
        layout.addWidget(sign, 0, 0)
        layout.addWidget(self._name, 0, 1)
        layout.addWidget(self._remove, 0, 2)
        layout.addWidget(self._totals, 1, 1)
        layout.setColumnStretch(1, 1)

    def edit(self) -> None:
        """Put the cursor into the name."""
        self._name.setFocus()
        self._name.selectAll()

    def set_locked(self, locked: bool) -> None:
        """Keep the counter as it is while a run counts with it."""
        self._name.setReadOnly(locked)
        self._remove.setEnabled(not locked)

    def show_totals(self, totals: CounterTotals) -> None:
        """Say what was counted."""
        self._totals.setText(totals_words(totals))

    def _on_edited(self) -> None:
        name = self._name.text().strip()
        if name and name != self._counter.name:
            self.renamed.emit(name)
        elif not name:
            self._name.setText(self._counter.name)


def totals_words(totals: CounterTotals) -> str:
    """Return what a counter has counted, in words."""
    words = _("in {entered}  out {left}").format(
        entered=count(totals.entered), left=count(totals.left)
    )
    if totals.inside is None:
        return words
    return _("{words}  now {inside}").format(words=words, inside=count(totals.inside))


def unused_name(kind: str, counters: tuple[Counter, ...]) -> str:
    """Return a name for a new line or zone that no other has."""
    plain = _("Line") if kind == "line" else _("Zone")
    taken = {counter.name for counter in counters}
    number = 1
    while f"{plain} {number}" in taken:
        number += 1
    return f"{plain} {number}"
