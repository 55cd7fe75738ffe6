"""What a training can be made of: recipes and start weights to pick from. For other threads."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from desktop.panels.parameters import TASK_WORDS
from desktop.training_state import Choice, RecipeFacts
from engine.errors import EngineError
from engine.i18n import translate as _
from engine.paths import bundled_weights, weights_folder

RUNS_OFFERED = 20
_SCALES = "nsmlx"
_SMALL = "ns"
_LEVELS = ("-p2", "-p6")


def read_recipe(text: str) -> RecipeFacts:
    """Return what the text of a recipe means, or why it means nothing.

    Whether its improvements are there and fit their places is known once the network is built,
    which the process that measures a training does.
    """
    from engine.models import bases, recipe_files

    try:
        return RecipeFacts(text, bases.find(recipe_files.resolve(text).base).task)
    except EngineError as error:
        return RecipeFacts(text, error=error)


def adapted(text: str, tasks: Sequence[str]) -> str | None:
    """Return a recipe with a head for one of these tasks.

    None where it has one already, where its base is not ours to change, or where it cannot be read.
    """
    from engine.models import bases, recipe_files

    try:
        recipe = recipe_files.resolve(text)
        if recipe.is_file or not tasks or bases.find(recipe.base).task in tasks:
            return None
    except EngineError:
        return None
    base = _with_task(recipe.base, tasks[0])
    return None if base is None else str(dataclasses.replace(recipe, base=base))


def recipe_choices(tasks: Sequence[str]) -> tuple[Choice, ...]:
    """Return recipes to pick from, those for the most likely task first.

    Args:
        tasks: What the data can train; empty for every task.
    """
    from engine.models import recipe_files, yolo11

    suffixes = {task: suffix for suffix, task in yolo11.TASKS.items()}
    wanted = [task for task in tasks or TASK_WORDS if task in suffixes]
    found: dict[str, Choice] = {}
    for place, task in enumerate(wanted):
        for scale in _SCALES:
            name = f"yolo11{scale}{suffixes[task]}"
            found.setdefault(name, Choice(name, _(TASK_WORDS[task])))
        if place or not tasks:
            continue
        for file in recipe_files.all():
            text = adapted(str(file.recipe), (task,)) or str(file.recipe)
            found.setdefault(text, Choice(text, file.title, file.description))
        for level in _LEVELS:
            for scale in _SMALL:
                name = f"yolo11{scale}{level}{suffixes[task]}"
                if name in yolo11.names():
                    found.setdefault(name, Choice(name, _(TASK_WORDS[task])))
    return tuple(found.values())


def weights_choices(chosen: Path | None) -> tuple[Choice, ...]:
    """Return weights to start from: bundled ones, downloaded ones, the best ones of former runs.

    Args:
        chosen: Those of the settings, which are among them wherever they lie.
    """
    from engine.training.runs import find_runs

    found = {path: Choice(str(path), path.stem, str(path)) for path in bundled_weights()}
    for path in sorted(weights_folder().glob("*.pt")):
        found[path] = Choice(str(path), path.stem, str(path))
    runs = [folder for folder in find_runs() if folder.best.is_file()]
    for folder in runs[:RUNS_OFFERED]:
        words = _("{name}, best").format(name=folder.about().name)
        found[folder.best] = Choice(str(folder.best), words, str(folder.best))
    if chosen is not None and chosen not in found:
        found[chosen] = Choice(str(chosen), chosen.stem, str(chosen))
    return tuple(found.values())


def _with_task(base: str, task: str) -> str | None:
    """Return the base of the same size for another task, None where there is none."""
    from engine.models import bases, yolo11

    suffix = {task: suffix for suffix, task in yolo11.TASKS.items()}.get(task)
    if suffix is None:
        return None
    stem = base
    for each in sorted(yolo11.TASKS, key=len, reverse=True):
        if each and base.endswith(each):
            stem = base.removesuffix(each)
            break
    return f"{stem}{suffix}" if f"{stem}{suffix}" in bases.names() else None
