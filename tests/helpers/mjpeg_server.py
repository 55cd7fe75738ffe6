"""A network camera for tests: JPEG pictures over HTTP, as `multipart/x-mixed-replace`."""

from __future__ import annotations

import functools
import socket
from fractions import Fraction

import av

from engine.types import UInt8
from tests.helpers.live_server import LiveServer, read_head

BOUNDARY = "picture"
PAGE = b"<!doctype html><title>Camera</title><p>Log in first."


class MjpegServer(LiveServer):
    """A camera at `/live`; `/page` is a web page, `/picture` one picture, all else is missing."""

    scheme = "http"

    @functools.cached_property
    def coded(self) -> list[bytes]:
        """Each picture as JPEG."""
        return [to_jpeg(picture) for picture in self.pictures]

    def serve(self, client: socket.socket) -> None:
        request = read_head(client)
        if request is None:
            return
        path = request[0].split()[1]
        if not self.allowed(request[1].get("authorization")):
            client.sendall(_answer("401 Unauthorized", 'WWW-Authenticate: Basic realm="camera"'))
        elif path == "/page":
            client.sendall(_answer("200 OK", "Content-Type: text/html", PAGE))
        elif path == "/picture":
            client.sendall(_answer("200 OK", "Content-Type: image/jpeg", self.coded[0]))
        elif path != self.path:
            client.sendall(_answer("404 Not Found", "Content-Type: text/plain"))
        else:
            kind = f"multipart/x-mixed-replace; boundary={BOUNDARY}"
            client.sendall(f"HTTP/1.0 200 OK\r\nContent-Type: {kind}\r\n\r\n".encode())
            self._show(client)

    def _show(self, client: socket.socket) -> None:
        number = 0
        while self.wait(1 / self.rate_hz if number else 0.0):
            data = self.coded[number % len(self.coded)]
            head = f"Content-Type: image/jpeg\r\nContent-Length: {len(data)}"
            client.sendall(f"--{BOUNDARY}\r\n{head}\r\n\r\n".encode() + data + b"\r\n")
            number += 1


def to_jpeg(picture: UInt8) -> bytes:
    """Return a picture [H, W, 3] uint8 RGB as JPEG."""
    context = av.CodecContext.create("mjpeg", "w")
    assert isinstance(context, av.VideoCodecContext)
    context.height, context.width = picture.shape[:2]
    context.pix_fmt, context.time_base = "yuvj420p", Fraction(1, 25)
    frame = av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(format="yuvj420p")
    return b"".join(bytes(packet) for packet in [*context.encode(frame), *context.encode(None)])


def _answer(status: str, header: str, body: bytes = b"") -> bytes:
    head = f"HTTP/1.0 {status}\r\n{header}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body
