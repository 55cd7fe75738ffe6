"""How many heads an attention has."""

from __future__ import annotations


def heads_of(channels: int, width: int) -> int:
    """Return how many heads of about `width` channels there are, at least one.

    Where `width` does not divide the channels, there are fewer heads that are wider.

    Raises:
        ValueError: The width is below 1.
    """
    if width < 1:
        raise ValueError(f"heads {width} channels wide are none")
    count = max(1, channels // width)
    while channels % count:
        count -= 1
    return count
