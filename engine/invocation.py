"""What a start asks for: the window, with files to open in it, or a command without one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

COMMANDS = frozenset({"data", "detect", "doctor", "export", "models", "self-test", "train"})
"""The commands, which go before files of the same name."""


@dataclass(frozen=True, slots=True)
class Window:
    """A start of the window.

    Attributes:
        files: What to open in it.
        language: What it is to speak, empty for what the settings say.
    """

    files: tuple[Path, ...] = ()
    language: str = ""


def window(arguments: Sequence[str]) -> Window | None:
    """Return what is asked of the window, None where the arguments are for the command line.

    A file manager passes the files that it is to open. Where at least one of them is there, the
    window opens and tells of the others.
    """
    language, rest = "", list(arguments)
    if rest[:1] == ["--lang"] and len(rest) > 1:
        language, rest = rest[1], rest[2:]
    if any(each.startswith("-") for each in rest) or rest[:1] and rest[0] in COMMANDS:
        return None
    files = tuple(Path(each).absolute() for each in rest)
    if files and not any(each.exists() for each in files):
        return None
    return Window(files, language)
