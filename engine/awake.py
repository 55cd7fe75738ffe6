"""Keeping the machine awake while it works for somebody who went home."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def awake() -> Iterator[bool]:
    """Ask the system not to sleep by itself; the screen may go dark.

    Yields:
        Whether the system agreed; where nobody can be asked, it may sleep.
    """
    from wakepy import keep

    with keep.running(on_fail="pass") as mode:
        yield bool(mode.active)
