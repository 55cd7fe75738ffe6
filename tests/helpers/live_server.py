"""What the simulated network cameras have in common: they can be cut off, brought back and hang."""

from __future__ import annotations

import base64
import contextlib
import socket
import threading
from collections.abc import Callable, Sequence
from typing import Self

import numpy as np

from engine.types import UInt8

HOST = "127.0.0.1"
STALL_LOOK_S = 0.01


def moving_square(count: int = 10, width: int = 160, height: int = 120) -> list[UInt8]:
    """Return pictures [height, width, 3] of a white square that crosses a grey ground."""
    pictures = []
    side = height // 4
    for number in range(count):
        picture = np.full((height, width, 3), 60, np.uint8)
        left = round((width - side) * number / max(count - 1, 1))
        picture[height // 2 : height // 2 + side, left : left + side] = 230
        pictures.append(picture)
    return pictures


class LiveServer:
    """A camera on the loopback; a context manager that listens from `with` to its end.

    Args:
        pictures: Shown in a circle; by default a moving square.
        rate_hz: Pictures per second.
        user: Who may watch, None for everybody.
        password: The password of `user`.
        stalled: Whether it starts out sending no picture.

    Attributes:
        port: Where it listens, the same after `resume`.
        pictures: As given.
        rate_hz: As given.
    """

    scheme = ""
    path = "/live"

    def __init__(
        self,
        pictures: Sequence[UInt8] | None = None,
        *,
        rate_hz: float = 25.0,
        user: str | None = None,
        password: str = "",
        stalled: bool = False,
    ) -> None:
        self.pictures = list(moving_square() if pictures is None else pictures)
        self.rate_hz = rate_hz
        self.port = 0
        token = base64.b64encode(f"{user}:{password}".encode()).decode()
        self._authorization = None if user is None else f"Basic {token}"
        self._flowing = threading.Event()
        if not stalled:
            self._flowing.set()
        self._gone = threading.Event()
        self._lock = threading.Lock()
        self._listener: socket.socket | None = None
        self._clients: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []

    @property
    def url(self) -> str:
        """The address without name and password."""
        return f"{self.scheme}://{HOST}:{self.port}{self.path}"

    def url_for(self, user: str, password: str) -> str:
        """Return the address with a name and a password, both written as they belong in one."""
        return f"{self.scheme}://{user}:{password}@{HOST}:{self.port}{self.path}"

    @property
    def watching(self) -> int:
        """Number of connections."""
        with self._lock:
            return len(self._clients)

    def __enter__(self) -> Self:
        self._listen()
        return self

    def __exit__(self, *exception: object) -> None:
        self.cut()

    def cut(self) -> None:
        """Drop all connections and refuse new ones."""
        self._gone.set()
        with self._lock:
            sockets = [*self._clients, *([self._listener] if self._listener else [])]
            for one in sockets:
                # It wakes the thread that waits on it.
                with contextlib.suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        self._threads.clear()

    def resume(self) -> None:
        """Listen again after `cut`, or send pictures again after `stall`."""
        self._flowing.set()
        if self._listener is None:
            self._listen()

    def stall(self) -> None:
        """Send no more pictures; connections stay and new ones are taken."""
        self._flowing.clear()

    def serve(self, client: socket.socket) -> None:
        """Talk with one client until it or the server goes; OSError where it went."""
        raise NotImplementedError

    def allowed(self, authorization: str | None) -> bool:
        """Tell whether a request with this header may watch."""
        return self._authorization in (None, authorization)

    def wait(self, seconds: float) -> bool:
        """Wait for the next picture and while stalled; return False when the server goes."""
        gone = self._gone.wait(max(seconds, 0.0))
        while not gone and not self._flowing.is_set():
            gone = self._gone.wait(STALL_LOOK_S)
        return not gone

    def _listen(self) -> None:
        self._gone = threading.Event()
        self._listener = socket.create_server((HOST, self.port))
        self.port = self._listener.getsockname()[1]
        self._start(self._accept, self._listener)

    def _start(self, work: Callable[[socket.socket], None], one: socket.socket) -> None:
        thread = threading.Thread(target=work, args=(one,), daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self, listener: socket.socket) -> None:
        with listener:
            while not self._gone.is_set():
                try:
                    client = listener.accept()[0]
                except OSError:
                    break
                with self._lock:
                    self._clients.add(client)
                    if self._gone.is_set():
                        client.shutdown(socket.SHUT_RDWR)
                self._start(self._talk, client)
        self._listener = None

    def _talk(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError):
            self.serve(client)
        with self._lock:
            self._clients.discard(client)


def read_head(client: socket.socket) -> tuple[str, dict[str, str]] | None:
    """Return the first line of a request and its headers by small name, None at the end."""
    data = b""
    while not data.endswith(b"\r\n\r\n"):
        part = client.recv(1)
        if not part:
            return None
        if part == b"$" and not data:
            # What a watcher says of its reception, between two requests.
            length = client.recv(3, socket.MSG_WAITALL)[1:]
            client.recv(int.from_bytes(length, "big"), socket.MSG_WAITALL)
            continue
        data += part
    first, *lines = data.decode().strip().split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines if ": " in line)
    return first, {name.lower(): value for name, value in headers.items()}
