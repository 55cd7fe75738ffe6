"""Recipes with a name, a title and a reason: files of the application or of a person.

A recipe file is YAML:

    title: {en: Small objects, zh_CN: 小目标}
    description: {en: When it may help and what it costs., zh_CN: …}
    recipe: yolo11n-p2:down=spd

Title and description may be plain text instead.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from engine import i18n
from engine.errors import RecipeError
from engine.i18n import N_
from engine.models import bases
from engine.models.recipe import Recipe, parse
from engine.models.words import listed, nearest
from engine.paths import resource

_LARGEST = 100_000
_SHAPE = N_("A recipe file has a title, a description and a recipe.")
_SUFFIXES = (".yaml", ".yml")


@dataclass(frozen=True, slots=True)
class RecipeFile:
    """A recipe that somebody gave a name.

    Attributes:
        name: Of the file, without its suffix.
        path: The file.
        titles: A few words, by language.
        descriptions: When it may help and what it costs, by language.
        recipe: What it makes.
    """

    name: str
    path: Path
    titles: Mapping[str, str]
    descriptions: Mapping[str, str]
    recipe: Recipe

    @property
    def title(self) -> str:
        """The title in the active language, or in English."""
        return _spoken(self.titles)

    @property
    def description(self) -> str:
        """The description in the active language, or in English."""
        return _spoken(self.descriptions)


def names() -> list[str]:
    """Return the names of the recipes that come with the application."""
    return sorted(path.stem for path in resource("recipes").glob("*.yaml"))


def all() -> list[RecipeFile]:
    """Return the recipes that come with the application, by name.

    Raises:
        RecipeError: A file is broken.
    """
    return [find(name) for name in names()]


def find(name: str) -> RecipeFile:
    """Return a recipe that comes with the application.

    Raises:
        RecipeError: There is none of that name, or its file is broken.
    """
    known = names()
    if name not in known:
        raise RecipeError(
            N_("There is no recipe named {name}; the nearest is {nearest}."),
            N_("There is: {known}."),
            name=name,
            nearest=nearest(name, known),
            known=listed(known),
        )
    return read(resource("recipes") / f"{name}.yaml")


def read(path: Path) -> RecipeFile:
    """Return the recipe in a file.

    Where its recipe begins with a YAML file of a network, that path is taken from the folder of the
    recipe file.

    Raises:
        RecipeError: The file cannot be read or is no recipe file.
    """
    content = _content(path)
    titles, descriptions = (_texts(content, key, path) for key in ("title", "description"))
    text = content.get("recipe")
    if not isinstance(text, str):
        raise _lacking(path, "recipe")
    try:
        recipe = parse(text)
    except RecipeError as error:
        raise RecipeError(
            N_("The recipe in {path} cannot be read: {reason}."),
            N_("Write it as base:slot=name(option=value)@place+place,slot=name."),
            path=path,
            reason=error.message.rstrip("."),
        ) from error
    if recipe.is_file:
        recipe = replace(recipe, base=str(path.parent / recipe.base))
    return RecipeFile(path.stem, path, titles, descriptions, recipe)


def resolve(text: str) -> Recipe:
    """Return the recipe that a person means.

    Args:
        text: The name of a recipe that comes with the application, the path of a recipe file, or a
            recipe as one line.

    Raises:
        RecipeError: It is none of these.
    """
    known = names()
    word = text.strip()
    if word.lower() in known:
        return find(word.lower()).recipe
    if _is_recipe_file(word):
        return read(Path(word)).recipe
    recipe = parse(text)
    if not recipe.is_file and not recipe.changes and recipe.base not in bases.names():
        raise RecipeError(
            N_("There is no network and no recipe named {name}; the nearest is {nearest}."),
            N_("The command `models` lists what there is."),
            name=recipe.base,
            nearest=nearest(recipe.base, [*bases.names(), *known]),
        )
    return recipe


def _is_recipe_file(text: str) -> bool:
    """Tell a recipe file from the YAML file of a network and from everything else."""
    if not text.lower().endswith(_SUFFIXES) or not os.path.isfile(text):
        return False
    try:
        return "recipe" in _content(Path(text))
    except RecipeError:
        # Whoever reads it as a network says what is wrong with it.
        return False


def _content(path: Path) -> Mapping[str, Any]:
    """Return what stands in a YAML file."""
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST + 1)
    except OSError as error:
        raise RecipeError(
            N_("Cannot read {path}: {reason}."),
            N_("Check the file and its permissions."),
            path=path,
            reason=error.strerror or error,
        ) from error
    if len(data) > _LARGEST:
        raise RecipeError(N_("{path} is too large for a recipe file."), _SHAPE, path=path)
    try:
        content = yaml.safe_load(data)
    # What its constructors raise on numbers and dates that are none is among these.
    except (yaml.YAMLError, ArithmeticError, AttributeError, LookupError, RecursionError,
            TypeError, ValueError) as error:  # fmt: skip
        mark = getattr(error, "problem_mark", None)
        raise RecipeError(
            N_("{path} is no valid YAML file; line {line} cannot be read.")
            if mark is not None
            else N_("{path} is no valid YAML file."),
            _SHAPE,
            path=path,
            line=0 if mark is None else mark.line + 1,
        ) from error
    if not isinstance(content, dict):
        raise RecipeError(N_("{path} is no recipe file."), _SHAPE, path=path)
    return content


def _texts(content: Mapping[str, Any], key: str, path: Path) -> dict[str, str]:
    """Return a text by language."""
    value = content.get(key)
    if isinstance(value, str):
        value = {"en": value}
    if not isinstance(value, dict) or "en" not in value:
        raise _lacking(path, key)
    texts = {code: text for code, text in value.items() if code in i18n.LANGUAGES}
    if any(not isinstance(text, str) or not text.strip() for text in texts.values()):
        raise _lacking(path, key)
    return {code: text.strip() for code, text in texts.items()}


def _lacking(path: Path, key: str) -> RecipeError:
    return RecipeError(N_("{path} lacks a readable {field}."), _SHAPE, path=path, field=key)


def _spoken(texts: Mapping[str, str]) -> str:
    return texts.get(i18n.language(), texts["en"])
