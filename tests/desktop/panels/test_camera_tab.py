"""The tab of cameras: what stays when the window is another one, and when the camera stops."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PyQt6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from desktop.app import Application
from desktop.panels.camera_tab import CameraTab
from desktop.scene import Picture
from desktop.widgets.live_badge import LiveBadge
from engine.session import Phase
from tests.helpers.tour import LONG_MS, start


@pytest.fixture
def application(qapp: QApplication, qtbot: QtBot, settings_path: Path) -> Iterator[Application]:
    """Return the application with a simulated camera that runs."""
    application = start(qapp, settings_path)
    assert application.window is not None
    wait(qtbot, lambda: application.state.model is not None and not application.state.model_busy)
    application.window.show_tab("camera")
    application.controller.cameras.choose("sim:")
    application.controller.detect()
    wait(qtbot, lambda: said(application).startswith("Live") and picture(application) is not None)
    yield application
    application.close()


def wait(qtbot: QtBot, holds: Callable[[], bool]) -> None:
    qtbot.waitUntil(holds, timeout=LONG_MS)


def tab_of(application: Application) -> CameraTab:
    assert application.window is not None
    tab = application.window._pages.tab
    assert isinstance(tab, CameraTab)
    return tab


def picture(application: Application) -> Picture | None:
    """Return what is on screen."""
    return tab_of(application).view._stage.picture


def said(application: Application) -> str:
    """Return what is said of the camera."""
    badge = tab_of(application).findChild(LiveBadge)
    assert badge is not None
    return badge.toolTip()


def test_another_window_goes_on_with_a_camera_that_runs(
    qtbot: QtBot, application: Application
) -> None:
    application.change_preferences({"theme": "dark"})
    tab = tab_of(application)
    assert tab._empty.isHidden()
    assert not tab._bar._device.isEnabled()
    wait(qtbot, lambda: said(application).startswith("Live") and picture(application) is not None)
    first = picture(application)
    wait(qtbot, lambda: picture(application) is not first)
    application.controller.stop()
    wait(qtbot, lambda: said(application) == "Stopped")
    assert tab._bar._device.isEnabled()


def test_the_last_picture_stays_with_its_objects_in_another_window_too(
    qtbot: QtBot, application: Application
) -> None:
    state = application.controller.workspaces["camera"].state
    application.controller.stop()
    wait(qtbot, lambda: state.phase is Phase.DONE)
    assert picture(application) is not None
    application.change_preferences({"theme": "dark"})
    wait(qtbot, lambda: picture(application) is not None)
    tab = tab_of(application)
    # What is shown is in the session, so that its objects can be chosen.
    wait(qtbot, lambda: tab._overlay is not None and tab._overlay.frame_id is not None)
    assert tab._unreadable.isHidden()
    assert tab._empty.isHidden()
