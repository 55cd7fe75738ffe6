"""Network cameras: RTSP, MJPEG over HTTP and other video at an address, through PyAV."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from engine.errors import EngineError
from engine.sources import stream_errors
from engine.sources.addresses import Address, parse_address
from engine.sources.video import MAX_PIXELS
from engine.types import UInt8

if TYPE_CHECKING:
    from av import FFmpegError
    from av.container import InputContainer
    from av.packet import Packet
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

T = TypeVar("T")

TIMEOUT_S = 5.0
"""So long a camera may take to answer, and a picture to come."""

KEY_PICTURE_S = 15.0
"""So long the first picture may take while data come: cameras send whole pictures rarely."""

_OPTIONS = {
    # What FFmpeg looks at before the first picture; it need not guess a rate. What it has looked
    # at is kept, as the first whole picture is in it: without, the next one is waited for.
    "analyzeduration": "1000000",
    "fpsprobesize": "0",
}
_RTSP = {
    # TCP gets through firewalls and loses nothing; the smallest probe starts with what has come.
    "rtsp_transport": "tcp",
    "allowed_media_types": "video",
    "probesize": "32",
    "protocol_whitelist": "rtsp,rtp,tcp,udp,tls,http,https",
}
_HTTP = {
    "probesize": "500000",
    # No address may lead to a file of this machine.
    "protocol_whitelist": "http,https,httpproxy,tcp,tls,crypto",
}
_STILL = "_pipe"


class Stream:
    """Opens a stream, again and again.

    Args:
        text: Its address.
        timeout_s: See `TIMEOUT_S`.

    Attributes:
        origin: Its address without user and password.

    Raises:
        LiveError: The address makes no sense.
    """

    def __init__(self, text: str, timeout_s: float = TIMEOUT_S) -> None:
        """Take the address apart; nothing is opened."""
        self._address = parse_address(text)
        self._timeout_s = timeout_s
        self.origin = self._address.origin

    def __call__(self, stopped: threading.Event) -> StreamCapture:
        """Connect; see `StreamCapture`."""
        return StreamCapture(self._address, stopped, self._timeout_s)


class StreamCapture:
    """An open stream.

    Everything that comes is decoded at once and in one thread, so that no picture waits behind
    others. FFmpeg's messages, which repeat passwords, go nowhere.

    Args:
        address: Where to.
        stopped: Ends the wait for a picture with what comes next or with the time-out.
        timeout_s: See `TIMEOUT_S`.

    Attributes:
        missed: Always 0: what a network lost is not known.

    Raises:
        LiveError: There is no answer, no permission or no moving picture.
    """

    missed = 0

    def __init__(
        self, address: Address, stopped: threading.Event, timeout_s: float = TIMEOUT_S
    ) -> None:
        """Connect and find the track of pictures."""
        self._address = address
        self._stopped = stopped
        self._timeout_s = timeout_s
        self._seen = False
        self._container = self._guard(self._open, stream_errors.not_opened)
        try:
            self._stream = self._choose()
        except EngineError:
            self._container.close()
            raise
        self._packets: Iterator[Packet[Any]] = self._container.demux()

    def read(self) -> UInt8 | None:
        """Wait for the next picture; see `Capture`."""
        patience_s = self._timeout_s if self._seen else max(KEY_PICTURE_S, self._timeout_s)
        deadline = time.monotonic() + patience_s
        while not self._stopped.is_set():
            picture = self._guard(self._next, stream_errors.lost)
            if picture is not None:
                self._seen = True
                return self._to_rgb(picture)
            if time.monotonic() > deadline:
                raise stream_errors.unreadable(self._address)
        return None

    def close(self) -> None:
        """End the connection."""
        self._container.close()

    def _guard(
        self,
        work: Callable[[], T],
        explain: Callable[[FFmpegError | OSError, Address, float, float], EngineError],
    ) -> T:
        """Do something with FFmpeg and say in our words what goes wrong."""
        import av

        began = time.monotonic()
        try:
            return work()
        except (av.FFmpegError, OSError) as error:
            problem = explain(error, self._address, time.monotonic() - began, self._timeout_s)
        # Raised out here, as FFmpeg's error repeats the password and must not go with it.
        raise problem

    def _open(self) -> InputContainer:
        import av

        rtsp = self._address.scheme.startswith("rtsp")
        return av.open(
            self._address.url,
            options=_OPTIONS | (_RTSP if rtsp else _HTTP),
            timeout=(self._timeout_s, self._timeout_s),
        )

    def _choose(self) -> VideoStream:
        """Return the track of pictures, set up to decode without delay."""
        import av
        from av.codec.context import Flags

        stream = self._container.streams.best("video")
        # Absent where FFmpeg has no decoder, against the stub.
        decodable = getattr(stream, "codec_context", None) is not None
        if not isinstance(stream, av.VideoStream) or not decodable:
            raise stream_errors.no_video(self._address)
        if self._container.format.name.endswith(_STILL):
            raise stream_errors.single_picture(self._address)
        # Otherwise threads that decode a picture each may hold back as many pictures.
        stream.codec_context.flags |= Flags.low_delay
        return stream

    def _next(self) -> VideoFrame | None:
        """Decode what comes next; None where that makes no picture."""
        import av

        began = time.monotonic()
        packet = next(self._packets, None)
        if packet is None or not packet.size:
            raise stream_errors.ended(self._address)
        if time.monotonic() - began >= self._timeout_s:
            # What FFmpeg had kept back, handed out when the time was over.
            raise stream_errors.stalled(self._address)
        if packet.stream_index != self._stream.index:
            return None
        try:
            pictures = packet.decode()
        except av.InvalidDataError:
            # Before the first whole picture, and after data that were lost.
            return None
        picture = pictures[-1] if pictures else None
        return picture if isinstance(picture, av.VideoFrame) else None

    def _to_rgb(self, picture: VideoFrame) -> UInt8:
        if picture.width * picture.height > MAX_PIXELS:
            raise stream_errors.too_large(self._address)
        image = self._guard(lambda: picture.to_ndarray(format="rgb24"), stream_errors.lost)
        return np.ascontiguousarray(image, np.uint8)
