"""Writers of annotated pictures and videos.

A picture appears under its name only when it is whole. A video can be played at any moment while
it is written; what a crash can cost is about the last second.
"""

from __future__ import annotations

import math
import uuid
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

import numpy as np

from engine.cv import cv2
from engine.errors import EngineError, StoreError, VideoError, writing_failed
from engine.filenames import media_name
from engine.i18n import N_
from engine.types import UInt8

if TYPE_CHECKING:
    from av import FFmpegError
    from av.container import OutputContainer
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

__all__ = ["PART_PREFIX", "PART_SUFFIX", "VideoWriter", "media_name", "write_picture"]

PART_PREFIX, PART_SUFFIX = ".labsight-", ".part"
"""Around the random name of a picture that is being written; a crash may leave one behind."""

_TICKS = 90_000
_KEY_TICKS = _TICKS
_LOOKAHEAD_S = Fraction(1, 3)
_MAX_GOP = 10_000
_DEFAULT_RATE = Fraction(25)
_SLOWEST, _FASTEST = Fraction(1, 1000), Fraction(1000)
# Most fragments fit, and so are there as a whole or not at all when the process is killed.
_BUFFER_BYTES = 1 << 20
# `hybrid_fragmented` turns the fragments into one ordinary movie when it is closed, in place.
_CONTAINER = {
    "movflags": "frag_keyframe+delay_moov+default_base_moof+hybrid_fragmented",
    "frag_duration": "500000",
    # The start of a video that does not begin at 0 is written in this unit.
    "movie_timescale": str(_TICKS),
    "flush_packets": "1",
}
# From RGB to Y, Cb and Cr of BT.709 (ITU-R, 2015) in the range 16 to 235 or 240.
_RED, _GREEN, _BLUE = 0.2126, 0.7152, 0.0722
_TO_Y = np.array((_RED, _GREEN, _BLUE)) * 219 / 255
_TO_CB = np.array((-_RED, -_GREEN, 1 - _BLUE)) / (1 - _BLUE) * 112 / 255
_TO_CR = np.array((1 - _RED, -_GREEN, -_BLUE)) / (1 - _RED) * 112 / 255
_BT709 = np.column_stack((np.stack((_TO_Y, _TO_CB, _TO_CR)), (16, 128, 128)))


def write_picture(image: UInt8, path: Path, quality: int = 92) -> None:
    """Write a picture as JPEG or PNG; at every moment the file is absent, old or whole.

    OpenCV's encoder makes the same JPEG as Pillow's in six sevenths of the time (measured). Colour
    keeps its full resolution (4:4:4): at half of it thin lines and small text blur.

    Args:
        image: [H, W, 3] uint8 RGB.
        path: Where to; `.png` gives PNG, anything else JPEG.
        quality: Of a JPEG, 1 to 100.

    Raises:
        StoreError: The disk is full, the folder is read-only, the picture too large for JPEG, and
            the like.
    """
    if path.suffix.casefold() == ".png":
        suffix, settings = ".png", [cv2.IMWRITE_PNG_COMPRESSION, 1]
    else:
        sampling = (cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444)
        suffix, settings = ".jpg", [cv2.IMWRITE_JPEG_QUALITY, quality, *sampling]
    done, data = cv2.imencode(suffix, cv2.cvtColor(image, cv2.COLOR_RGB2BGR), settings)
    if not done:
        raise StoreError(
            N_("This picture is too large for the format of {path}."),
            N_("JPEG reaches 65,500 pixels a side; save PNG."),
            path=path,
        )
    part = path.with_name(f"{PART_PREFIX}{uuid.uuid4().hex}{PART_SUFFIX}")
    try:
        try:
            with part.open("xb") as file:
                file.write(data.data)
            part.replace(path)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise writing_failed(error, path) from error


