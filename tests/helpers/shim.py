"""Kernels on a processor: the driver of `ops/common/cuda_cpu.h`, compiled once a session.

    def test_a_kernel(shim: Shim) -> None:
        with shim.seeded(7):
            torch.ops... or the functions of `<operator>/cuda.py`, with tensors on the processor

A test that asks for it bears `@pytest.mark.tool("g++")`.
"""

from __future__ import annotations

import ctypes
import functools
import itertools
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ops import kernels
from ops.build import compiler
from ops.build import shim as build
from ops.driver import Driver

_FOLDER = tempfile.TemporaryDirectory(prefix="labsight-shim-", ignore_cleanup_errors=True)
_numbers = itertools.count()


@dataclass(frozen=True, slots=True)
class Shim:
    """A library of kernels.

    Attributes:
        handle: To its functions.
    """

    handle: ctypes.CDLL

    @property
    def driver(self) -> Driver:
        """The library as a driver."""
        return Driver(self.handle)

    def seed(self, seed: int) -> None:
        """Draw the order in which threads come from a seed, from now on."""
        self.handle.labsight_shim_seed(ctypes.c_uint64(seed))

    @contextmanager
    def seeded(self, seed: int = 0) -> Iterator[None]:
        """Launch everything here, in the order of a seed."""
        self.seed(seed)
        with kernels.substitute(self.driver):
            yield


def compiled(sources: Mapping[Path, str] | None = None) -> Shim:
    """Return a library of kernels, by default of all there are, each as its file says."""
    file = Path(_FOLDER.name) / f"shim-{next(_numbers)}.so"
    build.library(compiler.native(), file, sources)
    return Shim(ctypes.CDLL(str(file)))


@functools.cache
def whole() -> Shim:
    """Return the library of all kernels, compiled once."""
    return compiled()
