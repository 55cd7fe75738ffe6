"""A library of operators in a process of its own, on which the operators of this process run.

So a DLL computes under Wine what the tests ask for, and a sanitizer ends that process and not this
one. See host.cpp for the other end.
"""

from __future__ import annotations

import ctypes
import struct
import subprocess
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import pytest
import torch
from torch import Tensor

from ops.build.compiler import Compiler, run
from ops.libraries import Library
from ops.variants import Variant

SOURCE = Path(__file__).with_name("host.cpp")
PLAIN, COUNT, RANGE = range(3)
LONGEST_S = 120.0
"""Of one call."""


def build(compiler: Compiler, file: Path, flags: Sequence[str] = ()) -> None:
    """Compile the program."""
    static = ("-static",) if compiler.system == "Windows" else ("-ldl",)
    run([compiler.command, "-std=c++17", "-O1", *flags, SOURCE, *static, "-o", file])


class Host:
    """The process.

    Attributes:
        calls: Names of the functions that were called.
    """

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        """Start it."""
        self.calls: list[str] = []
        self._memory = _Memory()
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the process
        self._lock = threading.Lock()
        self._process = subprocess.Popen(
            list(command),
            env=dict(environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
        )

    def library(self, variant: Variant, monkeypatch: pytest.MonkeyPatch) -> Library:
        """Return a library whose functions run there; tensors are remembered from now on."""
        monkeypatch.setattr(torch.Tensor, "data_ptr", self._memory.remembering(Tensor.data_ptr))
        return _Hosted(variant, ctypes.CDLL(None), self)

    def call(
        self, name: str, arguments: ctypes.Structure | None = None, span: tuple[int, int] = (0, 0)
    ) -> int:
        """Run a function, fill the tensors that its arguments point to, and return its result.

        Args:
            name: Of the function.
            arguments: What it is given; nothing for one that takes nothing.
            span: First unit of work and the one after the last; equal where it takes none.
        """
        way = PLAIN if arguments is None else RANGE if span[0] < span[1] else COUNT
        encoded, size = name.encode(), 0 if arguments is None else ctypes.sizeof(arguments)
        with self._lock:
            self.calls.append(name)
            pieces, pointers = ([], []) if arguments is None else self._memory.of(arguments)
            counts = (len(encoded), size, len(pieces), len(pointers))
            request = struct.pack("=7q", *counts, way, *span) + encoded
            request += b"" if arguments is None else bytes(arguments)
            for piece in pieces:
                request += struct.pack("=q", len(piece)) + ctypes.string_at(piece.start, len(piece))
            request += b"".join(struct.pack("=3q", *pointer) for pointer in pointers)
            stop = threading.Timer(LONGEST_S, self._process.kill)
            stop.start()
            try:
                return self._exchange(request, pieces)
            finally:
                stop.cancel()

    def close(self) -> None:
        """End it, and raise AssertionError where it did not end well."""
        _pipe(self._process.stdin).close()
        try:
            assert self._process.wait(30) == 0, self._words()
        finally:
            self._process.kill()
            self._process.wait()
            _pipe(self._process.stdout).close()
            self._said.close()

    def _exchange(self, request: bytes, pieces: list[range]) -> int:
        try:
            _pipe(self._process.stdin).write(request)
            _pipe(self._process.stdin).flush()
            (result,) = struct.unpack("=q", self._read(8))
            for piece in pieces:
                ctypes.memmove(piece.start, self._read(len(piece)), len(piece))
        except (OSError, EOFError):
            self._process.wait(30)
            raise AssertionError(f"{self.calls[-1]} ended the process: {self._words()}") from None
        return int(result)

    def _read(self, count: int) -> bytes:
        found = _pipe(self._process.stdout).read(count)
        if len(found) < count:
            raise EOFError
        return found

    def _words(self) -> str:
        self._said.seek(0)
        return self._said.read().decode("utf-8", "replace")


@dataclass(frozen=True, slots=True)
class _Hosted(Library):
    host: Host

    def function(self, name: str, *, returns: Any = None) -> Callable[..., int]:  # noqa: ANN401
        def call(pointer: Any = None, *span: ctypes.c_int64) -> int:  # noqa: ANN401
            first, last = (each.value for each in span) if span else (0, 0)
            return self.host.call(f"labsight_{name}", pointer and pointer._obj, (first, last))

        return call


class _Memory:
    """What tensors take up, by the address that was asked of them."""

    def __init__(self) -> None:
        self._ends: dict[int, int] = {}
        self._alive: list[Tensor] = []

    def remembering(self, data_ptr: Callable[[Tensor], int]) -> Callable[[Tensor], int]:
        def remember(tensor: Tensor) -> int:
            address = data_ptr(tensor)
            sides = zip(tensor.shape, tensor.stride(), strict=True)
            last = sum((side - 1) * stride for side, stride in sides)
            end = address + (last + 1) * tensor.element_size() if tensor.numel() else address
            self._ends[address] = max(end, self._ends.get(address, 0))
            # Another tensor must not come to lie there.
            self._alive.append(tensor)
            return address

        return remember

    def of(self, arguments: ctypes.Structure) -> tuple[list[range], list[tuple[int, int, int]]]:
        """Return pieces of memory, and where in the arguments a pointer is to what in which.

        Tensors that overlap, as rows and columns that take turns, are in one piece.
        """
        names = [name for name, kind, *_ in _fields(type(arguments)) if kind is ctypes.c_void_p]
        pointed = {name: getattr(arguments, name) for name in names if getattr(arguments, name)}
        pieces: list[range] = []
        for address in sorted({*pointed.values()}):
            end = self._ends[address]
            if pieces and address < pieces[-1].stop:
                pieces[-1] = range(pieces[-1].start, max(end, pieces[-1].stop))
            else:
                pieces.append(range(address, end))
        return pieces, [
            (getattr(type(arguments), name).offset, number, address - piece.start)
            for name, address in pointed.items()
            for number, piece in enumerate(pieces)
            if address in piece or address == piece.start
        ]


def _fields(structure: type[ctypes.Structure]) -> list[tuple[Any, ...]]:
    """Return the fields of a structure and of those that it extends."""
    levels = (vars(each).get("_fields_", ()) for each in structure.__mro__)
    return [field for fields in levels for field in fields]


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    assert pipe is not None
    return pipe
