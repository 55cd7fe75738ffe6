"""Takes the names that only a debugger reads out of large libraries for Linux."""

from __future__ import annotations

import re
import shutil
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path

SMALLEST = 1_000_000
"""Below so many bytes there is little to win."""

_MAGIC = b"\x7fELF\x02\x01"
_HEADER = struct.Struct("<16x2xHIQQQIHHH")
_SEGMENT = struct.Struct("<IIQQQQQQ")
_LOADED = 1
# The manifest of our operators holds the digests of their libraries; NVIDIA's may not be changed.
_WHOLE = ("ops", "nvidia")
# What makes wheels portable moves parts of a library in ways that `strip` does not survive.
_EDITED = re.compile(r"-[0-9a-f]{8}(?:-[0-9a-f]{8})?\.")


def strip(folder: Path) -> int:
    """Strip what lies in a folder and return the bytes that were won.

    A library that would not load afterwards stays as it was.
    """
    program = shutil.which("strip")
    if program is None:
        return 0
    won = 0
    for path in candidates(folder):
        shorter = path.with_name(f"{path.name}.part")
        command = [program, "--strip-unneeded", "-o", str(shorter), str(path)]
        done = subprocess.run(command, capture_output=True, check=False)
        if done.returncode == 0 and loads(shorter):
            before, after = path.stat().st_size, shorter.stat().st_size
            if after < before:
                shutil.copymode(path, shorter)
                shorter.replace(path)
                won += before - after
        shorter.unlink(missing_ok=True)
    return won


def candidates(folder: Path) -> Iterator[Path]:
    """Yield the large libraries of a folder that nothing has edited since they were linked."""
    for path in sorted(folder.rglob("*.so*")):
        if path.is_symlink() or not path.is_file() or path.stat().st_size < SMALLEST:
            continue
        first = path.relative_to(folder).parts[0]
        if first not in _WHOLE and not first.endswith(".libs") and not _EDITED.search(path.name):
            yield path


def loads(path: Path) -> bool:
    """Tell whether the system would map a library: its segments lie as their addresses ask."""
    data = path.read_bytes()
    if not data.startswith(_MAGIC):
        return False
    _, _, _, start, _, _, _, size, count = _HEADER.unpack_from(data)
    for number in range(count):
        at = start + number * size
        kind, _, offset, address, _, length, _, align = _SEGMENT.unpack_from(data, at)
        if kind == _LOADED and align > 1 and (offset - address) % align:
            return False
        if kind == _LOADED and offset + length > len(data):
            return False
    return True
