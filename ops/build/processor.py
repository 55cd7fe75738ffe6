"""The fastest variant of the library for this processor, without the second that torch takes."""

from __future__ import annotations

import os
import platform
import re
from pathlib import Path

from ops.variants import X86, Variant

LISTED = Path("/proc/cpuinfo")
OVERRIDE = "ATEN_CPU_CAPABILITY"
"""Environment variable with which torch is told to use less than there is."""


def fastest() -> Variant | None:
    """Return the variant, or nothing where only torch can tell."""
    if OVERRIDE in os.environ or platform.machine() != "x86_64":
        return None
    try:
        found = re.search(r"^flags\s*:(.*)$", LISTED.read_text("utf-8"), re.MULTILINE)
    except OSError:
        return None
    # The system calls them as compilers do.
    flags = {f"-m{flag}" for flag in found[1].split()} if found else set()
    return next((each for each in X86 if flags.issuperset(each.flags)), None)
