"""Painting the picture itself: the level that suits the zoom, and of it only what is seen."""

from __future__ import annotations

from PyQt6.QtCore import QPointF, QRectF, QSizeF, Qt
from PyQt6.QtGui import QImage, QPainter

from desktop import theme
from desktop.scene import Picture, scaled_size
from desktop.widgets.camera import Camera

NEAREST_FROM = 4.0
"""From this many device pixels a picture pixel on, pixels are seen as squares."""
KEYS_BROUGHT = (
    Qt.FocusReason.TabFocusReason,
    Qt.FocusReason.BacktabFocusReason,
    Qt.FocusReason.ShortcutFocusReason,
)
"""Why the focus comes where it is to be seen that it came."""
# How much of the canvas colour lies over a background picture.
_VEIL = 0.78
# Beyond this Qt's scaling of pictures loses count.
_LONGEST = 32_000


def paint_picture(painter: QPainter, picture: Picture, camera: Camera) -> None:
    """Paint the part of a picture that a camera shows."""
    scale = camera.scale
    smooth = not (scale >= NEAREST_FROM or scale == round(scale))
    scaled = picture.scaled
    size = scaled_size(picture.width, picture.height, scale)
    if smooth and scaled is not None and (scaled.width(), scaled.height()) == size:
        # It was scaled before, in another thread: copying takes a tenth of the time.
        corner = camera.transform.map(QPointF(0, 0))
        side = QSizeF(scaled.width(), scaled.height()) / camera.ratio
        painter.drawImage(QRectF(corner, side), scaled)
        return
    level = _level(picture, scale)
    across, down = level.width() / picture.width, level.height() / picture.height
    shown = camera.shown
    # Whole pixels, so that the same ones are painted wherever the view's edge is.
    source = QRectF(
        QRectF(
            shown.left() * across, shown.top() * down, shown.width() * across, shown.height() * down
        )
        .toAlignedRect()
        .intersected(level.rect())
    )
    if source.isEmpty():
        return
    target = camera.transform.mapRect(
        QRectF(
            source.left() / across,
            source.top() / down,
            source.width() / across,
            source.height() / down,
        )
    )
    if max(level.width(), level.height()) > _LONGEST:
        level = level.copy(source.toRect())
        source.moveTo(0, 0)
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, smooth)
    painter.drawImage(target, level, source)


def paint_background(painter: QPainter, image: QImage, view: QSizeF) -> None:
    """Paint a picture over the whole view, dim, cut off where its shape is another."""
    scale = max(view.width() / image.width(), view.height() / image.height())
    part = QSizeF(view.width() / scale, view.height() / scale)
    corner = QPointF((image.width() - part.width()) / 2, (image.height() - part.height()) / 2)
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    painter.drawImage(QRectF(QPointF(0, 0), view), image, QRectF(corner, part))
    painter.setOpacity(_VEIL)
    painter.fillRect(QRectF(QPointF(0, 0), view), theme.colour("canvas"))
    painter.setOpacity(1.0)


def paint_focus(painter: QPainter, view: QSizeF) -> None:
    """Paint a frame that says that keys go to the view."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    painter.setPen(Qt.PenStyle.NoPen)
    accent = theme.colour("accent")
    for side in (
        QRectF(0, 0, view.width(), 2),
        QRectF(0, view.height() - 2, view.width(), 2),
        QRectF(0, 0, 2, view.height()),
        QRectF(view.width() - 2, 0, 2, view.height()),
    ):
        painter.fillRect(side, accent)


def _level(picture: Picture, scale: float) -> QImage:
    """Return the smallest level that has a pixel for each device pixel."""
    chosen = picture.levels[0]
    for level in picture.levels[1:]:
        if level.width() < picture.width * scale or level.height() < picture.height * scale:
            break
        chosen = level
    return chosen
