"""The networks that recipes begin with, by name."""

from __future__ import annotations

from pathlib import Path

from engine.errors import RecipeError
from engine.i18n import N_
from engine.models import yolo11
from engine.models.design import Design
from engine.models.words import nearest


def names() -> list[str]:
    """Return the names of all networks that a recipe can begin with."""
    return yolo11.names()


def find(base: str) -> Design:
    """Return the design of a base.

    Args:
        base: A name, or the path of a YAML file.

    Raises:
        RecipeError: There is no such network, or the file describes none.
    """
    if base.lower().endswith((".yaml", ".yml")):
        from engine.models.yaml_file import read

        return read(Path(base))
    design = yolo11.design(base)
    if design is None:
        raise RecipeError(
            N_("There is no network {base}; the nearest is {nearest}."),
            N_("Networks are yolo11 with n, s, m, l or x, then -p2 or -p6, then -seg, -pose, -obb"
               " or -cls."),
            base=base,
            nearest=nearest(base, names()),
        )  # fmt: skip
    return design
