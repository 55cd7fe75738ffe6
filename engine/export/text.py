"""Texts as a file format can hold them, otherwise unaltered."""

from __future__ import annotations

import re

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
"""Stands for a character that a format cannot hold."""

_SURROGATE = re.compile("[\ud800-\udfff]")
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def encodable(text: str) -> str:
    """Return a text that UTF-8 can hold: lone surrogates, as of odd file names, replaced."""
    return _SURROGATE.sub(REPLACEMENT, text)


def printable(text: str) -> str:
    """Return a text without the control characters that XML and spreadsheets forbid."""
    return _NOT_XML.sub(REPLACEMENT, text)
