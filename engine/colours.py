"""Colours of classes: safe for colour-blind eyes and the same for a name in every run and model.

The first eight are those of Okabe and Ito (Color Universal Design, 2008) with grey in the place of
black. Further ones lie evenly around three circles of equal lightness in OKLCH (Ottosson, "A
perceptual color space for image processing", 2020).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Colour = tuple[int, int, int]
Float64 = NDArray[np.float64]

OKABE_ITO: tuple[Colour, ...] = (
    (0xE6, 0x9F, 0x00),
    (0x56, 0xB4, 0xE9),
    (0x00, 0x9E, 0x73),
    (0xF0, 0xE4, 0x42),
    (0xD5, 0x5E, 0x00),
    (0xCC, 0x79, 0xA7),
    (0x00, 0x72, 0xB2),
    (0x99, 0x99, 0x99),
)
"""Orange, sky blue, bluish green, yellow, vermilion, reddish purple, blue, grey."""

# Grey is easily lost on a photograph: it is given only when the other seven are taken.
_PREFERRED = 7
# With this salt serum, gel and cells, the classes of the bundled model, get the first three.
_SALT = (10567).to_bytes(4, "big")

# Chosen by search: of all circles tried these keep the largest distances in OKLab between the
# first 12, 24 and 40 colours and from the eight above.
_LIGHTNESS = (0.80, 0.68, 0.56)
_CHROMA = 0.2
_FIRST_HUE = 305.0
_HUE_STEP = 75.0


def class_colours(names: Sequence[str]) -> tuple[Colour, ...]:
    """Return one uint8 RGB colour a class.

    A name has its own preferred colour. Names of one model that prefer the same one are settled in
    an order that depends on the names alone, so the order of the classes does not matter. Up to
    eight different names get eight different colours of Okabe and Ito.

    Args:
        names: Class names by index; equal names get equal colours.
    """
    return _class_colours(tuple(names))


@lru_cache(maxsize=64)
def _class_colours(names: tuple[str, ...]) -> tuple[Colour, ...]:
    ordered = sorted({name: _hash(name) for name in names}.items(), key=lambda item: item[::-1])
    slots: dict[str, int] = {}
    taken: set[int] = set()
    waiting: list[tuple[str, int]] = []
    for name, number in ordered:
        slot = number % _PREFERRED
        if slot in taken:
            waiting.append((name, number))
        else:
            slots[name] = slot
            taken.add(slot)
    free = [slot for slot in range(len(OKABE_ITO)) if slot not in taken]
    first, rest = waiting[: len(free)], waiting[len(free) :]
    slots.update((name, slot) for (name, _), slot in zip(first, free, strict=False))
    further = _further_colours(_circle_size(len(rest)))
    for name, number in rest:
        slot = number % len(further)
        while slot + len(OKABE_ITO) in taken:
            slot = (slot + 1) % len(further)
        slots[name] = slot + len(OKABE_ITO)
        taken.add(slots[name])
    palette = OKABE_ITO + further
    return tuple(palette[slots[name]] for name in names)


def _hash(name: str) -> int:
    data = name.encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(data, digest_size=8, salt=_SALT).digest(), "big")


def _circle_size(count: int) -> int:
    """Return the smallest number of colours >= count that fills the circles evenly."""
    size = 0 if count == 0 else len(_LIGHTNESS)
    while size < count:
        size *= 2
    return size


@lru_cache(maxsize=16)
def _further_colours(count: int) -> tuple[Colour, ...]:
    """Return the first `count` colours of the circles; a longer row begins with a shorter one."""
    index = np.arange(count)
    circle = index % len(_LIGHTNESS)
    turn = _bit_reversed(index // len(_LIGHTNESS))
    hue = _FIRST_HUE + 360.0 * turn + _HUE_STEP * circle
    rgb = oklch_to_srgb(np.asarray(_LIGHTNESS)[circle], np.full(count, _CHROMA), hue)
    return tuple((int(red), int(green), int(blue)) for red, green, blue in rgb)


def _bit_reversed(index: NDArray[np.int64]) -> Float64:
    """Return van der Corput's sequence in base 2: 0, 1/2, 1/4, 3/4 ..., even at every power."""
    value = np.zeros(len(index))
    part = 0.5
    while index.any():
        value += part * (index & 1)
        index = index >> 1
        part /= 2
    return value


def oklch_to_srgb(lightness: Float64, chroma: Float64, hue: Float64) -> NDArray[np.uint8]:
    """Convert OKLCH to sRGB; colours outside sRGB lose chroma until they fit.

    Args:
        lightness: [N] 0 to 1.
        chroma: [N] from 0; sRGB reaches about 0.32.
        hue: [N] degrees.

    Returns:
        [N, 3] uint8.
    """
    angle = np.radians(hue)
    low, high = np.zeros_like(chroma), chroma
    for _ in range(16):
        middle = (low + high) / 2
        fits = _in_gamut(_oklab_to_linear(lightness, middle, angle))
        low, high = np.where(fits, middle, low), np.where(fits, high, middle)
    fits = _in_gamut(_oklab_to_linear(lightness, chroma, angle))
    linear = np.clip(_oklab_to_linear(lightness, np.where(fits, chroma, low), angle), 0.0, 1.0)
    encoded = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.round(encoded * 255.0).astype(np.uint8)


def _oklab_to_linear(lightness: Float64, chroma: Float64, angle: Float64) -> Float64:
    """Convert to linear sRGB [N, 3], unclipped."""
    a, b = chroma * np.cos(angle), chroma * np.sin(angle)
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    red = 4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short
    green = -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short
    blue = -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short
    return np.stack((red, green, blue), axis=-1)


def _in_gamut(linear: Float64) -> NDArray[np.bool_]:
    inside: NDArray[np.bool_] = np.all((linear >= -1e-6) & (linear <= 1 + 1e-6), axis=-1)
    return inside


def luminance(colour: Colour) -> float:
    """Return the relative luminance of WCAG 2.2, 0 for black to 1 for white."""
    value = np.asarray(colour, np.float64) / 255.0
    linear = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
    return float(linear @ (0.2126, 0.7152, 0.0722))


def contrast(first: Colour, second: Colour) -> float:
    """Return the contrast ratio of WCAG 2.2 between two colours, 1 to 21."""
    dark, light = sorted((luminance(first), luminance(second)))
    return (light + 0.05) / (dark + 0.05)


def text_colour(background: Colour) -> Colour:
    """Return black or white, whichever reads better on the background."""
    black, white = (0, 0, 0), (255, 255, 255)
    return black if contrast(background, black) >= contrast(background, white) else white
