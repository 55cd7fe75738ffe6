"""What the picture view shows, as values: a picture, and what was found in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from PyQt6.QtGui import QImage, QPainterPath

from desktop.state import Place
from engine.colours import Colour
from engine.errors import PictureError
from engine.i18n import N_
from engine.types import Detections, Float32, Frame, UInt8

MOST_SCALED = 3840 * 2160
"""No screen shows more pixels of a picture at once."""


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """A frame in the form that is painted.

    Attributes:
        place: Where it came from.
        width: In pixels.
        height: In pixels.
        levels: The whole picture as Format_RGB32, then each half as large as the one before.
        scaled: The picture at the size that it was to be seen at, None where nobody said one.
        warning: A sentence where it could be read only in part.
    """

    place: Place
    width: int
    height: int
    levels: tuple[QImage, ...]
    warning: str | None = None
    scaled: QImage | None = None

    @classmethod
    def of(cls, frame: Frame, place: Place, scale: float = 0.0) -> Self:
        """Make the levels of a frame; outside the UI thread.

        Args:
            frame: The picture.
            place: Where it came from.
            scale: Device pixels a picture pixel that it will probably be seen at, 0 for unknown.
                Painting it at another one is possible and takes longer.

        Raises:
            PictureError: There is not enough memory.
        """
        from engine import pyramid

        levels: list[QImage] = []
        former: UInt8 | None = None
        for width, height in pyramid.sizes(frame.width, frame.height):
            level = _image(width, height, place)
            pixels = _pixels(level)
            if former is None:
                pyramid.fill(frame.image, pixels)
            else:
                pyramid.reduce(former, pixels)
            levels.append(level)
            former = pixels
        scaled = None
        if scale > 0:
            width, height = scaled_size(frame.width, frame.height, scale)
            if 0 < width * height <= MOST_SCALED:
                # From the smallest level that has a pixel for each.
                large = [each for each in levels if each.width() >= width] or levels[:1]
                scaled = _image(width, height, place)
                pyramid.resize(_pixels(large[-1]), _pixels(scaled))
        return cls(place, frame.width, frame.height, tuple(levels), frame.warning, scaled)


@dataclass(frozen=True, slots=True, eq=False)
class Overlay:
    """What was found in a picture at the thresholds in force.

    Attributes:
        place: Of the picture.
        frame_id: Of the frame in its session, None while its run is under way.
        detections: The objects; number 1 is the first.
        names: Class names by index.
        colours: RGB by class index.
        outlines: The mask of each object in pixels of the picture, holes by odd-even fill; None
            for those still being traced. None for models without masks.
        probabilities: [C] float32 for classification, None otherwise.
        without_mask: Objects left out because the run did not keep their masks.
    """

    place: Place
    frame_id: int | None
    detections: Detections
    names: tuple[str, ...]
    colours: tuple[Colour, ...]
    outlines: tuple[QPainterPath | None, ...] | None = None
    probabilities: Float32 | None = None
    without_mask: int = 0


def scaled_size(width: int, height: int, scale: float) -> tuple[int, int]:
    """Return (width, height) in device pixels of a picture that is seen at a scale."""
    return max(1, round(width * scale)), max(1, round(height * scale))


def _image(width: int, height: int, place: Place) -> QImage:
    image = QImage(width, height, QImage.Format.Format_RGB32)
    if image.isNull():
        raise PictureError(
            N_("There is not enough memory to show {path}."),
            N_("Close other programs or save a smaller copy."),
            path=place.path,
        )
    return image


def _pixels(image: QImage) -> UInt8:
    """Return the memory of a Format_RGB32 as [H, W, 4] uint8 to write to."""
    # The stubs do not say that it is a buffer.
    memory: Any = image.bits()
    memory.setsize(image.sizeInBytes())
    pixels: UInt8 = np.frombuffer(memory, np.uint8)
    return pixels.reshape(image.height(), image.width(), 4)
