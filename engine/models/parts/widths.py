"""How many channels a part of a layer has."""

from __future__ import annotations


def reduced(channels: int, ratio: int, least: int = 1) -> int:
    """Return `channels` / `ratio` rounded down, and not fewer than `least`.

    Raises:
        ValueError: The ratio is below 1.
    """
    if ratio < 1:
        raise ValueError(f"the ratio {ratio} is below 1")
    return max(least, channels // ratio)


def each_of(groups: int, channels: int) -> int:
    """Return how many channels each of some groups has.

    Raises:
        ValueError: The groups cannot be equal.
    """
    if groups < 1 or channels % groups:
        raise ValueError(f"{channels} channels cannot be split into {groups} groups")
    return channels // groups
