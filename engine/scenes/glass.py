"""One collection tube: its shape, what is in it, and how it is painted.

A tube is painted in its own coordinates: `along` is the height above its lowest point and
`across` the distance from its axis, both in pixels; u = across / half width is in -1..1 and
the surface seen there faces the camera by sqrt(1 - u²). An edge is the share of the pixel that
lies inside it, so that edges are smooth and masks know how much of a pixel they cover.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.cv import cv2
from engine.scenes.backdrop import Colour, Picture

Field = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Label:
    """A paper label wrapped round a tube.

    Attributes:
        low: lower edge as a share of the glass's height.
        high: upper edge as a share of the glass's height.
        centre: direction its middle faces, radians from the camera (0), positive to the right.
        half_angle: half of its wrap in radians; pi covers the whole way round.
        bars: widths of dark and light bars from bottom to top, alternating, in modules.
        stripe: colour of the stripe at its upper end, or none.
    """

    low: float
    high: float
    centre: float
    half_angle: float
    bars: tuple[int, ...]
    stripe: Colour | None


@dataclass(frozen=True, slots=True)
class Tube:
    """A tube as it stands in the scene; lengths in pixels of the finished picture.

    Attributes:
        x: column of its lowest point.
        y: row of its lowest point.
        radius: half of the glass's width.
        glass: height of the glass up to the cap.
        cap: height of the cap.
        tilt: lean to the right in radians.
        levels: upper boundary of cells, gel and serum as shares of `glass`; equal
            neighbours mean that the layer is absent.
        colours: colour of cells, gel and serum, RGB 0..1.
        cap_colour: colour of the cap, RGB 0..1.
        slopes: slant of the boundaries of cells, gel and serum, in radii.
        curve: bend of the boundaries that comes from the camera's height, in radii.
        milky: how little light passes the serum, 0..1.
        shine: strength of the highlights, 0..1.
        light: side from which the light comes, u in -1..1.
        label: the paper label, or none.
        seed: seed of its mottling.
    """

    x: float
    y: float
    radius: float
    glass: float
    cap: float
    tilt: float
    levels: tuple[float, float, float]
    colours: tuple[Colour, Colour, Colour]
    cap_colour: Colour
    slopes: tuple[float, float, float]
    curve: float
    milky: float
    shine: float
    light: float
    label: Label | None
    seed: int

    def outline(self) -> NDArray[np.float64]:
        """Return the corners [4, 2] of the glass's outline in pixels, feet first."""
        side = np.array([np.cos(self.tilt), np.sin(self.tilt)]) * self.radius
        axis = np.array([np.sin(self.tilt), -np.cos(self.tilt)]) * (self.glass + self.cap)
        foot = np.array([self.x, self.y])
        return np.array([foot - side, foot + side, foot + side + axis, foot - side + axis])


@dataclass(frozen=True, slots=True)
class Patch:
    """A painted tube, to be laid over a picture.

    Attributes:
        x: column of its left edge in the picture.
        y: row of its upper edge in the picture.
        paint: colour times opacity [h, w, 3] float32.
        opacity: share of the background that is hidden [h, w] float32.
        covers: share of each pixel covered by cells, gel and serum, three [h, w] float32.
    """

    x: int
    y: int
    paint: Picture
    opacity: Field
    covers: tuple[Field, Field, Field]


def soft(distance: Field) -> Field:
    """Share 0..1 of a pixel whose centre lies `distance` pixels inside an edge."""
    return np.asarray(np.clip(distance + np.float32(0.5), 0.0, 1.0), np.float32)


def bell(value: Field, centre: float, width: float) -> Field:
    """Gaussian of height 1 round `centre`."""
    away = (value - np.float32(centre)) / np.float32(width)
    return np.asarray(np.exp(-(away * away)), np.float32)


