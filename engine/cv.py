"""The one door to OpenCV.

The wheel points Qt at its own plugins through two environment variables, which breaks PyQt6;
they are removed as soon as it is imported. Everything else says `from engine.cv import cv2`.

What it reads from the environment when it is loaded is set before: on Windows a camera opens in a
moment without transforms in hardware and in up to a minute with them, and on Linux one that is
silent is given up after five seconds and not ten.
"""

from __future__ import annotations

import os

os.environ.setdefault("OPENCV_VIDEOIO_MSMF_ENABLE_HW_TRANSFORMS", "0")
os.environ.setdefault("OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT", "5")

import cv2  # noqa: E402

for _variable in ("QT_QPA_PLATFORM_PLUGIN_PATH", "QT_QPA_FONTDIR"):
    os.environ.pop(_variable, None)

__all__ = ["cv2"]

# Ultralytics says so when it is imported, and a picture that another thread is just scaling then is
# divided by no threads at all: the process ends. Said from the beginning it changes nothing.
cv2.setNumThreads(0)
