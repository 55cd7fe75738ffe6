"""What the command line says, and where: results on stdout, everything else on stderr."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Mapping

from engine.errors import EngineError
from engine.types import Progress


def use_utf8() -> None:
    """Make both streams take any text whatever the console's encoding."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(encoding="utf-8", errors="backslashreplace")


def say(text: str) -> None:
    """Print a line of the result."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def say_json(value: Mapping[str, object]) -> None:
    """Print one object as one line."""
    say(json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")))


def tell(text: str) -> None:
    """Print a line beside the result; where nobody reads it, the result matters more."""
    with contextlib.suppress(BrokenPipeError):
        Meter.clear()
        sys.stderr.write(text + "\n")
        sys.stderr.flush()


def complain(error: EngineError) -> None:
    """Print the sentence and the hint of an error."""
    tell(one_line(str(error)))


def one_line(text: str) -> str:
    """Return a text with names from outside in it as one line that no terminal acts upon."""
    return "".join(letter if letter.isprintable() else " " for letter in text)


def silence() -> None:
    """Let nothing more reach a pipe that nobody reads, not even Python's own last flush."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


class Meter:
    """A line on a terminal that shows how far a job is; nothing where there is no terminal."""

    _shown = False

    @classmethod
    def show(cls, label: str, progress: Progress) -> None:
        """Draw the line anew."""
        if not sys.stderr.isatty():
            return
        total = "" if progress.total is None else f"/{progress.total}"
        rate = f"  {progress.rate_hz:.1f}/s" if progress.rate_hz else ""
        sys.stderr.write(f"\r\x1b[K{label} {progress.done}{total}{rate}")
        sys.stderr.flush()
        cls._shown = True

    @classmethod
    def clear(cls) -> None:
        """Take the line away."""
        if cls._shown:
            sys.stderr.write("\r\x1b[K")
            cls._shown = False
