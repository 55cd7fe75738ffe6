"""A network camera for tests: H.264 by RTP inside one RTSP connection (RFC 2326, 6184)."""

from __future__ import annotations

import base64
import functools
import select
import socket
import struct
import time
from fractions import Fraction

import av

from tests.helpers.live_server import HOST, LiveServer, read_head

CLOCK_HZ = 90_000
LARGEST = 1400
"""Bytes of picture data in one RTP packet; larger units are sent in fragments."""
SESSION = "12345678"
_METHODS = "OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN, GET_PARAMETER"
_FRAGMENT = 28
_PARAMETERS = (7, 8)


class RtspServer(LiveServer):
    """A camera at `/live` with a key picture at least every second; all else is missing."""

    scheme = "rtsp"

    @functools.cached_property
    def coded(self) -> list[list[bytes]]:
        """The units (NAL) of each picture, without start codes; the first begins anew."""
        context = av.CodecContext.create("libx264", "w")
        assert isinstance(context, av.VideoCodecContext)
        context.height, context.width = self.pictures[0].shape[:2]
        rate = Fraction(self.rate_hz).limit_denominator(1000)
        context.pix_fmt, context.framerate, context.time_base = "yuv420p", rate, 1 / rate
        context.gop_size = max(int(self.rate_hz), 1)
        context.options = {
            "preset": "ultrafast",
            "tune": "zerolatency",
            "profile": "baseline",
            "x264-params": "repeat-headers=1:annexb=1",
        }
        coded = []
        for number, picture in enumerate(self.pictures):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts = number
            data = b"".join(bytes(packet) for packet in context.encode(frame))
            units = [unit.rstrip(b"\0") for unit in data.split(b"\0\0\1")]
            coded.append([unit for unit in units if unit])
        return coded

    def describe(self) -> str:
        """Return what DESCRIBE answers."""
        sets = [unit for unit in self.coded[0] if unit[0] & 31 in _PARAMETERS]
        texts = ",".join(base64.b64encode(unit).decode() for unit in sets)
        lines = (
            "v=0",
            f"o=- 0 0 IN IP4 {HOST}",
            "s=Test",
            "c=IN IP4 0.0.0.0",
            "t=0 0",
            "a=control:*",
            "m=video 0 RTP/AVP 96",
            f"a=rtpmap:96 H264/{CLOCK_HZ}",
            f"a=fmtp:96 packetization-mode=1;profile-level-id={sets[0][1:4].hex()};"
            f"sprop-parameter-sets={texts}",
            "a=control:track1",
        )
        return "".join(f"{line}\r\n" for line in lines)

    def serve(self, client: socket.socket) -> None:
        playing = _Playing(self)
        while True:
            if playing.began is not None and not self._until_request(client, playing):
                return
            request = read_head(client)
            if request is None or not self._answer(client, *request, playing):
                return

    def _until_request(self, client: socket.socket, playing: _Playing) -> bool:
        """Send pictures until the client says something; return False when the server goes."""
        while True:
            due = playing.due()
            if select.select([client], [], [], max(due, 0.0))[0]:
                return True
            if not self.wait(0.0):
                return False
            client.sendall(playing.next_picture())

    def _answer(
        self, client: socket.socket, first: str, headers: dict[str, str], playing: _Playing
    ) -> bool:
        """Answer a request; return False when the conversation ends with it."""
        method, address, _ = first.split()
        status, extra, body = "200 OK", "", ""
        if method == "OPTIONS":
            extra = f"Public: {_METHODS}\r\n"
        elif not self.allowed(headers.get("authorization")):
            status, extra = "401 Unauthorized", 'WWW-Authenticate: Basic realm="camera"\r\n'
        elif f"{address.rstrip('/')}/".find(f":{self.port}{self.path}/") < 0:
            status = "404 Not Found"
        elif method == "DESCRIBE":
            body = self.describe()
            extra = f"Content-Type: application/sdp\r\nContent-Base: {self.url}/\r\n"
        elif method == "SETUP" and "TCP" not in headers.get("transport", ""):
            status = "461 Unsupported Transport"
        elif method == "SETUP":
            extra = "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n"
        elif method == "PLAY":
            playing.begin()
            extra = "Range: npt=now-\r\n"
        number = headers.get("cseq", "0")
        client.sendall(
            f"RTSP/1.0 {status}\r\nCSeq: {number}\r\nSession: {SESSION};timeout=60\r\n{extra}"
            f"Content-Length: {len(body)}\r\n\r\n{body}".encode()
        )
        return method != "TEARDOWN"


class _Playing:
    """Where one client is in the pictures."""

    def __init__(self, server: RtspServer) -> None:
        self.began: float | None = None
        self._server = server
        self._number = 0
        self._sequence = 0

    def begin(self) -> None:
        self.began = time.monotonic()

    def due(self) -> float:
        """Return in how many seconds the next picture is to be sent."""
        assert self.began is not None
        return self.began + self._number / self._server.rate_hz - time.monotonic()

    def next_picture(self) -> bytes:
        """Return the packets of the next picture."""
        units = self._server.coded[self._number % len(self._server.coded)]
        moment = round(self._number * CLOCK_HZ / self._server.rate_hz)
        self._number += 1
        parts = [part for unit in units for part in _split(unit)]
        data = b""
        for part in parts:
            last = part is parts[-1]
            kind = 96 | (128 if last else 0)
            head = struct.pack(">BBHII", 128, kind, self._sequence & 65535, moment, 1)
            self._sequence += 1
            data += struct.pack(">cBH", b"$", 0, len(head) + len(part)) + head + part
        return data


def _split(unit: bytes) -> list[bytes]:
    """Return a unit as it is, or in fragments (FU-A) where it is large."""
    if len(unit) <= LARGEST:
        return [unit]
    indicator, kind = unit[0] & 0xE0 | _FRAGMENT, unit[0] & 31
    pieces = [unit[at : at + LARGEST] for at in range(1, len(unit), LARGEST)]
    flags = [0] * len(pieces)
    flags[0] |= 128
    flags[-1] |= 64
    heads = [bytes((indicator, flag | kind)) for flag in flags]
    return [head + piece for head, piece in zip(heads, pieces, strict=True)]
