"""What a training says while it works: one JSON object a line in a file.

The child appends, anybody may read along. A file, because a process that writes to a pipe dies
with its reader.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

Event = dict[str, Any]

LAST = ("finished", "failed", "cancelled")
"""Events with which a process ends; a run that goes on later adds more."""


class EventLog:
    """Appends events; each is whole in the file before the call returns.

    Args:
        path: The file.
        run: Name of the run, part of every event.
    """

    def __init__(self, path: Path, run: str) -> None:
        """Open the file for appending; half a line that a crash left behind is cut off."""
        self._run = run
        _cut_half_a_line(path)
        self._file = path.open("a", encoding="utf-8")

    def write(self, event: str, **values: object) -> None:
        """Append an event."""
        line = {"event": event, "run": self._run} | {
            key: _finite(value) for key, value in values.items()
        }
        self._file.write(json.dumps(line, ensure_ascii=False, allow_nan=False) + "\n")
        self._file.flush()

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def follow(
    path: Path, alive: Callable[[], bool], pause_s: float = 0.05, *, start: int = 0
) -> Iterator[Event | None]:
    """Yield the events of a file as they come, None where none came.

    It ends once the writer is gone and all it wrote was read. A last line without an end is what a
    crash left of it and is not read.

    Args:
        path: The file; it may not be there yet.
        alive: Tells whether the writer still works.
        pause_s: Between two looks.
        start: Byte of the file to begin at.
    """
    position, rest = start, b""
    while True:
        # Asked before reading: what was written before the end is read then.
        working = alive()
        if path.exists():
            with path.open("rb") as file:
                file.seek(position)
                data = file.read()
            position += len(data)
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                yield json.loads(line)
        if not working:
            return
        yield None
        time.sleep(pause_s)


def _cut_half_a_line(path: Path) -> None:
    with suppress(FileNotFoundError), path.open("rb+") as file:
        content = file.read()
        file.truncate(content.rfind(b"\n") + 1)


def _finite(value: object) -> object:
    """Return a value as JSON can hold it: numbers that are none become null."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {key: _finite(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(each) for each in value]
    return value
