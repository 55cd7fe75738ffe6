"""The places of a network where an improvement can go in, in the order that recipes list them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from engine.errors import RecipeError
from engine.i18n import N_
from engine.models.words import listed, nearest


@dataclass(frozen=True, slots=True)
class Slot:
    """One kind of part that a recipe can replace or add.

    Attributes:
        name: As recipes write it.
        title: For forms.
        help: One sentence.
        placed: Whether it takes places; without, there is one for the whole network.
        default: The place that is meant where a recipe names none; empty for everywhere.
    """

    name: str
    title: str
    help: str
    placed: bool = True
    default: str = ""


_SLOTS = (
    Slot("backbone", N_("Backbone"), N_("The whole part that extracts features."), placed=False),
    Slot("stem", N_("Stem"), N_("The first layer, from the picture to half its size.")),
    Slot("down", N_("Downsampling"), N_("The layers that halve height and width.")),
    Slot("block", N_("Block"), N_("The blocks that do most of the work, C3k2 in YOLO11.")),
    Slot("context", N_("Context"), N_("The pooling that sees large surroundings, SPPF in YOLO11.")),
    Slot("psa", N_("Position attention"), N_("The attention at the end of the backbone, C2PSA.")),
    Slot("attention", N_("Attention"), N_("An attention layer that is added."), default="neck"),
    Slot("up", N_("Upsampling"), N_("The layers that double height and width.")),
    Slot("fuse", N_("Fusion"), N_("How two feature maps become one, by default side by side.")),
    Slot("neck", N_("Neck"), N_("The whole part between backbone and head."), placed=False),
    Slot("head", N_("Head"), N_("What makes boxes, classes and masks."), placed=False),
    Slot("conv", N_("Convolution"), N_("The 3×3 convolutions inside the blocks.")),
    Slot("act", N_("Activation"), N_("The activation function everywhere."), placed=False),
    Slot("iou", N_("Box loss"), N_("How training judges boxes, CIoU in YOLO11."), placed=False),
    Slot("cls", N_("Class loss"), N_("How training judges classes."), placed=False),
    Slot("assign", N_("Assignment"), N_("Which places answer for which object."), placed=False),
)

SLOTS = {slot.name: slot for slot in _SLOTS}
ORDER = {name: number for number, name in enumerate(SLOTS)}
OF_LOSS = ("iou", "cls", "assign")
"""Slots that shape training alone: the network is the same without them."""


def unknown(slot: str, known: Iterable[str] = SLOTS) -> RecipeError:
    """Return the refusal of a slot that is not among the known ones."""
    names = list(known)
    return RecipeError(
        N_("There is no slot named {slot}; the nearest is {nearest}."),
        N_("The slots are: {slots}."),
        slot=slot,
        nearest=nearest(slot, names),
        slots=listed(names, len(names)),
    )
