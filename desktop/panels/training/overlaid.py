"""Curves of several trainings over one another."""

from __future__ import annotations

from collections.abc import Sequence

from PyQt6.QtCore import pyqtSignal
from PyQt6.QtWidgets import QComboBox, QStackedWidget, QVBoxLayout, QWidget

from desktop.figures import number
from desktop.panels.training.curve_names import main_metric
from desktop.panels.training.series import Series
from desktop.widgets.curve import Curve, Points
from desktop.widgets.curves import Curves
from desktop.widgets.note import Note
from desktop.widgets.plot_card import PlotCard
from engine.i18n import translate as _
from engine.training.record import RunRecord
from engine.training.words import loss_word, metric_word

COLOURS = (
    "curve_box", "curve_mask", "curve_class", "curve_pose", "curve_dfl", "curve_plain",
)  # fmt: skip
"""Of runs in their order; after the last the first comes again, dashed."""

MOST_LISTED = 10
"""So many runs are named in the legend."""

_HIGHEST = 1.05


class RunsPlot(QWidget):
    """One figure of several runs by epoch, and what chooses the figure.

    Args:
        parent: The owner.

    Signals:
        failed: EngineError, the plot could not be written.
    """

    failed = pyqtSignal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        """Show the sentence that there are no runs."""
        super().__init__(parent)
        self._runs: list[tuple[str, Series]] = []
        self.choice = QComboBox()
        self.choice.setAccessibleName(_("What the curves show"))
        self.choice.currentIndexChanged.connect(self._draw)
        self.plot = Curves(
            name=_("Runs over one another"),
            across=_("epoch"),
            up="",
            reading=lambda place: _("epoch {epoch}").format(epoch=f"{place:.0f}"),
            figure=lambda value: number(value, 3),
            whole=True,
            low_legend=True,
        )
        self.plot.failed.connect(self.failed)
        card = PlotCard(_("Runs over one another"), self.plot)
        card.add_control(self.choice)
        self._note = Note()
        framed = QWidget()
        inside = QVBoxLayout(framed)
        inside.setContentsMargins(16, 8, 16, 8)
        inside.addWidget(card)
        self._pages = QStackedWidget()
        self._pages.addWidget(self._note)
        self._pages.addWidget(framed)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._pages)
        self.show_runs([])

    def show_runs(self, runs: Sequence[tuple[str, RunRecord]]) -> None:
        """Show runs by name; the figure that was chosen stays where they have it."""
        self._runs = []
        for name, record in runs:
            series = Series()
            series.follow(record)
            if len(series):
                self._runs.append((name, series))
        said = _("None of these runs finished an epoch.") if runs else _("Choose runs to compare.")
        self._note.set_text(said)
        self._pages.setCurrentIndex(1 if self._runs else 0)
        self._offer()
        self.plot.set_view(None)
        self._draw()

    def _offer(self) -> None:
        """List the figures that any of the runs has, the metrics first."""
        keys = dict.fromkeys(key for _name, series in self._runs for key in series.keys)
        listed = [key for group in ("metrics.", "losses.", "val_losses.")
                  for key in keys if key.startswith(group)]  # fmt: skip
        names = [key.partition(".")[2] for key in listed if key.startswith("metrics.")]
        kept = self.choice.currentData()
        chosen = kept if kept in listed else f"metrics.{main_metric(names)}"
        self.choice.blockSignals(True)
        self.choice.clear()
        for key in listed:
            self.choice.addItem(_title(key), key)
        self.choice.setCurrentIndex(max(self.choice.findData(chosen), 0))
        self.choice.blockSignals(False)

    def _draw(self) -> None:
        key = self.choice.currentData()
        curves: list[Curve] = []
        points: dict[str, Points] = {}
        for place, (name, series) in enumerate(self._runs):
            if key in series.keys:
                turn, colour = divmod(place, len(COLOURS))
                look = Curve(
                    str(place),
                    name,
                    colour=COLOURS[colour],
                    dashed=bool(turn % 2),
                    listed=place < MOST_LISTED,
                )
                curves.append(look)
                points[str(place)] = series.epochs, series[key]
        last = max((float(x[-1]) for x, _values in points.values()), default=1.0)
        is_metric = str(key).startswith("metrics.")
        self.plot.set_heights((0.0, _HIGHEST) if is_metric else None)
        self.plot.set_labels(across=_("epoch"), up=_title(str(key)))
        self.plot.set_curves(curves)
        ends = {name: float(values[-1]) for name, (_epochs, values) in points.items()}
        self.plot.set_points(points, (0.0, max(last, 1.0)), resting=(_("last epoch"), ends))


def _title(key: str) -> str:
    """Return what a figure of a `Series` is called."""
    group, _dot, name = key.partition(".")
    if group == "metrics":
        return metric_word(name)
    loss = loss_word(name)
    words = _("{name} loss, training") if group == "losses" else _("{name} loss, validation")
    return words.format(name=loss)
