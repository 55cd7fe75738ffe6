"""What a person does with cameras and streams: starting, recording, losing them.

Run by `tests/desktop/test_screen.py` on a screen of its own.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PyQt6.QtCore import QPoint
from PyQt6.QtWidgets import QComboBox, QLabel, QMenu

from desktop.app import Application
from desktop.panels.camera_tab import CameraTab
from desktop.panels.tab_row import TabRow
from desktop.state import AppState
from desktop.widgets.address_field import AddressField
from desktop.widgets.camera_bar import CameraBar
from desktop.widgets.live_badge import LiveBadge
from desktop.widgets.message_strip import MessageStrip
from desktop.widgets.record_button import RecordButton
from engine.inference.fake import FakeDetector
from engine.session import Phase
from engine.store import SessionReader
from tests.conftest import ROOT
from tests.desktop.screen.conftest import Hands, Launch
from tests.desktop.screen.parts import (
    Until,
    button,
    length_s,
    part,
    plays,
    shown_pixels,
    tab_of,
    window_of,
)
from tests.helpers.live_server import LiveServer
from tests.helpers.mjpeg_server import MjpegServer
from tests.helpers.rtsp_server import RtspServer

CUT_S = 5.0
STREAMS: tuple[type[LiveServer], ...] = (MjpegServer, RtspServer)
LONG_S, SETTLED_S, MOST_BYTES = 120.0, 30.0, 30_000_000


def state_of(application: Application) -> AppState:
    return application.controller.workspaces["camera"].state


def go_to_cameras(application: Application, hands: Hands, until: Until) -> CameraTab:
    """Click on the tab of cameras and wait until the simulated one is chosen."""
    window = window_of(application)
    window.activateWindow()
    bar = part(window, TabRow)._tabs
    hands.click(bar, bar.tabRect(2).center())
    until(lambda: window.tab == "camera")
    until(lambda: state_of(application).device == "sim:")
    tab = tab_of(application)
    assert isinstance(tab, CameraTab)
    return tab


def press_start(application: Application, hands: Hands) -> None:
    hands.click(button(part(window_of(application), TabRow), "Start"))


def press_stop(application: Application, hands: Hands, until: Until) -> Path:
    """Stop the camera; return the session."""
    state = state_of(application)
    hands.click(button(part(window_of(application), TabRow), "Stop"))
    until(lambda: state.phase is Phase.DONE)
    assert state.session is not None
    return state.session


def badge(tab: CameraTab) -> str:
    """Return what the line under the bar says in full."""
    return part(tab, LiveBadge).toolTip()


def sees(application: Application, index: int) -> bool:
    """Tell whether a picture from a number on is on screen."""
    place = state_of(application).place
    picture = tab_of(application).view._stage.picture
    return place is not None and picture is not None and picture.place.index >= index


def record(application: Application, until: Until, begin: Callable[[], None]) -> float:
    """Begin to record; return when that was."""
    cameras = application.controller.cameras
    begin()
    until(lambda: cameras.recording is not None and cameras.recording.active)
    return time.monotonic()


def wait_for_end(application: Application, until: Until) -> float:
    """Wait until nothing is recorded any more; return when that was."""
    cameras = application.controller.cameras
    until(lambda: cameras.recording is not None and not cameras.recording.active)
    return time.monotonic()


def recordings(application: Application) -> list[Path]:
    session = state_of(application).session
    assert session is not None
    return sorted((session.parent / "annotated").iterdir())


def test_the_simulated_camera_is_watched_and_a_snapshot_kept(
    application: Application, hands: Hands, until: Until
) -> None:
    tab = go_to_cameras(application, hands, until)
    state = state_of(application)
    press_start(application, hands)
    until(lambda: badge(tab).startswith("Live"))
    until(lambda: " fps" in badge(tab) and "640 × 480" in badge(tab) and " ms" in badge(tab))
    until(lambda: sees(application, 5))
    hands.click(button(tab, "Snapshot"))
    until(lambda: application.messages.last is not None)
    assert application.messages.last is not None
    written = Path(application.messages.last.text.removeprefix("Written: "))
    with Image.open(written) as drawn, Image.open(written.with_suffix(".png")) as plain:
        assert drawn.size == plain.size == (640, 480)
        assert np.asarray(plain).std() > 10
    session = press_stop(application, hands, until)
    assert written.parent.parent == session.parent
    hands.wait(500)
    assert badge(tab) == "Stopped"
    assert state.place is not None
    last = shown_pixels(application)
    assert last.std() > 10
    assert tab.view.isVisible()
    assert not tab._empty.isVisible()
    assert not tab._unreadable.isVisible()
    with SessionReader.open(session) as reader:
        assert reader.run.state == "done"
        assert reader.frame_count() > 1
        assert reader.object_count() > 0
    # Another language makes another window, and the picture is in that too.
    application.change_preferences({"language": "zh_CN"})
    until(lambda: tab_of(application).view._stage.picture is not None)
    assert not tab_of(application)._unreadable.isVisible()
    assert shown_pixels(application).std() > 10


def test_what_is_recorded_is_as_long_as_it_was_recorded(
    launch: Launch, hands: Hands, until: Until
) -> None:
    application = launch(lambda config: FakeDetector(3))
    tab = go_to_cameras(application, hands, until)
    press_start(application, hands)
    until(lambda: sees(application, 5))
    red = part(tab, RecordButton)
    middle = QPoint(red.width() // 3, red.height() // 2)
    began = record(application, until, lambda: hands.click(red, middle))
    hands.wait(3000)
    until(lambda: "00:03" in red.text())
    hands.click(red, middle)
    first_s = wait_for_end(application, until) - began
    hands.wait(1000)
    menu, arrow = part(red, QMenu), QPoint(red.width() - 6, red.height() // 2)
    ten = menu.actions()[0]
    assert ten.text() == "Record 10 s"
    began = record(application, until, lambda: hands.choose(red, arrow, menu, ten))
    second_s = wait_for_end(application, until) - began
    assert second_s == pytest.approx(10, abs=0.3)
    hands.wait(1000)
    session = press_stop(application, hands, until)
    one, two = recordings(application)
    for path, wanted_s in ((one, first_s), (two, second_s)):
        frames, _ = plays(path)
        assert length_s(path)[0] == pytest.approx(wanted_s, abs=0.3)
        with SessionReader.open(session) as reader:
            name = f"annotated/{path.name}"
            assert frames == sum(each.media == name for each in reader.frames())


@pytest.mark.parametrize("kind", STREAMS)
def test_a_stream_that_is_cut_comes_back(
    launch: Launch, hands: Hands, until: Until, kind: type[LiveServer]
) -> None:
    with kind() as server:
        application = launch(lambda config: FakeDetector(2))
        tab = go_to_cameras(application, hands, until)
        state = state_of(application)
        type_address(tab, hands, until, server.url)
        until(lambda: state.device == server.url)
        press_start(application, hands)
        until(lambda: badge(tab).startswith("Live"))
        until(lambda: sees(application, 20))
        server.cut()
        until(lambda: badge(tab).startswith("Reconnecting"))
        hands.wait(round(CUT_S * 1000))
        assert badge(tab).startswith(("Reconnecting", "Connecting"))
        before = state.place.index if state.place is not None else 0
        server.resume()
        until(lambda: badge(tab).startswith("Live"))
        until(lambda: sees(application, before + 20))
        session = press_stop(application, hands, until)
        with SessionReader.open(session) as reader:
            warned = [each for each in reader.frames() if each.warning]
            assert len(warned) == 1
            assert reader.object_count() == 2 * reader.frame_count()
        application.close()


@pytest.mark.parametrize("kind", STREAMS)
def test_a_wrong_password_is_said_and_the_tab_is_ready_again(
    launch: Launch, hands: Hands, until: Until, tmp_path: Path, kind: type[LiveServer]
) -> None:
    with kind(user="me", password="right") as server:
        application = launch(lambda config: FakeDetector(2))
        tab = go_to_cameras(application, hands, until)
        state = state_of(application)
        type_address(tab, hands, until, server.url_for("me", "wrong"))
        press_start(application, hands)
        until(lambda: state.phase is Phase.FAILED)
        strip = part(window_of(application), MessageStrip)
        said = [label.text() for label in strip.findChildren(QLabel) if label.isVisible()]
        assert any("does not accept the password of the user me" in text for text in said), said
        assert badge(tab) == "Stopped"
        assert not part(window_of(application), TabRow)._stop.isEnabled()
        assert button(part(window_of(application), TabRow), "Start").isEnabled()
        assert part(tab, AddressField).isEnabled()
        assert "wrong" not in part(tab, AddressField).text()
        type_address(tab, hands, until, server.url_for("me", "right"))
        press_start(application, hands)
        until(lambda: sees(application, 3))
        press_stop(application, hands, until)
        application.close()
        kept = [path for path in tmp_path.rglob("*") if path.is_file()]
        assert kept
        for path in kept:
            data = path.read_bytes()
            assert b"me:wrong" not in data, path
            assert b"me:right" not in data, path


def type_address(tab: CameraTab, hands: Hands, until: Until, address: str) -> None:
    """Choose the last entry of the list and type an address."""
    field = part(tab, AddressField)
    if not field.isVisible():
        combo = next(
            each for each in part(tab, CameraBar).findChildren(QComboBox)
            if each.accessibleName() == "Camera"
        )  # fmt: skip
        hands.click(combo)
        view = combo.view()
        assert view is not None
        until(view.isVisible)
        hands.key("End")
        hands.key("Return")
        until(field.isVisible)
    hands.click(field)
    hands.key("ctrl+a")
    hands.write(address)
    hands.key("Return")
    until(lambda: field.address == address)


VICTIM = """
    import sys, time
    from pathlib import Path
    from PyQt6.QtCore import QTimer
    from PyQt6.QtWidgets import QApplication
    from desktop.app import Application
    from desktop.settings import Settings
    from engine.inference.fake import FakeDetector
    app = QApplication(["victim"])
    one = Application(
        app, Settings(Path(sys.argv[1])), opener=lambda config: FakeDetector(3)
    )
    one.show()
    camera = one.controller.workspaces["camera"]
    def begin():
        if one.state.model:
            timer.stop()
            one.controller.cameras.choose("sim:")
            one.controller.cameras.record()
    timer = QTimer(); timer.timeout.connect(begin); timer.start(50)
    camera.runs.result_came.connect(lambda result: print(result.frame.index, flush=True))
    sys.exit(app.exec())