class VideoWriter:
    """Writes an H.264 video in MP4 that can be played while it grows.

    It is written in fragments of half a second with a key frame at least every second, so that a
    process that is killed loses about its last second; `close` makes it an ordinary MP4. Times are
    those given to `write`, in ticks of 1/90000 s. Colours are BT.709.

    Args:
        path: Where to; an older file is overwritten.
        rate: Frames per second of the source; None to take it from the first two times. It decides
            how far the encoder looks ahead, and stands in for missing times.
        size: Width and height in pixels. Odd sides gain a pixel; pictures of another size are
            fitted in, with black bars.

    Attributes:
        path: As given.
        frames: Number of frames so far.

    Raises:
        StoreError: The file cannot be written.
        VideoError: No video of this size can be encoded.
    """

    def __init__(self, path: Path, rate: Fraction | None, size: tuple[int, int]) -> None:
        """Open the file."""
        import av

        self.path = path
        self.frames = 0
        self._size = size
        self._rate = rate if rate is not None and rate > 0 else None
        self._step = max(1, round(_TICKS / (self._rate or _DEFAULT_RATE)))
        # The first frame without a time is at 0.
        self._last = -self._step
        self._last_key: int | None = None
        self._first: tuple[UInt8, int] | None = None
        self._stream: VideoStream | None = None
        self._failed = False
        try:
            self._file = _Output(path)
        except OSError as error:
            raise writing_failed(error, path) from error
        self._container: OutputContainer = av.open(
            self._file, "w", format="mp4", options=_CONTAINER, buffer_size=_BUFFER_BYTES
        )

    def _open_stream(self, rate: Fraction) -> VideoStream:
        from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc

        # Frames that the encoder looks ahead are lost with the process: fewer at low rates.
        ahead = max(0, min(10, math.ceil(_LOOKAHEAD_S * rate) - 1))
        x264 = f"bframes=0:rc-lookahead={ahead}:sync-lookahead=0:force-cfr={int(not ahead)}"
        options = {"preset": "veryfast", "crf": "23", "forced-idr": "1", "x264-params": x264}
        nominal = min(max(rate, _SLOWEST), _FASTEST).limit_denominator(1001)
        stream = self._container.add_stream("libx264", nominal, options)
        stream.width, stream.height = (side + side % 2 for side in self._size)
        stream.pix_fmt = "yuv420p"
        context = stream.codec_context
        context.time_base = stream.time_base = Fraction(1, _TICKS)
        context.gop_size = _MAX_GOP
        context.thread_count = 2
        context.color_range = ColorRange.MPEG
        context.colorspace = Colorspace.ITU709
        context.color_primaries = ColorPrimaries.BT709
        context.color_trc = ColorTrc.BT709
        return stream

    def __enter__(self) -> Self:
        """Return the writer itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the file; a failure on the way out never hides the one that led there."""
        if error is None:
            self.close()
            return
        with suppress(EngineError):
            self.close()

    def write(self, image: UInt8, time_s: float | None = None) -> None:
        """Add a frame.

        Args:
            image: [H, W, 3] uint8 RGB.
            time_s: When it is shown, in seconds from the start of the video; None for one frame
                interval after the one before. A time that is not after the last one is moved a
                millisecond behind it.

        Raises:
            StoreError: The disk is full, for example; what was written before can be played.
            VideoError: The encoder refuses.
        """
        if time_s is None or not math.isfinite(time_s):
            ticks = self._last + self._step
        else:
            ticks = max(0, round(time_s * _TICKS))
        if self.frames:
            ticks = ticks if ticks > self._last else self._last + _TICKS // 1000
            self._step = ticks - self._last
        self._last = ticks
        self.frames += 1
        if self._rate is None and self.frames == 1:
            self._first = image, ticks
            return
        self._encode(self._start(), image, ticks)

    def _start(self) -> VideoStream:
        """Open the stream, if it is not open, and encode the frame that waits for it."""
        if self._stream is None:
            self._stream = self._open_stream(self._rate or Fraction(_TICKS, self._step))
            if self._first is not None:
                self._encode(self._stream, *self._first)
                self._first = None
        return self._stream

    def _encode(self, stream: VideoStream, image: UInt8, ticks: int) -> None:
        import av

        picture = _to_i420(_fit(image, self._size, (stream.width, stream.height)))
        try:
            frame = av.VideoFrame.from_ndarray(picture, format="yuv420p")
        except av.FFmpegError as error:
            raise self._refused(error) from error
        frame.pts, frame.time_base = ticks, Fraction(1, _TICKS)
        # If this frame is not a key frame, the next one must be in time to be it.
        if self._last_key is None or ticks + self._step - self._last_key > _KEY_TICKS:
            frame.pict_type = av.video.frame.PictureType.I
            self._last_key = ticks
        self._mux(stream, frame)

    def _mux(self, stream: VideoStream, frame: VideoFrame | None) -> None:
        """Encode a frame, or with None the rest of them, and write what comes out."""
        import av

        try:
            for packet in stream.encode(frame):
                packet.duration = self._step
                self._container.mux(packet)
                self._file.commit()
        except av.FFmpegError as error:
            raise self._refused(error) from error
        self._check()

    def _refused(self, error: FFmpegError) -> VideoError:
        self._failed = True
        return VideoError(
            N_("The video {path} cannot be encoded: {reason}."),
            N_("Choose another size or save pictures instead."),
            path=self.path,
            reason=error.strerror or str(error),
        )

    def _check(self) -> None:
        if self._file.error is not None:
            self._failed = True
            raise writing_failed(self._file.error, self.path) from self._file.error

    def close(self) -> None:
        """Write what is left and make the file an ordinary MP4; a second call does nothing.

        A video without frames leaves no file. After a failure of `write` the file is only closed.

        Raises:
            StoreError: The end cannot be written. What was written before can be played.
        """
        if self._file.closed:
            return
        failed = self._failed
        try:
            if self.frames and not failed:
                self._mux(self._start(), None)
        finally:
            self._container.close()
            self._file.finish()
            if self.path.is_file() and self.path.stat().st_size == 0:
                self.path.unlink()
        if not failed:
            self._check()