class _Canvas:
    """Premultiplied colour [3, h, w] and opacity [h, w] that grow layer by layer."""

    def __init__(self, height: int, width: int) -> None:
        self.paint = np.zeros((3, height, width), np.float32)
        self.opacity: Field = np.zeros((height, width), np.float32)

    def lay(self, colour: Colour, shade: Field, opacity: Field) -> None:
        """Lay `colour` times `shade` over what is there."""
        rows = np.flatnonzero(opacity.any(axis=1))
        if rows.size == 0:
            return
        here = slice(int(rows[0]), int(rows[-1]) + 1)
        veil = opacity[here]
        keep = 1.0 - veil
        lit = shade[here] * veil
        paint = self.paint[:, here]
        paint *= keep
        paint += lit * np.asarray(colour, np.float32)[:, None, None]
        self.opacity[here] *= keep
        self.opacity[here] += veil

    def glow(self, light: Field) -> None:
        """Add white light, as a reflection does."""
        self.paint += light
        np.maximum(self.opacity, np.minimum(light, 1.0), out=self.opacity)


def paint_tube(tube: Tube) -> Patch:
    """Paint one tube.

    Returns:
        Its patch; the patch may reach beyond the picture.
    """
    corners = tube.outline()
    margin = tube.radius * 0.4 + 3.0
    x0, y0 = (int(value) for value in np.floor(corners.min(axis=0) - margin))
    x1, y1 = (int(value) for value in np.ceil(corners.max(axis=0) + margin))
    columns = (np.arange(x0, x1) + (0.5 - tube.x)).astype(np.float32)
    rows = ((tube.y - 0.5) - np.arange(y0, y1)).astype(np.float32)
    cos, sin = np.float32(np.cos(tube.tilt)), np.float32(np.sin(tube.tilt))
    across = columns[None, :] * cos - rows[:, None] * sin
    along = columns[None, :] * sin + rows[:, None] * cos
    canvas = _Canvas(y1 - y0, x1 - x0)
    covers = _paint_glass(canvas, tube, across, along)
    open_to_view = 1.0 - _paint_cap(canvas, tube, across, along)
    cells, gel, serum = (cover * open_to_view for cover in covers)
    paint = np.asarray(cv2.merge(list(canvas.paint)), np.float32)
    return Patch(x0, y0, paint, canvas.opacity, (cells, gel, serum))


def _mottle(rng: np.random.Generator, shape: tuple[int, int], cell: float) -> Field:
    """Smooth noise of unit deviation with spots of about `cell` pixels."""
    height, width = shape
    rows, columns = int(height / cell) + 3, int(width / cell) + 3
    small = rng.standard_normal((rows, columns), dtype=np.float32)
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC))


