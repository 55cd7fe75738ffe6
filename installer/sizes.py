"""How large a bundle is and what it is made of."""

from __future__ import annotations

import os
import re
from collections import Counter
from pathlib import Path

MB = 1_000_000
INNER = "_internal"
"""PyInstaller's name for the folder beside the executable."""
CODE = "LabSight's and all other Python code"
METADATA = "descriptions of packages"
SYSTEM = "libraries of the system"

_LIBRARY = re.compile(r"\.so(\.|$)|\.dll$|\.dylib$")


def measure(bundle: Path) -> Counter[str]:
    """Return the bytes of each part of a bundle."""
    found: Counter[str] = Counter()
    for folder, _, names in os.walk(bundle):
        for name in names:
            path = Path(folder, name)
            found[part_of(path.relative_to(bundle).as_posix())] += path.lstat().st_size
    return found


def part_of(path: str) -> str:
    """Return the part that a file belongs to.

    Args:
        path: Relative to the bundle.
    """
    inner = path.removeprefix(f"{INNER}/")
    if inner == path:
        return CODE
    first, *rest = inner.split("/")
    if first.endswith(".dist-info"):
        return METADATA
    if not rest:
        return SYSTEM if _LIBRARY.search(first) else CODE
    if first == "base_library.zip" or first.startswith("python3"):
        return CODE
    return first.removesuffix(".libs")


def table(parts: Counter[str], most: int = 10) -> str:
    """Return the largest parts and the total as lines of a Markdown table."""
    rows = parts.most_common(most)
    rest = parts.total() - sum(size for _, size in rows)
    lines = ["| part | MB |", "|---|---:|"]
    lines += [f"| {name} | {size / MB:.1f} |" for name, size in rows]
    if rest:
        lines.append(f"| the other {len(parts) - len(rows)} | {rest / MB:.1f} |")
    return "\n".join([*lines, f"| **total** | **{parts.total() / MB:.1f}** |"])