class _Output:
    """A file for FFmpeg that remembers its first failure and from then on stays as it is.

    FFmpeg forgets some failures of writing. And it ends a movie by rewriting its beginning, which
    is right only when all of it is there.
    """

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb", buffering=0)
        self._whole = 0
        self.error: OSError | None = None

    @property
    def closed(self) -> bool:
        return self._file.closed

    def write(self, data: bytes) -> int:
        left = memoryview(data)
        try:
            while left and self.error is None:
                left = left[self._file.write(left) or 0 :]
        except OSError as error:
            self.error = error
        return len(data)

    def seek(self, offset: int, whence: int) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def commit(self) -> None:
        """Note that the file ends with a whole fragment."""
        if self.error is None:
            self._whole = self._file.tell()

    def finish(self) -> None:
        """Close the file, without the half of a fragment that a full disk left."""
        if self.error is not None:
            with suppress(OSError):
                self._file.truncate(self._whole)
        self._file.close()


def _fit(image: UInt8, size: tuple[int, int], padded: tuple[int, int]) -> UInt8:
    """Fit a picture into a video's width and height, then repeat its edge to the even size."""
    width, height = size
    rows, columns = image.shape[:2]
    if (columns, rows) != size:
        scale = min(width / columns, height / rows)
        inner = max(1, round(columns * scale)), max(1, round(rows * scale))
        how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        x, y = (width - inner[0]) // 2, (height - inner[1]) // 2
        fitted = np.zeros((height, width, 3), np.uint8)
        fitted[y : y + inner[1], x : x + inner[0]] = cv2.resize(image, inner, interpolation=how)
        image = fitted
    if size == padded:
        return image
    more = padded[1] - height, padded[0] - width
    return np.asarray(cv2.copyMakeBorder(image, 0, more[0], 0, more[1], cv2.BORDER_REPLICATE))


def _to_i420(image: UInt8) -> UInt8:
    """Convert RGB of even size to the planes Y, Cb and Cr under one another, [H * 3 / 2, W].

    A third of the time that FFmpeg's own conversion takes (measured), and with all of its pixels in
    the mean for the half-size planes.
    """
    height, width = image.shape[:2]
    coded = cv2.transform(image, _BT709)
    small = cv2.resize(coded, (width // 2, height // 2), interpolation=cv2.INTER_AREA)
    planes = np.empty((height * 3 // 2, width), np.uint8)
    planes[:height] = coded[..., 0]
    chroma = planes[height:].reshape(2, height // 2, width // 2)
    chroma[0], chroma[1] = small[..., 1], small[..., 2]
    return planes
