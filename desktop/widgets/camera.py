"""Which part of a picture a view shows, and how large. No painting here."""

from __future__ import annotations

from PyQt6.QtCore import QPointF, QRectF, QSizeF
from PyQt6.QtGui import QTransform

MARGIN = 12.0
"""Around a picture that is fitted."""
LARGEST = 64.0
LARGEST_FIT = 8.0
SMALLEST = 1 / 256
# So much of the view may be empty beside a picture that is larger than it.
_BESIDE = 48.0


class Camera:
    """Maps pixels of a picture to a view, in its device-independent pixels.

    Attributes:
        zoom: Device-independent pixels a picture pixel.
        fitted: Whether the whole picture is to be seen whatever the size of the view.
        ratio: Device pixels a device-independent one; pictures start on whole device pixels.
    """

    def __init__(self) -> None:
        """Look at nothing."""
        self.zoom = 1.0
        self.fitted = True
        self.ratio = 1.0
        self._picture = QSizeF(0, 0)
        self._view = QSizeF(0, 0)
        self._centre = QPointF(0, 0)

    def set_picture(self, width: float, height: float) -> None:
        """Look at a picture; one of another size is fitted."""
        size = QSizeF(width, height)
        if size != self._picture:
            self._picture = size
            self.fit()

    def set_view(self, width: float, height: float) -> None:
        """Look through a view of this size; what is in its middle stays there."""
        self._view = QSizeF(width, height)
        if self.fitted:
            self.fit()
        else:
            self._settle()

    def fit(self) -> None:
        """Show the whole picture."""
        self.fitted = True
        self.zoom = self.fit_zoom
        self._centre = QPointF(self._picture.width() / 2, self._picture.height() / 2)

    @property
    def fit_zoom(self) -> float:
        """The zoom at which the whole picture is seen."""
        if self._picture.isEmpty() or self._view.isEmpty():
            return 1.0
        across = (self._view.width() - 2 * MARGIN) / self._picture.width()
        down = (self._view.height() - 2 * MARGIN) / self._picture.height()
        return min(max(min(across, down), SMALLEST), LARGEST_FIT)

    def zoom_to(self, zoom: float, about: QPointF | None = None) -> None:
        """Change the zoom; the point of the view `about`, its middle when left out, stays."""
        fixed = about or QPointF(self._view.width() / 2, self._view.height() / 2)
        before = self.to_picture(fixed)
        self.fitted = False
        self.zoom = min(max(zoom, min(SMALLEST, self.fit_zoom)), LARGEST)
        self._centre += before - self.to_picture(fixed)
        self._settle()

    def pan(self, x: float, y: float) -> None:
        """Move the picture by this much of the view, as far as something is there to see."""
        self._centre -= QPointF(x, y) / self.zoom
        self.fitted = self.fitted and not self.pannable
        self._settle()

    def centre_on(self, point: QPointF) -> None:
        """Bring a point of the picture into the middle of the view, as far as possible."""
        self._centre = QPointF(point)
        self._settle()

    @property
    def view(self) -> QSizeF:
        """Size of the view."""
        return QSizeF(self._view)

    @property
    def picture(self) -> QSizeF:
        """Size of the picture in its pixels."""
        return QSizeF(self._picture)

    @property
    def pannable(self) -> bool:
        """Whether the picture is larger than the view."""
        return not self._view.isEmpty() and (
            self._picture.width() * self.zoom > self._view.width()
            or self._picture.height() * self.zoom > self._view.height()
        )

    @property
    def scale(self) -> float:
        """Device pixels a picture pixel."""
        return self.zoom * self.ratio

    @property
    def transform(self) -> QTransform:
        """From pixels of the picture to the view."""
        corner = QPointF(self._view.width() / 2, self._view.height() / 2)
        corner -= self._centre * self.zoom
        x = round(corner.x() * self.ratio) / self.ratio
        y = round(corner.y() * self.ratio) / self.ratio
        return QTransform(self.zoom, 0, 0, self.zoom, x, y)

    def to_picture(self, point: QPointF) -> QPointF:
        """Return the point of the picture that is at a point of the view."""
        inverse, _ = self.transform.inverted()
        return inverse.map(point)

    @property
    def shown(self) -> QRectF:
        """The part of the picture that is seen, in its pixels."""
        inverse, _ = self.transform.inverted()
        seen = inverse.mapRect(QRectF(QPointF(0, 0), self._view))
        return seen.intersected(QRectF(QPointF(0, 0), self._picture))

    def _settle(self) -> None:
        """Keep the picture in sight: centred where it fits, up to the edge where it does not."""
        self._centre = QPointF(
            _settled(self._centre.x(), self._picture.width(), self._view.width() / self.zoom,
                     _BESIDE / self.zoom),
            _settled(self._centre.y(), self._picture.height(), self._view.height() / self.zoom,
                     _BESIDE / self.zoom),
        )  # fmt: skip


def _settled(centre: float, picture: float, view: float, beside: float) -> float:
    if picture <= view:
        return picture / 2
    return min(max(centre, view / 2 - beside), picture - view / 2 + beside)
