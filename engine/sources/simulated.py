"""A camera that is none: a video, pictures or a rendered scene, at a camera's pace."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

from engine.errors import EngineError, LiveError
from engine.i18n import N_
from engine.sources import sniffing
from engine.sources.listing import is_video
from engine.sources.live_types import LiveSettings
from engine.sources.simulated_scenes import (
    PannedScene,
    PictureCircle,
    Scene,
    VideoLoop,
    pictures_in,
)
from engine.types import UInt8

DEFAULT_RATE_HZ = 30.0
SLOWEST_HZ, FASTEST_HZ = 0.01, 1000.0


class Simulation:
    """Opens a simulated camera.

    Args:
        text: What follows `sim:`: a video, a picture or a folder of pictures, with `@FPS` or
            without; nothing for a rendered scene.
        settings: Size of the pictures, and their rate where `text` names none.

    Attributes:
        origin: Its name for the record.
        rate_hz: Pictures per second.

    Raises:
        LiveError: The rate makes no sense.
    """

    def __init__(self, text: str, settings: LiveSettings) -> None:
        """Take the text apart; nothing is opened."""
        name, rate_hz = _split(text)
        self.origin = f"sim:{sniffing.printable(Path(text))}" if text else "sim:"
        self.rate_hz = rate_hz or settings.rate_hz or DEFAULT_RATE_HZ
        self._path = Path(os.path.expanduser(name)) if name else None
        self._size = (settings.width, settings.height)

    def __call__(
        self, stopped: threading.Event, clock: Callable[[], float] = time.monotonic
    ) -> SimulatedCapture:
        """Open it; see `SimulatedCapture`.

        Raises:
            LiveError: The file cannot be read.
        """
        try:
            scene = self._open()
        except EngineError as error:
            raise _as_live(error) from error
        return SimulatedCapture(scene, self.rate_hz, stopped, clock)

    def _open(self) -> Scene:
        path = self._path
        if path is None:
            return PannedScene(self._size)
        if path.is_dir():
            return PictureCircle(pictures_in(path), self._size)
        if not path.exists():
            raise LiveError(
                N_("The simulated camera has no file {path}."),
                N_("Check its spelling; it is a video, a picture or a folder of pictures."),
                path=sniffing.printable(path),
            )
        return VideoLoop(path, self._size) if is_video(path) else PictureCircle([path], self._size)


class SimulatedCapture:
    """Gives the pictures of a scene, each when it is due.

    Picture n is due n / rate after the first, whatever happened before. Who comes late gets the
    picture that is due then, as from a camera that goes on looking.

    Args:
        scene: The pictures.
        rate_hz: Pictures per second.
        stopped: Ends the wait for a picture.
        clock: Monotonic seconds.
    """

    def __init__(
        self,
        scene: Scene,
        rate_hz: float,
        stopped: threading.Event,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begin with the first picture at once."""
        self._scene = scene
        self._rate_hz = rate_hz
        self._stopped = stopped
        self._clock = clock
        self._began: float | None = None
        self._next = 0
        self._missed = 0

    @property
    def missed(self) -> int:
        """Pictures that were due while nobody asked."""
        return self._missed

    def read(self) -> UInt8 | None:
        """Wait for the next picture; see `Capture`.

        Raises:
            LiveError: Its file cannot be read any more.
        """
        if self._began is None:
            self._began = self._clock()
        skipped = max(int((self._clock() - self._began) * self._rate_hz) - self._next, 0)
        number = self._next + skipped
        due = self._began + number / self._rate_hz
        # The picture is made before it is due, so that it is there in time.
        try:
            image = self._scene.next_picture(skipped, within_s=1 / self._rate_hz)
        except EngineError as error:
            raise _as_live(error) from error
        while (left_s := due - self._clock()) > 0:
            if self._stopped.wait(left_s):
                return None
        self._next = number + 1
        self._missed += skipped
        return image

    def close(self) -> None:
        """Close the file."""
        self._scene.close()


def _as_live(error: EngineError) -> LiveError:
    """Return what is wrong with a file as what is wrong with the camera."""
    problem = LiveError(error.template, error.hint_template)
    problem.values = error.values
    return problem


def _split(text: str) -> tuple[str, float | None]:
    """Return the name and the rate in `NAME@FPS`, whose name may have the sign in it."""
    name, sign, tail = text.rpartition("@")
    if not sign or os.path.exists(os.path.expanduser(text)):
        return text, None
    try:
        rate_hz = float(Fraction(tail.strip()))
    except (ValueError, ZeroDivisionError, OverflowError):
        if not tail.strip() or tail.strip().lower() in ("nan", "inf", "-inf"):
            raise _wrong_rate(tail) from None
        return text, None
    if not SLOWEST_HZ <= rate_hz <= FASTEST_HZ:
        raise _wrong_rate(tail)
    return name, rate_hz


def _wrong_rate(text: str) -> LiveError:
    return LiveError(
        N_("A simulated camera cannot give {rate} pictures a second."),
        N_("Write a number from {low} to {high} after the @, such as sim:video.mp4@30."),
        rate=text.strip() or "?",
        low=f"{SLOWEST_HZ:g}",
        high=f"{FASTEST_HZ:g}",
    )
