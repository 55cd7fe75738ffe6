"""Disks with little room, and pictures and videos that can be told apart."""

from __future__ import annotations

import errno
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from engine.types import UInt8


def picture(height: int = 48, width: int = 64, seed: int = 0) -> UInt8:
    """Return a soft picture."""
    small = np.random.default_rng(seed).integers(0, 255, (4, 4, 3), np.uint8)
    return np.asarray(Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC))


def played(path: Path) -> list[tuple[float, bool, UInt8]]:
    """Return time, whether it is a key frame, and picture of each frame."""
    with av.open(str(path)) as container:
        frames = container.decode(video=0)
        return [(float(f.time or 0), f.key_frame, as_rgb(f)) for f in frames]


def as_rgb(frame: av.VideoFrame) -> UInt8:
    """Return a decoded frame as [H, W, 3]."""
    return np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)


class FullDisk(io.FileIO):
    """A file on a disk with little room: writes what fits, then fails."""

    room = 0

    def write(self, data: Any) -> int:  # noqa: ANN401
        """Write what fits."""
        taken = bytes(data)[: self.room]
        if not taken:
            raise OSError(errno.ENOSPC, "No space left on device")
        FullDisk.room -= len(taken)
        return super().write(taken)


def disk_filler(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Return a function that leaves so many bytes of room on every disk."""

    def open_on_full_disk(path: Path, mode: str, buffering: int = -1) -> io.IOBase:
        raw = FullDisk(path, mode.replace("b", ""))
        return raw if buffering == 0 else io.BufferedWriter(raw)

    def fill(room: int) -> None:
        FullDisk.room = room
        monkeypatch.setattr(Path, "open", open_on_full_disk)

    return fill
