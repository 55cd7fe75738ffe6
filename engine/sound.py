"""The sound of a source, as packets for the video that is written of its pictures."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from contextlib import suppress
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from engine.video_file import OPTIONS

if TYPE_CHECKING:
    from av.audio.frame import AudioFrame
    from av.audio.stream import AudioStream
    from av.bitstream import BitStreamFilterContext
    from av.container import InputContainer, OutputContainer
    from av.packet import Packet

_COPIED = frozenset({"aac", "ac3", "alac", "eac3", "flac", "mp2", "mp3", "opus"})
"""Codecs that MP4 holds and that players read from it."""

# A movie is not begun on disk before each of its tracks has begun; silence stands in for more.
_LATEST_S = Fraction(1, 2)
_REHEARSED_PACKETS = 3
_AAC_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 64000, 88200, 96000)
_USUAL_RATE = 48_000
_LAYOUTS = ("mono", "stereo", "3.0", "4.0", "5.0", "5.1")
_BITS_A_CHANNEL = 96_000
# Smaller gaps are rounding of the times that the file keeps.
_GAP_S = 0.05

_log = logging.getLogger(__name__)


class AudioTrack:
    """The best sound track of a video, read as far as the picture has come.

    Packets of a codec that belongs into MP4 are copied; other sound, and sound that starts long
    after the picture, is coded anew as AAC. Times count from the first picture, as those of the
    frames do: sound before it is dropped, sound that starts later keeps its delay. What cannot be
    read ends the sound with a warning in the log and nothing else.

    Attributes:
        copied: Packets are copied, not coded anew.
    """

    def __init__(self, path: Path, *, copied: bool) -> None:
        """Open a file that has sound; `open` finds out whether it can be copied.

        Raises:
            av.FFmpegError: It cannot be opened.
            ValueError: It has no sound, or none that can be decoded.
        """
        import av

        self._path = path
        self._container: InputContainer = av.open(f"file:{path}")
        try:
            stream = self._container.streams.best("audio")
            if not isinstance(stream, av.AudioStream) or not hasattr(stream, "codec_context"):
                raise ValueError("no sound")
            if copied and stream.codec_context.codec.canonical_name not in _COPIED:
                raise ValueError("no sound that MP4 takes")
            self._stream: AudioStream = stream
            self._start_s = _start_of_pictures(self._container)
        except BaseException:
            self._container.close()
            raise
        self.copied = copied
        self._demuxed: Iterator[Packet[AudioStream]] = self._container.demux(stream)
        self._packets: Iterator[Packet[AudioStream]] = iter(())
        self._waiting: Packet[AudioStream] | None = None

    @classmethod
    def open(cls, path: Path) -> AudioTrack | None:
        """Return the sound of a video, None where there is none or none that can be read."""
        import av

        reason: Exception | None = None
        for copied in (True, False):
            try:
                if _rehearse(cls(path, copied=copied)):
                    return cls(path, copied=copied)
            except (av.FFmpegError, OSError) as error:
                reason = error
            except ValueError:
                # Some of FFmpeg's errors are of this kind too.
                continue
        if reason is not None:
            _log.warning("The sound of %s is left out: %s", path, reason)
        return None

    def attach(self, container: OutputContainer) -> None:
        """Make the track in a movie of which nothing is written yet.

        Raises:
            av.FFmpegError: MP4 does not take it.
        """
        if self.copied:
            target = container.add_stream_from_template(self._stream)
            self._packets = self._copies(target, self._without_headers(target))
            return
        context = self._stream.codec_context
        rate = context.sample_rate if context.sample_rate in _AAC_RATES else _USUAL_RATE
        coded = container.add_stream("aac", rate=rate)
        channels = context.layout.nb_channels
        coded.codec_context.layout = _LAYOUTS[channels - 1] if 1 <= channels <= 6 else "stereo"
        coded.codec_context.bit_rate = _BITS_A_CHANNEL * coded.codec_context.layout.nb_channels
        coded.codec_context.time_base = Fraction(1, rate)
        self._packets = self._coded(coded)

    def until(self, time_s: Fraction | None) -> Iterator[Packet[AudioStream]]:
        """Yield the packets from where the last call ended up to a time; None is the end."""
        import av

        while True:
            if self._waiting is None:
                try:
                    self._waiting = next(self._packets, None)
                except (av.FFmpegError, ValueError) as error:
                    self.give_up(error)
            packet = self._waiting
            if packet is None or packet.dts is None:
                return
            if time_s is not None and packet.dts * packet.time_base > time_s:
                return
            self._waiting = None
            yield packet

    def give_up(self, error: Exception) -> None:
        """End the sound here and note why."""
        _log.warning("The sound of %s ends early: %s", self._path, error)
        self._packets, self._waiting = iter(()), None

    def close(self) -> None:
        """Close the file."""
        self._packets, self._waiting = iter(()), None
        self._container.close()

    def _without_headers(self, target: AudioStream) -> Iterator[Packet[AudioStream]]:
        """Return the packets as MP4 takes them: AAC of streams has a header a packet."""
        from av.bitstream import BitStreamFilterContext

        context = self._stream.codec_context
        if context.codec.canonical_name != "aac" or context.extradata:
            return self._demuxed
        first = next(self._demuxed, None)
        if first is None:
            return self._demuxed
        target.codec_context.extradata = _aac_config(bytes(first))
        convert = BitStreamFilterContext("aac_adtstoasc", self._stream)
        return _filtered(convert, chain((first,), self._demuxed))

    def _copies(
        self, target: AudioStream, packets: Iterator[Packet[AudioStream]]
    ) -> Iterator[Packet[AudioStream]]:
        before: Packet[AudioStream] | None = None
        last: Fraction | None = None
        for packet in packets:
            if packet.dts is None:
                packet.dts = packet.pts
            if not packet.size or packet.pts is None or packet.dts is None:
                continue
            shift = round(self._start_s / packet.time_base)
            packet.pts, packet.dts = packet.pts - shift, packet.dts - shift
            if last is None and packet.pts + (packet.duration or 0) <= 0:
                before = packet
                continue
            # A decoder needs the packet before the one that it begins with.
            for each in (before, packet) if before is not None else (packet,):
                assert each.dts is not None
                at = each.dts * each.time_base
                if last is None or at > last:
                    last = at
                    each.stream = target
                    yield each
            before = None

    def _coded(self, target: AudioStream) -> Iterator[Packet[AudioStream]]:
        for frame in self._seamless(target):
            yield from target.encode(frame)
        yield from target.encode(None)

    def _seamless(self, target: AudioStream) -> Iterator[AudioFrame]:
        """Yield what is decoded as the encoder takes it, from time 0 on and without gaps."""
        import av

        context = target.codec_context
        rate, layout = context.sample_rate, context.layout
        resampler = av.AudioResampler("fltp", layout, rate)
        done = 0
        for frame in self._decoded():
            at = done
            if frame.pts is not None and frame.time_base is not None:
                exact = round((frame.pts * frame.time_base - self._start_s) * rate)
                at = exact if not done or abs(exact - done) > _GAP_S * rate else done
            # The times of the source are followed here, so that gaps become silence.
            frame.pts = None
            for part in resampler.resample(frame):
                samples = part.to_ndarray()[:, max(0, done - at) :]
                while done < at:
                    size = min(at - done, rate)
                    silence = np.zeros((layout.nb_channels, size), np.float32)
                    yield _frame(silence, layout.name, rate, done)
                    done += size
                if samples.shape[1]:
                    yield _frame(samples, layout.name, rate, done)
                    done += samples.shape[1]
                at += part.samples

    def _decoded(self) -> Iterator[AudioFrame]:
        import av

        for packet in self._demuxed:
            # What is damaged becomes silence.
            with suppress(av.FFmpegError):
                yield from self._stream.decode(packet)


def _aac_config(packet: bytes) -> bytes:
    """Return what MP4 keeps of the header of an AAC packet (ISO 14496-3, 1.A.2.2 and 1.6.2.1).

    Raises:
        ValueError: It has none, or one that says too little.
    """
    if len(packet) < 7 or packet[0] != 0xFF or packet[1] & 0xF6 != 0xF0:
        raise ValueError("AAC without a header")
    profile, rate = (packet[2] >> 6) + 1, packet[2] >> 2 & 15
    channels = (packet[2] & 1) << 2 | packet[3] >> 6
    if not channels:
        raise ValueError("AAC with channels of its own")
    return bytes((profile << 3 | rate >> 1, (rate & 1) << 7 | channels << 3))


def _filtered(
    convert: BitStreamFilterContext, packets: Iterator[Packet[AudioStream]]
) -> Iterator[Packet[AudioStream]]:
    for packet in packets:
        if packet.size:
            base = packet.time_base
            for each in convert.filter(packet):
                each.time_base = base
                yield each


def _start_of_pictures(container: InputContainer) -> Fraction:
    video = container.streams.best("video")
    if video is None or video.start_time is None or video.time_base is None:
        return Fraction(0)
    return video.start_time * video.time_base


def _frame(samples: np.ndarray, layout: str, rate: int, pts: int) -> AudioFrame:
    import av

    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples), "fltp", layout)
    frame.sample_rate, frame.pts, frame.time_base = rate, pts, Fraction(1, rate)
    return frame


def _rehearse(track: AudioTrack) -> bool:
    """Write the first packets into a movie in memory, and tell whether there are any.

    A codec may be one that MP4 takes and still lack what it needs, which would end the video.

    Raises:
        ValueError: They are to be coded anew.
        av.FFmpegError: They cannot be read or written.
    """
    import av

    written = 0
    try:
        with av.open(io.BytesIO(), "w", format="mp4", options=OPTIONS) as movie:
            track.attach(movie)
            for packet in track.until(None):
                assert packet.dts is not None
                if track.copied and packet.dts * packet.time_base > _LATEST_S:
                    raise ValueError("sound that starts late")
                movie.mux(packet)
                written += 1
                if written == _REHEARSED_PACKETS:
                    break
    finally:
        track.close()
    return written > 0
