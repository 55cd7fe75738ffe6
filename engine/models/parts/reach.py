"""How far a kernel sees."""

from __future__ import annotations


def reach_of(kernel: int, least: int = 0) -> int:
    """Return how far a kernel sees to each side of its middle, which is also its padding.

    Args:
        kernel: Its side, odd.
        least: What it has to be at least.

    Raises:
        ValueError: It has no middle or does not see far enough.
    """
    if kernel < 1 or kernel % 2 == 0:
        raise ValueError(f"the kernel {kernel} is not odd")
    if kernel // 2 < least:
        raise ValueError(f"the kernel {kernel} is below {2 * least + 1}")
    return kernel // 2
