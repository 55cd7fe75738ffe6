"""What installers carry: libraries for each system and instruction set, and images of kernels."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ops import images, manifest, nvrtc, variants
from ops.build import compiler
from ops.build.compiler import BuildError, Compiler, ToolMissing
from ops.nvrtc import Nvrtc, NvrtcError
from ops.variants import Variant

KINDS = ("cpu", "windows", "kernels")
TOOLKIT = (12, 8)
"""Of the NVRTC that releases are compiled with: the last that knows the cards before Turing, and
drivers from 525 on take what it makes. It is the one in `requirements.txt`."""


@dataclass(frozen=True, slots=True)
class Part:
    """One file.

    Attributes:
        name: Of the file.
        sources: Fingerprint of what it is made from.
        write: Makes it where it is told to, or raises BuildError.
    """

    name: str
    sources: str
    write: Callable[[Path], None]


def parts(kind: str, place: Path | None = None) -> list[Part]:
    """Return what there is to make of a kind.

    Args:
        kind: One of `KINDS`: libraries for this system, for Windows, or kernels.
        place: Where NVRTC is; by default wherever `nvrtc.load` finds it.

    Raises:
        ToolMissing: This machine lacks the compiler.
    """
    if kind == "kernels":
        return _images(place)
    if kind == "windows":
        windows = compiler.windows()
        return [library(windows, each) for each in variants.X86]
    native = compiler.native()
    return [library(native, each) for each in variants.all_of(platform.machine())]


def library(chosen: Compiler, variant: Variant) -> Part:
    """Return the library of one instruction set."""
    return Part(
        variant.library(chosen.system),
        variant.fingerprint(),
        lambda file: compiler.library(chosen, variant, file),
    )


def _images(place: Path | None) -> list[Part]:
    try:
        chosen = nvrtc.load(place)
        version = chosen.version()
    except NvrtcError as error:
        raise ToolMissing(f"No NVRTC was found ({error}).") from None
    if version != TOOLKIT:
        wanted, there = (".".join(map(str, each)) for each in (TOOLKIT, version))
        raise ToolMissing(f"NVRTC {wanted} is needed, not {there}.")
    return [each for folder in images.folders() for each in _images_of(folder, chosen)]


def _images_of(folder: str, chosen: Nvrtc) -> list[Part]:
    sources = images.source_fingerprint(folder)

    def part(name: str, compile: Callable[..., nvrtc.Compiled], architecture: int) -> Part:
        def write(file: Path) -> None:
            try:
                image = compile(folder, architecture).image
            except NvrtcError as error:
                raise BuildError(str(error)) from None
            with compiler.whole(file) as unfinished:
                unfinished.write_bytes(image)

        return Part(name, sources, write)

    cubins = (part(images.cubin(folder, each), chosen.cubin, each) for each in images.ARCHITECTURES)
    return [*cubins, part(images.ptx(folder), chosen.ptx, images.PTX)]


def make(part: Part, folder: Path) -> str:
    """Make a file, note it in the manifest of its folder, and say so in a line.

    Raises:
        BuildError: A compiler refused.
    """
    began = time.monotonic()
    file = folder / part.name
    part.write(file)
    manifest.add(folder, [file], part.sources)
    return f"{part.name}: {file.stat().st_size / 1e3:.0f} kB, {time.monotonic() - began:.1f} s"
