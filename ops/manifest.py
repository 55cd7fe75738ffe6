"""What was built, from which sources, so that nothing stale or damaged is ever loaded."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from ops.rungs import Reason

OPS = Path(__file__).resolve().parent
BUILT = OPS / "lib"
"""Where libraries and kernels lie, here and in the installed program."""
NAME = "manifest.json"


@dataclass(frozen=True, slots=True)
class Built:
    """One file that was built.

    Attributes:
        sha256: Of the file.
        sources: `fingerprint` of what it was built from.
    """

    sha256: str
    sources: str


def read(folder: Path) -> dict[str, Built]:
    """Return the files of a folder by name; nothing where there is no manifest that can be read."""
    try:
        listed = json.loads((folder / NAME).read_text("utf-8"))
        return {name: Built(**each) for name, each in listed.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def add(folder: Path, files: Iterable[Path], sources: str) -> None:
    """Note files of a folder that were just built."""
    listed = read(folder)
    for file in files:
        listed[file.name] = Built(digest(file), sources)
    folder.mkdir(parents=True, exist_ok=True)
    present = {name: asdict(each) for name, each in listed.items() if (folder / name).exists()}
    part = folder / f"{NAME}.part"
    part.write_text(json.dumps(present, indent=1, sort_keys=True) + "\n", "utf-8")
    part.replace(folder / NAME)


def fault(file: Path, listed: dict[str, Built], sources: str) -> Reason | None:
    """Return why a file must not be used, or nothing.

    Args:
        file: The file.
        listed: What the manifest of its folder lists.
        sources: Fingerprint of the sources that lie here; empty where none do.

    Raises:
        OSError: It cannot be read.
    """
    built = listed.get(file.name)
    if built is None or not file.exists():
        return Reason.MISSING
    if digest(file) != built.sha256:
        return Reason.DAMAGED
    return Reason.STALE if sources not in ("", built.sources) else None


def digest(file: Path) -> str:
    """Return the SHA-256 of a file."""
    return hashlib.sha256(file.read_bytes()).hexdigest()


def fingerprint(sources: Iterable[Path], *flags: str) -> str:
    """Return a hash of source files and of what they are compiled with."""
    whole = hashlib.sha256("\0".join(flags).encode())
    for source in sorted(sources):
        # A checkout on Windows may end lines otherwise.
        text = source.read_bytes().replace(b"\r\n", b"\n")
        whole.update(f"\0{source.name}\0".encode() + text)
    return whole.hexdigest()
