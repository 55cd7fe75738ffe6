"""Cameras of this machine: which there are, by their real names, and their pictures."""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from engine.errors import LiveError
from engine.i18n import N_
from engine.sources import camera_errors
from engine.sources.live_types import LiveSettings
from engine.types import UInt8

_log = logging.getLogger(__name__)

BLACK_S = 3.0
"""So long a camera may give nothing but black before it counts as blocked."""

PLAIN_BYTES_PER_S = 24_000_000
"""Beyond this, pictures have to be compressed to fit through a USB 2 cable."""

MODES: tuple[tuple[int, int, float], ...] = tuple(
    (width, height, rate)
    for width, height in ((640, 480), (800, 600), (1280, 720), (1920, 1080), (2560, 1440))
    for rate in (15.0, 30.0, 60.0)
)

_SYSFS = "/sys/class/video4linux"


@dataclass(frozen=True, slots=True)
class CameraInfo:
    """A camera that is connected.

    Attributes:
        name: Its name for people, different from all others.
        index: Its number for OpenCV.
        backend: OpenCV's number of the system's interface.
        path: The device as the system calls it, empty where it does not tell.
        id: What stays the same while it is plugged in where it is.
    """

    name: str
    index: int
    backend: int
    path: str
    id: str


def list_cameras() -> tuple[CameraInfo, ...]:
    """Return the cameras that are connected; none is opened.

    Of equal names the second and later ones get a number. Where the system does not tell, there
    are none.
    """
    from engine.cv import cv2

    backends = {
        "win32": (cv2.CAP_MSMF, cv2.CAP_DSHOW),
        "darwin": (cv2.CAP_AVFOUNDATION,),
    }.get(sys.platform, (cv2.CAP_V4L2,))
    found: list[tuple[str, Any, int]] = []
    for backend in backends:
        known = {name for name, _, _ in found}
        entries = [(_name(entry), entry, backend) for entry in _entries(backend)]
        # Windows lists most cameras twice, and some only for its older interface.
        found += [entry for entry in entries if entry[0] not in known]
    names = _distinct(name for name, _, _ in found)
    ids = _distinct(_identity(name, entry) for name, entry, _ in found)
    return tuple(
        CameraInfo(name, entry.index, backend, entry.path or "", identity)
        for name, identity, (_, entry, backend) in zip(names, ids, found, strict=True)
    )


def camera_modes(info: CameraInfo) -> tuple[tuple[int, int, float], ...]:
    """Return usual modes to ask a camera for: width and height in pixels, pictures per second.

    OpenCV cannot tell which of them a camera has; what it gives is in `LiveStatus`.
    """
    return MODES


def find_camera(wanted: str, cameras: tuple[CameraInfo, ...]) -> CameraInfo:
    """Return the camera that a person means.

    Args:
        wanted: Its name in any case, its number, or a part of its name that no other has. A
            number is never taken for a part of a name where a camera has that number.
        cameras: Those that are connected.

    Raises:
        LiveError: None or several are meant.
    """
    text = wanted.casefold()
    whole = [camera for camera in cameras if camera.name.casefold() == text]
    numbered = [camera for camera in cameras if wanted == str(camera.index)]
    partly = [camera for camera in cameras if text in camera.name.casefold()]
    for found in (whole, numbered, partly):
        if len(found) == 1:
            return found[0]
    names = [camera.name for camera in cameras]
    if numbered or partly:
        raise camera_errors.ambiguous(wanted, [camera.name for camera in numbered or partly])
    raise camera_errors.unknown(wanted, names)


class Camera:
    """Opens a camera, and after a loss the same one again.

    Args:
        wanted: What follows `camera:`; see `find_camera`.
        settings: What is asked of it.

    Attributes:
        origin: Its name for the record.

    Raises:
        LiveError: Nothing follows.
    """

    def __init__(self, wanted: str, settings: LiveSettings) -> None:
        """Keep the name; nothing is opened."""
        self._wanted = wanted.strip()
        self._settings = settings
        self._known: CameraInfo | None = None
        self._others: set[str] = set()
        if not self._wanted:
            raise LiveError(
                N_("The name of the camera is missing."), N_("Write camera:NAME or camera:0.")
            )
        self.origin = f"camera:{self._wanted}"

    def __call__(self, stopped: threading.Event) -> CameraCapture:
        """Open it; see `CameraCapture`."""
        cameras = list_cameras()
        known = self._known
        if known is None:
            info = find_camera(self._wanted, cameras)
        else:
            # One that was there beside it is not the same, even if it is now called the same.
            rest = tuple(one for one in cameras if one.id not in self._others)
            same = [one for one in rest if one.id == known.id]
            info = same[0] if same else find_camera(known.name, rest)
        capture = CameraCapture(info, self._settings)
        if known is None:
            self._others = {one.id for one in cameras} - {info.id}
        self._known = info
        return capture


