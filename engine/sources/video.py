"""Video files as frames with the times of their source, through FFmpeg's libraries (PyAV)."""

from __future__ import annotations

import os
import struct
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from engine.errors import EngineError, VideoError
from engine.i18n import N_, translate
from engine.sources import sniffing
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


def read_video(path: Path) -> Generator[Frame, None, None]:
    """Read the frames of a video in the order of presentation, turned as the file asks.

    `time_s` is the source's own time of presentation, from the start of its pictures. Damaged
    parts are skipped: the next frame's `warning` counts them, and a frame that the decoder had to
    patch, or that builds on such a frame, says so. What the header claims about counts and length
    is not used.

    Raises:
        VideoError: No frame can be read, or the end is damaged (after the frames before it).
    """
    index = 0
    with open_video(path) as video:
        for picture, warning in decoded(video):
            if picture is None:
                if index:
                    raise cut_off(path, index - 1)
                break
            yield to_frame(video, picture, index, warning)
            index += 1
    if index == 0:
        raise nothing_readable(path)


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
        raise _refusal(path, head) from error
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
            raise _too_large(path)
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
    return Frame(image, index, time_s, sniffing.printable(video.path), warning)


def _to_rgb(video: OpenVideo, picture: VideoFrame) -> UInt8:
    """Convert and turn a frame."""
    import av

    path = video.path
    if picture.width * picture.height > MAX_PIXELS:
        raise _too_large(path)
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


def nothing_readable(path: Path) -> VideoError:
    """Say that a video has no frame that can be read."""
    return VideoError(
        N_("No frame of {path} can be read: its data are damaged or missing."),
        N_("Copy or download it again."),
        path=path,
    )


def cut_off(path: Path, last: int) -> VideoError:
    """Say that nothing after the frame `last`, counted from 0, can be read."""
    return VideoError(
        N_("{path} is damaged after its frame {last}: the rest cannot be read."),
        N_("Copy or download it again. The frames before the damage were read."),
        path=path,
        last=last,
    )


def _refusal(path: Path, head: bytes) -> EngineError:
    """Say why FFmpeg does not take a file."""
    try:
        complete = sniffing.video_kind(head) not in ("MP4", "QuickTime") or _has_index(path)
    except OSError as error:
        return sniffing.not_opened(path, error, VideoError)
    if complete:
        return sniffing.refusal(path, head, VideoError)
    return VideoError(
        N_("{path} is incomplete: the index at its end is missing."),
        N_("The recording or the copy was cut off; copy it again or repair it."),
        path=path,
    )


def _has_index(path: Path) -> bool:
    """Tell whether an MP4 has its `moov` box among the boxes of the top level."""
    with path.open("rb") as file:
        end = os.fstat(file.fileno()).st_size
        at = 0
        while at < end:
            file.seek(at)
            header = file.read(16).ljust(16, b"\0")
            size, name, long_size = struct.unpack(">I4sQ", header)
            if name == b"moov":
                return True
            # A size of 1 stands for the 64 bits that follow, and 0 for the rest of the file.
            step = long_size if size == 1 else size
            if step < 8:
                return False
            at += step
    return False


def _too_large(path: Path) -> VideoError:
    return VideoError(
        N_("{path} is too large: a frame may have at most {limit} million pixels."),
        N_("Convert it to a smaller size."),
        path=path,
        limit=MAX_PIXELS // 1_000_000,
    )
