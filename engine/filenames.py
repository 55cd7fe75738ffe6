"""File names made from the names of sources: readable, and valid on every system."""

from __future__ import annotations

import re
import unicodedata

_MAX_NAME_BYTES = 180
_RESERVED = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])", re.IGNORECASE)
_FORBIDDEN = '<>:"/\\|?*'
_JOINERS = "\u200c\u200d"


def media_name(origin: str, index: int, pages: bool, taken: set[str], suffix: str = ".jpg") -> str:
    """Return a file name for the annotated picture of a source that no other one has.

    Args:
        origin: The file or stream it came from, as in `Frame`.
        index: Position in its source, from 0.
        pages: The source has several pages: their number, from 1, becomes part of the name.
        taken: The names given so far, in the form in which they collide; begin with an empty set.
            The new name is added.
        suffix: Of the file, with its dot.
    """
    stem, page = _safe_stem(origin), f"-p{index + 1:03d}" if pages else ""

    def numbered(number: int) -> str:
        tail = page + (f"-{number}" if number > 1 else "") + suffix
        return _cut(stem, _MAX_NAME_BYTES - len(tail.encode())) + tail

    # Steps that double and then halve find a free number quickly among ten thousand equal names.
    low, high = 0, 1
    while _collision_key(numbered(high)) in taken:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        if _collision_key(numbered(middle)) in taken:
            low = middle
        else:
            high = middle
    taken.add(_collision_key(numbered(high)))
    return numbered(high)


def _collision_key(name: str) -> str:
    """Return the form in which Windows and macOS compare names."""
    return unicodedata.normalize("NFC", name).casefold()


def _safe_stem(origin: str) -> str:
    """Return the readable part of a file's or stream's name, valid on every system."""
    is_address = "://" in origin
    path = origin.split("?")[0] if is_address else origin
    last = re.split(r"[\\/]", path.rstrip("\\/"))[-1]
    if is_address and path.rstrip("/").count("/") == 2:
        # An address without a path: its host, never its password.
        stem = last.rpartition("@")[2]
    else:
        stem = last.rpartition(".")[0] or last
    kept = "".join(_safe(letter) for letter in unicodedata.normalize("NFC", stem)).strip(" .")
    if _RESERVED.fullmatch(kept.split(".")[0].rstrip()):
        kept = "_" + kept
    return kept or "picture"


def _safe(letter: str) -> str:
    kind = unicodedata.category(letter)
    if kind in ("Cc", "Cs", "Zl", "Zp") or letter in _FORBIDDEN:
        return "_"
    # Of the invisible marks only those that hold an emoji together are kept.
    invisible = (
        kind == "Cf" and letter not in _JOINERS and not "\U000e0020" <= letter <= "\U000e007f"
    )
    return "" if invisible else letter


def _cut(text: str, limit: int) -> str:
    """Return as many whole letters as fit into `limit` bytes of UTF-8."""
    data = text.encode()
    return (
        text if len(data) <= limit else data[:limit].decode(errors="ignore").rstrip(" ." + _JOINERS)
    )
