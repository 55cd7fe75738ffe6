"""Lengths of time as they are read from a clock."""

from __future__ import annotations

import math

from PyQt6.QtCore import QLocale

_MINUTE, _HOUR = 60, 3600
# Times are multiples of a frame's length and so often a hair below a tenth.
_HAIR = 1e-6


def clock(seconds: float, *, hours: bool = False, tenths: bool = True) -> str:
    """Return a time such as "00:12.4", with hours where there are any.

    Args:
        seconds: From 0; less counts as 0.
        hours: Whether hours are shown even where there are none, so that times are of one length.
        tenths: Whether tenths of a second are shown.
    """
    if not math.isfinite(seconds):
        return "–"
    count = max(0, math.floor((seconds + _HAIR) * 10))
    whole, tenth = divmod(count, 10)
    minutes, rest = divmod(whole, _MINUTE)
    text = f"{minutes:02}:{rest:02}"
    if hours or whole >= _HOUR:
        text = f"{minutes // 60}:{minutes % 60:02}:{rest:02}"
    return f"{text}{QLocale().decimalPoint()}{tenth}" if tenths else text
