"""Cameras and streams: which there are, what is remembered of them, snapshots and recordings."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PyQt6.QtCore import QObject
from pytestqt.qtbot import QtBot

from desktop.messages import Messages
from desktop.settings import Settings
from desktop.state import AppState, Values
from desktop.verbs.cameras import CameraVerbs
from desktop.workspace import Workspace
from engine.inference.fake import FakeDetector
from engine.inference.shelf import DetectorShelf
from engine.session import Phase
from engine.sources import cameras
from engine.sources.cameras import CameraInfo
from engine.sources.live import LiveSettings

SECRET = "rtsp://me:geheim@192.0.2.1/live"
LONG_MS = 20_000


@pytest.fixture
def state() -> AppState:
    return AppState(Values(kind="camera", model=FakeDetector().info))


@pytest.fixture
def workspace(state: AppState, settings: Settings, messages: Messages) -> Iterator[Workspace]:
    owner = QObject()
    workspace = Workspace.of(
        state,
        settings=settings,
        messages=messages,
        shelf=DetectorShelf(lambda config: FakeDetector(2)),
        window=lambda: None,
        parent=owner,
    )
    yield workspace
    workspace.close()


@pytest.fixture
def verbs(workspace: Workspace, settings: Settings, messages: Messages) -> CameraVerbs:
    return CameraVerbs(workspace=workspace, settings=settings, messages=messages)


def phase(state: AppState) -> Phase:
    """Return the phase; read afresh, as the checker of types thinks that it stays."""
    return state.phase


def chosen(state: AppState) -> str:
    """Return the device, likewise."""
    return state.device


def found(verbs: CameraVerbs) -> tuple[tuple[str, str], ...]:
    """Return the cameras there are, likewise."""
    return verbs.devices


def recorded(verbs: CameraVerbs) -> bool:
    """Tell whether a recording goes on, likewise."""
    return verbs.recording is not None and verbs.recording.active


def stop(qtbot: QtBot, workspace: Workspace) -> None:
    """End the run under way."""
    with qtbot.waitSignal(workspace.runs.run_ended, timeout=LONG_MS):
        workspace.runs.stop()


def test_cameras_are_listed_with_the_simulated_one_last_and_the_first_is_chosen(
    qtbot: QtBot, verbs: CameraVerbs, state: AppState, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = (CameraInfo("Microscope", 0, 0, "", "a"), CameraInfo("Webcam", 1, 0, "", "b"))
    monkeypatch.setattr(cameras, "list_cameras", lambda: there)
    with qtbot.waitSignal(verbs.devices_changed):
        verbs.refresh()
    assert found(verbs) == (
        ("camera:Microscope", "Microscope"),
        ("camera:Webcam", "Webcam"),
        ("sim:", "Simulated camera"),
    )
    assert chosen(state) == "camera:Microscope"
    verbs.choose("camera:Webcam")
    qtbot.waitUntil(lambda: not verbs._looking)
    monkeypatch.setattr(cameras, "list_cameras", lambda: there[:1])
    with qtbot.waitSignal(verbs.devices_changed):
        verbs.refresh()
    assert [spec for spec, _words in found(verbs)] == ["camera:Microscope", "sim:"]
    # A device that is away for a moment is not forgotten.
    assert chosen(state) == "camera:Webcam"
    qtbot.waitUntil(lambda: not verbs._looking)


def test_each_device_is_given_back_the_mode_it_had(
    verbs: CameraVerbs, workspace: Workspace, messages: Messages, settings_path: Path,
    settings: Settings,
) -> None:  # fmt: skip
    told: list[LiveSettings] = []
    verbs.mode_changed.connect(told.append)
    verbs.choose("camera:A")
    verbs.set_mode(1280, 720, 29.5)
    verbs.choose("camera:B")
    verbs.set_mode(None, None, 15.0)
    verbs.choose("camera:A")
    verbs.choose("camera:C")
    assert told == [
        LiveSettings(), LiveSettings(), LiveSettings(1280, 720, 29.5), LiveSettings()
    ]  # fmt: skip
    verbs.choose("camera:B")
    settings.sync()
    again = CameraVerbs(
        workspace=workspace, settings=Settings(settings_path), messages=messages
    )
    assert again.mode == LiveSettings(None, None, 15.0)


def test_an_address_with_a_password_is_not_kept(
    verbs: CameraVerbs, state: AppState, settings: Settings, settings_path: Path
) -> None:
    verbs.choose("sim:")
    verbs.choose(SECRET)
    verbs.set_mode(640, 480, None)
    settings.sync()
    assert state.device == SECRET
    text = settings_path.read_text()
    assert "sim:" in text
    assert "geheim" not in text
    assert "192.0.2.1" not in text


def test_nothing_is_chosen_while_a_run_goes_on(verbs: CameraVerbs, state: AppState) -> None:
    verbs.choose("sim:")
    state.change(phase=Phase.RUNNING)
    verbs.choose("camera:A")
    assert state.device == "sim:"
    state.change(phase=Phase.DONE)


def test_what_cannot_be_started_says_so(
    verbs: CameraVerbs, state: AppState, said: Callable[[], str]
) -> None:
    verbs.start()
    assert said() == "No camera is chosen."
    verbs.choose("nonsense")
    verbs.start()
    assert said() == "This is neither a camera nor a stream: nonsense."
    assert phase(state) is Phase.IDLE


def test_a_snapshot_without_a_picture_says_so(
    verbs: CameraVerbs, said: Callable[[], str]
) -> None:
    verbs.snapshot()
    assert said() == "There is no picture yet."


def test_a_snapshot_keeps_the_picture_on_screen(
    qtbot: QtBot, verbs: CameraVerbs, workspace: Workspace, state: AppState, messages: Messages
) -> None:
    verbs.choose("sim:")
    with qtbot.waitSignal(workspace.runs.result_came, timeout=LONG_MS):
        verbs.start()
    qtbot.waitUntil(lambda: state.session is not None, timeout=LONG_MS)
    with qtbot.waitSignal(messages.came, timeout=LONG_MS):
        verbs.snapshot()
    assert messages.last is not None
    assert messages.last.text.startswith("Written: ")
    assert Path(messages.last.text.removeprefix("Written: ")).exists()
    stop(qtbot, workspace)


def test_recording_before_a_start_starts_and_ends_without_the_run(
    qtbot: QtBot, verbs: CameraVerbs, workspace: Workspace, state: AppState
) -> None:
    verbs.choose("sim:")
    verbs.record()
    assert phase(state) is Phase.LOADING
    switch = verbs.recording
    assert switch is not None
    qtbot.waitUntil(lambda: switch.active, timeout=LONG_MS)
    assert phase(state) is Phase.RUNNING
    verbs.stop_recording()
    assert not recorded(verbs)
    assert phase(state) is Phase.RUNNING
    verbs.record_or_stop()
    assert recorded(verbs)
    verbs.record_or_stop()
    assert not recorded(verbs)
    stop(qtbot, workspace)
    assert not recorded(verbs)
    assert switch is not verbs.recording


def test_a_recording_that_is_taken_back_while_the_run_loads_does_not_begin(
    qtbot: QtBot, verbs: CameraVerbs, workspace: Workspace
) -> None:
    verbs.choose("sim:")
    verbs.record()
    switch = verbs.recording
    assert switch is not None
    verbs.stop_recording()
    with qtbot.waitSignal(workspace.runs.result_came, timeout=LONG_MS):
        pass
    assert not switch.active
    stop(qtbot, workspace)
