"""`python -m installer.checksums FOLDER`: writes `SHA256SUMS`, which `sha256sum -c` reads."""

from __future__ import annotations

import argparse
import hashlib
import sys
from pathlib import Path

NAME = "SHA256SUMS"


def main(arguments: list[str] | None = None) -> int:
    """Write the sums and print them; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m installer.checksums", description=__doc__)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args(arguments).folder
    lines = [f"{_sum(path)}  {path.name}\n" for path in sorted(folder.glob("*")) if _counts(path)]
    if not lines:
        print(f"There is nothing in {folder}.", file=sys.stderr)
        return 1
    (folder / NAME).write_text("".join(lines), encoding="utf-8", newline="\n")
    print("".join(lines), end="")
    return 0


def _counts(path: Path) -> bool:
    return path.is_file() and path.name != NAME


def _sum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


if __name__ == "__main__":
    sys.exit(main())
