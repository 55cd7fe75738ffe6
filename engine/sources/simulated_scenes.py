"""What a simulated camera sees: a video without end, pictures in a circle, a rendered scene."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from engine.errors import EngineError, LiveError
from engine.i18n import N_
from engine.sources import sniffing
from engine.sources import video as videos
from engine.sources.listing import is_video, open_sources
from engine.sources.pictures import read_picture
from engine.types import UInt8

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

    from engine.sources.video import OpenVideo

SCENE_SIZE = (640, 480)
"""Width and height of the rendered scene in pixels, unless something else is asked for."""

KEPT_BYTES = 256_000_000
"""Pictures of a folder that are kept, so that they are decoded once only."""

_ROUND_PICTURES = 900
_SCENE_SEED = 900_000
_MARGIN = 1.6

Size = tuple[int | None, int | None]
"""Width and height that are asked for, each None for the scene's own."""


class Scene(Protocol):
    """Pictures without end."""

    def next_picture(self, skipped: int, within_s: float) -> UInt8:
        """Return the next picture after leaving out some.

        Args:
            skipped: So many are left out.
            within_s: Leaving out may take so long; what is then left stays.

        Returns:
            [H, W, 3] uint8 RGB, the receiver's own.

        Raises:
            EngineError: There is none.
        """
        ...

    def close(self) -> None:
        """Let go of files."""
        ...


class PannedScene:
    """A view that glides over a rendered picture of tubes, the same every time.

    Args:
        size: What is asked for.
    """

    def __init__(self, size: Size = (None, None)) -> None:
        """Render the picture, once."""
        from engine.scenes.tubes import render_tubes

        self._width = size[0] or SCENE_SIZE[0]
        self._height = size[1] or SCENE_SIZE[1]
        whole = (round(self._width * _MARGIN), round(self._height * _MARGIN))
        self._image = render_tubes(_SCENE_SEED, whole).image
        self._number = 0

    def next_picture(self, skipped: int, within_s: float) -> UInt8:
        """See `Scene`."""
        self._number += skipped
        angle = 2 * math.pi * self._number / _ROUND_PICTURES
        self._number += 1
        height, width = self._image.shape[:2]
        left = round((width - self._width) * (0.5 + 0.5 * math.sin(angle)))
        top = round((height - self._height) * (0.5 + 0.5 * math.cos(angle)))
        return self._image[top : top + self._height, left : left + self._width].copy()

    def close(self) -> None:
        """There is nothing to let go of."""


class PictureCircle:
    """Pictures one after the other, again and again, all of the size of the first.

    Those that cannot be read are left out.

    Args:
        paths: The files, one or more.
        size: What is asked for.
    """

    def __init__(self, paths: list[Path], size: Size = (None, None)) -> None:
        """Nothing is read yet."""
        self._paths = list(paths)
        self._size = size
        self._kept: dict[Path, UInt8] = {}
        self._kept_bytes = 0
        self._at = 0

    def next_picture(self, skipped: int, within_s: float) -> UInt8:
        """See `Scene`."""
        self._at += skipped
        while True:
            self._at %= len(self._paths)
            path = self._paths[self._at]
            try:
                image = self._read(path)
            except EngineError:
                if len(self._paths) == 1:
                    raise
                self._paths.remove(path)
                continue
            self._at += 1
            return image

    def close(self) -> None:
        """Forget the pictures."""
        self._kept.clear()

    def _read(self, path: Path) -> UInt8:
        if path in self._kept:
            return self._kept[path].copy()
        with closing(read_picture(path)) as frames:
            image = next(frames).image
        image = fit(image, self._size)
        self._size = (image.shape[1], image.shape[0])
        if self._kept_bytes + image.nbytes <= KEPT_BYTES:
            self._kept[path] = image.copy()
            self._kept_bytes += image.nbytes
        return image


class VideoLoop:
    """The frames of a video, from its start again after its end.

    Args:
        path: The file.
        size: What is asked for.

    Raises:
        EngineError: It cannot be opened.
    """

    def __init__(self, path: Path, size: Size = (None, None)) -> None:
        """Open the file."""
        self._path = path
        self._size = size
        self._opened: AbstractContextManager[OpenVideo] | None = None
        self._pictures: Iterator[VideoFrame | None] = iter(())
        self._first_pts: int | None = None
        self._begin()

    def next_picture(self, skipped: int, within_s: float) -> UInt8:
        """See `Scene`."""
        deadline = time.monotonic() + within_s
        for _ in range(skipped):
            # Decoding what nobody sees must not make it later still.
            if time.monotonic() >= deadline:
                break
            self._decode()
        picture = self._decode()
        image = videos.to_frame(self._video, picture, 0, None).image
        image = fit(image, self._size)
        self._size = (image.shape[1], image.shape[0])
        return image

    def close(self) -> None:
        """Close the file."""
        if self._opened is not None:
            self._opened.__exit__(None, None, None)
            self._opened = None

    def _begin(self) -> None:
        self.close()
        opened = videos.open_video(self._path)
        self._video = opened.__enter__()
        self._opened = opened
        self._pictures = self._decoded()

    def _decode(self) -> VideoFrame:
        """Return the next frame; damaged parts are passed over."""
        picture = next(self._pictures, None)
        if picture is None and self._first_pts is not None:
            picture = self._rewind()
        if picture is None:
            self._begin()
            picture = next(self._pictures, None)
        if picture is None:
            raise videos.nothing_readable(self._path)
        if self._first_pts is None:
            self._first_pts = picture.pts
        return picture

    def _rewind(self) -> VideoFrame | None:
        """Go back to the first frame and return it; None where the format does not allow that.

        It takes a fraction of the time that opening takes, which can be longer than a frame.
        """
        import av

        try:
            self._video.container.seek(self._video.start or 0, stream=self._video.stream)
            self._pictures = self._decoded()
            picture = next(self._pictures, None)
        except av.FFmpegError:
            return None
        return picture if picture is not None and picture.pts == self._first_pts else None

    def _decoded(self) -> Iterator[VideoFrame | None]:
        return (picture for picture, _ in videos.decoded(self._video))


def pictures_in(folder: Path) -> list[Path]:
    """Return the pictures in a folder and below it, in natural order.

    Raises:
        EngineError: There is none.
    """
    paths = [path for path in open_sources([str(folder)]).items if not is_video(path)]
    if not paths:
        raise LiveError(
            N_("The folder {path} of the simulated camera holds no pictures."),
            N_("Name one with pictures, or a video."),
            path=sniffing.printable(folder),
        )
    return paths


def fit(image: UInt8, size: Size) -> UInt8:
    """Scale a picture into a size, with black bars where its shape is another.

    Args:
        image: [H, W, 3] uint8 RGB.
        size: Width and height; where one is None, it follows from the other.

    Returns:
        [height, width, 3] uint8 RGB.
    """
    from engine.cv import cv2

    high, wide = image.shape[:2]
    width = size[0] or (max(round(wide * size[1] / high), 1) if size[1] else wide)
    height = size[1] or (max(round(high * size[0] / wide), 1) if size[0] else high)
    if (width, height) == (wide, high):
        return image
    scale = min(width / wide, height / high)
    inner = (min(max(round(wide * scale), 1), width), min(max(round(high * scale), 1), height))
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    scaled = cv2.resize(image, inner, interpolation=method)
    if inner == (width, height):
        return np.asarray(scaled, np.uint8)
    canvas = np.zeros((height, width, 3), np.uint8)
    left, top = (width - inner[0]) // 2, (height - inner[1]) // 2
    canvas[top : top + inner[1], left : left + inner[0]] = scaled
    return canvas
