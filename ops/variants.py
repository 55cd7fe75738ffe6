"""The instruction sets that the processor library is built for, and which of them run here."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from pathlib import Path

from ops.manifest import OPS, fingerprint

OPTIONS = (
    *("-std=c++17", "-O3", "-fno-exceptions", "-fno-rtti"),
    # -ffast-math would delete the rounding by which 2^x splits x.
    *("-fno-math-errno", "-fno-trapping-math", "-ffp-contract=fast"),
)
_AVX2 = ("-mavx2", "-mfma", "-mf16c")


@dataclass(frozen=True, slots=True)
class Variant:
    """One instruction set.

    Attributes:
        name: As files are named.
        flags: That g++ and clang++ take for it.
        capability: What torch calls a processor that has it.
    """

    name: str
    flags: tuple[str, ...]
    capability: str

    def library(self, system: str = "") -> str:
        """Return the file name of the library, by default for this system."""
        suffix = {"Windows": "dll", "Darwin": "dylib"}.get(system or platform.system(), "so")
        return f"labsight-ops-{self.name}.{suffix}"

    def fingerprint(self) -> str:
        """Return the fingerprint of the sources and flags of the library."""
        return fingerprint(sources(), *OPTIONS, *self.flags)


X86 = (
    Variant(
        "avx512",
        ("-mavx512f", "-mavx512bw", "-mavx512dq", "-mavx512vl", *_AVX2),
        "AVX512",
    ),
    Variant("avx2", _AVX2, "AVX2"),
    Variant("sse2", ("-msse2",), "DEFAULT"),
)
OTHERS = (Variant("base", (), "DEFAULT"),)
"""Processors of other kinds, whose compilers use vectors of 128 bits without being asked."""


def all_of(machine: str) -> tuple[Variant, ...]:
    """Return those for a kind of processor, as `platform.machine` names it, the fastest first."""
    return X86 if machine.lower() in ("x86_64", "amd64") else OTHERS


def here() -> tuple[Variant, ...]:
    """Return those that this processor runs, the fastest first."""
    import torch

    possible = all_of(platform.machine())
    if possible is OTHERS:
        return OTHERS
    capability = torch.backends.cpu.get_cpu_capability()
    known = [each.capability for each in X86]
    # A kind of processor that is newer than this list has at least AVX2.
    first = known.index(capability) if capability in known else known.index("AVX2")
    return X86[first:]


def sources() -> list[Path]:
    """Return all that the library is compiled from; empty in the installed program."""
    own = [
        file
        for name in ("math.inl", "taps.h", "tile.h", "cpu.cpp")
        for file in OPS.glob(f"*/{name}")
    ]
    return [*(OPS / "common" / name for name in ("simt.h", "vec.h")), *own] if own else []
