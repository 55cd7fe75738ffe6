"""Annotated pictures: masks, boxes, keypoints and labels drawn on a copy of a frame.

Masks are tinted inside their own bounds and outlined; upright boxes follow whole pixels; labels
stand on filled tabs inside the picture, beside one another where there is room.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine import masks
from engine.colours import Colour, class_colours
from engine.counting import Counter
from engine.cv import cv2
from engine.draw_counters import draw_counters
from engine.fonts import printable
from engine.labels import Anchor, Label, Rank, draw_labels, draw_ranking
from engine.skeleton import limbs, seen
from engine.types import Detections, Float32, Result, Rle, UInt8

Points = NDArray[np.float64]

# OpenCV takes points with this many binary digits after the point.
_SHIFT = 4
_UNKNOWN: Colour = (0x99, 0x99, 0x99)
_WHITE: Colour = (0xFF, 0xFF, 0xFF)


@dataclass(frozen=True, slots=True)
class DrawStyle:
    """How detections are drawn.

    Attributes:
        line_width: Pixels, None to follow the size of the picture.
        font_size: Pixels, None to follow the size of the picture.
        mask_opacity: Of the tint inside a mask, 0 to 1.
        show_masks: Draw masks and their outlines.
        show_boxes: Draw boxes; None for objects without a mask only.
        show_keypoints: Draw keypoints and limbs.
        show_labels: Draw a tab with the class.
        show_confidence: Write the confidence on the tab.
        show_tracks: Write the track number, where there is one, on the tab.
        min_visibility: Keypoints less visible than this are left out.
    """

    line_width: int | None = None
    font_size: int | None = None
    mask_opacity: float = 0.45
    show_masks: bool = True
    show_boxes: bool | None = None
    show_keypoints: bool = True
    show_labels: bool = True
    show_confidence: bool = True
    show_tracks: bool = True
    min_visibility: float = 0.5

    def line(self, height: int, width: int) -> int:
        """Return the line width in pixels for a picture of this size."""
        return self.line_width or max(1, round(_scale(height, width) / 6.5))

    def font(self, height: int, width: int) -> int:
        """Return the font size in pixels for a picture of this size."""
        return self.font_size or max(11, round(_scale(height, width)))


def _scale(height: int, width: int) -> float:
    """Return a measure that grows slower than the picture, as large pictures are seen reduced."""
    return float(0.293 * math.sqrt(height * width) ** 0.6)


def annotate(
    result: Result,
    names: Sequence[str],
    colours: Sequence[Colour] | None = None,
    style: DrawStyle | None = None,
    *,
    counters: Sequence[Counter] = (),
) -> UInt8:
    """Draw what was found, and what was counted, on a copy of the frame's picture.

    Args:
        result: The frame and its objects, or its class probabilities.
        names: Class names by index.
        colours: RGB colours by class index, `class_colours(names)` when left out.
        style: How to draw, `DrawStyle()` when left out.
        counters: The run's lines and zones; what they have counted is told by `result.counted`.

    Returns:
        [H, W, 3] uint8 RGB, a new array.
    """
    style = style or DrawStyle()
    palette = class_colours(names) if colours is None else colours
    image = np.array(result.frame.image, np.uint8, order="C")
    if result.probabilities is not None:
        if style.show_labels:
            rows = _ranking(result.probabilities, names, palette)
            draw_ranking(image, rows, style.font(*image.shape[:2]))
        return image
    found = result.detections
    corners, bounds = _outlines(found, image)
    labels = []
    # The best object is drawn last and so lies on top.
    for index in reversed(range(len(found))):
        x1, y1, x2, y2 = bounds[index]
        if not (x2 > 0 and y2 > 0 and x1 < image.shape[1] and y1 < image.shape[0]):
            continue
        colour = _colour(palette, int(found.classes[index]))
        anchor = _draw_object(image, found, index, corners[index], colour, style)
        labels.append(Label(_pieces(found, index, names, style), colour, anchor))
    if not style.show_labels:
        labels = []
    line, size_px = style.line(*image.shape[:2]), style.font(*image.shape[:2])
    totals = () if result.counted is None else result.counted.totals
    named = draw_counters(image, counters, totals, line, size_px)
    draw_labels(image, [*named, *labels[::-1]], size_px)
    return image


def _outlines(found: Detections, image: UInt8) -> tuple[Points, list[tuple[float, ...]]]:
    """Return the corners [N, 4, 2] of the boxes, rotated where they have angles, and their bounds.

    Boxes that are not finite get bounds that are outside every picture.
    """
    right = np.asarray(np.isfinite(found.boxes).all(axis=1))
    if found.angles is not None:
        right &= np.isfinite(found.angles)
    # OpenCV counts in 32 bits; what is far outside is moved to where it is as invisible.
    reach = 4.0 * sum(image.shape[:2])
    boxes = np.clip(np.where(right[:, None], found.boxes, np.float64(-1)), -reach, reach)
    corners: Points = boxes[:, ((0, 1), (2, 1), (2, 3), (0, 3))]
    if found.angles is not None:
        angles = np.where(right, found.angles, 0.0)
        cos, sin = np.cos(angles), np.sin(angles)
        turn = np.stack((np.stack((cos, sin), axis=1), np.stack((-sin, cos), axis=1)), axis=1)
        centre = corners.mean(axis=1, keepdims=True)
        corners = (corners - centre) @ turn + centre
    bounds = np.concatenate((corners.min(axis=1), corners.max(axis=1)), axis=1)
    return corners, [tuple(box) for box in bounds.tolist()]


def _draw_object(
    image: UInt8, found: Detections, index: int, corners: Points, colour: Colour, style: DrawStyle
) -> Anchor:
    """Draw one object without its label.

    Args:
        image: [H, W, 3] uint8, changed in place.
        found: All objects of the picture.
        index: Which of them.
        corners: [4, 2] of its box.
        colour: Of its class.
        style: How to draw.

    Returns:
        Where the label belongs.
    """
    line = style.line(*image.shape[:2])
    x1, y1 = corners.min(axis=0).tolist()
    x2, y2 = corners.max(axis=0).tolist()
    anchor = Anchor(x1, y1, x2, y2)
    if found.angles is not None:
        anchor = Anchor(x1, y1, x2, y2, float(corners[np.argmin(corners[:, 1]), 0]))
    mask = found.masks[index] if found.masks is not None and style.show_masks else None
    if mask is not None and mask.area > 0:
        around = _draw_mask(image, mask, colour, line, style.mask_opacity)
        anchor = anchor if style.show_boxes else around
    else:
        mask = None
    if style.show_boxes or (style.show_boxes is None and mask is None):
        for shade, edge in ((_darker(colour), 1), (colour, 0)) if line > 1 else ((colour, 0),):
            if found.angles is None:
                _draw_upright(image, corners, shade, line, edge)
            else:
                points, wide = [_fixed(corners)], line + 2 * edge
                cv2.polylines(image, points, True, shade, wide, cv2.LINE_AA, _SHIFT)
    if found.keypoints is not None and style.show_keypoints:
        _draw_keypoints(image, found.keypoints[index], colour, line, style.min_visibility)
    return anchor


def _draw_mask(image: UInt8, mask: Rle, colour: Colour, line: int, opacity: float) -> Anchor:
    """Tint and outline a mask that is not empty; return where its label belongs."""
    crop, x, y = masks.crop(mask)
    inside = np.ascontiguousarray(crop).view(np.uint8)
    height, width = inside.shape
    region = image[y : y + height, x : x + width]
    # The stubs of OpenCV leave out scalars.
    tint: Any = (*(opacity * channel for channel in colour), 0.0)
    cv2.add(cv2.convertScaleAbs(region, alpha=1.0 - opacity), tint, region, inside)
    # Tracing the centres of the border pixels takes a tenth of the time of `masks.rings`, whose
    # exact corners would vanish under the line.
    rings, _ = cv2.findContours(inside, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE, offset=(x, y))
    smooth = [cv2.approxPolyDP(ring, max(1.0, line / 3), True) for ring in rings]
    cv2.polylines(image, smooth, True, colour, line, cv2.LINE_AA)
    return Anchor(x, y, x + width, y + height, x + float(np.flatnonzero(inside[0]).mean()))


def _draw_upright(image: UInt8, corners: Points, colour: Colour, line: int, edge: int) -> None:
    """Draw a frame of whole pixels just inside a box, so that it is crisp and never cut off.

    Args:
        image: [H, W, 3] uint8, changed in place.
        corners: [4, 2] of the box.
        colour: Of the frame.
        line: Width of the frame in pixels.
        edge: The frame is wider by this on either side.
    """
    height, width = image.shape[:2]
    x1, y1 = (max(0, math.floor(value + 0.5) - edge) for value in corners[0].tolist())
    x2, y2 = (math.floor(value + 0.5) + edge for value in corners[2].tolist())
    x1, y1 = min(x1, width - 1), min(y1, height - 1)
    across, down = max(min(width, x2) - x1, 1), max(min(height, y2) - y1, 1)
    flat, narrow = min(line + 2 * edge, down), min(line + 2 * edge, across)
    for bar in (
        (x1, y1, across, flat),
        (x1, y1 + down - flat, across, flat),
        (x1, y1, narrow, down),
        (x1 + across - narrow, y1, narrow, down),
    ):
        cv2.rectangle(image, bar, colour, cv2.FILLED)


def _draw_keypoints(
    image: UInt8, keypoints: Float32, colour: Colour, line: int, min_visibility: float
) -> None:
    """Draw points [K, 2 or 3], with limbs where they are those of a person in COCO."""
    points = keypoints[:, :2].astype(np.float64)
    there = seen(keypoints, min_visibility)
    reach = 4 * sum(image.shape[:2])
    fixed = _fixed(np.clip(np.where(there[:, None], points, 0.0), -reach, reach))
    for first, second, side in limbs(len(points)):
        if there[first] and there[second]:
            ends = fixed[first].tolist(), fixed[second].tolist()
            cv2.line(image, *ends, side, line, cv2.LINE_AA, _SHIFT)
    radius = (line + 1) << _SHIFT
    for point in fixed[there].tolist():
        cv2.circle(image, point, radius, _WHITE, cv2.FILLED, cv2.LINE_AA, _SHIFT)
        cv2.circle(
            image, point, radius - (line << _SHIFT) // 2, colour, cv2.FILLED, cv2.LINE_AA, _SHIFT
        )


def _fixed(points: NDArray[np.floating]) -> NDArray[np.int32]:
    """Return points as OpenCV takes them: counted from pixel centres, in sixteenths."""
    return np.round((points - 0.5) * (1 << _SHIFT)).astype(np.int32)


def _darker(colour: Colour) -> Colour:
    """Return the edge that keeps a light line visible on a light picture."""
    red, green, blue = colour
    return red * 2 // 5, green * 2 // 5, blue * 2 // 5


def _colour(palette: Sequence[Colour], number: int) -> Colour:
    return palette[number] if 0 <= number < len(palette) else _UNKNOWN


def _name(names: Sequence[str], number: int) -> str:
    return printable(names[number]) if 0 <= number < len(names) else str(number)


def _pieces(
    found: Detections, index: int, names: Sequence[str], style: DrawStyle
) -> tuple[str, ...]:
    pieces = [_name(names, int(found.classes[index]))]
    if found.ids is not None and found.ids[index] and style.show_tracks:
        pieces.insert(0, f"#{found.ids[index]}")
    if style.show_confidence:
        pieces.append(f"{found.scores[index]:.2f}")
    return tuple(pieces)


def _ranking(probabilities: Float32, names: Sequence[str], palette: Sequence[Colour]) -> list[Rank]:
    """Return the five most probable classes."""
    known = np.nan_to_num(probabilities, nan=0.0)
    best = np.argsort(-known, kind="stable")[:5].tolist()
    return [Rank(_name(names, i), float(known[i]), _colour(palette, i)) for i in best]
