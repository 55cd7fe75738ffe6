"""The one door to OpenCV.

The wheel points Qt at its own plugins through two environment variables, which breaks PyQt6;
they are removed as soon as it is imported. Everything else says `from engine.cv import cv2`.
"""

from __future__ import annotations

import os

import cv2

for _variable in ("QT_QPA_PLATFORM_PLUGIN_PATH", "QT_QPA_FONTDIR"):
    os.environ.pop(_variable, None)

__all__ = ["cv2"]
