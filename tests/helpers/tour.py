"""A tour through everything that the window shows, without a network."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

from PyQt6.QtWidgets import QApplication, QDialog, QDockWidget, QWidget
from pytestqt.qtbot import QtBot

from desktop.app import Application
from desktop.messages import Act, Kind, Message
from desktop.settings import Settings
from desktop.state import ObjectKey, Place
from engine.counting import CountLine
from engine.inference.fake import FakeDetector
from tests.helpers.movies import movie

DIALOGS = ("preferences", "about", "model_card", "official_weights", "shortcuts")
LONG_MS = 30_000


def start(qapp: QApplication, settings: Path) -> Application:
    """Return the application with its window, a detector without a network in it."""
    application = Application(qapp, Settings(settings), opener=lambda config: FakeDetector(6))
    application.show()
    return application


def detect(qtbot: QtBot, application: Application, folder: Path) -> None:
    """Open a folder and work through it."""
    state, controller = application.state, application.controller
    qtbot.waitUntil(lambda: state.model is not None and not state.model_busy, timeout=LONG_MS)
    with qtbot.waitSignal(state.sources_changed, timeout=LONG_MS):
        controller.open([folder])
    with qtbot.waitSignal(controller.current.runs.run_ended, timeout=LONG_MS):
        controller.detect()
    qtbot.waitUntil(lambda: controller.current.views._lane.idle(), timeout=LONG_MS)


def tour(qtbot: QtBot, application: Application, folder: Path) -> Iterator[tuple[str, QWidget]]:
    """Bring everything on screen, one after the other, and yield its name and its window."""
    state, controller, messages = application.state, application.controller, application.messages
    window = application.window
    assert window is not None
    qtbot.waitUntil(lambda: state.model is not None and not state.model_busy, timeout=LONG_MS)
    yield "empty", window
    detect(qtbot, application, folder)
    state.change(place=Place(str(state.sources[0])), selection=ObjectKey(1, 1))
    qtbot.wait(300)
    yield "done", window
    for kind in Kind:
        message = Message("⟦said⟧", kind, "⟦hint⟧", "⟦details⟧", Act("⟦do⟧", lambda: None))
        messages.show(message)
        yield f"message of kind {kind}", window
    messages.clear()
    window.show_tab("history")
    qtbot.wait(500)
    yield "history", window
    yield from moving(qtbot, application, folder.parent / "v.mp4")
    window.show_tab("image")
    for name in DIALOGS:
        getattr(controller.dialogs, name)()
        dialog = open_dialog()
        qtbot.wait(300)
        yield name, dialog
        dialog.reject()
    application.show_crash("⟦report⟧")
    dialog = open_dialog()
    yield "crash", dialog
    dialog.reject()


def moving(
    qtbot: QtBot, application: Application, video: Path
) -> Iterator[tuple[str, QWidget]]:
    """Bring the tabs of videos and cameras on screen, empty, at work and with what they found."""
    window, controller = application.window, application.controller
    assert window is not None
    window.show_tab("video")
    yield "video, empty", window
    if not video.exists():
        movie(video, [index / 10 for index in range(12)])
    state = controller.workspaces["video"].state
    controller.open([video])
    qtbot.waitUntil(lambda: state.place is not None, timeout=LONG_MS)
    videos = controller.videos
    qtbot.waitUntil(
        lambda: videos.status is not None and bool(videos.status.frames), timeout=LONG_MS
    )
    state.change(
        config=dataclasses.replace(state.config, track="bytetrack"),
        counters=(CountLine("0", (5.0, 5.0), (50.0, 40.0)),),
    )
    qtbot.wait(200)
    yield "video, opened", window
    with qtbot.waitSignal(controller.current.runs.run_ended, timeout=LONG_MS):
        controller.detect()
    qtbot.wait(500)
    yield "video, done", window
    for dock in window.findChildren(QDockWidget, "times"):
        dock.raise_()
    qtbot.wait(100)
    yield "video, counts over time", window
    window.show_tab("camera")
    qtbot.waitUntil(lambda: bool(controller.cameras.devices), timeout=LONG_MS)
    yield "camera, empty", window
    controller.cameras.choose("sim:")
    camera = controller.workspaces["camera"].state
    controller.cameras.record()
    qtbot.waitUntil(lambda: camera.live is not None and camera.live.captured > 3, timeout=LONG_MS)
    qtbot.wait(400)
    yield "camera, recorded", window
    controller.stop()
    qtbot.waitUntil(lambda: not camera.phase.busy, timeout=LONG_MS)
    controller.cameras.choose("rtsp://0.0.0.0/0")
    qtbot.wait(100)
    yield "camera, address", window


def open_dialog() -> QDialog:
    """Return the dialog that is open."""
    return next(
        each
        for each in QApplication.topLevelWidgets()
        if isinstance(each, QDialog) and each.isVisible()
    )
