"""Frames that were decoded lately, kept as the decoder has them up to a bound of memory."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

# Kept whatever their size: what comes next is looked at before what is shown gives way.
_LEAST = 3


@dataclass(frozen=True, slots=True, eq=False)
class Decoded:
    """A frame whose colours are converted when it is asked for.

    Attributes:
        picture: As it was decoded.
        warning: What is wrong with it, None for nothing.
        time_s: As in `Frame.time_s`.
    """

    picture: VideoFrame
    warning: str | None
    time_s: float

    @property
    def size(self) -> int:
        """Bytes that it takes."""
        return sum(plane.buffer_size for plane in self.picture.planes)


class KeptFrames:
    """Decoded frames by their position; those that came first give way.

    Attributes:
        size: Bytes that they take.
    """

    def __init__(self, most_bytes: int) -> None:
        """Start empty, to take at most so many bytes."""
        self.size = 0
        self._most = most_bytes
        self._frames: OrderedDict[int, Decoded] = OrderedDict()

    def __contains__(self, position: int) -> bool:
        """Tell whether a frame is here."""
        return position in self._frames

    def __getitem__(self, position: int) -> Decoded:
        """Return a frame that is here."""
        return self._frames[position]

    def __len__(self) -> int:
        """Return the number of frames."""
        return len(self._frames)

    @property
    def first(self) -> int | None:
        """The lowest position, None where there is none."""
        return min(self._frames, default=None)

    def shown_at(self, time_s: float) -> int | None:
        """Return the highest position whose time is not later, None where there is none."""
        earlier = [at for at, frame in self._frames.items() if frame.time_s <= time_s]
        return max(earlier, default=None)

    def add(self, position: int, frame: Decoded) -> None:
        """Keep a frame, in place of the one of this position."""
        former = self._frames.pop(position, None)
        self.size += frame.size - (0 if former is None else former.size)
        self._frames[position] = frame
        while self.size > self._most and len(self._frames) > _LEAST:
            self.size -= self._frames.popitem(last=False)[1].size

    def clear(self) -> None:
        """Keep nothing."""
        self._frames.clear()
        self.size = 0
