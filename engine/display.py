"""Whether a window could be shown here."""

from __future__ import annotations

import ctypes
import ctypes.util
import os
import sys
from pathlib import Path


def available() -> bool:
    """Tell whether there is a screen, and on X11 whether its server answers.

    Qt ends the whole process when the server does not, so it is asked beforehand.
    """
    if sys.platform in ("win32", "darwin"):
        return True
    platform = os.environ.get("QT_QPA_PLATFORM") or "xcb"
    if platform.split(":")[0] not in ("xcb", "wayland"):
        return True
    wayland = os.environ.get("WAYLAND_DISPLAY")
    if wayland and (Path(os.environ.get("XDG_RUNTIME_DIR", "/")) / wayland).exists():
        return True
    return bool(os.environ.get("DISPLAY")) and _answers()


def _answers() -> bool:
    """Connect to the X server once; without its library Qt could not either."""
    try:
        xcb = ctypes.CDLL(ctypes.util.find_library("xcb") or "libxcb.so.1")
    except OSError:
        return False
    xcb.xcb_connect.restype = ctypes.c_void_p
    connection = ctypes.c_void_p(xcb.xcb_connect(None, None))
    failed = bool(xcb.xcb_connection_has_error(connection))
    xcb.xcb_disconnect(connection)
    return not failed
