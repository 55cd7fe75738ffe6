"""What the header of a picture says: how large it is as a person sees it."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine.sources import pillow, sniffing
from engine.sources.pictures import open_picture

Points = NDArray[np.float64]

_ORIENTATION = 0x0112


@dataclass(frozen=True, slots=True)
class Header:
    """The header of a picture.

    Attributes:
        size: Width and height in pixels as a person sees it.
        orientation: As its metadata say: 1 as stored, 2 to 8 turned or mirrored.
    """

    size: tuple[int, int]
    orientation: int


def read_header(path: Path) -> Header:
    """Read the header of a picture; nothing is decoded.

    Raises:
        PictureError: It cannot be opened or is no picture of a known kind.
    """
    with open_picture(path) as picture:
        return header_of(picture)


def read_header_of(data: bytes) -> Header | None:
    """Read the header of a picture in memory, None where it is none."""
    try:
        with pillow.identify(io.BytesIO(data), data[: sniffing.HEAD]) as picture:
            return header_of(picture)
    except (*pillow.DAMAGED, Image.DecompressionBombError):
        return None


def header_of(picture: Image.Image) -> Header:
    """Return the header of a picture that is open."""
    try:
        orientation = int(picture.getexif().get(_ORIENTATION, 1))
    except pillow.DAMAGED:
        orientation = 1
    if orientation not in range(1, 9):
        orientation = 1
    width, height = picture.size
    # From 5 on the picture lies on its side.
    return Header((height, width) if orientation > 4 else (width, height), orientation)


def turned(points: Points, orientation: int) -> Points:
    """Return points [N, 2] in shares of a picture as stored in shares of it as it is seen."""
    x, y = points[:, 0], points[:, 1]
    match orientation:
        case 5:
            return np.column_stack((y, x))
        case 6:
            return np.column_stack((1 - y, x))
        case 7:
            return np.column_stack((1 - y, 1 - x))
        case 8:
            return np.column_stack((y, 1 - x))
    return points
