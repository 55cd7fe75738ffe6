"""`python -m installer.deb`: a Debian package around the bundle that `installer.build` made."""

from __future__ import annotations

import argparse
import gzip
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from engine.paths import ROOT
from engine.version import __version__
from installer import depends, icons

NAME = "labsight"
PROGRAM = "LabSight"
TEMPLATES = ROOT / "installer" / "linux"
COMPRESSION = ("-Zzstd", "-z9")
"""A fifth larger than with xz, in a twentieth of the time; Debian 12 and Ubuntu 22.04 know it."""
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


class Problem(Exception):
    """Why there is no package, in a sentence."""


def main(arguments: list[str] | None = None) -> int:
    """Make the package, or say why not; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m installer.deb", description=__doc__)
    parser.add_argument("--bundle", type=Path, default=ROOT / "dist" / PROGRAM)
    parser.add_argument("--out", type=Path, default=ROOT / "dist", help="folder (dist)")
    options = parser.parse_args(arguments)
    try:
        package = make(options.bundle, options.out)
    except (Problem, depends.Unknown) as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{package}  {package.stat().st_size / 1e6:.0f} MB")
    return 0


def make(bundle: Path, out: Path) -> Path:
    """Make a package and return its path.

    Args:
        bundle: The folder with the program in it.
        out: The folder that the package goes to.

    Raises:
        Problem: The bundle has no program, or a tool is missing or failed.
        Unknown: The bundle needs a library of which the package is not known.
    """
    if not (bundle / PROGRAM).is_file():
        raise Problem(f"There is no {PROGRAM} in {bundle}: `python -m installer.build` makes it.")
    missing = [tool for tool in ("dpkg-deb", "objdump") if shutil.which(tool) is None]
    if missing:
        raise Problem(f"{' and '.join(missing)} is missing: install dpkg and binutils.")
    out.mkdir(parents=True, exist_ok=True)
    package = out / f"{NAME}_{__version__}_{architecture()}.deb"
    # Beside the package, as temporary folders may be in memory.
    with tempfile.TemporaryDirectory(prefix=".deb-", dir=out) as folder:
        root = Path(folder)
        root.chmod(0o755)
        stage(bundle, root)
        _write_control(root, depends.packages(bundle))
        command = ["dpkg-deb", "--root-owner-group", *COMPRESSION, "--build", str(root)]
        done = subprocess.run([*command, str(package)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise Problem(f"dpkg-deb failed: {done.stderr.strip()}")
    return package


def architecture() -> str:
    """Return what Debian calls this machine's kind."""
    return _ARCHITECTURES.get(os.uname().machine, os.uname().machine)


def stage(bundle: Path, root: Path) -> None:
    """Lay out below a folder what the package puts below `/`."""
    target = root / "opt" / NAME
    shutil.copytree(bundle, target, symlinks=True)
    command = root / "usr" / "bin" / NAME
    command.parent.mkdir(parents=True)
    command.symlink_to(f"/opt/{NAME}/{PROGRAM}")
    share = root / "usr" / "share"
    _copy(TEMPLATES / f"{NAME}.desktop", share / "applications" / f"{NAME}.desktop")
    _copy(TEMPLATES / f"{NAME}.xml", share / "mime" / "packages" / f"{NAME}.xml")
    for context, name, source in (
        ("apps", NAME, icons.PROGRAM),
        ("mimetypes", "application-x-labsight", icons.SESSION),
    ):
        themed = share / "icons" / "hicolor"
        _copy(source, themed / "scalable" / context / f"{name}.svg")
        for size in icons.PNG_SIZES:
            picture = themed / f"{size}x{size}" / context / f"{name}.png"
            picture.parent.mkdir(parents=True, exist_ok=True)
            icons.drawn(size, source).save(picture, optimize=True)
    texts = share / "doc" / NAME
    _copy(ROOT / "LICENSE", texts / "copyright")
    log = (ROOT / "CHANGELOG.md").read_bytes()
    (texts / "changelog.gz").write_bytes(gzip.compress(log, mtime=0))
    _set_modes(root)


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)


def _set_modes(root: Path) -> None:
    """Let everybody read everything and nobody but root write, whatever the bundle had."""
    for path in root.rglob("*"):
        if not path.is_symlink():
            executable = path.is_dir() or path.stat().st_mode & 0o100
            path.chmod(0o755 if executable else 0o644)


def _write_control(root: Path, needed: list[str]) -> None:
    files = [path for path in sorted(root.rglob("*")) if path.is_file() and not path.is_symlink()]
    sums = "".join(f"{_md5(path)}  {path.relative_to(root).as_posix()}\n" for path in files)
    fields = (TEMPLATES / "control").read_text(encoding="utf-8")
    folder = root / "DEBIAN"
    folder.mkdir()
    (folder / "md5sums").write_text(sums, encoding="utf-8")
    (folder / "control").write_text(
        fields.format(
            version=__version__,
            architecture=architecture(),
            size_kib=sum(-(-path.stat().st_size // 1024) for path in files),
            depends=", ".join(needed),
        ),
        encoding="utf-8",
    )


def _md5(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "md5").hexdigest()


if __name__ == "__main__":
    sys.exit(main())
