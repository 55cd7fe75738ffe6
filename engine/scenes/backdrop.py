"""The light box behind rendered tubes, the racks they stand in, and the camera's finish."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.cv import cv2

Picture = NDArray[np.float32]
Colour = tuple[float, float, float]

PANELS: tuple[Colour, ...] = (
    (0.12, 0.42, 0.74),
    (0.16, 0.48, 0.78),
    (0.78, 0.80, 0.82),
    (0.88, 0.87, 0.84),
    (0.30, 0.54, 0.58),
    (0.24, 0.27, 0.31),
    (0.62, 0.68, 0.76),
    (0.70, 0.76, 0.70),
)
"""Colours of the back panel, RGB in 0..1."""

RACKS: tuple[Colour, ...] = (
    (0.72, 0.73, 0.75),
    (0.90, 0.90, 0.89),
    (0.22, 0.25, 0.29),
    (0.24, 0.45, 0.68),
    (0.80, 0.84, 0.86),
)
"""Colours of the rack's front plate, RGB in 0..1."""


@dataclass(frozen=True, slots=True)
class Finish:
    """How the camera saw the scene; every field is drawn from the scene's seed.

    Attributes:
        exposure: gain of all channels, about 0.8..1.2.
        balance: gain of each channel (white balance).
        vignette: darkening of the corners, 0..0.35.
        blur: standard deviation of the lens blur as a share of the height.
        noise: standard deviation of the sensor noise in 0..1 grey levels.
    """

    exposure: float
    balance: Colour
    vignette: float
    blur: float
    noise: float


def draw_finish(rng: np.random.Generator) -> Finish:
    """Draw a camera: mostly sharp and clean, sometimes dim, soft or noisy."""
    warmth = rng.normal(0.0, 0.025)
    return Finish(
        exposure=float(np.clip(rng.normal(1.0, 0.09), 0.78, 1.2)),
        balance=(1.0 + warmth, 1.0, 1.0 - warmth),
        vignette=float(rng.uniform(0.04, 0.32)),
        blur=float(rng.uniform(0.0, 1.0) ** 2 * 1.5 / 768),
        noise=float(rng.uniform(0.002, 0.016)),
    )


def fill(picture: Picture, points: NDArray[np.float64], colour: Colour) -> None:
    """Fill a convex polygon of pixel corners [N, 2] in place, with smooth edges."""
    corners = np.round(points * 16.0).astype(np.int32)
    cv2.fillConvexPoly(picture, corners, colour, cv2.LINE_AA, 4)


def light_box(rng: np.random.Generator, width: int, height: int, floor_y: float) -> Picture:
    """Paint an empty light box: back panel, side walls, floor, ceiling light.

    It is out of focus, so it is painted at half size and enlarged.

    Args:
        rng: the scene's source of random numbers.
        width: picture width in pixels.
        height: picture height in pixels.
        floor_y: row on which the tubes stand; the floor begins a little above it.

    Returns:
        Picture [H, W, 3] float32 in 0..1.
    """
    full = (width, height)
    width, height, floor_y = (width + 1) // 2, (height + 1) // 2, floor_y / 2.0
    panel = np.asarray(PANELS[int(rng.integers(len(PANELS)))]) * rng.uniform(0.85, 1.1)
    wall = np.asarray([0.70, 0.71, 0.74]) * rng.uniform(0.8, 1.12)
    left = width * rng.uniform(0.02, 0.2)
    right = width * rng.uniform(0.8, 0.98)
    top = height * rng.uniform(0.02, 0.09)
    bottom = min(floor_y - height * rng.uniform(0.02, 0.05), height * 0.97)
    picture: Picture = np.empty((height, width, 3), np.float32)
    picture[:] = wall * 0.82
    inner = np.array([[left, top], [right, top], [right, bottom], [left, bottom]])
    outer = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float64)
    for side, gain in ((0, 1.12), (1, 0.96), (2, 0.78), (3, 1.0)):
        after = (side + 1) % 4
        corners = np.array([outer[side], outer[after], inner[after], inner[side]])
        fill(picture, corners, _rgb(wall * gain))
    fill(picture, inner, _rgb(panel))
    soft = np.asarray(cv2.GaussianBlur(picture, (0, 0), max(height / 384.0, 0.5)), np.float32)
    lit = cv2.resize(_lighten(rng, soft), full, interpolation=cv2.INTER_LINEAR)
    return np.asarray(lit, np.float32)


def _rgb(colour: NDArray[np.float64]) -> Colour:
    red, green, blue = np.clip(colour, 0.0, 1.0).tolist()
    return (red, green, blue)


