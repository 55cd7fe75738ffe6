"""Cameras are found by name, opened as they are asked for, and say why where they are not."""

from __future__ import annotations

import errno
import os
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from engine.cv import cv2
from engine.errors import LiveError
from engine.sources import camera_errors, cameras
from engine.sources.cameras import (
    BLACK_S,
    Camera,
    CameraCapture,
    CameraInfo,
    camera_modes,
    find_camera,
    list_cameras,
)
from engine.sources.live import LiveSettings, LiveSource, LiveState, open_live
from engine.types import UInt8

PLAIN = LiveSettings()


@dataclass
class Entry:
    """What the package tells of a camera."""

    index: int
    name: str | None
    path: str | None = None


class System:
    """Stands in for the package, with cameras by interface."""

    def __init__(self) -> None:
        self.cameras: dict[int, list[Entry]] = {}
        self.error: Exception | None = None

    @property
    def supported_backends(self) -> tuple[int, ...]:
        return tuple(self.cameras)

    def enumerate_cameras(self, backend: int) -> list[Entry]:
        if self.error is not None:
            raise self.error
        return self.cameras[backend]


@dataclass
class Device:
    """Stands in for OpenCV's capture.

    Attributes:
        pictures: What it reads; nothing more after the last.
        is_open: Whether it can be opened.
        asked: What was set, in order.
        released: Whether it was let go.
    """

    pictures: list[UInt8] = field(default_factory=list)
    is_open: bool = True
    asked: list[tuple[int, float]] = field(default_factory=list)
    released: bool = False

    def isOpened(self) -> bool:  # noqa: N802
        return self.is_open

    def get(self, what: int) -> float:
        return {cv2.CAP_PROP_FRAME_WIDTH: 640.0, cv2.CAP_PROP_FRAME_HEIGHT: 480.0}[what]

    def set(self, what: int, value: float) -> bool:
        self.asked.append((what, value))
        return True

    def read(self) -> tuple[bool, UInt8 | None]:
        return (True, self.pictures.pop(0)) if self.pictures else (False, None)

    def release(self) -> None:
        self.released = True


@pytest.fixture
def system(monkeypatch: pytest.MonkeyPatch) -> System:
    system = System()
    monkeypatch.setitem(sys.modules, "cv2_enumerate_cameras", system)
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(camera_errors, "_LINUX", True)
    return system


@pytest.fixture
def devices(monkeypatch: pytest.MonkeyPatch) -> list[Device]:
    """Return the devices that are opened one after the other; take what was opened from there."""
    devices: list[Device] = []
    waiting: Iterator[Device] = iter(devices)
    monkeypatch.setattr(cv2, "VideoCapture", lambda index, backend: next(waiting))
    return devices


def green() -> UInt8:
    picture = np.zeros((48, 64, 3), np.uint8)
    picture[..., 1] = 200
    picture[..., 0] = 10
    return picture


def info(name: str, index: int) -> CameraInfo:
    return CameraInfo(name, index, cv2.CAP_V4L2, f"/dev/video{index}", f"{name} at {index}")


def problem(capture: CameraCapture) -> LiveError:
    with pytest.raises(LiveError) as caught:
        capture.read()
    assert caught.value.hint
    return caught.value


def test_cameras_have_their_names_and_numbers_in_order(system: System) -> None:
    system.cameras = {
        cv2.CAP_V4L2: [Entry(2, "Microscope", "/dev/video2"), Entry(0, "HD  Webcam", "/dev/video0")]
    }
    found = list_cameras()
    assert [(camera.name, camera.index) for camera in found] == [
        ("HD Webcam", 0),
        ("Microscope", 2),
    ]
    assert {camera.backend for camera in found} == {cv2.CAP_V4L2}
    assert [camera.path for camera in found] == ["/dev/video0", "/dev/video2"]


