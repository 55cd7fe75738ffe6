"""Pixels of every kind, palette, transparent, 16-bit or float, as 8-bit RGB."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine.types import UInt8

PERCENTILES = (0.5, 99.5)
FILLED = 0.25
SAMPLE = 1 << 22

_FULL_SCALES = (1.0, 255.0, 65535.0)
_WHITE = (255, 255, 255)
_STRIP = 64


def to_rgb(picture: Image.Image) -> UInt8:
    """Return a decoded picture of any mode as [H, W, 3] uint8 RGB that can be written to.

    Transparent parts are shown on white, for the colours stored under them mean nothing; an alpha
    channel that is 0 everywhere is a writer's mistake and is ignored. Grey levels deeper than
    8 bits go through `to_eight_bits`.

    Raises:
        ValueError: No value is finite, or Pillow cannot convert the mode.
    """
    if picture.mode.startswith(("I", "F")):
        return np.repeat(to_eight_bits(np.asarray(picture))[:, :, None], 3, axis=2)
    if picture.has_transparency_data:
        picture = _on_white(picture.convert("RGBA"))
    elif picture.mode != "RGB":
        picture = picture.convert("RGB")
    image = np.empty((picture.height, picture.width, 3), np.uint8)
    # By strips: `np.asarray` of the whole is slower and gives an array that cannot be written to.
    for top in range(0, picture.height, _STRIP):
        bottom = min(top + _STRIP, picture.height)
        image[top:bottom] = np.asarray(picture.crop((0, top, picture.width, bottom)))
    return image


def _on_white(picture: Image.Image) -> Image.Image:
    """Lay an RGBA picture on white."""
    alpha = picture.getchannel("A")
    opaque = picture.convert("RGB")
    if alpha.getextrema() in ((0, 0), (255, 255)):
        return opaque
    white = Image.new("RGB", picture.size, _WHITE)
    white.paste(opaque, mask=alpha)
    return white


def to_eight_bits(levels: NDArray[Any]) -> UInt8:
    """Map grey levels to 0..255 so that what the picture shows can be seen.

    The full scale is the smallest of 0..1 (floats only), 0..255 and 0..65535 that holds all
    values. Where the middle 99 % of them span more than a quarter of it, the full scale is kept:
    16 bits are divided by 257 and 8-bit values stay as they are. Otherwise, as in raw thermal
    pictures or 12-bit data, those 99 % are stretched over 0..255 and the rest is clipped.
    Not-a-number and minus infinity become 0, infinity becomes 255.

    Args:
        levels: [H, W] integers or floats of any size.

    Returns:
        [H, W] uint8.

    Raises:
        ValueError: No value is finite.
    """
    low, high = _ends(levels)
    if levels.dtype.kind == "u" and levels.dtype.itemsize == 2:
        table = _stretch(np.arange(65536, dtype=np.float64), low, high)
        mapped: UInt8 = table[levels]
        return mapped
    return _stretch(levels.astype(np.float64), low, high)


def _ends(levels: NDArray[Any]) -> tuple[float, float]:
    """Return the values shown as 0 and as 255."""
    floating = levels.dtype.kind == "f"
    finite = levels[np.isfinite(levels)] if floating else levels.reshape(-1)
    if not finite.size:
        raise ValueError("no value is finite")
    floor, ceiling = float(finite.min()), float(finite.max())
    sample = finite[:: 1 + finite.size // SAMPLE].astype(np.float64)
    low, high = (float(value) for value in np.percentile(sample, PERCENTILES))
    scales = _FULL_SCALES if floating else _FULL_SCALES[1:]
    full = next((scale for scale in scales if floor >= 0 and ceiling <= scale), None)
    if full is not None and (high - low > FILLED * full or floor == ceiling):
        return 0.0, full
    if high > low:
        return low, high
    return floor, ceiling if ceiling > floor else floor + 1.0


def _stretch(values: NDArray[np.float64], low: float, high: float) -> UInt8:
    """Map low..high to 0..255 in place and round."""
    values -= low
    values *= 255.0 / (high - low)
    np.clip(values, 0.0, 255.0, out=values)
    np.nan_to_num(values, copy=False, nan=0.0)
    return np.rint(values, out=values).astype(np.uint8)
