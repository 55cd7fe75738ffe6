"""The rails of every test with widgets: off screen, nothing left running, nothing left behind.

`QT_QPA_PLATFORM=xcb pytest tests/desktop` shows the windows on a screen.
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import pytest
from PyQt6.QtCore import QEvent, QObject, QThread, QThreadPool, QTimer
from PyQt6.QtWidgets import QApplication

from desktop import theme
from tests.helpers.catalogue import speak_english

T = TypeVar("T")


@pytest.fixture(scope="session")
def qapp_args() -> list[str]:
    return ["labsight"]


@pytest.fixture(autouse=True)
def look(qapp: QApplication) -> Iterator[None]:
    """Give every test the light theme and English, whatever the one before it did."""
    if theme.current() is not theme.LIGHT or not qapp.styleSheet():
        theme.apply(qapp, "light")
    yield
    if theme.current() is not theme.LIGHT:
        theme.apply(qapp, "light")
    speak_english()


@pytest.fixture(autouse=True)
def nothing_left(qapp: QApplication, look: None) -> Iterator[None]:
    """Fail a test that leaves a thread, a running timer or a top-level widget behind."""
    before = set(threading.enumerate())
    # What is there already is passed over from here on: looking through all that torch brings along
    # takes longer than most tests.
    gc.freeze()
    yield
    pool = QThreadPool.globalInstance()
    assert pool is not None
    assert pool.waitForDone(10_000), "work is still under way in the thread pool"
    for _ in range(3):
        qapp.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
        qapp.processEvents()
        gc.collect()
    widgets = [w for w in qapp.topLevelWidgets() if w.parent() is None and w.isVisible()]
    assert not widgets, f"top-level widgets left: {widgets}"
    threads = [t for t in threading.enumerate() if t not in before and _ours(t)]
    assert not threads, f"threads left: {threads}"
    running = [each for each in _alive(QThread) if _is_running(each)]
    left = _live_timers()
    gc.unfreeze()
    assert not running, f"QThreads left: {running}"
    assert not left, f"timers left: {left}"


def _ours(thread: threading.Thread) -> bool:
    return thread.name.startswith("labsight") or not thread.daemon


def _is_running(thread: QThread) -> bool:
    try:
        return thread.isRunning() and thread is not QThread.currentThread()
    except RuntimeError:
        return False


def _live_timers() -> set[str]:
    """Return the active timers that no living widget or application object owns."""
    found = set()
    for each in _alive(QTimer):
        try:
            if each.isActive() and not each.isSingleShot():
                found.add(f"{each.objectName()} of {_owner(each)} ({id(each)})")
        except RuntimeError:
            continue
    return found


def _alive(kind: type[T]) -> list[T]:
    """Return the objects of a kind; those that only pretend to a class are not asked."""
    return [each for each in gc.get_objects() if issubclass(type(each), kind)]


def _owner(timer: QTimer) -> str:
    parent: QObject | None = timer.parent()
    return repr(parent)


@pytest.fixture
def settings_path(tmp_path: Path) -> Path:
    """Return where a test keeps settings."""
    return tmp_path / "settings.ini"
