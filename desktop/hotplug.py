"""Hearing of cameras that are plugged in or out.

Qt only says that something changed; which cameras there are is asked elsewhere, as Qt's list and
OpenCV's need not agree.
"""

from __future__ import annotations

from collections.abc import Callable

from PyQt6.QtCore import QLoggingCategory, QObject

# What Qt's player and its sound would tell on the terminal concerns nobody here.
_QUIET = "qt.multimedia*=false\nqt.core.library=false"


def watch_cameras(changed: Callable[[], None], parent: QObject) -> bool:
    """Call a function whenever a camera comes or goes, as long as `parent` lives.

    Takes a tenth of a second, once.

    Args:
        changed: A method of a QObject, so that the connection ends with it.
        parent: The owner.

    Returns:
        Whether the system tells; some lack a library for it.
    """
    QLoggingCategory.setFilterRules(_QUIET)
    try:
        from PyQt6.QtMultimedia import QMediaDevices
    except ImportError:
        return False
    devices = QMediaDevices(parent)
    devices.videoInputsChanged.connect(changed)
    return True