def test_equal_names_get_a_number(system: System) -> None:
    system.cameras = {
        cv2.CAP_V4L2: [Entry(0, "Cam"), Entry(1, "Cam (2)"), Entry(2, "Cam"), Entry(3, "Cam")]
    }
    names = [camera.name for camera in list_cameras()]
    assert names == ["Cam", "Cam (2)", "Cam (3)", "Cam (4)"]
    assert len({camera.id for camera in list_cameras()}) == 4


def test_a_camera_without_a_name_is_called_by_its_number(system: System) -> None:
    system.cameras = {cv2.CAP_V4L2: [Entry(3, None), Entry(4, " ")]}
    assert [camera.name for camera in list_cameras()] == ["Camera 3", "Camera 4"]


def test_on_windows_what_both_interfaces_list_is_listed_once(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    system.cameras = {
        cv2.CAP_DSHOW: [Entry(0, "Webcam"), Entry(1, "Virtual")],
        cv2.CAP_MSMF: [Entry(0, "Webcam")],
    }
    found = [(camera.name, camera.index, camera.backend) for camera in list_cameras()]
    assert found == [("Webcam", 0, cv2.CAP_MSMF), ("Virtual", 1, cv2.CAP_DSHOW)]


def test_a_node_that_may_not_be_asked_counts_where_it_is_the_first_of_its_camera(
    system: System, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for node, index in (("video0", "0\n"), ("video1", "1\n")):
        (tmp_path / node).mkdir()
        (tmp_path / node / "index").write_text(index)
    monkeypatch.setattr(cameras, "_SYSFS", str(tmp_path))
    nodes = [Entry(0, "Cam", "/dev/video0"), Entry(1, "Cam", "/dev/video1")]
    system.cameras = {cv2.CAP_V4L2: nodes}
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    assert [camera.index for camera in list_cameras()] == [0]
    monkeypatch.setattr(os, "access", lambda path, mode: True)
    assert [camera.index for camera in list_cameras()] == [0, 1]


def test_nothing_is_listed_where_the_system_gives_nothing(
    system: System, caplog: pytest.LogCaptureFixture
) -> None:
    assert list_cameras() == ()
    system.cameras = {cv2.CAP_V4L2: []}
    assert list_cameras() == ()
    assert caplog.text == ""
    system.error = RuntimeError("driver")
    assert list_cameras() == ()
    assert "driver" in caplog.text


def test_nothing_is_listed_without_the_package(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(sys.modules, "cv2_enumerate_cameras", None)
    assert list_cameras() == ()
    assert "cannot be listed" in caplog.text


def test_no_camera_is_opened_for_the_list(devices: list[Device], system: System) -> None:
    system.cameras = {cv2.CAP_V4L2: [Entry(0, "Cam")]}
    assert len(list_cameras()) == 1


@pytest.mark.parametrize(
    ("wanted", "index"),
    [("logitech c920", 2), ("C920", 2), ("integ", 0), ("0", 0), ("2", 2), ("Scope", 5), ("9", 2)],
)
def test_a_camera_is_found_by_name_number_or_part(wanted: str, index: int) -> None:
    known = (info("Integrated", 0), info("Logitech C920", 2), info("Scope", 5), info("Scope B", 6))
    assert find_camera(wanted, known).index == index


def test_an_unknown_camera_is_told_with_those_there_are() -> None:
    with pytest.raises(LiveError) as caught:
        find_camera("Sony", (info("Integrated", 0), info("Scope", 5)))
    assert caught.value.message == "There is no camera Sony."
    assert caught.value.hint == "Connected: Integrated, Scope."
    with pytest.raises(LiveError, match="There is no camera 0: none is connected"):
        find_camera("0", ())


def test_a_part_of_several_names_is_refused() -> None:
    with pytest.raises(LiveError) as caught:
        find_camera("scope", (info("Scope A", 0), info("Scope B", 5), info("Other", 6)))
    assert caught.value.message == "Several cameras are called scope."
    assert caught.value.hint == "Write the whole name of one: Scope A, Scope B."


def test_a_name_is_needed() -> None:
    with pytest.raises(LiveError, match="name of the camera is missing"):
        open_live("camera: ")


def test_pictures_are_turned_into_rgb(devices: list[Device]) -> None:
    devices.append(Device([green()]))
    capture = CameraCapture(info("Cam", 0), PLAIN)
    image = capture.read()
    assert image is not None
    assert image[0, 0].tolist() == [0, 200, 10]
    capture.close()
    assert devices[0].released


@pytest.mark.parametrize(
    ("settings", "asked"),
    [
        (PLAIN, {}),
        (LiveSettings(640, 480, 30), {"WIDTH": 640, "HEIGHT": 480, "FPS": 30}),
        (LiveSettings(1280, 720), {"MJPG": True, "WIDTH": 1280, "HEIGHT": 720}),
        (LiveSettings(rate_hz=60), {"MJPG": True, "FPS": 60}),
        (LiveSettings(1920, 1080, 5), {"WIDTH": 1920, "HEIGHT": 1080, "FPS": 5}),
    ],
)
def test_size_and_rate_are_asked_for(
    settings: LiveSettings, asked: dict[str, float], devices: list[Device]
) -> None:
    devices.append(Device())
    CameraCapture(info("Cam", 0), settings)
    names = {
        cv2.CAP_PROP_FRAME_WIDTH: "WIDTH",
        cv2.CAP_PROP_FRAME_HEIGHT: "HEIGHT",
        cv2.CAP_PROP_FPS: "FPS",
        cv2.CAP_PROP_FOURCC: "MJPG",
    }
    wishes = {names[what]: value for what, value in devices[0].asked}
    assert wishes.keys() == asked.keys()
    assert {name: wishes[name] for name in asked if name != "MJPG"} == {
        name: value for name, value in asked.items() if name != "MJPG"
    }
    if "MJPG" in asked:
        assert devices[0].asked[0] == (cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))


def test_a_camera_that_was_there_before_is_lost(devices: list[Device]) -> None:
    devices.append(Device([green()]))
    capture = CameraCapture(info("Cam", 0), PLAIN)
    capture.read()
    assert problem(capture).message == "The camera Cam gives no picture any more."


def test_black_pictures_at_the_start_mean_that_it_is_blocked(devices: list[Device]) -> None:
    black = np.zeros((48, 64, 3), np.uint8)
    devices.append(Device([black] * 100))
    times = iter(np.arange(0, 100, 0.5).tolist())
    capture = CameraCapture(info("Cam", 0), PLAIN, clock=lambda: next(times))
    assert "gives only black pictures: another program may be using it" in problem(capture).message
    assert len(devices[0].pictures) == 100 - round(BLACK_S / 0.5)


def test_black_pictures_pass_once_it_was_seen_to_work(devices: list[Device]) -> None:
    black = np.zeros((48, 64, 3), np.uint8)
    devices.append(Device([black, black, green(), black]))
    capture = CameraCapture(info("Cam", 0), PLAIN)
    first, second = capture.read(), capture.read()
    assert first is not None
    assert second is not None
    assert first.any()
    assert not second.any()


@pytest.mark.parametrize("is_open", [True, False])
@pytest.mark.parametrize(
    ("number", "sentence"),
    [
        (errno.EBUSY, "The camera Cam is in use: another program has its picture."),
        (errno.ENODEV, "The camera Cam gives no picture any more."),
        (errno.ENOTTY, "The camera Cam gives no picture."),
    ],
)
def test_on_linux_the_device_is_asked_for_the_reason(
    number: int,
    sentence: str,
    is_open: bool,
    devices: list[Device],
    system: System,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    path = tmp_path / "video0"
    path.touch()
    asked: list[int] = []

    def ioctl(device: int, request: int, data: bytes) -> int:
        # Asked only after the camera was let go, as it would be in its own way.
        assert devices[0].released
        asked.append(request)
        assert len(data) == request >> 16 & 0x3FFF
        raise OSError(number, os.strerror(number))

    monkeypatch.setitem(sys.modules, "fcntl", SimpleNamespace(ioctl=ioctl))
    monkeypatch.setattr(os, "O_NONBLOCK", 0, raising=False)
    devices.append(Device(is_open=is_open))
    camera = CameraInfo("Cam", 0, cv2.CAP_V4L2, str(path), "Cam")
    with pytest.raises(LiveError) as caught:
        CameraCapture(camera, PLAIN).read()
    assert caught.value.message == sentence
    assert caught.value.hint
    assert asked


def test_on_linux_a_device_that_is_closed_to_the_person(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: str, flags: int) -> int:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setitem(sys.modules, "fcntl", SimpleNamespace())
    monkeypatch.setattr(os, "O_NONBLOCK", 0, raising=False)
    monkeypatch.setattr(os, "open", refuse)
    error = camera_errors.not_opened("Cam", "/dev/video7")
    assert error.message == "You may not use the camera Cam: /dev/video7 is closed to you."


def test_on_linux_a_device_that_is_gone(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fcntl", SimpleNamespace())
    monkeypatch.setattr(os, "O_NONBLOCK", 0, raising=False)
    error = camera_errors.not_opened("Cam", "/dev/video-not-there")
    assert error.message == "The camera Cam gives no picture any more."


def test_elsewhere_a_camera_that_does_not_open_may_be_in_use(
    devices: list[Device], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(camera_errors, "_LINUX", False)
    devices.append(Device(is_open=False))
    with pytest.raises(LiveError, match="cannot be opened: another program may be using it"):
        CameraCapture(info("Cam", 0), PLAIN)
    assert devices[0].released


def test_a_real_refusal_by_opencv_is_quiet(
    system: System, capfd: pytest.CaptureFixture[str]
) -> None:
    system.cameras = {cv2.CAP_V4L2: [Entry(63, "Ghost", "/dev/video63")]}
    source = open_live("camera:Ghost")
    with pytest.raises(LiveError):
        list(source)
    assert source.status.state is LiveState.FAILED
    assert capfd.readouterr().err == ""


def test_unplugged_and_back_at_another_number(system: System, devices: list[Device]) -> None:
    system.cameras = {cv2.CAP_V4L2: [Entry(0, "Cam", "/dev/video0")]}
    devices += [Device([green()] * 2), Device([green()] * 2)]
    camera = Camera("cam", PLAIN)
    pauses: list[float] = []

    def wait(seconds: float) -> bool:
        pauses.append(seconds)
        system.cameras = {cv2.CAP_V4L2: [] if len(pauses) < 3 else [Entry(1, "Cam", "/dev/video1")]}
        return False

    source = LiveSource(camera.origin, camera, wait=wait)
    frames = []
    for frame in source:
        frames.append(frame)
        if len(frames) == 4:
            source.stop()
    assert pauses == [1, 2, 4]
    assert [frame.index for frame in frames] == [0, 1, 2, 3]
    assert [bool(frame.warning) for frame in frames] == [False, False, True, False]
    assert {frame.origin for frame in frames} == {"camera:cam"}


def test_after_a_loss_a_twin_is_not_taken_for_it(system: System, devices: list[Device]) -> None:
    one, other = Entry(0, "Cam", "/dev/video0"), Entry(1, "Cam", "/dev/video1")
    system.cameras = {cv2.CAP_V4L2: [one, other]}
    devices += [Device(), Device()]
    camera = Camera("Cam", PLAIN)
    stopped = threading.Event()
    assert camera(stopped)._info.index == 0
    system.cameras = {cv2.CAP_V4L2: [Entry(1, "Cam", "/dev/video1")]}
    with pytest.raises(LiveError, match="There is no camera Cam"):
        camera(stopped)
    system.cameras = {cv2.CAP_V4L2: [one, other]}
    assert camera(stopped)._info.index == 0


def test_usual_modes_are_offered() -> None:
    modes = camera_modes(info("Cam", 0))
    assert (640, 480, 30.0) in modes
    assert (1920, 1080, 60.0) in modes
    assert len(set(modes)) == len(modes)


def test_slow_transforms_are_off_before_opencv_is_loaded() -> None:
    assert os.environ["OPENCV_VIDEOIO_MSMF_ENABLE_HW_TRANSFORMS"] == "0"
