"""What all benchmarks share: figures, sizes, made files, memory and fresh processes."""

from __future__ import annotations

import multiprocessing
import os
import platform
import shutil
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import psutil

from engine import device

P = ParamSpec("P")
T = TypeVar("T")

MB = 1e6


@dataclass(frozen=True, slots=True)
class Measurement:
    """One figure.

    Attributes:
        name: What was measured.
        value: The figure.
        unit: Its unit, empty for a ratio.
        target: What it should be, such as "≤ 15"; empty where nothing is asked of it.
        passed: Whether it is; None where nothing is asked or the sizes were others.
    """

    name: str
    value: float
    unit: str
    target: str = ""
    passed: bool | None = None


def at_most(name: str, value: float, unit: str, limit: float) -> Measurement:
    """Return a figure that may not be larger than a limit."""
    return Measurement(name, value, unit, f"≤ {limit:g}", value <= limit)


def at_least(name: str, value: float, unit: str, limit: float) -> Measurement:
    """Return a figure that may not be smaller than a limit."""
    return Measurement(name, value, unit, f"≥ {limit:g}", value >= limit)


@dataclass(frozen=True, slots=True)
class Plan:
    """How the benchmarks are run.

    Attributes:
        folder: Where they write.
        repeats: Timed runs that a median is taken of.
        scale: Sizes are multiplied by this.
        pictures: A person's own pictures instead of rendered ones.
        video: A person's own video instead of a rendered one.
        weights: A further checkpoint.
    """

    folder: Path
    repeats: int = 5
    scale: float = 1.0
    pictures: Path | None = None
    video: Path | None = None
    weights: Path | None = None

    def size(self, full: int) -> int:
        """Return a size at this scale, 1 at least."""
        return max(1, round(full * self.scale))

    def made(self, name: str, make: Callable[[Path], None]) -> Path:
        """Return a folder of that name that `make` has filled, now or in an earlier run."""
        path = self.folder / name
        if not path.exists():
            # What an interrupted run leaves behind is never taken for the whole.
            part = self.folder / f"{name}.part"
            shutil.rmtree(part, ignore_errors=True)
            part.mkdir()
            make(part)
            part.rename(path)
        return path


def surroundings() -> dict[str, Any]:
    """Return where and when figures are taken."""
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    return {
        "date": datetime.now().astimezone().isoformat(timespec="seconds"),
        "machine": {
            "system": platform.platform(),
            "processor": device.processor(),
            "cores": os.cpu_count(),
            "memory_gb": round(psutil.virtual_memory().total / 1e9, 1),
            "load_before": None if load is None else round(load, 2),
        },
        "versions": device.versions(),
    }


def in_fresh_process(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call a function of a module in a new interpreter and return what it returns."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        return pool.submit(work, *args, **kwargs).result()


def memory_bytes() -> int:
    """Return the memory that this process holds now (resident set)."""
    return int(psutil.Process().memory_info().rss)


def gained_bytes(samples: Sequence[tuple[float, int]], since: float) -> int:
    """Return by how much memory rose above what it was at a moment.

    Args:
        samples: Moments and the memory held then in bytes, in their order.
        since: The first sample at this moment or later is what the others are compared with.
    """
    held = [size for moment, size in samples if moment >= since]
    return max(held) - held[0]


def forget_peak_memory() -> int:
    """Have the peak of this process's memory begin anew where it can, and return the peak now."""
    # 5 stands for the peak (proc(5)); elsewhere it goes on from what it was.
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")
    return peak_memory_bytes()


def peak_memory_bytes() -> int:
    """Return the most memory that this process has held since it began.

    On Linux from /proc: what `getrusage` says there begins with the peak of the parent process.
    """
    if sys.platform == "linux":
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    if sys.platform == "win32":
        return int(psutil.Process().memory_info().peak_wset)
    import resource

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024
