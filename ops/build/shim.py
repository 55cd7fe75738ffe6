"""Compiles the kernels for a processor, as tests run them: a library that is its own CUDA driver.

See `ops/common/cuda_cpu.h`.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ops.build.compiler import Compiler, run, whole
from ops.manifest import OPS

COMMON = OPS / "common"
OPTIONS = (
    *("-std=c++17", "-O1", "-g1", "-Wall", "-fPIC", "-fno-math-errno"),
    # Several libraries in one process must not share what is inline in each.
    *("-fno-gnu-unique", "-Wl,-Bsymbolic"),
    # A fortified longjmp stops at a change of stacks.
    "-U_FORTIFY_SOURCE",
)
SANITIZED = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all")
"""Further flags that find each step beside what is allocated, shared memory too."""


def kernels() -> dict[Path, str]:
    """Return all files of kernels with their text."""
    return {file: file.read_text("utf-8") for file in sorted(OPS.glob("*/kernel.cu"))}


def driver(compiler: Compiler, file: Path, *, extra: Sequence[str] = ()) -> None:
    """Compile the driver alone, for libraries that differ in their kernels.

    Args:
        compiler: For this machine, g++.
        file: The object.
        extra: Further flags.

    Raises:
        BuildError: The compiler failed.
    """
    run([compiler.command, *OPTIONS, *extra, "-c", COMMON / "cuda_driver.cpp", "-o", file])


def library(
    compiler: Compiler,
    file: Path,
    sources: Mapping[Path, str] | None = None,
    *,
    extra: Sequence[str] = (),
    beside: Path | None = None,
) -> None:
    """Compile kernels and the driver into one library.

    Args:
        compiler: For this machine, g++.
        file: The library.
        sources: Texts of kernels, by the file that each stands for: what it includes is looked for
            beside that. By default `kernels`.
        extra: Further flags.
        beside: The driver, where it is compiled already.

    Raises:
        BuildError: The compiler failed.
    """
    texts = kernels() if sources is None else sources
    with tempfile.TemporaryDirectory(prefix="labsight-shim-") as scratch:
        objects = [Path(scratch) / f"{number}.o" for number in range(len(texts))]

        def compiled(place: Path, target: Path) -> None:
            unit = target.with_suffix(".cpp")
            unit.write_text(f'#line 1 "{place}"\n{texts[place]}', "utf-8")
            seen = ("-iquote", place.parent, "-include", COMMON / "cuda_cpu.h")
            run([compiler.command, *OPTIONS, *extra, *seen, "-c", unit, "-o", target])

        with ThreadPoolExecutor(os.cpu_count()) as pool:
            if beside is None:
                beside = Path(scratch) / "driver.o"
                made = pool.submit(driver, compiler, beside, extra=extra)
                list(pool.map(compiled, texts, objects))
                made.result()
            else:
                list(pool.map(compiled, texts, objects))
        with whole(file) as part:
            run([compiler.command, *OPTIONS, *extra, "-shared", *objects, beside, "-o", part])
