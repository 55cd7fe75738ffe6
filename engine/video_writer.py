"""Writing annotated videos.

A video can be played at any moment while it is written; what a crash can cost is about the last
second.
"""

from __future__ import annotations

import math
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from engine import former_video, h264
from engine.errors import EngineError, VideoError, writing_failed
from engine.former_video import FormerVideo
from engine.i18n import N_
from engine.sound import AudioTrack
from engine.types import UInt8
from engine.video_file import BUFFER_BYTES, OPTIONS, OutputFile
from engine.yuv import fit, to_i420

if TYPE_CHECKING:
    from av import FFmpegError
    from av.container import OutputContainer
    from av.packet import Packet
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

_DEFAULT_RATE = Fraction(25)


class VideoWriter:
    """Writes an H.264 video in MP4 that can be played while it grows.

    It is written in fragments of half a second with a key frame at least every second, so that a
    process that is killed loses about its last second; `close` makes it an ordinary MP4. Times are
    those given to `write`, to 1/90000 s or finer. Colours are BT.709.

    Args:
        path: Where to; an older file is overwritten.
        rate: Frames per second of the source; None to take it from the first two times. It decides
            how far the encoder looks ahead and the unit of time, and stands in for missing times.
        size: Width and height in pixels. Odd sides gain a pixel; pictures of another size are
            fitted in, with black bars.
        audio: The sound of the source, None for a video without; closed with the writer. It is
            written as far as the pictures have come.
        former: A beginning whose frames are copied, None for a new video. Until `close` that stays
            as it is, and the video grows in `former_video.part_of(path)`.

    Attributes:
        path: As given.
        frames: Number of frames so far.

    Raises:
        StoreError: The file cannot be written.
        VideoError: No video of this size can be encoded, or the former one cannot be read.
    """

    def __init__(
        self,
        path: Path,
        rate: Fraction | None,
        size: tuple[int, int],
        audio: AudioTrack | None = None,
        *,
        former: FormerVideo | None = None,
    ) -> None:
        """Open the file."""
        import av

        self.path = path
        self.frames = 0
        self._size = size
        self._rate = h264.nominal(rate) if rate is not None and rate > 0 else None
        self._unit = h264.ticks(self._rate)
        self._step = max(1, round(self._unit / (self._rate or _DEFAULT_RATE)))
        self._shown: int | None = None
        # The first frame without a time is at 0.
        self._last = -self._step
        self._last_key: int | None = None
        self._first: tuple[UInt8, int] | None = None
        self._stream: VideoStream | None = None
        self._audio = audio
        self._failed = False
        self._part = path if former is None else former_video.part_of(path)
        try:
            self._file = OutputFile(self._part)
        except OSError as error:
            self._close_sound()
            raise writing_failed(error, path) from error
        # The start of a video that does not begin at 0 is written in this unit.
        options = OPTIONS | {"movie_timescale": str(self._unit)}
        self._container: OutputContainer = av.open(
            self._file, "w", format="mp4", options=options, buffer_size=BUFFER_BYTES
        )
        if former is not None:
            self._go_on(former)

    def _open_stream(self, rate: Fraction, *, repeat_headers: bool = False) -> VideoStream:
        import av

        stream = h264.add_stream(
            self._container, rate, self._size, self._unit, repeat_headers=repeat_headers
        )
        if self._audio is not None:
            try:
                self._audio.attach(self._container)
            except (av.FFmpegError, ValueError) as error:
                self._audio.give_up(error)
        return stream

    def _go_on(self, former: FormerVideo) -> None:
        """Copy the frames of a beginning."""
        import av

        try:
            # The frames behind may be those of another version of the encoder.
            stream = self._stream = self._open_stream(
                self._rate or _DEFAULT_RATE, repeat_headers=True
            )
            for packet in former_video.packets(former, self._unit):
                assert packet.pts is not None
                self._last, self._step = packet.pts, packet.duration or self._step
                self.frames += 1
                packet.stream = stream
                self._deliver(packet)
            self._check()
            if self.frames < former.frames:
                raise VideoError(
                    N_("The video {path} ends before its frame {index}."),
                    N_("It may have been replaced since; begin the run anew."),
                    path=former.path,
                    index=former.frames,
                )
        except av.FFmpegError as error:
            self.abandon()
            raise self._refused(error) from error
        except BaseException:
            self.abandon()
            raise

    def abandon(self) -> None:
        """Close a video that was to go on and leave its beginning as it was."""
        self._failed = True
        with suppress(EngineError):
            self.close()
        if self._part != self.path:
            with suppress(OSError):
                self._part.unlink(missing_ok=True)

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
            self.close(cut=True)

    def write(
        self, image: UInt8, time_s: float | None = None, duration_s: float | None = None
    ) -> None:
        """Add a frame.

        Args:
            image: [H, W, 3] uint8 RGB.
            time_s: When it is shown, in seconds from the start of the video; None for one frame
                interval after the one before. A time that is not after the last one is moved a
                millisecond behind it.
            duration_s: How long it is shown where it is the last one; None for as long as the one
                before.

        Raises:
            StoreError: The disk is full, for example; what was written before can be played.
            VideoError: The encoder refuses.
        """
        if time_s is None or not math.isfinite(time_s):
            ticks = self._last + self._step
        else:
            ticks = max(0, round(time_s * self._unit))
        known = duration_s is not None and math.isfinite(duration_s) and duration_s > 0
        self._shown = max(1, round((duration_s or 0) * self._unit)) if known else None
        if self.frames:
            ticks = ticks if ticks > self._last else self._last + self._unit // 1000
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
            self._stream = self._open_stream(self._rate or Fraction(self._unit, self._step))
            if self._first is not None:
                self._encode(self._stream, *self._first)
                self._first = None
        return self._stream

    def _encode(self, stream: VideoStream, image: UInt8, ticks: int) -> None:
        import av

        picture = to_i420(fit(image, self._size, (stream.width, stream.height)))
        try:
            frame = av.VideoFrame.from_ndarray(picture, format="yuv420p")
        except av.FFmpegError as error:
            raise self._refused(error) from error
        frame.pts, frame.time_base = ticks, Fraction(1, self._unit)
        # If this frame is not a key frame, the next one must be in time to be it.
        if self._last_key is None or ticks + self._step - self._last_key > self._unit:
            frame.pict_type = av.video.frame.PictureType.I
            self._last_key = ticks
        self._mux(stream, frame)

    def _mux(self, stream: VideoStream, frame: VideoFrame | None) -> None:
        """Encode a frame, or with None the rest of them, and write what comes out."""
        import av

        try:
            for packet in stream.encode(frame):
                # It counts for the last packet alone: others last until the next one.
                packet.duration = self._shown or self._step
                self._deliver(packet)
        except av.FFmpegError as error:
            raise self._refused(error) from error
        self._check()

    def _deliver(self, packet: Packet[VideoStream]) -> None:
        """Write a packet of the picture, and before it the sound up to its time."""
        assert packet.pts is not None
        self._mux_sound(Fraction(packet.pts, self._unit))
        self._container.mux(packet)
        self._file.commit()

    def _mux_sound(self, until_s: Fraction | None) -> None:
        import av

        if self._audio is None:
            return
        try:
            for packet in self._audio.until(until_s):
                if self._file.error is not None:
                    return
                self._container.mux(packet)
                self._file.commit()
        except av.FFmpegError as error:
            self._audio.give_up(error)

    def _close_sound(self) -> None:
        if self._audio is not None:
            self._audio.close()

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

    def close(self, *, cut: bool = False) -> None:
        """Write what is left and make the file an ordinary MP4; a second call does nothing.

        A video without frames leaves no file. After a failure of `write` the file is only closed.

        Args:
            cut: End the sound with the last frame; else it goes on to its own end.

        Raises:
            StoreError: The end cannot be written. What was written before can be played.
        """
        if self._file.closed:
            return
        failed = self._failed
        try:
            if self.frames and not failed:
                self._mux(self._start(), None)
                end = Fraction(self._last + (self._shown or self._step), self._unit)
                self._mux_sound(end if cut else None)
        finally:
            self._container.close()
            self._file.finish()
            self._close_sound()
            if self._part.is_file() and self._part.stat().st_size == 0:
                self._part.unlink()
        if not failed:
            self._check()
            if self._part != self.path and self._part.is_file():
                former_video.take_place(self._part, self.path)
