"""Kernels on graphics cards: finds the image that a card takes, and launches what is in it.

The ladder: a cubin for the card, one for an earlier card of its major number, PTX, and where the
program runs from source what NVRTC compiles. Where none of them loads, torch's own operations
compute the operator. Images are looked for once for each card.
"""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch

from ops import driver, images, manifest, nvrtc, rungs
from ops.driver import Driver, DriverError, Module
from ops.nvrtc import NvrtcError
from ops.rungs import Miss, Reason

Reader = Callable[[], bytes | Miss]
"""Returns an image, or why there is none."""
_KIND = "cuda"


@dataclass(frozen=True, slots=True)
class Kernels:
    """Kernels that are on a card.

    Attributes:
        rung: Where they came from, such as `cubin sm_90`.
        driver: What they were loaded with.
        module: The kernels.
    """

    rung: str
    driver: Driver
    module: Module


Found = tuple[Kernels | None, tuple[Miss, ...]]
"""What is in use, and what would be better."""

_lock = threading.Lock()
_found: dict[tuple[str, int], Found] = {}
_served: dict[tuple[str, int], bool] = {}
_stand_in: Module | None = None


def is_served(operator: str, device: torch.device) -> bool:
    """Tell whether kernels compute an operator on a card, which has its number.

    While torch compiles, only what is known already is told.
    """
    key = (images.FOLDERS[operator], device.index)
    if key not in _served and not torch.compiler.is_compiling():
        _look(operator, device)
    return _served.get(key, False)


def status(operator: str, device: torch.device) -> tuple[str | None, tuple[Miss, ...]]:
    """Return the rung in use on a card, or nothing, and why none of the better ones is."""
    kernels, misses = _look(operator, device)
    return (kernels.rung if kernels else None), misses


def launch(
    operator: str,
    kernel: str,
    device: torch.device,
    grid: tuple[int, int, int],
    block: int,
    arguments: ctypes.Structure,
    shared: int = 0,
) -> None:
    """Have a card run a kernel after all that its current stream has to do, and return at once.

    Nothing is allocated, so that a CUDA graph can hold it.

    Args:
        operator: Whose kernel it is.
        kernel: Its name in kernel.cu.
        device: The card that all tensors are on.
        grid: Blocks, all sides above 0.
        block: Threads of each.
        arguments: What the kernel takes. The tensors that it points to must be torch's.
        shared: Bytes of dynamic shared memory of each block.

    Raises:
        RuntimeError: There are no kernels for the card.
        DriverError: The driver refused.
    """
    if _stand_in is not None:
        function = _stand_in.function(kernel)
        function.launch(grid, block, arguments, stream=0, shared=shared)
        return
    found, misses = _look(operator, device)
    if found is None:
        why = "; ".join(f"{each.rung}: {each.reason} {each.detail}" for each in misses)
        raise RuntimeError(f"LabSight has no kernels for {device} ({why})")
    with torch.cuda.device(device):
        found.driver.enter(torch.cuda.current_device())
        stream = torch.cuda.current_stream().cuda_stream
        function = found.module.function(kernel)
        function.launch(grid, block, arguments, stream=stream, shared=shared)


@contextmanager
def substitute(stand_in: Driver) -> Iterator[None]:
    """Launch everything with another driver, whatever the device, for tests without a card."""
    global _stand_in
    before, _stand_in = _stand_in, stand_in.module(b"")
    try:
        yield
    finally:
        _stand_in = before


def forget() -> None:
    """Look anew at the next question, after files or the environment changed."""
    _found.clear()
    _served.clear()


def _look(operator: str, device: torch.device) -> Found:
    folder = images.FOLDERS[operator]
    known = _found.get((folder, device.index))
    if known is None:
        with _lock:
            known = _found.get((folder, device.index)) or _find_on(folder, device)
            _found[folder, device.index] = known
            _served[folder, device.index] = known[0] is not None
    return known


def _find_on(folder: str, device: torch.device) -> Found:
    """Return what `find` finds for a card of this machine."""
    if device.type != _KIND:
        return None, (Miss("kernels", Reason.NO_KERNEL, device.type),)
    if not torch.cuda.is_available() or torch.version.cuda is None:
        return None, (Miss("kernels", Reason.NO_DEVICE, f"torch {torch.__version__}"),)
    try:
        with torch.cuda.device(device):
            number = torch.cuda.current_device()
            major, minor = torch.cuda.get_device_capability(number)
            system = driver.load()
            system.enter(number)
            return find(manifest.BUILT, folder, 10 * major + minor, system)
    except (RuntimeError, AssertionError) as error:
        return None, (Miss("kernels", Reason.NO_DEVICE, str(error)),)
    except DriverError as error:
        return None, (Miss("kernels", error.reason, str(error)),)


def find(place: Path, folder: str, capability: int, system: Driver) -> Found:
    """Return the best kernels that a card loads, and why each better one does not.

    Args:
        place: Where images lie.
        folder: Of the kernels.
        capability: Ten times the card's compute capability.
        system: In whose current context they are loaded.
    """
    ladder = _ladder(place, folder, capability)
    missed = list(rungs.switched_off(list(ladder)))
    for rung, read in list(ladder.items())[len(missed) :]:
        image = read()
        if isinstance(image, Miss):
            missed.append(image)
            continue
        try:
            return Kernels(rung, system, system.module(image)), tuple(missed)
        except DriverError as error:
            missed.append(Miss(rung, error.reason, str(error)))
    return None, tuple(missed)


def _ladder(place: Path, folder: str, capability: int) -> dict[str, Reader]:
    """Return the rungs for a card by name, the best first."""
    listed = manifest.read(place)
    architectures = images.running_on(capability, folder, listed) or [capability]
    files = {f"cubin sm_{each}": images.cubin(folder, each) for each in architectures}
    files["ptx"] = images.ptx(folder)

    def reader(rung: str, name: str) -> Reader:
        return lambda: _read(rung, place / name, folder, listed)

    ladder = {rung: reader(rung, name) for rung, name in files.items()}
    if images.sources(folder):
        ladder["nvrtc"] = lambda: _compile(folder, capability)
    return ladder


def _read(rung: str, file: Path, folder: str, listed: dict[str, manifest.Built]) -> bytes | Miss:
    try:
        fault = manifest.fault(file, listed, images.source_fingerprint(folder))
        return Miss(rung, fault, file.name) if fault else file.read_bytes()
    except OSError as error:
        return Miss(rung, Reason.UNLOADABLE, str(error))


def _compile(folder: str, capability: int) -> bytes | Miss:
    try:
        compiler = nvrtc.load()
    except NvrtcError as error:
        return Miss("nvrtc", Reason.NO_COMPILER, str(error))
    try:
        return compiler.cubin(folder, capability).image
    except NvrtcError as error:
        return Miss("nvrtc", Reason.NOT_COMPILED, str(error))
