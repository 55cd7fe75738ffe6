"""Video files as frames with the times of their source, through FFmpeg's libraries (PyAV)."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from engine.errors import EngineError, VideoError
from engine.i18n import N_, translate
from engine.sources import sniffing
from engine.sources.video_errors import cut_off as cut_off
from engine.sources.video_errors import nothing_readable as nothing_readable
from engine.sources.video_errors import refusal, too_large
from engine.types import Frame, UInt8

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.frame import VideoFrame
    from av.video.reformatter import VideoReformatter
    from av.video.stream import VideoStream

MAX_PIXELS = 200_000_000

FALLBACK_RATE_HZ = 25.0
"""Assumed where a source has neither times nor a rate, as raw H.264 has."""


@dataclass(frozen=True, slots=True)
class VideoInfo:
    """What a video file says of itself; only the size is checked against its first frame.

    Attributes:
        width: Width in pixels as shown, after rotation.
        height: Height in pixels as shown.
        rate_hz: Mean frame rate, None where the file does not tell.
        duration_s: Length in seconds, None where the file does not tell.
        frames: Number of frames as the header claims or as follows from rate and length.
    """

    width: int
    height: int
    rate_hz: float | None
    duration_s: float | None
    frames: int | None


def read_video(
    path: Path, start: int = 0, *, former_s: float | None = None
) -> Generator[Frame, None, None]:
    """Read the frames of a video in the order of presentation, turned as the file asks.

    `time_s` is the source's own time of presentation, from the start of its pictures. Damaged
    parts are skipped: the next frame's `warning` counts them, and a frame that the decoder had to
    patch, or that builds on such a frame, says so. What the header claims about counts and length
    is not used.

    Args:
        path: The video.
        start: Frame to begin with, counted from 0: it and all behind it are those that reading
            from the first one gives. After the last frame there are none.
        former_s: The time of the frame before it, as in `Frame.time_s`. With it the video is
            decoded from a key frame on where its times allow that; without it from its beginning,
            as damage on the way would change the count.

    Raises:
        VideoError: No frame can be read, or the end is damaged (after the frames before it).
    """
    if start < 0:
        raise ValueError(f"frames are counted from 0: {start}")
    with _opened_at(path, start, former_s) as (video, passed, pictures):
        index = passed
        for picture, warning in pictures:
            if picture is None:
                if index:
                    raise cut_off(path, index - 1)
                break
            if index >= start:
                yield to_frame(video, picture, index, warning)
            index += 1
    if index == 0:
        raise nothing_readable(path)


@contextmanager
def _opened_at(
    path: Path, start: int, former_s: float | None
) -> Iterator[tuple[OpenVideo, int, Iterator[tuple[VideoFrame | None, str | None]]]]:
    """Open a video, give the number of frames that are passed over and what is decoded then."""
    from engine.sources import seeking  # It is built on this module.

    if start and former_s is not None:
        with open_video(path) as video:
            pictures = seeking.behind(video, former_s)
            if pictures is not None:
                yield video, start, pictures
                return
    with open_video(path) as video:
        yield video, 0, decoded(video)


def nominal_rate(path: Path) -> Fraction | None:
    """Return the mean frame rate that a video claims, None where it claims none or is not read."""
    try:
        with open_video(path) as video:
            return video.stream.average_rate or video.stream.guessed_rate or None
    except EngineError:
        return None


def probe_video(path: Path) -> VideoInfo:
    """Read the first frame of a video and return what the file says of itself.

    Raises:
        VideoError: No frame can be read.
    """
    with closing(read_video(path)) as frames:
        first = next(frames)
    with open_video(path) as video:
        container, stream = video.container, video.stream
        rate = stream.average_rate or stream.guessed_rate
        rate_hz = float(rate) if rate else None
        duration_s = None
        if stream.duration is not None and stream.time_base is not None:
            duration_s = float(stream.duration * stream.time_base)
        elif container.duration is not None:
            duration_s = container.duration / 1e6
        count = stream.frames or round((duration_s or 0.0) * (rate_hz or 0.0))
    return VideoInfo(first.width, first.height, rate_hz, duration_s, count or None)


@dataclass(slots=True)
class OpenVideo:
    """A video file with its picture track, ready to decode.

    Attributes:
        path: The file.
        container: The file as FFmpeg sees it.
        stream: Its picture track.
        reformatter: Makes RGB of what is decoded; one for all frames keeps its tables.
        start: When the first picture is shown, in units of `stream.time_base`; None until it was
            decoded where the file does not tell.
    """

    path: Path
    container: InputContainer
    stream: VideoStream
    reformatter: VideoReformatter
    start: int | None


@contextmanager
def open_video(path: Path) -> Iterator[OpenVideo]:
    """Open a video and the picture track in it.

    Raises:
        VideoError: It cannot be opened, holds no moving picture or one that cannot be decoded.
    """
    import av
    from av.stream import Disposition
    from av.video.reformatter import VideoReformatter

    try:
        head = sniffing.read_head(path)
    except OSError as error:
        raise sniffing.not_opened(path, error, VideoError) from error
    try:
        # The prefix keeps names such as "http:x.mp4" from being addresses, and FFmpeg lets what
        # is opened as a file, such as a playlist, lead to files only.
        container = av.open(f"file:{path}")
    except (av.FFmpegError, ValueError) as error:
        raise refusal(path, head) from error
    with container:
        stream = container.streams.best("video")
        if not isinstance(stream, av.VideoStream) or stream.disposition & Disposition.attached_pic:
            raise VideoError(
                N_("{path} holds no moving picture."),
                N_("Choose a file with a picture track; this one may hold sound only."),
                path=path,
            )
        # Absent where FFmpeg has no decoder, against the stub.
        codec = getattr(stream, "codec_context", None)
        if codec is None:
            raise VideoError(
                N_("{path} is coded in a way that cannot be read."),
                N_("Convert it to MP4 with H.264."),
                path=path,
            )
        if stream.width * stream.height > MAX_PIXELS:
            raise too_large(path, MAX_PIXELS)
        stream.thread_type = "AUTO"
        yield OpenVideo(path, container, stream, VideoReformatter(), stream.start_time)


def decoded(video: OpenVideo) -> Generator[tuple[VideoFrame | None, str | None], None, None]:
    """Decode from where the file stands to its end.

    Yields:
        Each frame in the order of presentation with what is wrong with it or None; at the end a
        frame that is None where damaged parts followed the last one.
    """
    skipped = 0
    suspect = False
    for picture in _decode(video):
        if picture is None:
            skipped += 1
            continue
        if video.start is None:
            video.start = picture.pts
        # A frame builds on those before it, back to the last key frame.
        suspect = picture.is_corrupt or (not picture.key_frame and (suspect or skipped > 0))
        yield picture, _warning(skipped, suspect)
        skipped = 0
    if skipped:
        yield None, None


def _decode(video: OpenVideo) -> Iterator[VideoFrame | None]:
    """Yield every decoded frame and None for every part that is damaged."""
    import av

    packets = video.container.demux(video.stream)
    while True:
        try:
            packet = next(packets, None)
        except av.FFmpegError:
            yield None
            return
        if packet is None:
            return
        try:
            pictures = packet.decode()
        except av.FFmpegError:
            yield None
            continue
        yield from pictures


def to_frame(video: OpenVideo, picture: VideoFrame, index: int, warning: str | None) -> Frame:
    """Return a decoded frame as one of ours, with its place and time in the video.

    Raises:
        VideoError: It is too large, or its colours cannot be converted.
    """
    image = _to_rgb(video, picture)
    time_s = _time_s(video, picture, index)
    base = picture.time_base or video.stream.time_base
    lasts_s = float(picture.duration * base) if picture.duration and base else None
    return Frame(
        image, index, time_s, sniffing.printable(video.path), warning, duration_s=lasts_s
    )


def _to_rgb(video: OpenVideo, picture: VideoFrame) -> UInt8:
    """Convert and turn a frame."""
    import av

    path = video.path
    if picture.width * picture.height > MAX_PIXELS:
        raise too_large(path, MAX_PIXELS)
    try:
        image = video.reformatter.reformat(picture, format="rgb24").to_ndarray()
    except MemoryError as error:
        raise VideoError(
            N_("There is not enough memory to read {path}."),
            N_("Close other programs or convert it to a smaller size."),
            path=path,
        ) from error
    except (av.FFmpegError, ValueError) as error:
        raise VideoError(
            N_("The colours of {path} are stored in a way that cannot be read: {name}."),
            N_("Convert it to MP4 with H.264."),
            path=path,
            name=picture.format.name,
        ) from error
    # Both FFmpeg and `np.rot90` count quarter turns counterclockwise.
    return np.ascontiguousarray(np.rot90(image, round(picture.rotation / 90)), np.uint8)


def _time_s(video: OpenVideo, picture: VideoFrame, index: int) -> float:
    """Return the time of presentation; counted from the rate where the source has none."""
    stream = video.stream
    base = picture.time_base or stream.time_base
    if picture.pts is None or video.start is None or base is None:
        return index / float(stream.average_rate or stream.guessed_rate or FALLBACK_RATE_HZ)
    return float((picture.pts - video.start) * base)


def _warning(skipped: int, suspect: bool) -> str | None:
    """Say what is wrong with a frame, None for nothing."""
    parts = []
    if skipped:
        text = translate(N_("Damaged parts before this frame were skipped: {count}."))
        parts.append(text.format(count=skipped))
    if suspect:
        parts.append(translate(N_("Parts of this frame may be wrong: its data are damaged.")))
    return " ".join(parts) or None
