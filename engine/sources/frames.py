"""One frame of a file: a picture, a page or a moment of a video, wherever it stands."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import PictureError, VideoError
from engine.i18n import N_
from engine.sources import timeline
from engine.sources import video as videos
from engine.sources.listing import is_video
from engine.sources.pictures import read_picture
from engine.sources.timeline import VideoIndex
from engine.types import Frame

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

    from engine.sources.video import OpenVideo

NEAR_START = 32
"""Up to this frame of a video, decoding from the start is as quick as seeking."""

_INDEXES = 8


def read_frame(path: Path, index: int = 0, *, time_s: float | None = None) -> Frame:
    """Read one frame, equal to what `read_picture` or `read_video` gives at that place.

    A video is decoded from the key frame before the frame, where its times allow that, and from
    its start where they do not.

    Args:
        path: A picture or a video.
        index: Page of a TIFF or frame of a video, counted from 0.
        time_s: The frame's own time in the video, as in `Frame.time_s`, where it is known. It
            spares the look through the file for the times of its frames, and finds the right one
            also where damaged parts before it were skipped.

    Raises:
        EngineError: The file, or this frame of it, cannot be read or is not there.
    """
    if index < 0:
        raise ValueError(f"frames are counted from 0: {index}")
    return _video_frame(path, index, time_s) if is_video(path) else _page(path, index)


def _page(path: Path, index: int) -> Frame:
    """Return the one picture of a file, or a page of a TIFF."""
    with closing(read_picture(path, index)) as frames:
        frame = next(frames, None)
    if frame is not None and frame.index == index:
        return frame
    if frame is not None and frame.index > index:
        raise PictureError(
            N_("Page {number} of {path} cannot be read."),
            N_("It may be damaged, or be a reduced copy of another page."),
            path=path,
            number=index + 1,
        )
    raise PictureError(
        N_("{path} has no page {number}."),
        N_("It may have been replaced since; open it again."),
        path=path,
        number=index + 1,
    )


def _video_frame(path: Path, index: int, time_s: float | None) -> Frame:
    if index > NEAR_START:
        with videos.open_video(path) as video:
            target = _time_of(video, index, time_s)
            found = None if target is None else _seek(video, target)
            if found is not None:
                return videos.to_frame(video, found, index, None)
    with videos.open_video(path) as video:
        return _count(video, index)


def _time_of(video: OpenVideo, index: int, time_s: float | None) -> int | None:
    """Return when a frame is shown, in units of the stream's time base.

    It is None where it cannot be known without decoding, or where a jump could miss it.
    """
    base = video.stream.time_base
    if not timeline.can_jump(video) or video.start is None or base is None:
        return None
    if time_s is not None:
        return video.start + round(time_s / base)
    try:
        state = video.path.stat()
        known = _index(video.path, state.st_size, state.st_mtime_ns)
    except (VideoError, OSError):
        # Counting while decoding takes its time but gets over damage.
        return None
    return int(known.pts[index]) if known is not None and index < len(known) else None


@functools.lru_cache(maxsize=_INDEXES)
def _index(path: Path, size: int, changed_ns: int) -> VideoIndex | None:
    """Return the times of all frames, None where they cannot be known without decoding.

    Size and time of change are there to tell versions of a file apart.
    """
    return timeline.read_index(path)


def _seek(video: OpenVideo, target: int) -> VideoFrame | None:
    """Return the frame shown at a time, None where it is not met or not sound."""
    import av

    try:
        for pictures in timeline.approaches(video, target):
            found = _find(pictures, target)
            if found is not None:
                return found
    except av.FFmpegError:
        # Not every format can be moved in.
        return None
    return None


def _find(
    pictures: Iterator[tuple[VideoFrame | None, str | None]], target: int
) -> VideoFrame | None:
    has_key = False
    for picture, warning in pictures:
        if picture is None or picture.pts is None or picture.pts > target:
            return None
        has_key = has_key or picture.key_frame
        if picture.pts == target:
            # What is shown before the first key frame builds on frames that were jumped over, and
            # what a decoder puts in place of damaged data depends on all that came before.
            return picture if has_key and warning is None else None
    return None


def _count(video: OpenVideo, index: int) -> Frame:
    """Decode a video from its start up to a frame."""
    count = 0
    for picture, warning in videos.decoded(video):
        if picture is None:
            break
        if count == index:
            return videos.to_frame(video, picture, index, warning)
        count += 1
    else:
        if count:
            raise VideoError(
                N_("{path} has no frame {index}: it ends with frame {last}."),
                N_("It may have been replaced since; open it again."),
                path=video.path,
                index=index,
                last=count - 1,
            )
    raise videos.cut_off(video.path, count - 1) if count else videos.nothing_readable(video.path)
