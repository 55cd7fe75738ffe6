"""From a picture to the network's input and back: letterbox for boxes, crop for classes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from engine.cv import cv2
from engine.types import Float32, UInt8

PADDING = 114


@dataclass(frozen=True, slots=True)
class Letterbox:
    """How a picture stands in the network's input: scaled, then padded to whole strides.

    Attributes:
        size: Height and width of the picture.
        inner: Height and width of the scaled picture.
        offset: Rows above and columns left of it.
        outer: Height and width of the input.
    """

    size: tuple[int, int]
    inner: tuple[int, int]
    offset: tuple[int, int]
    outer: tuple[int, int]

    @classmethod
    def fit(cls, size: tuple[int, int], longest: int, stride: int) -> Self:
        """Return the smallest rectangle of whole strides around the picture at this scale.

        Args:
            size: Height and width of the picture.
            longest: Longer side of the input, a multiple of the stride.
            stride: Largest stride of the network.
        """
        gain = min(longest / size[0], longest / size[1])
        inner = max(round(size[0] * gain), 1), max(round(size[1] * gain), 1)
        padding = (longest - inner[0]) % stride, (longest - inner[1]) % stride
        offset = round(padding[0] / 2 - 0.1), round(padding[1] / 2 - 0.1)
        return cls(size, inner, offset, (inner[0] + padding[0], inner[1] + padding[1]))

    def apply(self, image: UInt8) -> UInt8:
        """Return the input, [H, W, 3] uint8, of a picture of this size."""
        if self.inner != self.size:
            image = _resize(image, self.inner)
        if self.outer == self.inner:
            # torch wants memory of its own, the frame's may be read-only.
            return image.copy() if self.inner == self.size else image
        padded = np.full((*self.outer, 3), PADDING, np.uint8)
        top, left = self.offset
        padded[top : top + self.inner[0], left : left + self.inner[1]] = image
        return padded

    @property
    def gain(self) -> tuple[float, float]:
        """Input pixels for each pixel of the picture, along y and x."""
        return self.inner[0] / self.size[0], self.inner[1] / self.size[1]

    def to_picture(self, points: Float32) -> Float32:
        """Map [..., 2] x, y from the input to the picture."""
        offset = np.array(self.offset[::-1], np.float32)
        gain = np.array(self.gain[::-1], np.float32)
        return ((points - offset) / gain).astype(np.float32, copy=False)


def _resize(image: UInt8, size: tuple[int, int]) -> UInt8:
    return np.asarray(cv2.resize(image, size[::-1], interpolation=cv2.INTER_LINEAR), np.uint8)


def centre_crop(image: UInt8, side: int) -> UInt8:
    """Scale the shorter side to `side` and cut the middle square, as classifiers are trained.

    Pillow's bilinear filter is the one they were trained with; OpenCV's differs when shrinking.
    """
    from PIL import Image

    height, width = image.shape[:2]
    if height <= width:
        scaled = side, max(int(side * width / height), 1)
    else:
        scaled = max(int(side * height / width), 1), side
    picture = Image.fromarray(image).resize(scaled[::-1], Image.Resampling.BILINEAR)
    top, left = round((scaled[0] - side) / 2), round((scaled[1] - side) / 2)
    return np.array(picture.crop((left, top, left + side, top + side)))
