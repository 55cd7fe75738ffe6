"""Icons in the colours of the theme, sharp at every scale and drawn when they are first seen."""

from __future__ import annotations

from functools import lru_cache

from PyQt6.QtCore import QByteArray, QRect, QRectF, QSize, Qt
from PyQt6.QtGui import QIcon, QIconEngine, QPainter, QPixmap
from PyQt6.QtSvg import QSvgRenderer

from desktop import theme
from engine.paths import resource


def icon(name: str, token: str = "text") -> QIcon:
    """Return an icon of `resources/icons` in a colour of the theme in use, paler when disabled."""
    look = theme.current()
    return _icon(name, getattr(look, token), look.control)


def pixmap(name: str, size: int, token: str = "text", ratio: float = 1.0) -> QPixmap:
    """Return an icon as a picture of `size` device-independent pixels."""
    result = QPixmap(_rendered(name, getattr(theme.current(), token), round(size * ratio)))
    result.setDevicePixelRatio(ratio)
    return result


def app_icon() -> QIcon:
    """Return the icon of the application."""
    text = resource("icons/labsight.svg").read_text(encoding="utf-8")
    result = QIcon()
    for size in (16, 32, 64, 128):
        result.addPixmap(_render(text, size))
    return result


class _Engine(QIconEngine):
    """Draws an icon in the size and mode that is asked for; most are never seen in most sizes."""

    def __init__(self, name: str, colour: str, disabled: str) -> None:
        super().__init__()
        self._name = name
        self._colour = colour
        self._disabled = disabled

    def clone(self) -> QIconEngine:
        return _Engine(self._name, self._colour, self._disabled)

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        colour = self._disabled if mode == QIcon.Mode.Disabled else self._colour
        return _rendered(self._name, colour, min(size.width(), size.height()))

    def paint(
        self, painter: QPainter | None, rect: QRect, mode: QIcon.Mode, state: QIcon.State
    ) -> None:
        assert painter is not None
        device = painter.device()
        ratio = 1.0 if device is None else device.devicePixelRatioF()
        side = min(rect.width(), rect.height())
        place = QRect(0, 0, side, side)
        place.moveCenter(rect.center())
        wanted = QSize(round(side * ratio), round(side * ratio))
        painter.drawPixmap(place, self.pixmap(wanted, mode, state))


@lru_cache(maxsize=256)
def _icon(name: str, colour: str, disabled: str) -> QIcon:
    return QIcon(_Engine(name, colour, disabled))


@lru_cache(maxsize=512)
def _rendered(name: str, colour: str, size: int) -> QPixmap:
    if size < 1:
        # Qt asks for it while a widget has no size yet.
        return QPixmap()
    return _render(theme.tinted(name, colour), size)


def _render(svg: str, size: int) -> QPixmap:
    result = QPixmap(size, size)
    result.fill(Qt.GlobalColor.transparent)
    painter = QPainter(result)
    QSvgRenderer(QByteArray(svg.encode())).render(painter, QRectF(0, 0, size, size))
    painter.end()
    return result
