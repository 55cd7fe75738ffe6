"""Images of kernels: what they are called, and what they are compiled from.

A cubin is machine code for one architecture, which later ones of the same major number run as well.
PTX is turned into machine code by the driver of a card that is newer than all of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from ops.manifest import OPS, fingerprint

FOLDERS = {
    "selective_scan": "selective_scan",
    "bilinear_gather": "bilinear_gather",
    "deform_conv2d": "bilinear_gather",
    "ms_deform_attn": "bilinear_gather",
    "snake_gather": "bilinear_gather",
}
"""Operators, and the folder with the kernels that compute each."""
ARCHITECTURES = (50, 60, 70, 75, 80, 86, 89, 90, 100, 120)
"""Compute capabilities, ten times, that get a cubin.

The first of 5, 6, 10 and 12 serves all that follow up to the next whole number. Volta and Turing,
and the three of 8 that people have in their machines, get their own. Jetson's take a lower one or
the PTX.
"""
PTX = 75
"""What the PTX is for. Compilers of today know no older one, and what is older has its cubin."""
OPTIONS = ("--std=c++17",)
"""What NVRTC and nvcc both take."""


def cubin(folder: str, architecture: int) -> str:
    """Return the file name of a cubin."""
    return f"{folder}.sm_{architecture}.cubin"


def ptx(folder: str) -> str:
    """Return the file name of a PTX."""
    return f"{folder}.ptx"


def running_on(capability: int, folder: str, names: Iterable[str]) -> list[int]:
    """Return the architectures of cubins that a card runs, the best first.

    Args:
        capability: Ten times the card's compute capability.
        folder: Of the kernels.
        names: Of files that there are.
    """
    pattern = re.compile(re.escape(cubin(folder, 0)).replace("_0", r"_(\d+)"))
    known = (int(found[1]) for found in map(pattern.fullmatch, names) if found)
    same = (each for each in known if each // 10 == capability // 10 and each <= capability)
    return sorted(same, reverse=True)


def folders() -> list[str]:
    """Return the folders with kernels; none in the installed program."""
    return sorted(file.parent.name for file in OPS.glob("*/kernel.cu"))


def sources(folder: str) -> dict[str, Path]:
    """Return what an image is compiled from by the name it is included by, the kernels first.

    It is empty where there are none, as in the installed program.
    """
    own = OPS / folder
    every = {
        "kernel.cu": own / "kernel.cu",
        "math.inl": own / "math.inl",
        "../common/simt.h": OPS / "common" / "simt.h",
    }
    return every if every["kernel.cu"].exists() else {}


def source_fingerprint(folder: str) -> str:
    """Return the fingerprint of the sources and flags of an image; empty where there are none."""
    found = sources(folder)
    return fingerprint(found.values(), *OPTIONS) if found else ""
