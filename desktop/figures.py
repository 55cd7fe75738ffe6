"""Figures as they are shown: in the form of the locale, one under the other."""

from __future__ import annotations

from PyQt6.QtCore import QLocale
from PyQt6.QtGui import QFont


def number(value: float, decimals: int = 0) -> str:
    """Return a measure in the form of the locale, without marks between thousands."""
    locale = QLocale()
    locale.setNumberOptions(QLocale.NumberOption.OmitGroupSeparator)
    return locale.toString(float(value), "f", decimals)


def count(value: int) -> str:
    """Return a count in the form of the locale."""
    return QLocale().toString(value)


def tabular(font: QFont) -> QFont:
    """Return a font whose figures are all of one width, where it has such figures."""
    result = QFont(font)
    result.setFeature(QFont.Tag("tnum"), 1)
    return result
