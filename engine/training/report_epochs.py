"""The epochs of a run as a table, and what is drawn of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import cycle

from engine.export.sheets import Sheet
from engine.export.table import Column, share, text, whole
from engine.i18n import translate as _
from engine.training.record import EpochReport
from engine.training.report_curves import COLOURS, Chart, Curve
from engine.training.words import loss_word, metric_word


def epochs_sheet(epochs: Sequence[EpochReport]) -> tuple[Sheet, list[Chart]]:
    """Return the sheet of epochs, a row each, and the charts of losses, metrics and rate."""
    losses = _names(each.losses for each in epochs)
    val_losses = _names(each.val_losses for each in epochs)
    metrics = _names(each.metrics for each in epochs)
    columns = [
        whole(_("Epoch")),
        *(_loss(_("Training loss: {name}"), name) for name in losses),
        *(_loss(_("Validation loss: {name}"), name) for name in val_losses),
        *(share(metric_word(name)) for name in metrics),
        Column(_("Learning rate"), 14, shown="0.000000"),
        Column(_("Pictures a second"), 14, decimals=2, shown="0.0"),
        Column(_("Memory (MB)"), 14, decimals=1, shown="0"),
        Column(_("Elapsed (s)"), 14, decimals=1, shown="0"),
        text(_("Best so far"), 12),
    ]
    rows = [
        [
            each.epoch,
            *(each.losses.get(name) for name in losses),
            *(each.val_losses.get(name) for name in val_losses),
            *(each.metrics.get(name) for name in metrics),
            each.lr,
            each.images_per_s,
            each.memory_mb,
            each.elapsed_s,
            _("yes") if each.is_best else None,
        ]
        for each in epochs
    ]
    title = _("Epochs")
    charts = [
        Chart(above, title, 1, curves, (_("Epoch"), up), len(rows))
        for above, curves, up in (
            (_("Losses"), _loss_curves(losses, val_losses), _("Loss")),
            (_("Metrics"), _curves(metrics, len(losses) + len(val_losses)), _("Metric, 0 to 1")),
            (
                _("Learning rate"),
                (Curve(_("Learning rate"), len(columns) - 4, COLOURS[0]),),
                _("Learning rate"),
            ),
        )
    ]
    return Sheet(title, columns, rows, len(rows)), charts


def _names(values: Iterable[Mapping[str, float | None]]) -> list[str]:
    """Return all names in the order in which they first come."""
    return list(dict.fromkeys(name for each in values for name in each))


def _loss(template: str, name: str) -> Column:
    return Column(template.format(name=loss_word(name)), 12, decimals=5, shown="0.0000")


def _loss_curves(losses: Sequence[str], val_losses: Sequence[str]) -> tuple[Curve, ...]:
    """Return the curves of losses: those of validation in the same colours, dashed."""
    colours = dict(zip(dict.fromkeys((*losses, *val_losses)), cycle(COLOURS), strict=False))
    curves = [Curve(loss_word(name), place, colours[name]) for place, name in enumerate(losses, 2)]
    for place, name in enumerate(val_losses, 2 + len(losses)):
        words = _("{name}, validation").format(name=loss_word(name))
        curves.append(Curve(words, place, colours[name], dashed=True))
    return tuple(curves)


def _curves(metrics: Sequence[str], before: int) -> tuple[Curve, ...]:
    places = enumerate(metrics, 2 + before)
    return tuple(
        Curve(metric_word(name), place, colour)
        for (place, name), colour in zip(places, cycle(COLOURS), strict=False)
    )
