"""The door to OpenCV: what it sets once and for all."""

from __future__ import annotations

import os

from engine.cv import cv2


def test_it_works_in_the_thread_that_asks() -> None:
    """A number of threads that changes while another thread scales a picture ends the process."""
    assert cv2.getNumThreads() == 1
    before = cv2.getNumThreads()
    cv2.setNumThreads(0)
    assert cv2.getNumThreads() == before


def test_qt_keeps_its_own_plugins() -> None:
    assert "QT_QPA_PLATFORM_PLUGIN_PATH" not in os.environ
    assert "QT_QPA_FONTDIR" not in os.environ