def _lighten(rng: np.random.Generator, picture: Picture) -> Picture:
    """Add the light from above, the brightening of one side and a faint grain."""
    height, width = picture.shape[:2]
    rows = np.linspace(0.0, 1.0, height, dtype=np.float32)[:, None]
    columns = np.linspace(0.0, 1.0, width, dtype=np.float32)[None, :]
    lean = float(rng.uniform(-0.14, 0.14))
    centre = float(rng.uniform(0.35, 0.65))
    fall = float(rng.uniform(0.1, 0.3))
    glow = float(rng.uniform(0.05, 0.28))
    light = 1.0 + lean * (columns - 0.5) - fall * (rows - 0.35)
    halo = glow * np.exp(-((columns - centre) ** 2) / 0.08) * np.exp(-((rows + 0.02) ** 2) / 0.06)
    small = rng.standard_normal((height // 8 + 2, width // 8 + 2), dtype=np.float32)
    grain = cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)
    picture *= (light + 0.004 * grain)[..., None]
    picture += halo[..., None]
    return picture


def cast_shadow(
    picture: Picture, quads: list[NDArray[np.float64]], offset: tuple[float, float], depth: float
) -> None:
    """Darken the back panel in place where tubes stand before it.

    Args:
        picture: [H, W, 3] float32, changed in place.
        quads: outlines of the tubes [4, 2] in pixels.
        offset: shift of the shadow (x, y) in pixels.
        depth: darkening in the middle of the shadow, 0..1.
    """
    height, width = picture.shape[:2]
    shade = np.zeros((max(height // 4, 1), max(width // 4, 1)), np.float32)
    for quad in quads:
        corners = np.round((quad + np.asarray(offset)) * 4.0).astype(np.int32)
        cv2.fillConvexPoly(shade, corners, 1.0, cv2.LINE_AA, 4)
    shade = cv2.GaussianBlur(shade, (0, 0), max(height / 190.0, 0.5))
    shade = cv2.resize(shade, (width, height), interpolation=cv2.INTER_LINEAR)
    picture *= (1.0 - depth * shade)[..., None]


def rack_top(picture: Picture, left: float, right: float, y: float, h: float, c: Colour) -> None:
    """Paint the upper face of a rack, which lies behind the tubes.

    Args:
        picture: [H, W, 3] float32, changed in place.
        left: left end of the rack in pixels.
        right: right end of the rack in pixels.
        y: upper edge of the front plate in pixels.
        h: height of the front plate in pixels.
        c: colour of the plate.
    """
    inset = 0.25 * h
    corners = np.array(
        [[left + inset, y - 0.3 * h], [right - inset, y - 0.3 * h], [right, y], [left, y]]
    )
    fill(picture, corners, _rgb(np.asarray(c) * 0.86))


def rack_front(
    picture: Picture, left: float, right: float, y: float, h: float, c: Colour
) -> tuple[slice, slice]:
    """Paint the front plate of a rack over the feet of the tubes; arguments as `rack_top`.

    Returns:
        The rows and columns that the plate hides.
    """
    height, width = picture.shape[:2]
    y0, y1 = (int(np.clip(round(value), 0, height)) for value in (y, y + h))
    x0, x1 = (int(np.clip(round(value), 0, width)) for value in (left, right))
    rows, columns = slice(y0, y1), slice(x0, x1)
    if y1 <= y0 or x1 <= x0:
        return rows, columns
    down = np.linspace(0.0, 1.0, y1 - y0, dtype=np.float32)[:, None]
    across = np.linspace(-1.0, 1.0, x1 - x0, dtype=np.float32)[None, :]
    shade = 1.04 - 0.24 * down - 0.10 * across**2 + 0.35 * np.exp(-((down / 0.05) ** 2))
    picture[rows, columns] = np.asarray(c, np.float32) * shade[..., None]
    shadow = slice(y1, min(y1 + max(int(0.25 * h), 1), height))
    fade = np.linspace(0.62, 1.0, shadow.stop - shadow.start, dtype=np.float32)
    picture[shadow, columns] *= fade[:, None, None]
    return rows, columns


def develop(rng: np.random.Generator, picture: Picture, finish: Finish) -> NDArray[np.uint8]:
    """Turn light into a photograph: blur, vignette, exposure, noise, 8 bits.

    Returns:
        Picture [H, W, 3] uint8 RGB.
    """
    height, width = picture.shape[:2]
    sigma = finish.blur * height
    if sigma > 0.3:
        picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma), np.float32)
    rows = np.linspace(-1.0, 1.0, height, dtype=np.float32)[:, None]
    columns = np.linspace(-1.0, 1.0, width, dtype=np.float32)[None, :]
    far = 0.5 * (rows**2 + columns**2)
    corners = 1.0 - np.float32(finish.vignette) * far * np.sqrt(far)
    noise = rng.standard_normal((height, width), dtype=np.float32)
    noise = noise * np.float32(255.0 * finish.noise) + np.float32(0.5)
    channels = [corners * np.float32(255.0 * finish.exposure * gain) for gain in finish.balance]
    picture = picture * cv2.merge(channels)
    picture += cv2.merge([noise, noise, noise])
    np.clip(picture, 0.0, 255.0, out=picture)
    return picture.astype(np.uint8)
