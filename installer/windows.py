"""`python -m installer.windows`: an installer for Windows around a bundle made there.

NSIS compiles it on any system. Its own files are counted in 31 bits, so an installer may hold 2 GB
of compressed files: the edition for processors fits, that with CUDA does not and is an archive.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from engine.paths import ROOT
from engine.suffixes import PICTURE_SUFFIXES
from engine.version import __version__
from installer import icons

PROGRAM = "LabSight.exe"
SCRIPT = ROOT / "installer" / "windows" / "labsight.nsi"
OUT = ROOT / "dist" / f"LabSight-{__version__}-windows-setup.exe"
COMPRESSORS = ("lzma", "zlib")
LIMIT = 2**31
_WIDE = "amd64-unicode"
_NARROW = "x86-unicode"


class Problem(Exception):
    """Why there is no installer, in a sentence."""


def main(arguments: list[str] | None = None) -> int:
    """Compile the installer, or say why not; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m installer.windows", description=__doc__)
    parser.add_argument("--bundle", type=Path, default=ROOT / "dist" / "LabSight")
    parser.add_argument("--out", type=Path, default=OUT, help=f"file ({OUT.name} in dist)")
    parser.add_argument("--compressor", choices=COMPRESSORS, default=COMPRESSORS[0])
    options = parser.parse_args(arguments)
    try:
        made = make(options.bundle, options.out, options.compressor)
    except Problem as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{made}  {made.stat().st_size / 1e6:.1f} MB")
    return 0


def make(bundle: Path, out: Path, compressor: str = COMPRESSORS[0]) -> Path:
    """Compile an installer and return its path.

    Args:
        bundle: The folder with the program in it.
        out: The file to make.
        compressor: A name from `COMPRESSORS`: lzma is small, zlib is fast.

    Raises:
        Problem: The bundle has no program, or NSIS is missing or failed.
    """
    makensis = shutil.which("makensis")
    if makensis is None:
        raise Problem("makensis is missing: install NSIS (`apt-get install nsis` on Debian).")
    if not (bundle / PROGRAM).is_file():
        raise Problem(f"There is no {PROGRAM} in {bundle}: `python -m installer.build` makes it.")
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="labsight-nsis-") as folder:
        contents = Path(folder) / "contents.nsh"
        contents.write_text("\n".join(describe(bundle)), encoding="utf-8")
        values = {
            "VERSION": __version__,
            "BUNDLE": bundle.resolve(),
            "CONTENTS": contents,
            "ICON": icons.write_ico(Path(folder) / "labsight.ico"),
            "SIDE": icons.write_side(Path(folder) / "side.bmp"),
            "OUT": out.resolve(),
            "TARGET": target(makensis),
            "COMPRESSOR": compressor,
            "SIZE_KIB": size_kib(bundle),
        }
        defines = [f"-D{name}={value}" for name, value in values.items()]
        # A warning of its compiler is a fault of the script.
        command = [makensis, "-V2", "-WX", "-INPUTCHARSET", "UTF8", *defines, str(SCRIPT)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Problem(f"makensis failed:\n{(done.stdout + done.stderr).strip()[-2000:]}")
    if out.stat().st_size >= LIMIT:
        raise Problem(f"{out} is larger than what NSIS can unpack.")
    return out


def describe(bundle: Path) -> Iterator[str]:
    """Yield the lines of a script that removes what is in a bundle, and goes through pictures."""
    yield "!macro RemoveBundle"
    for path in sorted(bundle.iterdir()):
        # In quotes a dollar begins a variable.
        name = path.name.replace("$", "$$")
        yield f'  RMDir /r "$INSTDIR\\{name}"' if path.is_dir() else f'  Delete "$INSTDIR\\{name}"'
    yield "!macroend"
    yield "!macro ForPictures DO"
    for suffix in sorted(PICTURE_SUFFIXES):
        yield f'  !insertmacro ${{DO}} "{suffix}"'
    yield "!macroend"


def target(makensis: str) -> str:
    """Return the kind of installer: for 64 bits as the program, where this NSIS has the parts."""
    done = subprocess.run([makensis, "-HDRINFO"], capture_output=True, text=True, check=False)
    found = re.search(r"\bNSISDIR=([^,\r\n]+)", done.stdout)
    stubs = Path(found[1], "Stubs") if found is not None else Path()
    return _WIDE if list(stubs.glob(f"*-{_WIDE}")) else _NARROW


def size_kib(bundle: Path) -> int:
    """Return how much room a bundle takes."""
    files = (path for path in bundle.rglob("*") if path.is_file())
    return sum(-(-path.stat().st_size // 1024) for path in files)


if __name__ == "__main__":
    sys.exit(main())
