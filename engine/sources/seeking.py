"""Going on with a video behind a frame that was read before."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from engine.sources import timeline

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

    from engine.sources.video import OpenVideo

Pictures = Iterator[tuple["VideoFrame | None", "str | None"]]


def behind(video: OpenVideo, time_s: float) -> Pictures | None:
    """Move behind a frame and return what is decoded from there, as `video.decoded` gives it.

    Args:
        video: The open video.
        time_s: When the frame is shown, as in `Frame.time_s`.

    Returns:
        None where the frame is not met, or where what follows it could differ from what decoding
        from the beginning gives. The file then has to be opened anew.
    """
    import av

    base = video.stream.time_base
    if not timeline.can_jump(video) or video.start is None or base is None:
        return None
    target = video.start + round(time_s / base)
    try:
        for pictures in timeline.approaches(video, target):
            if _meets(pictures, target):
                return pictures
    except av.FFmpegError:
        # Not every format can be moved in.
        return None
    return None


def _meets(pictures: Pictures, target: int) -> bool:
    """Decode up to a frame and tell whether it came, and as it does from the beginning."""
    has_key = False
    for picture, warning in pictures:
        if picture is None or picture.pts is None or picture.pts > target:
            return False
        has_key = has_key or picture.key_frame
        if picture.pts == target:
            # What is shown before the first key frame builds on frames that were jumped over, and
            # what a decoder puts in place of damaged data depends on all that came before.
            return has_key and warning is None
    return False
