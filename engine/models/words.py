"""Words that people type: what they may have meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def nearest(word: str, choices: Iterable[str]) -> str:
    """Return the choice that is most like a word, or nothing where there are none."""
    known = {choice.casefold(): choice for choice in reversed(list(choices))}
    found = difflib.get_close_matches(word.casefold(), known, n=1, cutoff=0.0)
    return known[found[0]] if found else ""


def listed(words: Iterable[str], most: int = 12) -> str:
    """Return words with commas between them, the first ones where they are many."""
    known = list(words)
    return ", ".join(known[:most]) + (" …" if len(known) > most else "")
