"""The plots of a training: losses and metrics side by side; speed and memory beside the rate."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from PyQt6.QtCore import pyqtSignal
from PyQt6.QtWidgets import QHBoxLayout, QWidget

from desktop.figures import number
from desktop.panels.training.curve_names import loss_curves, main_metric, metric_curves
from desktop.panels.training.series import Series
from desktop.widgets.curve import Curve
from desktop.widgets.curves import Curves
from desktop.widgets.plot_card import PlotCard
from engine.i18n import N_
from engine.i18n import translate as _
from engine.training.record import RunRecord
from engine.training.words import metric_word

# Room above 1 for the words at the line of the best epoch.
_METRICS_SPAN = (0.0, 1.12)
_SMALL_RATE = 1e-4
_COURSES = (
    ("lr", N_("Learning rate"), N_("learning rate"), "curve_class", 2),
    ("images_per_s", N_("Pictures a second"), N_("pictures a second"), "curve_box", 1),
    ("memory_gb", N_("Memory"), N_("memory (GB)"), "curve_mask", 2),
)


class EpochPlots(QWidget):
    """Plots whose lower axis is the epochs; they zoom and point together.

    Args:
        cards: The plots with their titles.
        parent: The owner.

    Signals:
        failed: EngineError, a file could not be written.
    """

    failed = pyqtSignal(object)

    def __init__(self, cards: dict[Curves, PlotCard], parent: QWidget | None = None) -> None:
        """Put the plots side by side."""
        super().__init__(parent)
        self._plots = list(cards)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(16, 4, 16, 8)
        layout.setSpacing(20)
        for plot, card in cards.items():
            layout.addWidget(card, 1)
            plot.failed.connect(self.failed)
            plot.pointed.connect(self._on_pointed)
            plot.viewed.connect(self._on_viewed)

    def forget(self) -> None:
        """Show all epochs of another run."""
        for plot in self._plots:
            plot.set_view(None)
            plot.set_place(None)

    def _on_pointed(self, place: float | None) -> None:
        for plot in self._plots:
            if plot is not self.sender():
                plot.set_place(place)

    def _on_viewed(self, view: tuple[float, float] | None) -> None:
        for plot in self._plots:
            if plot is not self.sender():
                plot.set_view(view)


class LearningPlots(EpochPlots):
    """Losses on the left, metrics on the right."""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Show no curves yet."""
        self.losses = Curves(
            name=_("Losses"), across=_("epoch"), up=_("loss"), reading=_epoch, whole=True
        )
        self.metrics = Curves(
            name=_("Metrics"),
            across=_("epoch"),
            up=_("validation metric, 0–1"),
            side="right",
            fixed=_METRICS_SPAN,
            reading=_epoch,
            whole=True,
            low_legend=True,
        )
        self._losses_card = PlotCard(_("Losses"), self.losses)
        self._losses_card.set_caption(_("mean of an epoch, validation dashed"))
        self._metrics_card = PlotCard(_("Metrics"), self.metrics)
        cards = {self.losses: self._losses_card, self.metrics: self._metrics_card}
        super().__init__(cards, parent)

    def show_series(self, series: Series, record: RunRecord) -> None:
        """Draw what is known by now."""
        span = epoch_span(series, record)
        losses, metrics = loss_curves(series.keys), metric_curves(series.keys)
        for plot, curves in ((self.losses, losses), (self.metrics, metrics)):
            plot.set_curves(curves)
            points = {curve.key: (series.epochs, series[curve.key]) for curve in curves}
            plot.set_points(points, span, reached=float(series.epochs[-1]))
        best = record.best
        if best is None:
            self.losses.set_mark(None)
            self.metrics.set_mark(None)
        else:
            said = _("best {metric}, epoch {epoch}").format(
                metric=metric_word(main_metric(list(best.metrics))), epoch=best.epoch
            )
            self.losses.set_mark(best.epoch)
            self.metrics.set_mark(best.epoch, said)
        self._metrics_card.set_caption(validated(record))


class CoursePlots(EpochPlots):
    """Learning rate, speed and memory."""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Show no curves yet."""
        self.plots: dict[str, Curves] = {}
        self._figures: dict[str, Callable[[float], str]] = {}
        self._cards: dict[str, PlotCard] = {}
        self._series = Series()
        for key, title, up, colour, decimals in _COURSES:
            self._figures[key] = rate if key == "lr" else partial(number, decimals=decimals)
            plot = Curves(
                name=_(title),
                across=_("epoch"),
                up=_(up),
                reading=_epoch,
                whole=True,
            )
            # One value has room beside the title.
            plot.set_curves([Curve(key, _(title), colour=colour, listed=False)])
            plot.pointed.connect(self._say)
            self.plots[key] = plot
            self._cards[key] = PlotCard(_(title), plot)
        super().__init__({self.plots[key]: card for key, card in self._cards.items()}, parent)

    def show_series(self, series: Series, record: RunRecord) -> None:
        """Draw what is known by now."""
        span = epoch_span(series, record)
        for key, plot in self.plots.items():
            reached = float(series.epochs[-1])
            plot.set_points({key: (series.epochs, series[key])}, span, reached=reached)
        self._series = series
        self._say(None)

    def _say(self, place: float | None) -> None:
        """Say the values of an epoch beside the titles, by default those of the last."""
        at = len(self._series) - 1
        if place is not None:
            at = min(int(np.searchsorted(self._series.epochs, place)), at)
        epoch = f"{self._series.epochs[at]:.0f}"
        for key, card in self._cards.items():
            value = self._figures[key](float(self._series[key][at]))
            card.set_caption(_("epoch {epoch}: {value}").format(epoch=epoch, value=value))


def epoch_span(series: Series, record: RunRecord) -> tuple[float, float]:
    """Return from where to where the axis of epochs goes: to the last that is wanted."""
    last = float(series.epochs[-1])
    # A run that is over does not leave room for what will not come.
    wanted = record.wanted if record.stage.busy else 0
    return 0.0, max(last, float(wanted), 1.0)


def validated(record: RunRecord) -> str:
    """Return on how many pictures a run is validated, empty where that is unknown."""
    pictures = record.started.get("validation")
    return _("validation, {count} pictures").format(count=pictures) if pictures else ""


def rate(value: float) -> str:
    """Return a learning rate with two figures that count, such as 0.00042 or 4.2e-6."""
    if 0 < value < _SMALL_RATE:
        figures, _e, power = f"{value:.1e}".partition("e")
        return f"{number(float(figures), 1)}e{int(power)}"
    decimals = 2
    while 0 < value < 10.0 ** (1 - decimals):
        decimals += 1
    return number(value, decimals)


def _epoch(place: float) -> str:
    return _("epoch {epoch}").format(epoch=f"{place:.0f}")
