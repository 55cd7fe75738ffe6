"""The curves of the runs that are selected, over one another."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PyQt6.QtCore import pyqtSignal
from PyQt6.QtWidgets import QLabel, QVBoxLayout, QWidget

from desktop.background import Lane
from desktop.panels.training.overlaid import RunsPlot
from engine.errors import EngineError
from engine.i18n import translate as _
from engine.training.folder import RunFolder
from engine.training.record import RunRecord
from engine.training.retelling import retell
from engine.training.runs import Run

MOST_RUNS = 10
HEIGHT = 220
_Told = list[tuple[str, RunRecord]]


class RunsCurves(QWidget):
    """Reads the stories of several runs outside the UI thread and draws them; hidden for one.

    Args:
        parent: The owner.

    Signals:
        shown: Names and records whose curves are drawn now.
        failed: EngineError.
    """

    shown = pyqtSignal(object)
    failed = pyqtSignal(object)

    def __init__(self, *, parent: QWidget | None = None) -> None:
        """Show nothing yet."""
        super().__init__(parent)
        self.setMinimumHeight(HEIGHT)
        self._asked: tuple[tuple[Path, str, int], ...] = ()
        self.plot = RunsPlot()
        self._note = QLabel()
        self._note.setProperty("role", "caption")
        self._note.hide()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self._note)
        layout.addWidget(self.plot, 1)
        self._lane = Lane("curves", self._read, parent=self)
        self._lane.answered.connect(self._on_read)
        self._lane.failed.connect(self.failed)

    def close_threads(self) -> None:
        """End the thread that reads."""
        self._lane.close()

    def show_runs(self, chosen: Sequence[Run]) -> None:
        """Show the curves of runs where there are several; at most `MOST_RUNS` of them."""
        self.setVisible(len(chosen) > 1)
        asked = tuple((run.path, run.name, run.epoch) for run in chosen[:MOST_RUNS])
        if len(chosen) < 2:
            self._asked = ()
            return
        more = len(chosen) > len(asked)
        self._note.setText(
            _("The first {count} of {total} selected runs are drawn.").format(
                count=len(asked), total=len(chosen)
            )
        )
        self._note.setVisible(more)
        # The same again, as when the list is read anew, is nothing to do.
        if asked != self._asked:
            self._asked = asked
            self._lane.ask(asked)

    def _read(self, asked: tuple[tuple[Path, str, int], ...]) -> tuple[object, _Told] | None:
        told: _Told = []
        for path, name, _epoch in asked:
            if self._lane.superseded():
                return None
            try:
                told.append((name, retell(RunFolder(path))))
            except EngineError as error:
                self._lane.failed.emit(error)
        return asked, told

    def _on_read(self, answer: tuple[object, _Told]) -> None:
        asked, told = answer
        if asked == self._asked:
            self.plot.show_runs(told)
            self.shown.emit(told)
