"""A picture in the layout of screens and at half sizes, so that it can be shown small and smooth.

Everything is written into memory that the caller has, such as that of a picture of a window
system, and leaves Python's lock to other threads meanwhile.
"""

from __future__ import annotations

import numpy as np

from engine.types import UInt8

SMALLEST = 256
"""Where the longer side has this many pixels or fewer, halving ends."""


def sizes(width: int, height: int) -> list[tuple[int, int]]:
    """Return (width, height) of a picture and of its halves, rounded up, the largest first."""
    found = [(width, height)]
    while max(found[-1]) > SMALLEST:
        width, height = found[-1]
        found.append(((width + 1) // 2, (height + 1) // 2))
    return found


def fill(image: UInt8, out: UInt8) -> None:
    """Write a picture [H, W, 3] RGB into [H, W, 4] blue, green, red, 255."""
    from engine.cv import cv2

    written = cv2.cvtColor(image, cv2.COLOR_RGB2BGRA, dst=out)
    # OpenCV writes elsewhere, silently, where the memory does not suit it.
    assert np.shares_memory(written, out)


def resize(image: UInt8, out: UInt8) -> None:
    """Write a picture [H, W, 4] at any other size [h, w, 4], smoothly."""
    from engine.cv import cv2

    height, width = out.shape[:2]
    smaller = height <= image.shape[0] and width <= image.shape[1]
    how = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
    written = cv2.resize(image, (width, height), dst=out, interpolation=how)
    assert np.shares_memory(written, out)


def reduce(larger: UInt8, out: UInt8) -> None:
    """Write a picture [H, W, 4] at a smaller size [h, w, 4], each pixel the mean of its area."""
    resize(larger, out)
