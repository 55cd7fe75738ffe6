"""What papers give for each of their four stages, by the level of a map."""

from __future__ import annotations

from typing import TypeVar

T = TypeVar("T")

FIRST = 2
"""The first stage of most backbones is at a quarter of the picture's sides."""


def by_stage(level: int, values: tuple[T, ...]) -> T:
    """Return the value for the stage at a level.

    Args:
        level: log2 of the stride of a map.
        values: For p2, p3, …; lower levels have the first of them, higher ones the last.
    """
    return values[min(max(level - FIRST, 0), len(values) - 1)]
