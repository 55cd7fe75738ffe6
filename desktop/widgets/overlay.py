"""Painting what was found over a picture: masks, boxes, keypoints and, of one object, its mark.

Lines have the same width on screen at every zoom.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from PyQt6.QtCore import QPointF, QRectF, Qt
from PyQt6.QtGui import (
    QBrush,
    QColor,
    QImage,
    QPainter,
    QPainterPath,
    QPen,
    QPolygonF,
)

from desktop import theme
from desktop.scene import Overlay
from desktop.state import OverlayStyle
from desktop.widgets.camera import Camera
from desktop.widgets.outlines import LINE, Outline, OutlineCache, pen_of
from desktop.widgets.shapes import Shapes
from engine.skeleton import limbs, seen

THIN, MARKED, EDGE, HALO = 1.0, 3.0, 1.0, 2.0
"""Widths on screen: boxes around masks, the marked object, edges beside lines, its halo."""
DOT = 3.0
# So many pixels of outline can be smoothed within a frame of the screen.
_SMOOTH_LENGTH = 14_000.0
# How dark the edge of a line is, in the terms of `QColor.darker`.
_DARKER = 250


class OverlayPainter:
    """Paints one overlay.

    Args:
        overlay: What is painted.
        cache: Kept from one overlay to the next; one of its own when left out.

    Attributes:
        overlay: What it paints.
        shapes: Where its objects are.
    """

    def __init__(self, overlay: Overlay, cache: OutlineCache | None = None) -> None:
        """Prepare an overlay."""
        self.overlay = overlay
        self._cache = cache or OutlineCache()
        self.shapes = Shapes(overlay)
        self._classes: list[int] = overlay.detections.classes.tolist()
        self._colours = {
            number: QColor(*overlay.colours[number])
            if 0 <= number < len(overlay.colours)
            else theme.colour("control")
            for number in set(self._classes)
        }

    def colour(self, position: int) -> QColor:
        """Return the colour of an object's class."""
        return self._colours[self._classes[position]]

    def is_slow(self, camera: Camera, style: OverlayStyle) -> bool:
        """Tell whether smooth outlines would take longer than a frame of the screen."""
        if not style.masks or self.overlay.outlines is None:
            return False
        x1, y1, x2, y2 = self.shapes.bounds[self.shapes.within(camera.shown)].T
        return float((x2 - x1 + y2 - y1).sum() * 2 * camera.zoom) > _SMOOTH_LENGTH

    def paint(
        self, painter: QPainter, camera: Camera, style: OverlayStyle, smooth: bool = True
    ) -> None:
        """Paint all objects that are seen, without their labels.

        Args:
            painter: Of the view, in its coordinates.
            camera: From the picture to the view.
            style: What to paint.
            smooth: Whether the outlines of masks are smoothed.
        """
        if not style.visible:
            return
        # The best object comes last and so lies on top.
        positions = self.shapes.within(camera.shown)[::-1].tolist()
        masked = list(self._seen_masks(positions, camera, style))
        brushes = {number: QBrush(colour) for number, colour in self._colours.items()}
        if masked:
            self._paint_tints(painter, masked, brushes, camera, style.mask_opacity)
        self._paint_boxes(painter, positions, {each for each, _ in masked}, camera, style)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, smooth)
        for position, outline in masked:
            painter.fillPath(outline.line, brushes[self._classes[position]])
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for position in positions:
            self._paint_keypoints(painter, position, camera)

    def paint_mark(
        self,
        painter: QPainter,
        camera: Camera,
        style: OverlayStyle,
        position: int,
        selected: bool,
    ) -> None:
        """Paint one object so that it stands out.

        Args:
            painter: Of the view, in its coordinates.
            camera: From the picture to the view.
            style: What is painted of all objects.
            position: Which object.
            selected: Whether it is chosen, and not only pointed at.
        """
        if not style.visible or not np.isfinite(self.shapes.bounds[position]).all():
            return
        masked = list(self._seen_masks([position], camera, style))
        line = masked[0][1].inside if masked else self._frame(position, camera)
        # Upright lines are crisp as they are; smoothing would blur one of three pixels.
        slanted = bool(masked) or self.overlay.detections.angles is not None
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, slanted)
        if selected:
            white = QColor(Qt.GlobalColor.white)
            painter.strokePath(line, pen_of(white, MARKED + 2 * HALO))
        painter.strokePath(line, pen_of(self.colour(position), MARKED))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_keypoints(painter, position, camera)

    def _seen_masks(
        self, positions: Sequence[int], camera: Camera, style: OverlayStyle
    ) -> Iterator[tuple[int, Outline]]:
        """Yield the outlines that are to be painted, in coordinates of the view."""
        outlines = self.overlay.outlines
        if outlines is None or not style.masks:
            return
        transform = camera.transform
        for position in positions:
            outline = outlines[position]
            if outline is not None:
                yield position, self._cache.seen(outline, transform)

    def _paint_tints(
        self,
        painter: QPainter,
        masked: list[tuple[int, Outline]],
        brushes: dict[int, QBrush],
        camera: Camera,
        opacity: float,
    ) -> None:
        """Tint the masks; where several lie over one another, the uppermost gives the tint.

        Opaque colours on a sheet of their own, blended once, take a quarter of the time of
        blending each mask.
        """
        size = (camera.view * camera.ratio).toSize()
        sheet = QImage(size, QImage.Format.Format_ARGB32_Premultiplied)
        sheet.setDevicePixelRatio(camera.ratio)
        sheet.fill(Qt.GlobalColor.transparent)
        sheet_painter = QPainter(sheet)
        for position, outline in masked:
            sheet_painter.fillPath(outline.inside, brushes[self._classes[position]])
        sheet_painter.end()
        painter.setOpacity(opacity)
        painter.drawImage(QPointF(0, 0), sheet)
        painter.setOpacity(1.0)

    def _paint_boxes(
        self,
        painter: QPainter,
        positions: Sequence[int],
        masked: set[int],
        camera: Camera,
        style: OverlayStyle,
    ) -> None:
        """Paint the boxes of what shows no mask, yet or at all, and of the others when asked to."""
        wide = [each for each in positions if each not in masked]
        thin = [each for each in positions if each in masked and style.boxes]
        for group, width in ((thin, THIN), (wide, LINE)):
            by_class: dict[int, list[int]] = {}
            for position in group:
                by_class.setdefault(self._classes[position], []).append(position)
            # Edges before lines, so that no box is cut by the edge of its neighbour. The box of a
            # mask has none: the mask's own outline is what counts.
            for extra in (2 * EDGE, 0.0) if width == LINE else (0.0,):
                for number, members in by_class.items():
                    colour = self._colours[number]
                    pen = pen_of(colour.darker(_DARKER) if extra else colour, width + extra)
                    self._stroke_boxes(painter, pen, members, camera)

    def _stroke_boxes(
        self, painter: QPainter, pen: QPen, positions: list[int], camera: Camera
    ) -> None:
        painter.setPen(pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        upright = self.overlay.detections.angles is None
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, not upright)
        if upright:
            painter.drawRects(*self._rects(positions, camera))
            return
        for position in positions:
            painter.drawPolygon(self._polygon(position, camera))

    def _frame(self, position: int, camera: Camera) -> QPainterPath:
        path = QPainterPath()
        if self.overlay.detections.angles is None:
            path.addRect(self._rects([position], camera)[0])
        else:
            path.addPolygon(self._polygon(position, camera))
            path.closeSubpath()
        return path

    def _rects(self, positions: list[int], camera: Camera) -> list[QRectF]:
        """Return upright boxes on whole device pixels of the view, so that they are crisp."""
        place, ratio = camera.transform, camera.ratio
        offset = np.array((place.dx(), place.dy(), place.dx(), place.dy()))
        found = self.shapes.bounds[positions] * camera.zoom + offset
        found = np.round(found * ratio) / ratio
        found[:, 2:] -= found[:, :2]
        return [QRectF(*box) for box in found.tolist()]

    def _polygon(self, position: int, camera: Camera) -> QPolygonF:
        corners = self.shapes.corners[position].tolist()
        return camera.transform.map(QPolygonF([QPointF(x, y) for x, y in corners]))

    def _paint_keypoints(self, painter: QPainter, position: int, camera: Camera) -> None:
        keypoints = self.overlay.detections.keypoints
        if keypoints is None:
            return
        points = keypoints[position]
        there: NDArray[np.bool_] = seen(points)
        transform = camera.transform
        mapped = [
            transform.map(QPointF(x, y)) if known else None
            for (x, y), known in zip(points[:, :2].tolist(), there.tolist(), strict=True)
        ]
        for first, second, side in limbs(len(points)):
            start, end = mapped[first], mapped[second]
            if start is not None and end is not None:
                colour = QColor(*side)
                painter.setPen(pen_of(colour.darker(_DARKER), LINE + 2 * EDGE))
                painter.drawLine(start, end)
                painter.setPen(pen_of(colour, LINE))
                painter.drawLine(start, end)
        painter.setPen(pen_of(QColor(Qt.GlobalColor.white), EDGE))
        painter.setBrush(self.colour(position))
        for point in mapped:
            if point is not None:
                painter.drawEllipse(point, DOT, DOT)