def _paint_glass(canvas: _Canvas, tube: Tube, across: Field, along: Field) -> list[Field]:
    """Paint wall, contents, label and reflections; return the cover of each layer."""
    rng = np.random.Generator(np.random.PCG64(tube.seed))
    radius = np.float32(tube.radius)
    height = np.float32(tube.glass)
    sunk = np.clip(radius - along, 0.0, radius)
    half = np.sqrt(np.maximum(radius**2 - sunk**2, 1e-3))
    u = np.clip(across / half, -1.0, 1.0)
    facing = np.sqrt(1.0 - u**2)
    inside = soft(half - np.abs(across)) * soft(along) * soft(height - along)
    rim = (u * u) ** 3
    canvas.lay((0.86, 0.89, 0.92), 0.80 + 0.35 * rim, inside * (0.14 + 0.46 * rim))

    share = along / height
    base = np.float32(0.05 * tube.radius)
    held = np.minimum(inside, soft(along - base))
    edges = _boundaries(rng, tube, u, radius, height)
    below = [soft(edge - along) for edge in edges]
    present = [tube.levels[0] > 0, tube.levels[1] > tube.levels[0], tube.levels[2] > tube.levels[1]]
    cells = held * below[0] * present[0]
    gel = held * below[1] * (1.0 - below[0]) * present[1]
    serum = held * below[2] * (1.0 - np.maximum(below[1], below[0])) * present[2]

    spots = _mottle(rng, (across.shape[0], across.shape[1]), 0.22 * float(radius))
    grains = _mottle(rng, (across.shape[0], across.shape[1]), 0.07 * float(radius))
    streak = bell(u, 0.45 * tube.light, 0.3)
    body = 0.60 + 0.38 * facing + 0.10 * streak + 0.006 * spots
    canvas.lay(tube.colours[2], body * (0.92 + 0.16 * share), serum * (0.80 + 0.19 * tube.milky))
    _paint_surface(canvas, tube, serum, along, edges[2], facing * radius)

    stain = np.clip(grains - 1.9, 0.0, 1.0) * bell(along - edges[0], 0.0, 0.7 * float(radius))
    canvas.lay(tube.colours[1], 0.74 + 0.26 * facing + 0.02 * spots + 0.018 * grains, gel * 0.97)
    canvas.lay((0.36, 0.05, 0.06), facing, gel * np.minimum(stain * 0.9, 0.8))

    fresh = 0.9 * bell(along - edges[0], 0.0, 0.35 * float(radius)) * (0.6 + 0.25 * grains)
    canvas.lay(tube.colours[0], 0.72 + 0.42 * facing + 0.05 * grains, cells)
    canvas.lay((0.42, 0.05, 0.06), 0.5 + 0.5 * facing, cells * np.clip(0.5 * fresh, 0.0, 0.6))

    paper = _paint_label(canvas, tube.label, tube, inside, u, share) if tube.label else None
    bare = inside if paper is None else inside * (1.0 - 0.8 * paper)
    _paint_reflections(canvas, tube, bare, u, share)
    covers = [cells, gel, serum]
    return covers if paper is None else [cover * (1.0 - paper) for cover in covers]


def _boundaries(
    rng: np.random.Generator, tube: Tube, u: Field, radius: np.float32, height: np.float32
) -> list[Field]:
    """Height `along` of the upper boundary of cells, gel and serum at every pixel."""
    edges: list[Field] = []
    line = np.linspace(-1.0, 1.0, 1025)
    depth = tube.curve * np.sqrt(1.0 - line**2)
    place = np.asarray(u * 512.0 + 512.5, np.int32)
    for layer, ripple in enumerate((0.035, 0.02, 0.0)):
        phases = rng.uniform(0.0, 2.0 * np.pi, 3)
        waves = sum(np.sin((2.3 + 2.1 * k) * line + phases[k]) / (1 + k) for k in range(3))
        bend = depth if layer == 2 else -depth
        rise = tube.slopes[layer] * line + ripple * waves + bend + 0.10 * np.abs(line) ** 10
        level = tube.levels[layer] * height + rise * radius
        edges.append(np.take(level.astype(np.float32), place))
    return edges


def _paint_surface(
    canvas: _Canvas, tube: Tube, serum: Field, along: Field, edge: Field, chord: Field
) -> None:
    """Paint the serum's upper surface, an ellipse, and the bright line of its meniscus."""
    near = edge - np.float32(2.0 * abs(tube.curve) + 0.05) * chord
    face = serum * soft(along - near)
    red, green, blue = tube.colours[2]
    pale = (0.55 * red + 0.40, 0.55 * green + 0.40, 0.55 * blue + 0.38)
    canvas.lay(pale, np.ones_like(along), face * 0.55)
    line = bell(along - near, 0.0, 1.2) + 0.6 * bell(along - edge, 0.0, 1.5)
    canvas.lay((0.30 * red, 0.26 * green, 0.2 * blue), np.ones_like(along), serum * line * 0.4)


