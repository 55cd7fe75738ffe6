"""Compilers on this machine, and what they are asked to do."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ops.variants import OPTIONS, Variant, sources

NAMES = ("g++", "clang++", "c++")
MINGW = "x86_64-w64-mingw32-g++-posix"


class BuildError(Exception):
    """A compiler refused: its command and what it said."""


class ToolMissing(Exception):
    """A program that is not on this machine, in a sentence."""


@dataclass(frozen=True, slots=True)
class Compiler:
    """A compiler.

    Attributes:
        command: How it is called.
        system: What it compiles for, as `platform.system` names it.
        extra: Flags that it needs for every source.
    """

    command: str
    system: str
    extra: tuple[str, ...] = ()

    def link_flags(self) -> tuple[str, ...]:
        """Return what makes a library of objects that needs nothing but the system's own."""
        if self.system == "Windows":
            # The same sources make the same file.
            return ("-shared", "-static", "-Wl,--no-insert-timestamp")
        if self.system == "Darwin":
            return ("-shared",)
        return ("-shared", "-Wl,--as-needed")


def native() -> Compiler:
    """Return the compiler for this machine, as `CXX` says or the first that is found.

    Raises:
        ToolMissing: There is none.
    """
    given = os.environ.get("CXX")
    for name in (given,) if given else NAMES:
        found = shutil.which(name)
        if found:
            return Compiler(found, platform.system(), () if os.name == "nt" else ("-fPIC",))
    raise ToolMissing(f"No C++ compiler ({given or 'g++ or clang++'}) was found.")


def windows() -> Compiler:
    """Return the compiler for Windows, on whatever system this is.

    Raises:
        ToolMissing: There is none.
    """
    found = shutil.which(MINGW)
    if not found:
        raise ToolMissing(f"No compiler for Windows ({MINGW}, of mingw-w64) was found.")
    # Windows aligns the stack to 16 bytes, and GCC's vectors on it are not always where they say.
    return Compiler(found, "Windows", ("-Wa,-muse-unaligned-vector-move",))


def run(command: Sequence[str | Path]) -> str:
    """Run a compiler and return what it said.

    Raises:
        BuildError: It failed.
    """
    try:
        done = subprocess.run(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env=os.environ | {"LC_ALL": "C"},
            check=False,
        )
    except OSError as error:
        raise BuildError(f"{command[0]}: {error.strerror or error}") from None
    if done.returncode:
        raise BuildError(f"{' '.join(map(str, command))}\n{done.stdout[-2000:]}")
    return done.stdout


def library(compiler: Compiler, variant: Variant, file: Path, *, extra: Sequence[str] = ()) -> None:
    """Compile all operators for one instruction set into one library.

    Sources are compiled beside one another, and the library is put in its place when it is whole.

    Args:
        compiler: Of the system that the library is for.
        variant: The instruction set.
        file: The library.
        extra: Further flags, for compiling and linking.

    Raises:
        BuildError: The compiler failed.
    """
    flags = (*OPTIONS, *variant.flags, *compiler.extra, *extra)
    units = [source for source in sources() if source.suffix == ".cpp"]
    with tempfile.TemporaryDirectory(prefix="labsight-ops-") as folder:
        objects = [Path(folder) / f"{source.parent.name}.o" for source in units]
        commands = [
            [compiler.command, *flags, "-c", source, "-o", target]
            for source, target in zip(units, objects, strict=True)
        ]
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            list(pool.map(run, commands))
        with whole(file) as part:
            run([compiler.command, *extra, *objects, *compiler.link_flags(), "-o", part])


@contextmanager
def whole(file: Path) -> Iterator[Path]:
    """Give where to write a file, which is put in its place when it is whole."""
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f"{file.name}.{os.getpid()}.part")
    try:
        yield part
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)
