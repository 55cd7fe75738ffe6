"""What the benchmarks of operators share: libraries to compare, and works that take turns.

Libraries are compiled for the occasion, one for each instruction set that runs here. Everything is
on one thread. What is compared takes turns, so that a machine that slows down slows down all of it.
"""

from __future__ import annotations

import ctypes
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from benchmarks.harness import Measurement, Plan, at_least, at_most
from engine import device

if TYPE_CHECKING:
    from ops.libraries import Library

RUNS = 7
"""Timed runs that a median is taken of, at least."""
JUDGED = ("avx2", "avx512")
"""Instruction sets that targets are for."""
Work = Callable[[], Any]


def runs_of(plan: Plan) -> int:
    """Return the number of timed runs."""
    return max(RUNS, plan.repeats)


def begin() -> None:
    """Make torch ready on one thread."""
    device.prepare()
    import torch

    torch.set_num_threads(1)
    torch.manual_seed(0)


def libraries_in(folder: Path) -> dict[str, Library]:
    """Return a library for each instruction set that runs here, compiled unless it is there.

    Raises:
        ToolMissing: There is no compiler.
    """
    from ops import libraries, variants
    from ops.build import compiler

    found = {}
    for variant in variants.here():
        file = folder / f"{variant.fingerprint()[:12]}-{variant.library()}"
        if not file.exists():
            compiler.library(compiler.native(), variant, file)
        found[variant.name] = libraries.Library(variant, ctypes.CDLL(str(file)))
    return found


def on(library: Library | None, work: Work) -> Work:
    """Return a work that runs on a library, or on plain torch."""
    from ops import libraries

    def run() -> Any:  # noqa: ANN401
        with libraries.substitute(library):
            return work()

    return run


def timed(works: dict[str, Work], runs: int) -> dict[str, float]:
    """Return the median time of each in milliseconds after a warm-up."""
    taken: dict[str, list[float]] = {name: [] for name in works}
    for turn in range(runs + 1):
        for name, work in works.items():
            began = time.perf_counter()
            work()
            if turn:
                taken[name].append(1e3 * (time.perf_counter() - began))
    return {name: median(each) for name, each in taken.items()}


def ratio(
    variant: str, name: str, value: float, *, least: float | None = None, most: float | None = None
) -> Measurement:
    """Return a ratio, held to a limit where targets are for this instruction set."""
    if variant in JUDGED and least is not None:
        return at_least(name, value, "", least)
    if variant in JUDGED and most is not None:
        return at_most(name, value, "", most)
    return Measurement(name, value, "")
