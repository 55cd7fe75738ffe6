"""Icons in the colours of the theme, sharp at every scale."""

from __future__ import annotations

from functools import lru_cache

from PyQt6.QtCore import QByteArray, QRectF, Qt
from PyQt6.QtGui import QIcon, QPainter, QPixmap
from PyQt6.QtSvg import QSvgRenderer

from desktop import theme
from engine.paths import resource

SIZES = (16, 20, 24, 32, 40, 48)


def icon(name: str, token: str = "text") -> QIcon:
    """Return an icon of `resources/icons` in a colour of the theme in use, paler when disabled."""
    look = theme.current()
    return _icon(name, getattr(look, token), look.control)


def pixmap(name: str, size: int, token: str = "text", ratio: float = 1.0) -> QPixmap:
    """Return an icon as a picture of `size` device-independent pixels."""
    return _pixmap(name, size, getattr(theme.current(), token), ratio)


def app_icon() -> QIcon:
    """Return the icon of the application."""
    text = resource("icons/labsight.svg").read_text(encoding="utf-8")
    result = QIcon()
    for size in (16, 24, 32, 48, 64, 128, 256):
        result.addPixmap(_render(text, size))
    return result


@lru_cache(maxsize=256)
def _pixmap(name: str, size: int, colour: str, ratio: float) -> QPixmap:
    result = _render(theme.tinted(name, colour), round(size * ratio))
    result.setDevicePixelRatio(ratio)
    return result


@lru_cache(maxsize=256)
def _icon(name: str, colour: str, disabled: str) -> QIcon:
    result = QIcon()
    for size in SIZES:
        result.addPixmap(_render(theme.tinted(name, colour), size))
        result.addPixmap(_render(theme.tinted(name, disabled), size), QIcon.Mode.Disabled)
    return result


def _render(svg: str, size: int) -> QPixmap:
    result = QPixmap(size, size)
    result.fill(Qt.GlobalColor.transparent)
    painter = QPainter(result)
    QSvgRenderer(QByteArray(svg.encode())).render(painter, QRectF(0, 0, size, size))
    painter.end()
    return result
