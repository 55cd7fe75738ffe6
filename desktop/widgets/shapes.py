"""Where the objects of an overlay are: bounds, corners, what is seen and what is pointed at."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from PyQt6.QtCore import QPointF, QRectF

from desktop.scene import Overlay
from desktop.state import OverlayStyle
from engine.types import Detections

Float64 = NDArray[np.float64]


class Shapes:
    """The places of all objects, in pixels of the picture.

    Attributes:
        corners: [N, 4, 2] of the boxes, rotated where they have angles.
        bounds: [N, 4] x1, y1, x2, y2 around them; boxes that are not finite lie nowhere.
        tips: [N, 2] y where they reach furthest right and furthest left.
        areas: [N] of the boxes.
    """

    def __init__(self, overlay: Overlay) -> None:
        """Work out where everything is."""
        self._overlay = overlay
        self.corners = _corners(overlay.detections)
        self.bounds = np.concatenate((self.corners.min(axis=1), self.corners.max(axis=1)), axis=1)
        self.tips = _tips(self.corners, overlay.detections.angles is not None)
        sides = overlay.detections.boxes[:, 2:].astype(np.float64) - overlay.detections.boxes[:, :2]
        self.areas: Float64 = np.nan_to_num(sides[:, 0] * sides[:, 1], nan=math.inf)

    def within(self, part: QRectF) -> NDArray[np.intp]:
        """Return the positions of the objects that are in a part of the picture, best first."""
        x1, y1, x2, y2 = self.bounds.T
        return np.flatnonzero(
            (x2 >= part.left()) & (x1 <= part.right()) & (y2 >= part.top()) & (y1 <= part.bottom())
        )

    def rect(self, position: int) -> QRectF:
        """Return the bounds of one object."""
        x1, y1, x2, y2 = self.bounds[position].tolist()
        return QRectF(x1, y1, x2 - x1, y2 - y1)

    def at(self, point: QPointF, style: OverlayStyle) -> int | None:
        """Return the object at a point: of several the smallest, of none None.

        A mask counts by its own shape as far as it is drawn, everything else by its box.
        """
        if not style.visible:
            return None
        around = self.within(QRectF(point, point))
        for position in around[np.argsort(self.areas[around], kind="stable")].tolist():
            outlines = self._overlay.outlines
            outline = outlines[position] if outlines is not None and style.masks else None
            if outline is not None:
                hit = outline.contains(point)
            else:
                hit = inside(self.corners[position], point.x(), point.y())
            if hit:
                return int(position)
        return None


def inside(corners: Float64, x: float, y: float) -> bool:
    """Tell whether a point is in a rectangle [4, 2], whichever way it is turned."""
    side = np.roll(corners, -1, axis=0) - corners
    offset = np.array((x, y)) - corners
    turn = side[:, 0] * offset[:, 1] - side[:, 1] * offset[:, 0]
    return bool((turn >= 0).all() or (turn <= 0).all())


def _tips(corners: Float64, rotated: bool) -> Float64:
    if not rotated:
        middle: Float64 = corners[:, :, 1].mean(axis=1, keepdims=True)
        return np.repeat(middle, 2, axis=1)
    # With NaN among them these are any corner of a box that is nowhere.
    right, left = corners[:, :, 0].argmax(axis=1), corners[:, :, 0].argmin(axis=1)
    rows = np.arange(len(corners))
    return np.stack((corners[rows, right, 1], corners[rows, left, 1]), axis=1)


def _corners(found: Detections) -> Float64:
    """Return the corners of all boxes [N, 4, 2]; NaN, which is nowhere, for those not finite."""
    boxes = found.boxes.astype(np.float64)
    corners: Float64 = boxes[:, ((0, 1), (2, 1), (2, 3), (0, 3))]
    if found.angles is not None:
        angles = found.angles.astype(np.float64)
        cos, sin = np.cos(angles), np.sin(angles)
        turn = np.stack((np.stack((cos, sin), axis=1), np.stack((-sin, cos), axis=1)), axis=1)
        centre = corners.mean(axis=1, keepdims=True)
        corners = (corners - centre) @ turn + centre
    wrong = ~np.isfinite(corners).all(axis=(1, 2))
    corners[wrong] = np.nan
    return corners
