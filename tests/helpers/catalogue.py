"""A catalogue of translations made for one test."""

import gettext
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo

from engine import i18n

ENGLISH_WORDS = {"usage: ": "用法: ", "options": "选项"}
"""Words of argparse itself, with their translation."""


def write_catalogue(folder: Path, texts: Mapping[str, str], code: str = "zh_CN") -> None:
    """Write translations as gettext reads them, below a folder of languages."""
    catalogue = Catalog(locale=code, domain=i18n.DOMAIN)
    for text, translation in texts.items():
        catalogue.add(text, translation)
    path = folder / code / "LC_MESSAGES" / f"{i18n.DOMAIN}.mo"
    path.parent.mkdir(parents=True)
    with path.open("wb") as file:
        write_mo(file, catalogue)


@contextmanager
def catalogue(folder: Path, texts: Mapping[str, str]) -> Iterator[None]:
    """Let Chinese be these translations and nothing else, and speak English again at the end."""
    write_catalogue(folder, texts)
    try:
        with patch.object(i18n, "resource", lambda name: folder):
            yield
    finally:
        speak_english()


def speak_english() -> None:
    """Put every switch of the languages back to where a fresh process has it."""
    i18n.activate("en")
    os.environ.pop("LANGUAGE", None)
    gettext.textdomain("messages")
