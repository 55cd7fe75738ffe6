"""From RGB pictures to the planes that video is encoded from."""

from __future__ import annotations

import numpy as np

from engine.cv import cv2
from engine.types import UInt8

# From RGB to Y, Cb and Cr of BT.709 (ITU-R, 2015) in the range 16 to 235 or 240.
_RED, _GREEN, _BLUE = 0.2126, 0.7152, 0.0722
_TO_Y = np.array((_RED, _GREEN, _BLUE)) * 219 / 255
_TO_CB = np.array((-_RED, -_GREEN, 1 - _BLUE)) / (1 - _BLUE) * 112 / 255
_TO_CR = np.array((1 - _RED, -_GREEN, -_BLUE)) / (1 - _RED) * 112 / 255
_BT709 = np.column_stack((np.stack((_TO_Y, _TO_CB, _TO_CR)), (16, 128, 128)))


def fit(image: UInt8, size: tuple[int, int], padded: tuple[int, int]) -> UInt8:
    """Fit a picture into a video's width and height, then repeat its edge to the even size."""
    width, height = size
    rows, columns = image.shape[:2]
    if (columns, rows) != size:
        scale = min(width / columns, height / rows)
        inner = max(1, round(columns * scale)), max(1, round(rows * scale))
        how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        x, y = (width - inner[0]) // 2, (height - inner[1]) // 2
        fitted = np.zeros((height, width, 3), np.uint8)
        fitted[y : y + inner[1], x : x + inner[0]] = cv2.resize(image, inner, interpolation=how)
        image = fitted
    if size == padded:
        return image
    more = padded[1] - height, padded[0] - width
    return np.asarray(cv2.copyMakeBorder(image, 0, more[0], 0, more[1], cv2.BORDER_REPLICATE))


def to_i420(image: UInt8) -> UInt8:
    """Convert RGB of even size to the planes Y, Cb and Cr under one another, [H * 3 / 2, W].

    A third of the time that FFmpeg's own conversion takes (measured), and with all of its pixels in
    the mean for the half-size planes.
    """
    height, width = image.shape[:2]
    coded = cv2.transform(image, _BT709)
    small = cv2.resize(coded, (width // 2, height // 2), interpolation=cv2.INTER_AREA)
    planes = np.empty((height * 3 // 2, width), np.uint8)
    planes[:height] = coded[..., 0]
    chroma = planes[height:].reshape(2, height // 2, width // 2)
    chroma[0], chroma[1] = small[..., 1], small[..., 2]
    return planes