def _paint_label(
    canvas: _Canvas, label: Label, tube: Tube, inside: Field, u: Field, share: Field
) -> Field:
    """Paint the paper label with its bars; return its cover."""
    facing = np.sqrt(1.0 - u * u)
    radius, fine = np.float32(tube.radius), np.float32(tube.glass)
    angle = np.arcsin(u) - np.float32(label.centre)
    beyond = np.abs(angle) > np.pi
    angle = np.where(beyond, 2.0 * np.pi - np.abs(angle), angle).astype(np.float32)
    sides = soft((label.half_angle - np.abs(angle)) * facing * radius)
    ends = soft((share - label.low) * fine) * soft((label.high - share) * fine)
    paper = np.asarray(inside * sides * ends, np.float32)
    canvas.lay((0.95, 0.95, 0.94), 0.60 + 0.41 * facing, paper * 0.985)
    span = label.high - label.low
    total = sum(label.bars)
    if total:
        stops = np.cumsum((0, *label.bars))
        inked = np.cumsum((0, *(width * (1 - k % 2) for k, width in enumerate(label.bars))))
        place = (share - np.float32(label.low + 0.16 * span)) * np.float32(total / (0.56 * span))
        pixel = total / (0.56 * span * float(fine))
        from_below, from_above = (
            np.interp(place + half, stops, inked) for half in (-pixel / 2, pixel / 2)
        )
        bars = ((from_above - from_below) / pixel).astype(np.float32)
        printed = soft((0.62 - np.abs(angle + 0.08)) * facing * radius)
        canvas.lay((0.10, 0.10, 0.12), facing, paper * bars * printed * 0.9)
        dashes = np.clip(2.0 * np.sin(place * 0.9) + 2.0 * np.sin(place * 1.7), 0.0, 1.0)
        dashes *= (place >= 0) & (place < total)
        lines = dashes * soft((0.05 - np.abs(np.abs(angle - 0.93) - 0.12)) * facing * radius)
        canvas.lay((0.25, 0.25, 0.28), facing, paper * lines * 0.75)
    if label.stripe is not None:
        low, high = label.high - 0.13 * span, label.high - 0.05 * span
        band = soft((share - low) * fine) * soft((high - share) * fine)
        canvas.lay(label.stripe, 0.62 + 0.4 * facing, np.asarray(paper * band * 0.95, np.float32))
    return paper


def _paint_reflections(canvas: _Canvas, tube: Tube, bare: Field, u: Field, share: Field) -> None:
    """Add the light box's long lamps, mirrored in the glass."""
    ends = np.clip(share / 0.03 - 0.3, 0.0, 1.0) * np.clip((0.97 - share) / 0.05, 0.0, 1.0)
    lamp = 0.50 * bell(u, tube.light * 0.62, 0.055) + 0.16 * bell(u, tube.light * 0.50, 0.20)
    far = 0.30 * bell(u, -tube.light * 0.80, 0.05)
    canvas.glow(bare * ends * np.float32(tube.shine) * (lamp + far))


def _paint_cap(canvas: _Canvas, tube: Tube, across: Field, along: Field) -> Field:
    """Paint the cap, a ribbed skirt under a narrower crown; return its cover."""
    radius = np.float32(tube.radius)
    height = np.float32(tube.cap)
    up = along - np.float32(tube.glass) + np.float32(0.10) * height
    share = up / height
    corner = np.float32(0.22) * radius
    round_off = np.clip(up - (1.1 * height - corner), 0.0, corner)
    crown = np.float32(1.04) * radius - (corner - np.sqrt(corner**2 - round_off**2))
    half = np.where(share < 0.58, 1.16 * radius, crown).astype(np.float32)
    cover = soft(half - np.abs(across)) * soft(up) * soft(np.float32(1.1) * height - up)
    u = np.clip(across / half, -1.0, 1.0)
    facing = np.sqrt(1.0 - u**2)
    ribs = 0.06 * np.sin(22.0 * np.arcsin(u)) * ((share > 0.08) & (share < 0.5))
    step = 0.30 * bell(share, 0.60, 0.025) + 0.20 * bell(share, 0.02, 0.03)
    shade = 0.50 + 0.50 * facing + ribs - step
    canvas.lay(tube.cap_colour, shade, cover)
    lamp = 0.30 * bell(u, tube.light * 0.55, 0.13) + 0.10 * bell(share, 0.56, 0.02)
    canvas.glow(cover * lamp * np.float32(tube.shine))
    return cover
