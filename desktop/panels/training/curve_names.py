"""How the figures of a training are called and drawn: hue says what, dashes say which."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from desktop.widgets.curve import Curve
from engine.i18n import translate as _
from engine.training.words import PARTS, loss_word, metric_word

PLAIN = "curve_plain"
LOSS_COLOURS = {
    "box": "curve_box",
    "cls": "curve_class",
    "dfl": "curve_dfl",
    "seg": "curve_mask",
    "pose": "curve_mask",
    "kobj": "curve_pose",
    "angle": "curve_pose",
    "loss": "curve_class",
}
METRIC_LOOKS = {
    "precision": (PLAIN, False),
    "recall": (PLAIN, True),
    "map50": ("curve_box", True),
    "map50_95": ("curve_box", False),
    "top1": ("curve_box", False),
    "top5": ("curve_box", True),
}
"""Colour and whether dashed, by name without what it is of."""


def split(name: str) -> tuple[str, str]:
    """Return what a metric is of, a key of `PARTS`, and its name without that."""
    part, _line, rest = name.partition("_")
    return (part, rest) if part in PARTS and rest in METRIC_LOOKS else ("box", name)


def loss_curves(keys: Iterable[str]) -> list[Curve]:
    """Return a curve a loss of training, solid, and of validation, dashed.

    Args:
        keys: Of a `Series`; those of other figures are passed over.
    """
    found = []
    for group, column in (("losses", _("train")), ("val_losses", _("val"))):
        for key in _of(keys, group):
            name = key.partition(".")[2]
            colour = LOSS_COLOURS.get(name, PLAIN)
            dashed = group == "val_losses"
            found.append(Curve(key, loss_word(name), column, colour, dashed))
    return found


def metric_curves(keys: Iterable[str]) -> list[Curve]:
    """Return a curve a metric; a column for each of boxes, masks and poses where there are two.

    Args:
        keys: Of a `Series`; those of other figures are passed over.
    """
    names = [key.partition(".")[2] for key in _of(keys, "metrics")]
    parts = {split(name)[0] for name in names}
    found = []
    for name in names:
        part, plain = split(name)
        colour, dashed = METRIC_LOOKS.get(plain, (PLAIN, False))
        if part != "box" and colour != PLAIN:
            colour = "curve_mask"
        column = _(PARTS[part]) if len(parts) > 1 else ""
        found.append(Curve(f"metrics.{name}", metric_word(plain), column, colour, dashed))
    return found


def main_metric(names: Sequence[str]) -> str:
    """Return the name of the metric that says most, of those that there are; empty for none."""
    for name in ("mask_map50_95", "pose_map50_95", "map50_95", "top1"):
        if name in names:
            return name
    return names[0] if names else ""


def _of(keys: Iterable[str], group: str) -> list[str]:
    return [key for key in keys if key.startswith(f"{group}.")]
