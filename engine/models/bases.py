"""The networks that recipes begin with, by name."""

from __future__ import annotations

from pathlib import Path

from engine.errors import RecipeError
from engine.i18n import N_
from engine.models import yolo11
from engine.models.design import Design
from engine.models.registry import BOX_TASKS, Work
from engine.models.words import nearest

BASE, LEVELS = "base", "levels"
"""What the two kinds of works below are listed under, beside the slots."""


_BASES = tuple(
    Work(
        name=f"yolo11{scale}",
        slot=BASE,
        family="YOLO11",
        paper="",
        year=2024,
        origin="https://github.com/ultralytics/ultralytics",
        licence="AGPL-3.0; the layers are ultralytics' own",
    )
    for scale in yolo11.SCALES
)
_LEVELS = (
    Work(
        name="p2",
        slot=LEVELS,
        family="TPH-YOLOv5",
        paper="TPH-YOLOv5: Improved YOLOv5 Based on Transformer Prediction Head for Object"
        " Detection on Drone-captured Scenarios, ICCVW 2021",
        year=2021,
        arxiv="2108.11539",
        origin="https://github.com/cv516Buaa/tph-yolov5",
        licence="GPL-3.0; the level alone, laid out as in ultralytics' YAML files",
        tasks=BOX_TASKS,
    ),
    Work(
        name="p6",
        slot=LEVELS,
        family="YOLOv5",
        paper="",
        year=2021,
        origin="https://github.com/ultralytics/yolov5",
        licence="AGPL-3.0; laid out as in ultralytics' YAML files",
        tasks=BOX_TASKS,
    ),
)


def names() -> list[str]:
    """Return the names of all networks that a recipe can begin with."""
    return yolo11.names()


def works(slot: str | None = None) -> list[Work]:
    """Return what there is to begin with, bases and levels, or one kind of them."""
    return [work for work in (*_BASES, *_LEVELS) if slot in (None, work.slot)]


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