class CameraCapture:
    """An open camera.

    Args:
        info: Which.
        settings: What is asked of it.
        clock: Monotonic seconds.

    Attributes:
        missed: Always 0: what a camera dropped is not known.

    Raises:
        LiveError: It cannot be opened.
    """

    missed = 0

    def __init__(
        self,
        info: CameraInfo,
        settings: LiveSettings,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Open the camera and ask it for size and rate."""
        from engine.cv import cv2

        # Why it fails is said by us; OpenCV would write its own guess on the terminal.
        cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
        self._info = info
        self._clock = clock
        self._seen = False
        self._device = cv2.VideoCapture(info.index, info.backend)
        if not self._device.isOpened():
            self._device.release()
            raise camera_errors.not_opened(info.name, info.path)
        self._ask(settings)

    def read(self) -> UInt8 | None:
        """Wait for the next picture; see `Capture`."""
        from engine.cv import cv2

        began = self._clock()
        while True:
            there, image = self._device.read()
            if not there or image is None:
                raise self._lost()
            # A camera that another program holds can be opened on some systems, and is black.
            if not self._seen and not image.any():
                if self._clock() - began >= BLACK_S:
                    raise camera_errors.black(self._info.name)
                continue
            self._seen = True
            return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8)

    def close(self) -> None:
        """Let go of the camera."""
        self._device.release()

    def _lost(self) -> LiveError:
        if self._seen:
            return camera_errors.lost(self._info.name)
        # On Linux a camera in use can be opened, but its pictures cannot be asked for.
        self._device.release()
        return camera_errors.not_opened(self._info.name, self._info.path)

    def _ask(self, settings: LiveSettings) -> None:
        """Ask for size and rate; what the camera does not have, it replaces itself."""
        from engine.cv import cv2

        if settings == LiveSettings():
            return
        width = settings.width or self._device.get(cv2.CAP_PROP_FRAME_WIDTH)
        height = settings.height or self._device.get(cv2.CAP_PROP_FRAME_HEIGHT)
        rate_hz = settings.rate_hz or 30.0
        wishes = [
            (cv2.CAP_PROP_FRAME_WIDTH, settings.width),
            (cv2.CAP_PROP_FRAME_HEIGHT, settings.height),
            (cv2.CAP_PROP_FPS, settings.rate_hz),
        ]
        if 2 * width * height * rate_hz > PLAIN_BYTES_PER_S:
            # Two bytes a pixel is what cameras send plain. The format comes before the size.
            wishes.insert(0, (cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG")))
        for property_, value in wishes:
            if value is not None:
                self._device.set(property_, float(value))


def _entries(backend: int) -> list[Any]:
    """Return what the package knows for one interface, in order."""
    try:
        import cv2_enumerate_cameras

        if backend not in cv2_enumerate_cameras.supported_backends:
            return []
        entries = cv2_enumerate_cameras.enumerate_cameras(backend)
    except Exception as error:  # noqa: BLE001 - drivers raise anything, and must not end the program
        _log.warning("the cameras cannot be listed: %r", error)
        return []
    return sorted(filter(_gives_pictures, entries), key=lambda entry: int(entry.index))


def _gives_pictures(entry: Any) -> bool:  # noqa: ANN401 - of a package without types
    """Tell a camera from the second node of one, where it may not be asked what it is."""
    if sys.platform != "linux" or not entry.path or os.access(entry.path, os.R_OK):
        return True
    try:
        with open(f"{_SYSFS}/{os.path.basename(entry.path)}/index", encoding="ascii") as file:
            return file.read().strip() == "0"
    except OSError:
        return True


def _name(entry: Any) -> str:  # noqa: ANN401 - of a package without types
    return " ".join(str(entry.name or "").split()) or f"Camera {entry.index}"


def _identity(name: str, entry: Any) -> str:  # noqa: ANN401 - of a package without types
    """Return the device's place: on Linux its USB port, elsewhere the system's own path."""
    path = entry.path or ""
    port = os.path.join(_SYSFS, os.path.basename(path), "device")
    if sys.platform == "linux" and path and os.path.exists(port):
        path = os.path.realpath(port)
    return f"{name} at {path}" if path else name


def _distinct(texts: Iterable[str]) -> list[str]:
    """Return the texts with a number behind those that were there before."""
    taken: list[str] = []
    for text in texts:
        number, one = 1, text
        while one in taken:
            number += 1
            one = f"{text} ({number})"
        taken.append(one)
    return taken
