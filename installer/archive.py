"""`python -m installer.archive`: the bundle as an archive that is unpacked anywhere and started.

`.tar.zst` on Linux, `.zip` on Windows and macOS. What is larger than GitHub takes as one file comes
in parts, which `cat` or `copy /b` puts together.
"""

from __future__ import annotations

import argparse
import platform
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

from engine.paths import ROOT
from engine.version import NAME, __version__

LARGEST = 2_000_000_000
LEVEL = 9
"""Of zstd: 15 wins a fortieth of the size and takes twenty times as long."""
_SYSTEMS = {"linux": "linux", "win32": "windows", "darwin": "macos"}
_COPY = 1 << 20


class Problem(Exception):
    """Why there is no archive, in a sentence."""


def main(arguments: list[str] | None = None) -> int:
    """Make the archive, or say why not; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m installer.archive", description=__doc__)
    parser.add_argument("--bundle", type=Path, default=ROOT / "dist" / _bundle_name())
    parser.add_argument("--out", type=Path, default=ROOT / "dist", help="folder (dist)")
    parser.add_argument("--edition", default="", help="added to the name, such as cuda")
    parser.add_argument("--level", type=int, default=LEVEL, help=f"of zstd ({LEVEL})")
    options = parser.parse_args(arguments)
    try:
        made = make(options.bundle, options.out, options.edition, options.level)
    except Problem as error:
        print(error, file=sys.stderr)
        return 1
    for path in made:
        print(f"{path}  {path.stat().st_size / 1e6:.0f} MB")
    return 0


def make(bundle: Path, out: Path, edition: str = "", level: int = LEVEL) -> list[Path]:
    """Make an archive of a bundle and return its file, or its parts.

    Args:
        bundle: The folder, which is the one that it unpacks to.
        out: The folder that the archive goes to.
        edition: Added to its name, empty for none.
        level: How hard zstd tries, 1 to 19.

    Raises:
        Problem: There is no bundle, or a tool is missing or failed.
    """
    if not bundle.is_dir():
        raise Problem(f"There is no {bundle}: `python -m installer.build` makes it.")
    out.mkdir(parents=True, exist_ok=True)
    words = [NAME.lower(), __version__, _SYSTEMS[sys.platform], platform.machine().lower(), edition]
    stem = out / "-".join(filter(None, words))
    if sys.platform == "linux":
        made = _tar(bundle, Path(f"{stem}.tar.zst"), level)
    elif sys.platform == "darwin":
        # Of the system's own programs the one that keeps links, modes and signatures.
        made = Path(f"{stem}.zip")
        _run(["ditto", "-c", "-k", "--keepParent", str(bundle), str(made)])
    else:
        made = Path(shutil.make_archive(str(stem), "zip", bundle.parent, bundle.name))
    return split(made, LARGEST)


def split(path: Path, largest: int) -> list[Path]:
    """Cut a file that is too large into parts, and return them, or the file as it is."""
    size = path.stat().st_size
    if size <= largest:
        return [path]
    parts: list[Path] = []
    with path.open("rb") as source:
        while (start := source.tell()) < size:
            parts.append(path.with_name(f"{path.name}.part{len(parts) + 1}"))
            with parts[-1].open("wb") as target:
                while source.tell() - start < largest:
                    block = source.read(min(_COPY, largest - (source.tell() - start)))
                    if not block:
                        break
                    target.write(block)
    path.unlink()
    return parts


def _bundle_name() -> str:
    return f"{NAME}.app" if sys.platform == "darwin" else NAME


def _tar(bundle: Path, path: Path, level: int) -> Path:
    zstd = shutil.which("zstd")
    if zstd is None:
        raise Problem("zstd is missing: install it (`apt-get install zstd` on Debian).")
    command = [zstd, "-q", "-f", f"-{level}", "--long=27", "-T0", "-o", str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as packer:
        assert packer.stdin is not None
        with tarfile.open(fileobj=packer.stdin, mode="w|", format=tarfile.PAX_FORMAT) as archive:
            archive.add(bundle, bundle.name, filter=_of_nobody)
        packer.stdin.close()
    if packer.returncode:
        raise Problem(f"zstd failed with {packer.returncode}.")
    return path


def _of_nobody(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    """Forget who built it."""
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = "root"
    return entry


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Problem(f"{command[0]} failed: {done.stderr.strip()}")


if __name__ == "__main__":
    sys.exit(main())
