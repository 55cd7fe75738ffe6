"""A video that stays open and can be moved in: the next frame, one before, any one."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np

from engine.errors import VideoError
from engine.sources import timeline
from engine.sources import video as videos
from engine.sources.kept import Decoded, KeptFrames
from engine.sources.timeline import VideoIndex
from engine.types import Frame

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

KEPT_BYTES = 64_000_000
"""Decoded frames that are kept for steps back may take so much memory, as the decoder has them."""

# Decoding on over so few frames is quicker than a jump, after which a decoder fills up again.
_SHORT_WAY = 12


def never() -> bool:
    """Tell that the work goes on."""
    return False


class VideoCursor:
    """An open video. Belongs to one thread.

    Positions are those that `read_video` gives, counted from 0 over what can be decoded. With an
    index they are known in advance; a frame in it that turns out to be damaged beyond decoding is
    taken out of it then, and those behind move up. Without an index a video is decoded from its
    start to any position.

    What takes long asks `stop` after each decoded frame and ends early where it says True.

    Attributes:
        path: The file.
        damage: Why the video ends before its end, once its last frame was decoded.
    """

    def __init__(self, path: Path, *, kept_bytes: int = KEPT_BYTES) -> None:
        """Open a video before its first frame.

        Args:
            path: The file.
            kept_bytes: Memory for frames that were decoded lately.

        Raises:
            VideoError: It cannot be opened, or holds no moving picture.
        """
        self.path = path
        self.damage: VideoError | None = None
        self._kept = KeptFrames(kept_bytes)
        self._frame: tuple[Decoded, Frame] | None = None
        self._index: VideoIndex | None = None
        self._count: int | None = None
        self._seen: array[int] | None = array("q")
        self._stack = ExitStack()
        self._flow: Iterator[tuple[VideoFrame | None, str | None]] = iter(())
        self._at = -1
        self._former: int | None = None
        self._open()
        stream = self._video.stream
        rate = stream.average_rate or stream.guessed_rate
        self._rate_hz = float(rate or videos.FALLBACK_RATE_HZ)

    def close(self) -> None:
        """Close the file and forget what was decoded."""
        self._flow = iter(())
        self._kept.clear()
        self._frame = None
        self._stack.close()

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *failure: object) -> None:
        """Close the file."""
        self.close()

    def index(self, should_stop: Callable[[], bool] = never) -> VideoIndex | None:
        """Read through the file for the times of its frames, and know them from now on.

        Returns:
            The index, None where only decoding tells the frames.

        Raises:
            VideoError: The file cannot be opened any more.
            Cancelled: `should_stop` said True.
        """
        if self._index is None:
            self.use(timeline.read_index(self.path, should_stop))
        return self._index

    def use(self, index: VideoIndex | None) -> None:
        """Know the times of the frames, as `timeline.read_index` found them."""
        seen, self._seen = self._seen, None
        if index is None or seen is None or self._index is not None:
            return
        if seen:
            # What was decoded already is known better than from its packets.
            decoded = np.array(seen, np.int64)
            if len(decoded) > 1 and np.diff(decoded).min() <= 0:
                return
            rest = index.pts[index.pts > seen[-1]][: 0 if self._count == len(seen) else None]
            index = replace(index, pts=np.concatenate((decoded, rest)))
        self._index = index

    @property
    def count(self) -> int | None:
        """The number of frames, None while it is not known."""
        return self._count if self._index is None else len(self._index)

    @property
    def duration_s(self) -> float | None:
        """Seconds to the end of the last frame, None while they are not known."""
        return None if self._index is None else self._index.duration_s

    @property
    def rate_hz(self) -> float:
        """Mean frame rate; as the file says, or a usual one, while the times are not known."""
        return self._rate_hz if self._index is None else self._index.rate_hz

    def is_near(self, position: int) -> bool:
        """Tell whether a frame is here or a short way on, or at the start."""
        return position in self._kept or position - max(self._at, 0) in range(_SHORT_WAY + 1)

    def frame(self, position: int, stop: Callable[[], bool] = never) -> Frame | None:
        """Return a frame, None where the video ends before it or `stop` said True.

        Raises:
            VideoError: Nothing of the video can be read, or not the colours of this frame.
        """
        if self.reach(position, stop) != position:
            return None
        kept = self._kept[position]
        if self._frame is None or self._frame[0] is not kept:
            frame = videos.to_frame(self._video, kept.picture, position, kept.warning)
            self._frame = kept, frame
        return self._frame[1]

    def reach(self, position: int, stop: Callable[[], bool] = never) -> int:
        """Decode up to a frame, so that `frame` has it at once.

        At least one frame is decoded before `stop` is asked.

        Returns:
            The position; the one reached instead where the video ends or `stop` said True.

        Raises:
            VideoError: Nothing of the video can be read.
        """
        if position < 0:
            raise ValueError(f"frames are counted from 0: {position}")
        if self.count is not None:
            position = min(position, self.count - 1)
        if position in self._kept:
            return position
        if not self._lies_ahead(position):
            self._jump(position)
        while self._at < position and self._next():
            if stop():
                break
        return self._at

    def time_of(self, position: int) -> float | None:
        """Return when a frame is shown in seconds, None where there is none.

        Without an index it is decoded for that.
        """
        if self._index is not None:
            return self._index.time_s(position) if position < len(self._index) else None
        return self._kept[position].time_s if self.reach(position) == position else None

    def at(self, time_s: float, stop: Callable[[], bool] = never) -> int:
        """Return which frame is shown at a time, the first or last one outside the video.

        Without an index the video is decoded up to there.
        """
        if self._index is not None:
            return self._index.at(time_s)
        first = self._kept.first
        if first and self._kept[first].time_s > time_s:
            self._rewind()
        if self._at < 0:
            self._next()
        while self._kept[self._at].time_s <= time_s and self._next():
            if stop():
                break
        shown = self._kept.shown_at(time_s)
        return self._kept.first or 0 if shown is None else shown

    def _lies_ahead(self, position: int) -> bool:
        """Tell whether decoding on is the way to a frame, and not a jump."""
        if position <= self._at:
            return False
        index = self._index
        if index is None or position - self._at <= _SHORT_WAY:
            return True
        return index.key_before(position) <= max(self._at, 0)

    def _jump(self, position: int) -> None:
        """Stand at a key frame before a position, or at the start."""
        import av

        if self._index is not None:
            target = int(self._index.pts[position])
            try:
                for pictures in timeline.approaches(self._video, target):
                    if self._land(pictures, target):
                        return
            except av.FFmpegError:
                # Not every format can be moved in.
                pass
        self._rewind()

    def _land(self, pictures: Iterator[tuple[VideoFrame | None, str | None]], target: int) -> bool:
        """Decode up to the first key frame and tell whether it is before the target."""
        for picture, warning in pictures:
            if picture is None:
                return False
            if picture.key_frame:
                if picture.pts is None or picture.pts > target:
                    return False
                self._flow, self._former = pictures, picture.pts
                # A warning of what was jumped over is none of this frame.
                self._take(picture, warning if picture.is_corrupt else None)
                return True
        return False

    def _rewind(self) -> None:
        """Stand before the first frame; opened anew, as not every format can be moved in."""
        self._flow = iter(())
        self._stack.close()
        self._open()
        if self._seen is not None:
            self._seen = array("q")

    def _open(self) -> None:
        self._video = self._stack.enter_context(videos.open_video(self.path))
        self._flow = videos.decoded(self._video)
        self._at, self._former = -1, None

    def _next(self) -> bool:
        """Decode one more frame and tell whether there was one."""
        picture, warning = next(self._flow, (None, ""))
        if picture is not None:
            self._take(picture, warning)
            return True
        self._end(damaged=warning is None)
        return False

    def _take(self, picture: VideoFrame, warning: str | None) -> None:
        """Keep a decoded frame and know its position."""
        position = self._at + 1
        pts = picture.pts
        if self._index is not None and pts is not None:
            mended = self._index.with_next(self._former, pts)
            if mended is not self._index:
                self._index = mended
                self._kept.clear()
            position = mended.position(pts)
        elif self._seen is not None:
            if pts is None:
                # Frames without times are counted, and so are all others of their video.
                self._seen = None
            else:
                self._seen.append(pts)
        self._at = position
        self._former = self._former if pts is None else pts
        self._kept.add(position, Decoded(picture, warning, self._time_s(picture, position)))

    def _time_s(self, picture: VideoFrame, position: int) -> float:
        """Return the time of a frame as `Frame.time_s` has it."""
        start, base = self._video.start, picture.time_base or self._video.stream.time_base
        if picture.pts is None or start is None or base is None:
            return position / self._rate_hz
        return float((picture.pts - start) * base)

    def _end(self, *, damaged: bool) -> None:
        """Note where the video ends."""
        if self._at < 0:
            raise videos.nothing_readable(self.path)
        self._count = self._at + 1
        if self._index is not None:
            self._index = self._index.ending(self._count)
        if damaged:
            self.damage = videos.cut_off(self.path, self._at)
