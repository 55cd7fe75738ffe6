"""The page that shows what the best weights of a training are worth."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from PyQt6.QtCore import pyqtSignal
from PyQt6.QtWidgets import QComboBox, QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from desktop.background import Job, start
from desktop.figures import number
from desktop.panels.training.outcome import Bundle, Outcome, read
from desktop.widgets.confusion_matrix import ConfusionMatrix
from desktop.widgets.curve import Curve
from desktop.widgets.curves import Curves
from desktop.widgets.note import Note
from desktop.widgets.plot import Values
from desktop.widgets.plot_card import PlotCard
from engine.colours import class_colours
from engine.errors import EngineError
from engine.i18n import translate as _
from engine.training.words import part_word

MOST_LISTED = 7
"""With more classes the legend names their mean alone."""
_MEAN = "mean"
_SPAN = (0.0, 1.0)
# Room above 1 for the words at the best confidence.
_HEIGHTS = (0.0, 1.12)
Figure = Callable[[Values, Values], float]
"""Makes one figure of a curve: places and values, [N] each."""


class OutcomePanel(QWidget):
    """Confusion matrix, precision over recall, and F1 over confidence.

    Args:
        parent: The owner.

    Signals:
        failed: EngineError, a file could not be written.
    """

    failed = pyqtSignal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        """Show nothing yet."""
        super().__init__(parent)
        self._path: Path | None = None
        self._outcome: Outcome | None = None
        self._job: Job | None = None
        self.matrix = ConfusionMatrix()
        self._matrix_card = PlotCard(_("Confusion matrix"), self.matrix)
        self._measure = QComboBox()
        self._measure.setAccessibleName(_("What the confusion matrix shows"))
        self._measure.addItems([_("Counts"), _("Shares")])
        self._measure.currentIndexChanged.connect(lambda row: self.matrix.set_normalised(bool(row)))
        self._matrix_card.add_control(self._measure)
        self.precision = Curves(
            name=_("Precision over recall"),
            across=_("recall"),
            up=_("precision"),
            fixed=_HEIGHTS,
            reading=lambda place: _("recall {value}").format(value=number(place, 2)),
        )
        self.f1 = Curves(
            name=_("F1 over confidence"),
            across=_("confidence"),
            up="F1",
            fixed=_HEIGHTS,
            reading=lambda place: _("confidence {value}").format(value=number(place, 2)),
            low_legend=True,
        )
        self._precision_card = PlotCard(_("Precision and recall"), self.precision)
        self._f1_card = PlotCard("F1", self.f1)
        self.part = QComboBox()
        self.part.setAccessibleName(_("What of an object is judged"))
        self.part.currentIndexChanged.connect(self._show_curves)
        self._f1_card.add_control(self.part)
        figures = QWidget()
        layout = QHBoxLayout(figures)
        layout.setContentsMargins(16, 4, 16, 8)
        layout.setSpacing(20)
        for card in (self._matrix_card, self._precision_card, self._f1_card):
            layout.addWidget(card, 1)
        for savable in (self.matrix, self.precision, self.f1):
            savable.failed.connect(self.failed)
        self._note = Note()
        self._pages = QStackedWidget()
        self._pages.addWidget(self._note)
        self._pages.addWidget(figures)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(self._pages)

    def show_file(self, path: Path | None) -> None:
        """Show what a training wrote at its end, None for nothing."""
        if path == self._path:
            return
        self._path = path
        if self._job is not None:
            self._job.cancel()
            self._job = None
        self._pages.setCurrentIndex(0)
        self._note.set_text(_("Reading…") if path else _("Figures come at the end of a training."))
        if path is None:
            return

        def work(job: Job) -> Outcome:
            return read(path)

        def ended() -> None:
            self._job = None

        self._job = start(self, work, done=self._on_read, failed=self._on_unreadable, ended=ended)

    def _on_read(self, outcome: Outcome) -> None:
        self._outcome = outcome
        self.matrix.set_counts(outcome.names, outcome.confusion)
        confidence = number(outcome.confidence, 2)
        self._matrix_card.set_caption(_("confidence > {confidence}").format(confidence=confidence))
        self.part.blockSignals(True)
        self.part.clear()
        for part in outcome.curves:
            self.part.addItem(part_word(part), part)
        self.part.setVisible(len(outcome.curves) > 1)
        # Masks, where there are any, are what the task is about.
        self.part.setCurrentIndex(self.part.count() - 1)
        self.part.blockSignals(False)
        for card in (self._precision_card, self._f1_card):
            card.setVisible(bool(outcome.curves))
        self._show_curves()
        self._pages.setCurrentIndex(1)

    def _on_unreadable(self, error: EngineError) -> None:
        self._note.set_text(f"{error.message} {error.hint}")

    def _show_curves(self) -> None:
        part = self.part.currentData()
        if self._outcome is None or part not in self._outcome.curves:
            return
        kinds = self._outcome.curves[part]
        title = part_word(part) if self.part.count() > 1 else ""
        for card in (self._precision_card, self._f1_card):
            card.set_caption(title)
        empty = Bundle(np.zeros(0), {})
        self._draw(self.precision, kinds.get("pr", empty), "AP50", _area)
        f1 = kinds.get("f1", empty)
        self._draw(self.f1, f1, _("highest"), _highest)
        best = f1.mean
        self.f1.set_mark(None)
        if len(best) and np.isfinite(best).all():
            place = float(f1.across[best.argmax()])
            self.f1.set_mark(place, _("best at {value}").format(value=number(place, 2)))

    def _draw(self, plot: Curves, bundle: Bundle, title: str, figure: Figure) -> None:
        assert self._outcome is not None
        names = self._outcome.names
        colours = dict(zip(names, class_colours(names), strict=True))
        few = len(bundle.classes) <= MOST_LISTED
        curves = [
            Curve(f"class.{name}", name, colour=colours.get(name, "curve_plain"),
                  width=2.0 if few else 1.0, listed=few)
            for name in bundle.classes
        ]  # fmt: skip
        curves.append(Curve(_MEAN, _("mean"), colour="text", width=2.5))
        values = {f"class.{name}": each for name, each in bundle.classes.items()}
        values[_MEAN] = bundle.mean
        plot.set_curves(curves)
        plot.set_points(
            {key: (bundle.across, each) for key, each in values.items()},
            _SPAN,
            resting=(title, {key: figure(bundle.across, each) for key, each in values.items()}),
        )


def _area(across: Values, values: Values) -> float:
    return float(np.trapezoid(values, across))


def _highest(_across: Values, values: Values) -> float:
    return float(values.max(initial=0.0))
