"""When each frame of a video is shown, found without decoding any, and how to move there."""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray

from engine.errors import Cancelled
from engine.sources import video as videos

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

    from engine.sources.video import OpenVideo

# Codecs of which every packet becomes one frame that keeps its time after a jump.
_STEADY_CODECS = frozenset({
    "av1", "ffv1", "h264", "hevc", "mjpeg", "mpeg4", "prores", "vp9",
})  # fmt: skip
# MPEG program streams, which after a jump give the first frame the time of another.
_VAGUE_FORMAT = "mpeg"
# The key frame nearest to the moment may be one that frames shown before it build on.
_STEPS_BACK_S = (0.0, 3.0, 12.0)
# Part of a unit of time that rounding to seconds and back may cost.
_ROUNDING = 1e-3


@dataclass(frozen=True, slots=True, eq=False)
class VideoIndex:
    """The times of all frames of a video.

    Attributes:
        pts: [N] int64, ascending, when each frame is shown, in units of `base`.
        keys: [K] int64, ascending, which of the times are those of key frames.
        start: When the first picture is shown, as the file says, in units of `base`.
        base: Seconds a unit.
        last: How long the last frame is shown, in units of `base`.
    """

    pts: NDArray[np.int64]
    keys: NDArray[np.int64]
    start: int
    base: Fraction
    last: int

    def __len__(self) -> int:
        """Return the number of frames."""
        return len(self.pts)

    @property
    def duration_s(self) -> float:
        """Seconds from the start to the end of the last frame."""
        return float((int(self.pts[-1]) + self.last - self.start) * self.base)

    @property
    def rate_hz(self) -> float:
        """Mean number of frames a second."""
        return len(self) / float((int(self.pts[-1]) + self.last - int(self.pts[0])) * self.base)

    def time_s(self, position: int) -> float:
        """Return when a frame is shown, in seconds as in `Frame.time_s`."""
        return float((int(self.pts[position]) - self.start) * self.base)

    def at(self, time_s: float) -> int:
        """Return the frame that is shown at a time, the first or last one outside the video."""
        units = math.floor(time_s / self.base + _ROUNDING) + self.start
        position = int(np.searchsorted(self.pts, units, side="right")) - 1
        return max(position, 0)

    def position(self, pts: int) -> int:
        """Return the frame that is shown from a time in units of `base`, or the next one."""
        return int(np.searchsorted(self.pts, pts))

    def key_before(self, position: int) -> int:
        """Return the last key frame up to a frame, 0 where none is known."""
        count = int(np.searchsorted(self.keys, self.pts[position], side="right"))
        return self.position(int(self.keys[count - 1])) if count else 0

    def with_next(self, former: int | None, pts: int) -> Self:
        """Return the index after decoding showed which frame follows another.

        Frames expected between the two are damaged and taken out; the one that came is put in.

        Args:
            former: Time of the frame before in units of `base`, None for the start of the video.
            pts: Time of the frame that followed it.
        """
        low = 0 if former is None else int(np.searchsorted(self.pts, former, side="right"))
        high = int(np.searchsorted(self.pts, pts))
        known = high < len(self.pts) and self.pts[high] == pts
        if low >= high and known:
            return self
        middle = np.array([] if known else [pts], np.int64)
        times = np.concatenate((self.pts[: min(low, high)], middle, self.pts[high:]))
        return replace(self, pts=times)

    def ending(self, count: int) -> Self:
        """Return the index of a video of which only so many frames can be read."""
        return self if count >= len(self) else replace(self, pts=self.pts[:count])


def can_jump(video: OpenVideo) -> bool:
    """Tell whether frames keep their times when a video is decoded from its middle on."""
    codec = video.stream.codec_context.codec.canonical_name
    return (
        video.start is not None
        and video.stream.time_base is not None
        and codec in _STEADY_CODECS
        and video.container.format.name != _VAGUE_FORMAT
    )


def read_index(
    path: Path, should_stop: Callable[[], bool] = lambda: False
) -> VideoIndex | None:
    """Read through a video for the times of its frames. Nothing is decoded.

    Args:
        path: The video.
        should_stop: Asked again and again; True ends the work.

    Returns:
        The index, None where decoding alone tells how many frames there are and when.

    Raises:
        VideoError: The video cannot be opened.
        Cancelled: The work was ended.
    """
    import av

    with videos.open_video(path) as video:
        if not can_jump(video):
            return None
        try:
            return _scan(video, should_stop)
        except av.FFmpegError:
            # Decoding takes its time but gets over damage.
            return None


def _scan(video: OpenVideo, should_stop: Callable[[], bool]) -> VideoIndex | None:
    times, keys = array("q"), array("q")
    starts_whole = False
    durations = array("q")
    for packet in video.container.demux(video.stream):
        if should_stop():
            raise Cancelled
        if not packet.size or packet.is_discard:
            continue
        if packet.pts is None:
            return None
        if not times:
            starts_whole = packet.is_keyframe
        times.append(packet.pts)
        durations.append(packet.duration or 0)
        if packet.is_keyframe:
            keys.append(packet.pts)
    pts = np.unique(np.array(times, np.int64))
    # A recording that was cut begins with packets of which nothing can be made.
    if not starts_whole or times[0] != pts[0] or len(pts) < len(times):
        return None
    assert video.start is not None
    assert video.stream.time_base is not None
    last = durations[int(np.argmax(np.array(times, np.int64)))]
    if last <= 0:
        rate = video.stream.average_rate or Fraction(videos.FALLBACK_RATE_HZ)
        usual = np.median(np.diff(pts)) if len(pts) > 1 else 1 / (rate * video.stream.time_base)
        last = max(round(float(usual)), 1)
    return VideoIndex(
        pts, np.unique(np.array(keys, np.int64)), video.start, video.stream.time_base, last
    )


def approaches(
    video: OpenVideo, target: int
) -> Iterator[Iterator[tuple[VideoFrame | None, str | None]]]:
    """Move before a time, in units of the stream's time base, each time further.

    Yields:
        What `videos.decoded` gives from there. The first key frame in it may be too late; frames
        before the first key frame build on what was jumped over.

    Raises:
        av.FFmpegError: The file cannot be moved in.
    """
    assert video.start is not None
    assert video.stream.time_base is not None
    for step_s in _STEPS_BACK_S:
        offset = target - round(step_s / video.stream.time_base)
        video.container.seek(max(offset, video.start), stream=video.stream)
        yield videos.decoded(video)
        if offset <= video.start:
            return
