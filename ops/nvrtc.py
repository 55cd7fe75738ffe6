"""NVIDIA's compiler of kernels, NVRTC, by ctypes.

"NVRTC", docs.nvidia.com/cuda/nvrtc. It is a library without programs beside it and needs no
graphics card. Releases compile with it, and so does a program that runs from source where a CUDA
build of torch brought it along.
"""

from __future__ import annotations

import ctypes
import importlib.util
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ops import images

PLACE = "LABSIGHT_NVRTC"
"""Environment variable: a folder with NVRTC, searched with all that is in it."""
_NAMES = {
    "posix": ("libnvrtc.so*", "libnvrtc-builtins.so*"),
    "nt": ("nvrtc64_*.dll", "nvrtc-builtins64_*.dll"),
}
"""How its two libraries are called on a system, as Python names that."""


class NvrtcError(Exception):
    """There is no NVRTC, or it refused, with what it said."""


@dataclass(frozen=True, slots=True)
class Compiled:
    """What came of a compilation.

    Attributes:
        image: A cubin or the text of a PTX.
        log: What was said on the way.
    """

    image: bytes
    log: str


class Nvrtc:
    """The compiler."""

    def __init__(self, handle: ctypes.CDLL) -> None:
        """Use the compiler in a library."""
        self._handle = handle
        self._handle.nvrtcGetErrorString.restype = ctypes.c_char_p

    def version(self) -> tuple[int, int]:
        """Return the version of the CUDA toolkit that it is of."""
        major, minor = ctypes.c_int(), ctypes.c_int()
        self._call("Version", ctypes.byref(major), ctypes.byref(minor))
        return major.value, minor.value

    def architectures(self) -> list[int]:
        """Return what it compiles for, as ten times a compute capability."""
        count = ctypes.c_int()
        self._call("GetNumSupportedArchs", ctypes.byref(count))
        found = (ctypes.c_int * count.value)()
        self._call("GetSupportedArchs", found)
        return list(found)

    def cubin(self, folder: str, architecture: int, *options: str) -> Compiled:
        """Compile the kernels of a folder for an architecture.

        Raises:
            NvrtcError: It refused.
        """
        return self._compile(folder, "CUBIN", f"sm_{architecture}", options)

    def ptx(self, folder: str, architecture: int, *options: str) -> Compiled:
        """Compile the kernels of a folder for all architectures from one on.

        Raises:
            NvrtcError: It refused.
        """
        found = self._compile(folder, "PTX", f"compute_{architecture}", options)
        return Compiled(found.image.rstrip(b"\0"), found.log)

    def _compile(self, folder: str, form: str, target: str, options: tuple[str, ...]) -> Compiled:
        sources = images.sources(folder)
        if not sources:
            raise NvrtcError(f"no sources of {folder}")
        names = [name.encode() for name in sources]
        texts = [file.read_bytes() for file in sources.values()]
        headers = len(names) - 1
        list_of = ctypes.c_char_p * headers
        program = ctypes.c_void_p()
        self._call(
            *("CreateProgram", ctypes.byref(program), texts[0], names[0], headers),
            *(list_of(*texts[1:]), list_of(*names[1:])),
        )
        try:
            given = [*images.OPTIONS, f"--gpu-architecture={target}", *options]
            encoded = [each.encode() for each in given]
            said = self._handle.nvrtcCompileProgram(
                program, len(encoded), (ctypes.c_char_p * len(encoded))(*encoded)
            )
            log = self._read(program, "ProgramLog").rstrip(b"\0").decode("utf-8", "replace")
            if said:
                raise NvrtcError(f"{folder} for {target}: {self._text(said)}\n{log}")
            return Compiled(self._read(program, form), log)
        finally:
            self._call("DestroyProgram", ctypes.byref(program))

    def _read(self, program: ctypes.c_void_p, what: str) -> bytes:
        size = ctypes.c_size_t()
        self._call(f"Get{what}Size", program, ctypes.byref(size))
        found = ctypes.create_string_buffer(size.value)
        self._call(f"Get{what}", program, found)
        return found.raw

    def _call(self, name: str, *arguments: Any) -> None:  # noqa: ANN401
        code = self._handle[f"nvrtc{name}"](*arguments)
        if code:
            raise NvrtcError(f"nvrtc{name}: {self._text(code)}")

    def _text(self, code: int) -> str:
        text: bytes = self._handle.nvrtcGetErrorString(code)
        return text.decode()


def load(place: Path | None = None) -> Nvrtc:
    """Return the compiler.

    Args:
        place: A folder with it; by default the environment variable's, or else those of Python's
            packages in which NVIDIA and torch put it.

    Raises:
        NvrtcError: There is none that can be loaded.
    """
    given = place or os.environ.get(PLACE)
    places = [Path(given)] if given else list(_usual_places())
    main, builtins = _NAMES[os.name]
    for folder in places:
        for file in sorted(folder.rglob(main), reverse=True):
            if ".alt." not in file.name:
                return _loaded(file, builtins)
    raise NvrtcError(f"no {main} in {', '.join(map(str, places)) or 'any package'}")


def _usual_places() -> Iterator[Path]:
    nvidia, torch = (importlib.util.find_spec(name) for name in ("nvidia", "torch"))
    if nvidia and nvidia.submodule_search_locations:
        yield from map(Path, nvidia.submodule_search_locations)
    if torch and torch.submodule_search_locations:
        yield from (Path(each) / "lib" for each in torch.submodule_search_locations)


def _loaded(file: Path, builtins: str) -> Nvrtc:
    try:
        # It asks for this one by name when it compiles, and does not look beside itself.
        for beside in sorted(file.parent.glob(builtins)):
            if ".alt." not in beside.name:
                ctypes.CDLL(str(beside))
        return Nvrtc(ctypes.CDLL(str(file)))
    except (OSError, AttributeError) as error:
        raise NvrtcError(str(error)) from None