"""


def test_a_camera_that_was_recorded_when_the_program_was_killed_has_left_all_but_a_second(
    launch: Launch, hands: Hands, until: Until, tmp_path: Path
) -> None:
    command = [sys.executable, "-c", textwrap.dedent(VICTIM), str(tmp_path / "victim.ini")]
    victim = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    seen: list[tuple[float, int]] = []
    assert victim.stdout is not None
    for line in victim.stdout:
        seen.append((time.monotonic(), int(line)))
        if seen[-1][0] - seen[0][0] > 6:
            break
    os.kill(victim.pid, signal.SIGKILL)
    killed = time.monotonic()
    victim.wait()
    victim.stdout.close()
    old = [index for moment, index in seen if moment < killed - 1.2]
    assert len(old) > 20

    application = launch(lambda config: FakeDetector(3))
    messages, state = application.messages, state_of(application)
    until(lambda: messages.last is not None and "cut short" in messages.last.text)
    hands.click(button(window_of(application), "Open it"))
    until(lambda: state.session is not None)
    assert window_of(application).tab == "camera"
    assert state.session is not None
    (recording,) = recordings(application)
    frames, _ = plays(recording)
    with SessionReader.open(state.session) as reader:
        assert reader.run.state == "interrupted"
        rows = [each.index for each in reader.frames()]
        assert set(old) <= set(rows)
        assert reader.object_count() == 3 * len(rows)
    assert frames >= len([index for index in rows if index <= old[-1]]) - 1
    assert state.resumable is None


def test_two_minutes_of_a_camera_take_no_more_memory_than_half_a_minute(
    launch: Launch, hands: Hands, until: Until
) -> None:
    before = {thread.name for thread in threading.enumerate()}
    application = launch(lambda config: FakeDetector(6))
    go_to_cameras(application, hands, until)
    press_start(application, hands)
    until(lambda: sees(application, 5))
    began = time.monotonic()
    hands.wait(round(SETTLED_S * 1000))
    settled = most = resident()
    while time.monotonic() - began < LONG_S:
        hands.wait(1000)
        most = max(most, resident())
    live = state_of(application).live
    assert live is not None
    assert live.rate_hz == pytest.approx(30, abs=2)
    session = press_stop(application, hands, until)
    with SessionReader.open(session) as reader:
        assert reader.frame_count() > LONG_S * 10
    assert most - settled < MOST_BYTES, (settled, most)
    application.close()
    # Timers and QThreads are looked for after every scene.
    left = {each.name for each in threading.enumerate() if each.name.startswith("labsight")}
    assert not left - before


def resident() -> int:
    """Return the bytes of memory that this process holds."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")
