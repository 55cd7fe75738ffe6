"""Languages: one gettext mechanism for the window, the engine and the command line."""

from __future__ import annotations

import gettext
import locale
import os

from engine.paths import resource

DOMAIN = "labsight"
LANGUAGES = {"en": "English", "zh_CN": "简体中文"}

_active: gettext.NullTranslations = gettext.NullTranslations()
_language = "en"


def N_(text: str) -> str:
    """Mark a text for translation where it stands and translate it later."""
    return text


def translate(text: str) -> str:
    """Return the text in the active language, or the text itself where it has no translation."""
    return _active.gettext(text) if text else text


def language() -> str:
    """Return the active language, a key of `LANGUAGES`."""
    return _language


def activate(code: str) -> None:
    """Make `code`, a key of `LANGUAGES`, the language of every text from now on."""
    global _active, _language
    directory = resource("i18n")
    _active = gettext.translation(DOMAIN, directory, languages=[code], fallback=True)
    _language = code
    # argparse takes its own words from gettext's global domain.
    gettext.bindtextdomain(DOMAIN, str(directory))
    gettext.textdomain(DOMAIN)
    os.environ["LANGUAGE"] = code


def preferred() -> str:
    """Return the language this machine asks for: `LABSIGHT_LANG`, then the locale, then English."""
    names = ("LABSIGHT_LANG", "LC_ALL", "LC_MESSAGES", "LANG")
    asked = [os.environ.get(name, "") for name in names]
    asked.append(locale.getlocale()[0] or "")
    first = next((value for value in asked if value), "en")
    return "zh_CN" if first.lower().startswith(("zh", "chinese")) else "en"
