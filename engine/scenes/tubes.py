"""Rendered pictures of blood-collection tubes in a light box, with exact masks.

The scenes stand in for photographs in training, tests and demonstrations: nobody's sample is
shown. A seed fixes a scene; the size only scales it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from engine.scenes.backdrop import (
    RACKS,
    Colour,
    Picture,
    cast_shadow,
    develop,
    draw_finish,
    light_box,
    rack_front,
    rack_top,
)
from engine.scenes.glass import Label, Patch, Tube, paint_tube

CLASS_NAMES = ("cells", "gel", "serum")
"""Classes in index order, from the bottom of a spun tube to its top."""

SMALLEST = 4e-4
"""Regions below this share of the picture are not listed: nobody could mark them by hand."""

CAPS: tuple[Colour, ...] = (
    (0.74, 0.10, 0.12),
    (0.86, 0.61, 0.15),
    (0.52, 0.38, 0.68),
    (0.12, 0.48, 0.30),
    (0.36, 0.62, 0.84),
    (0.52, 0.53, 0.56),
    (0.92, 0.79, 0.25),
    (0.88, 0.44, 0.14),
)
"""Colours of caps, RGB in 0..1."""

SERA: tuple[Colour, ...] = (
    (0.87, 0.73, 0.36),
    (0.90, 0.77, 0.42),
    (0.84, 0.66, 0.22),
    (0.86, 0.58, 0.10),
    (0.88, 0.78, 0.52),
    (0.85, 0.50, 0.36),
    (0.80, 0.38, 0.30),
    (0.92, 0.86, 0.70),
    (0.68, 0.60, 0.26),
)
"""Colours of serum, RGB in 0..1: straw, icteric, pale, haemolysed, lipemic, greenish."""

GELS: tuple[Colour, ...] = (
    (0.82, 0.77, 0.66),
    (0.76, 0.73, 0.66),
    (0.86, 0.82, 0.76),
    (0.74, 0.66, 0.54),
    (0.66, 0.63, 0.55),
)
"""Colours of gel and buffy coat, RGB in 0..1."""


@dataclass(frozen=True, slots=True)
class Scene:
    """A rendered picture and what is in it.

    Attributes:
        image: picture [H, W, 3] uint8 RGB.
        masks: one bool [H, W] for each visible region; no two share a pixel.
        classes: class of each mask, an index into `names`.
        names: the classes in index order.
    """

    image: NDArray[np.uint8]
    masks: tuple[NDArray[np.bool_], ...]
    classes: tuple[int, ...]
    names: tuple[str, ...]


def render_tubes(seed: int, size: tuple[int, int] = (1024, 768)) -> Scene:
    """Render one to four tubes in a light box.

    Args:
        seed: fixes everything in the scene.
        size: width and height in pixels.

    Returns:
        The picture with the mask of every visible layer, front tubes hiding those behind.
    """
    width, height = size
    rng = np.random.Generator(np.random.PCG64(seed))
    tubes, lowest = _arrange(rng, width, height)
    picture = light_box(rng, width, height, lowest + 0.02 * height)
    finish = draw_finish(rng)
    depth = float(rng.uniform(0.12, 0.4))
    side = float(rng.uniform(-1.0, 1.0))
    radius = tubes[0].radius
    outlines = [tube.outline() for tube in tubes]
    cast_shadow(picture, outlines, (side * 0.9 * radius, 0.35 * radius), depth)

    racked = rng.uniform() < 0.62
    colour = RACKS[int(rng.integers(len(RACKS)))]
    left = min(tube.x for tube in tubes) - float(rng.uniform(1.6, 3.2)) * radius
    right = max(tube.x for tube in tubes) + float(rng.uniform(1.6, 3.2)) * radius
    plate = tubes[0].glass * float(rng.uniform(0.10, 0.16))
    top = lowest - plate * float(rng.uniform(0.5, 0.85))
    if racked:
        rack_top(picture, left, right, top, plate, colour)
    else:
        left, right, plate = -1.0, width + 1.0, 0.5 * radius
        top = lowest - tubes[0].glass * float(rng.uniform(0.90, 0.94))

    regions: list[_Region] = []
    for tube in tubes:
        _lay(picture, regions, paint_tube(tube))
    rows, columns = rack_front(picture, left, right, top, plate, colour)
    masks, classes = [], []
    for region in regions:
        mask = np.zeros((height, width), np.bool_)
        mask[region.rows, region.columns] = region.cover > 0.5
        mask[rows, columns] = False
        if np.count_nonzero(mask) >= SMALLEST * width * height:
            masks.append(mask)
            classes.append(region.layer)
    image = develop(rng, picture, finish)
    return Scene(image, tuple(masks), tuple(classes), CLASS_NAMES)


@dataclass(frozen=True, slots=True)
class _Region:
    """A layer of a tube: the share of each pixel covered, in the rows and columns it may reach."""

    layer: int
    rows: slice
    columns: slice
    cover: NDArray[np.float32]


def _lay(picture: Picture, regions: list[_Region], patch: Patch) -> None:
    """Lay a patch over the picture and over the regions behind it, and add its own regions."""
    height, width = picture.shape[:2]
    high, wide = patch.opacity.shape
    rows = slice(max(patch.y, 0), min(patch.y + high, height))
    columns = slice(max(patch.x, 0), min(patch.x + wide, width))
    if rows.stop <= rows.start or columns.stop <= columns.start:
        return
    there = _shift(rows, columns, patch.y, patch.x)
    keep = 1.0 - patch.opacity[there]
    picture[rows, columns] = picture[rows, columns] * keep[..., None] + patch.paint[there]
    for behind in regions:
        up, left = behind.rows.start, behind.columns.start
        shared_rows = slice(max(rows.start, up), min(rows.stop, behind.rows.stop))
        shared_columns = slice(max(columns.start, left), min(columns.stop, behind.columns.stop))
        if shared_rows.stop > shared_rows.start and shared_columns.stop > shared_columns.start:
            part = behind.cover[_shift(shared_rows, shared_columns, up, left)]
            part *= keep[_shift(shared_rows, shared_columns, rows.start, columns.start)]
    for layer, cover in enumerate(patch.covers):
        regions.append(_Region(layer, rows, columns, cover[there]))


def _shift(rows: slice, columns: slice, y: int, x: int) -> tuple[slice, slice]:
    """The same rows and columns counted from row `y` and column `x`."""
    return (
        slice(rows.start - y, rows.stop - y),
        slice(columns.start - x, columns.stop - x),
    )


def _arrange(rng: np.random.Generator, width: int, height: int) -> tuple[list[Tube], float]:
    """Place the tubes, back to front; return them with the row on which they stand."""
    count = int(rng.choice((1, 2, 3, 4), p=(0.24, 0.28, 0.28, 0.20)))
    touching, near, wide = rng.uniform((0.82, 1.2, 1.9), (1.02, 1.9, 2.8))
    pitch = float(rng.choice((touching, near, wide)))
    if count == 1:
        pitch = 1.0
    length = height * float(rng.uniform(0.62, 0.84))
    slim = float(rng.uniform(0.062, 0.082))
    room = 0.84 * width / (2.0 * ((count - 1) * pitch + 1.5))
    radius = min(slim * length, room)
    length = min(length, radius / slim)
    lowest = height * float(rng.uniform(0.90, 0.95))
    middle = width * 0.5 + float(rng.uniform(-1.0, 1.0)) * 0.3 * (width * 0.84 - 2 * radius) * (
        1.0 - radius / max(room, 1e-6)
    )
    lean = float(rng.normal(0.0, 0.012))
    curve = float(rng.uniform(0.05, 0.15))
    shine = float(rng.uniform(0.55, 1.0))
    light = float(rng.choice((-1.0, 1.0)) * rng.uniform(0.8, 1.0))
    house_cap = int(rng.integers(len(CAPS)))
    mixed = rng.uniform() < 0.6
    tubes: list[Tube] = []
    for index in range(count):
        slot = (index - (count - 1) / 2.0) * pitch * 2.0 * radius
        cap = int(rng.integers(len(CAPS))) if mixed else house_cap
        tilt = float(np.clip(lean + rng.normal(0.0, 0.012), -0.06, 0.06))
        tube = _fill_tube(rng, empty=index > 0 and rng.uniform() < 0.08)
        tubes.append(
            replace(
                tube,
                x=middle + slot,
                y=lowest - float(rng.uniform(0.0, 0.012)) * height,
                radius=radius,
                glass=length * 0.86,
                cap=length * 0.14,
                tilt=tilt,
                cap_colour=_vary(rng, CAPS[cap], 0.05),
                curve=curve,
                shine=shine,
                light=light,
            )
        )
    rng.shuffle(tubes)
    return tubes, lowest


def _vary(rng: np.random.Generator, colour: Colour, spread: float) -> Colour:
    """Change brightness by `spread` and hue by a third of it, both relative."""
    gain = rng.normal(1.0, spread) * rng.normal(1.0, spread / 3.0, 3)
    red, green, blue = np.clip(np.asarray(colour) * gain, 0.02, 0.98)
    return (float(red), float(green), float(blue))


def _fill_tube(rng: np.random.Generator, empty: bool) -> Tube:
    """Draw contents and label of a tube; where it stands is filled in later."""
    fill = float(rng.uniform(0.50, 0.84))
    cells = fill * float(rng.uniform(0.36, 0.52))
    kind = float(rng.uniform())
    if kind < 0.68:
        gel = cells + float(rng.uniform(0.06, 0.13))
        slopes = (float(rng.normal(0.0, 0.14)), float(rng.normal(0.0, 0.06)), 0.0)
    else:
        gel = cells + float(rng.uniform(0.028, 0.045))
        slopes = (float(rng.normal(0.0, 0.03)), float(rng.normal(0.0, 0.02)), 0.0)
    levels = (cells, gel, max(fill, gel + 0.1))
    if kind > 0.93:
        levels = (fill, fill, fill)
    if empty:
        levels = (0.0, 0.0, 0.0)
    blood = float(rng.uniform(0.0, 1.0))
    dark: Colour = (0.15 + 0.13 * blood, 0.05 + 0.02 * blood, 0.07 - 0.01 * blood)
    colours = (
        _vary(rng, dark, 0.12),
        _vary(rng, GELS[int(rng.integers(len(GELS)))], 0.04),
        _vary(rng, SERA[int(rng.integers(len(SERA)))], 0.04),
    )
    return Tube(
        x=0.0,
        y=0.0,
        radius=1.0,
        glass=1.0,
        cap=1.0,
        tilt=0.0,
        levels=levels,
        colours=colours,
        cap_colour=CAPS[0],
        slopes=slopes,
        curve=0.0,
        milky=float(rng.uniform(0.2, 1.0)),
        shine=1.0,
        light=1.0,
        label=_draw_label(rng, levels),
        seed=int(rng.integers(2**32)),
    )


def _draw_label(rng: np.random.Generator, levels: tuple[float, float, float]) -> Label | None:
    """Draw a label that leaves each layer either whole, cut clean, or hidden.

    It faces the camera over the upper part, or leaves a window on one side or in the middle.
    """
    kind = float(rng.uniform())
    bars = tuple(int(value) for value in rng.integers(1, 4, int(rng.integers(35, 60))))
    stripe = _vary(rng, CAPS[int(rng.integers(len(CAPS)))], 0.05) if rng.uniform() < 0.3 else None
    gel, top = levels[1], levels[2]
    high = float(rng.uniform(0.86, 0.92))
    if kind < 0.14:
        return None
    if kind < 0.58:
        low = float(rng.choice((gel + rng.uniform(0.04, 0.1), rng.uniform(gel + 0.04, top + 0.05))))
        low = min(max(low, 0.2), high - 0.2)
        return Label(low, high, float(rng.normal(0.0, 0.2)), 2.3, bars, stripe)
    low = float(rng.uniform(0.18, max(gel - 0.03, 0.3)))
    if kind < 0.82:
        side = float(rng.choice((-1.0, 1.0)))
        reach = float(rng.uniform(-0.35, 0.25))
        half = np.pi / 2.0 + 0.35
        return Label(low, high, side * (half - reach), half, bars, stripe)
    window = float(rng.uniform(0.55, 0.85))
    return Label(low, high, np.pi + float(rng.normal(0.0, 0.12)), np.pi - window, bars, stripe)
