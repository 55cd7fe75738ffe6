"""Every sentence of the program stands in every catalogue, with the same values in it."""

import argparse
import gettext
import string
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from engine.i18n import LANGUAGES
from engine.paths import ROOT, resource

KEYWORDS = {"_": None, "N_": None, "translate": None}
TRANSLATED = [code for code in LANGUAGES if code != "en"]


def sentences() -> set[str]:
    """Return what the source files mark for translation."""
    found = set()
    folders = [folder for folder in ("engine", "desktop") if (ROOT / folder).is_dir()]
    for folder in folders:
        entries = extract_from_dir(ROOT / folder, [("**.py", "python")], keywords=KEYWORDS)
        found |= {str(message) for _, _, message, _, _ in entries if message}
    return found


def catalogue(code: str) -> Catalog:
    path = resource(f"i18n/{code}/LC_MESSAGES/labsight.po")
    with path.open("rb") as file:
        return read_po(file, locale=code)


def entries(code: str) -> Iterator[tuple[str, str]]:
    for message in catalogue(code):
        if message.id:
            assert not message.fuzzy, message.id
            yield str(message.id), str(message.string)


def fields(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name is not None}


def of_argparse(text: str) -> bool:
    """Tell whether argparse's own source holds a text."""
    source = Path(argparse.__file__).read_text(encoding="utf-8")
    return f"'{text}'" in source or f'"{text}"' in source


@pytest.mark.parametrize("code", TRANSLATED)
def test_nothing_is_missing_and_nothing_is_left_over(code: str) -> None:
    known = dict(entries(code))
    wanted = sentences()
    assert len(wanted) > 100
    assert sorted(wanted - set(known)) == []
    assert sorted(key for key in set(known) - wanted if not of_argparse(key)) == []
    assert [key for key, text in known.items() if not text.strip()] == []


@pytest.mark.parametrize("code", TRANSLATED)
def test_the_values_are_the_same(code: str) -> None:
    for original, text in entries(code):
        if of_argparse(original):
            assert original.count("%") == text.count("%"), original
        else:
            assert fields(original) == fields(text), original


@pytest.mark.parametrize("code", TRANSLATED)
def test_the_compiled_catalogue_is_that_of_the_source(code: str) -> None:
    path = resource(f"i18n/{code}/LC_MESSAGES/labsight.mo")
    assert path.is_file(), "bootstrap.py compiles the catalogues"
    with path.open("rb") as file:
        compiled = gettext.GNUTranslations(file)
    assert {key: compiled.gettext(key) for key, _ in entries(code)} == dict(entries(code))
