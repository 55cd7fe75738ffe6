"""What the picture view shows, kept as it was painted until something changes.

The picture at one zoom is painted once, the overlay once over it; what follows the pointer is
painted over both each time.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PyQt6.QtCore import QPointF, QSize
from PyQt6.QtGui import QFont, QImage, QPainter, QPixmap

from desktop import theme
from desktop.scene import Overlay, Picture
from desktop.state import OverlayStyle
from desktop.widgets import canvas, cards, labels
from desktop.widgets.camera import Camera
from desktop.widgets.outlines import OutlineCache
from desktop.widgets.overlay import OverlayPainter

_RANKING_CORNER = QPointF(12, 12)


class Stage:
    """A picture, its overlay and how both are looked at.

    Attributes:
        camera: Where the view looks; call `forget` after moving it.
        picture: On show, or None.
        is_draft: Whether the overlay was painted faster than well.
    """

    def __init__(self) -> None:
        """Show nothing."""
        self.camera = Camera()
        self.picture: Picture | None = None
        self.is_draft = False
        self._overlay: OverlayPainter | None = None
        self._outlines = OutlineCache()
        self._style = OverlayStyle()
        self._background: QImage | None = None
        self._labels: tuple[labels.Label, ...] = ()
        self._hurried = False
        self._below: QPixmap | None = None
        self._whole: QPixmap | None = None

    def set_picture(self, picture: Picture | None) -> None:
        """Show a picture; what was found in one from elsewhere is gone."""
        former = self.picture
        self.picture = picture
        self._outlines = OutlineCache()
        if picture is None or former is None or picture.place != former.place:
            self.set_overlay(None)
        if picture is not None:
            self.camera.set_picture(picture.width, picture.height)
        self.forget()

    def set_overlay(self, overlay: Overlay | None) -> None:
        """Show what was found."""
        self._overlay = None if overlay is None else OverlayPainter(overlay, self._outlines)
        self.forget_overlay()

    def set_style(self, style: OverlayStyle) -> None:
        """Show other parts of what was found."""
        self._style = style
        self.forget_overlay()

    def set_background(self, image: QImage | None) -> None:
        """Show a picture, dim, where there is none to look at."""
        self._background = None if image is None or image.isNull() else image
        self.forget()

    @property
    def visible(self) -> bool:
        """Whether anything is shown over the picture."""
        return self._style.visible

    @property
    def overlay(self) -> Overlay | None:
        """What was found, whether or not it is shown."""
        return None if self._overlay is None else self._overlay.overlay

    def forget(self) -> None:
        """Paint all of it anew."""
        self._below = None
        self.forget_overlay()

    def forget_overlay(self) -> None:
        """Paint the overlay anew, as fast as it takes to follow a hand."""
        self._whole = None
        self._labels = ()
        self._hurried = True

    def refine(self) -> None:
        """Paint the overlay anew, as well as possible."""
        self._whole = None
        self._hurried = False

    def painted(self, ratio: float, font: QFont) -> QPixmap:
        """Return picture and overlay.

        Args:
            ratio: Device pixels a device-independent one.
            font: Of the view.
        """
        if ratio != self.camera.ratio:
            self.camera.ratio = ratio
            self.forget()
        if self._below is None:
            self._below = self._paint_below()
        if self._whole is None:
            self._whole = QPixmap(self._below)
            painter = QPainter(self._whole)
            painter.setFont(font)
            self._paint_overlay(painter)
            painter.end()
        return self._whole

    def paint_marks(
        self,
        painter: QPainter,
        selected: int | None,
        hovered: int | None,
        pointer: QPointF | None,
    ) -> None:
        """Paint what stands out over the rest.

        Args:
            painter: Of the view, with its font.
            selected: Position of the chosen object.
            hovered: Position of the one under the pointer.
            pointer: Where that is.
        """
        painting = self._shown
        if painting is None:
            return
        count = len(painting.overlay.detections)
        marked = [each for each in (hovered, selected) if each is not None and each < count]
        font = painter.font()
        for position in marked:
            painting.paint_mark(painter, self.camera, self._style, position, position == selected)
        if self._style.labels:
            self._paint_labels_over(painter, painting, marked, selected)
        painter.setFont(font)
        if hovered in marked and hovered is not None and pointer is not None:
            colour = painting.colour(hovered)
            cards.paint_object(
                painter, painting.overlay, hovered, colour, pointer, self.camera.view
            )

    def object_at(self, point: QPointF) -> int | None:
        """Return the object that a point of the view is on, by its label or by itself."""
        painting = self._shown
        if painting is None:
            return None
        for label in self._labels:
            if label.rect.contains(point):
                return label.position
        return painting.shapes.at(self.camera.to_picture(point), self._style)

    def bring_into_sight(self, position: int) -> bool:
        """Look at an object unless it is seen already; tell whether there is such an object."""
        overlay = self._overlay
        if overlay is None or position >= len(overlay.overlay.detections):
            return False
        bounds = overlay.shapes.rect(position)
        if bounds.isValid() and not bounds.intersects(self.camera.shown):
            self.camera.centre_on(bounds.center())
            self.forget()
        return True

    @property
    def _shown(self) -> OverlayPainter | None:
        """The overlay, where it is of the picture on show and to be seen."""
        overlay, picture = self._overlay, self.picture
        if overlay is None or picture is None or overlay.overlay.place != picture.place:
            return None
        return overlay if self._style.visible else None

    def _paint_below(self) -> QPixmap:
        size = (self.camera.view * self.camera.ratio).toSize()
        pixmap = QPixmap(size.expandedTo(QSize(1, 1)))
        pixmap.setDevicePixelRatio(self.camera.ratio)
        pixmap.fill(theme.colour("canvas"))
        painter = QPainter(pixmap)
        if self.picture is not None:
            canvas.paint_picture(painter, self.picture, self.camera)
        elif self._background is not None:
            canvas.paint_background(painter, self._background, self.camera.view)
        painter.end()
        return pixmap

    def _paint_overlay(self, painter: QPainter) -> None:
        self._labels = ()
        self.is_draft = False
        painting = self._shown
        if painting is None:
            return
        self.is_draft = self._hurried and painting.is_slow(self.camera, self._style)
        painting.paint(painter, self.camera, self._style, smooth=not self.is_draft)
        if not self._style.labels:
            return
        ranks = cards.ranking(painting.overlay)
        if ranks:
            cards.paint_ranking(painter, ranks, _RANKING_CORNER)
        seen = painting.shapes.within(self.camera.shown)
        bounds, tips = self._in_view(painting, seen)
        view = self.camera.view
        self._labels = labels.arrange(painting.overlay, seen.tolist(), bounds, tips, view)
        for label in reversed(self._labels):
            labels.paint(painter, label, painting.colour(label.position))

    def _paint_labels_over(
        self,
        painter: QPainter,
        painting: OverlayPainter,
        marked: Sequence[int],
        selected: int | None,
    ) -> None:
        """Paint the labels that marks went over again, and those of the marked objects last."""
        place = self.camera.transform
        areas = [place.mapRect(painting.shapes.rect(each)) for each in marked]
        for label in reversed(self._labels):
            hidden = any(area.intersects(label.rect) for area in areas)
            if hidden and label.position not in marked:
                labels.paint(painter, label, painting.colour(label.position))
        for position in marked:
            own = self._label_of(painting, position)
            if own is not None:
                colour = painting.colour(position)
                labels.paint(painter, own, colour, marked=position == selected)

    def _label_of(self, painting: OverlayPainter, position: int) -> labels.Label | None:
        """Return the label of an object in view, placed by itself where the objects have none."""
        for label in self._labels:
            if label.position == position:
                return label
        if not painting.shapes.rect(position).intersects(self.camera.shown):
            return None
        bounds, tips = self._in_view(painting, np.array([position]))
        text = labels.text_of(painting.overlay, position)
        return labels.place([position], [text], bounds, tips, bounds, self.camera.view)[0]

    def _in_view(
        self, painting: OverlayPainter, positions: NDArray[np.intp]
    ) -> tuple[labels.Float64, labels.Float64]:
        """Return bounds [N, 4] and tips [N, 2] of objects in coordinates of the view."""
        place, zoom = self.camera.transform, self.camera.zoom
        offset = np.array((place.dx(), place.dy(), place.dx(), place.dy()))
        bounds = painting.shapes.bounds[positions] * zoom + offset
        return bounds, painting.shapes.tips[positions] * zoom + place.dy()
