"""`python -m installer.check`: try a bundle where nothing of this machine is at hand.

The bundle is packed, unpacked into a folder with an awkward name, and everything that it is for is
done once: detection, training, conversion, videos, cameras, the window. It needs Linux, and the
programs Xvfb, xdotool, unshare and zstd. With --package a Debian package is made as well, installed
with apt, used and removed, which needs root and changes the system while it lasts.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.screen import virtual_screen
from engine.paths import ROOT
from engine.version import NAME
from installer import archive, check_deb, deb, depends, sizes, trials
from installer.frozen import Failure, Frozen

TOOLS = ("Xvfb", "xdotool", "unshare", "zstd")
PLACE = "Lab Sight – 实验室"
"""The folder that the bundle is unpacked into."""
LARGEST_MB, LARGEST_PACKED_MB = 1500, 480
LEVEL = 9
PROBLEMS = (Failure, archive.Problem, deb.Problem, depends.Unknown)


@dataclass(slots=True)
class Report:
    """What was tried.

    Attributes:
        rows: Name, seconds, and what was found or what went wrong.
        failed: How many went wrong.
    """

    rows: list[tuple[str, float, str]] = field(default_factory=list)
    failed: int = 0

    def try_out(self, name: str, trial: Callable[[], str]) -> None:
        """Try one thing and note how it went."""
        began = time.monotonic()
        try:
            found = trial() or "ok"
        except (*PROBLEMS, OSError, subprocess.SubprocessError) as error:
            found = f"FAILED: {error}"
            self.failed += 1
        self.rows.append((name, time.monotonic() - began, found))
        print(f"{name:12} {self.rows[-1][1]:6.1f} s  {found}", flush=True)

    def table(self) -> str:
        """Return all of it as a Markdown table."""
        lines = ["| part | s | |", "|---|---:|---|"]
        lines += [f"| {name} | {seconds:.1f} | {found} |" for name, seconds, found in self.rows]
        return "\n".join(lines)


def main(arguments: list[str] | None = None) -> int:
    """Try everything; return 0, 1 where something failed, 3 where this machine lacks a tool."""
    parser = argparse.ArgumentParser(prog="python -m installer.check", description=__doc__)
    parser.add_argument("--bundle", type=Path, default=ROOT / "dist" / NAME, help="dist/LabSight")
    parser.add_argument("--package", action="store_true", help="try a Debian package as well")
    parser.add_argument("--table", type=Path, help="also write the table into this file")
    options = parser.parse_args(arguments)
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if missing or sys.platform != "linux":
        print(f"The check needs Linux and {', '.join(missing or TOOLS)}.", file=sys.stderr)
        return 3
    if options.package and check_deb.lacking():
        print(f"The package cannot be tried: {check_deb.lacking()}.", file=sys.stderr)
        return 3
    if not (options.bundle / NAME).is_file():
        print(f"There is no bundle at {options.bundle}: build it first.", file=sys.stderr)
        return 1
    report = Report()
    with tempfile.TemporaryDirectory(prefix="labsight-check-") as scratch:
        _check(options.bundle, Path(scratch), report)
        if options.package:
            report.try_out("package", lambda: _packaged(options.bundle, Path(scratch)))
    if options.table is not None:
        options.table.write_text(report.table() + "\n", encoding="utf-8")
    print(f"\n{len(report.rows) - report.failed} of {len(report.rows)} passed")
    return 1 if report.failed else 0


def _check(bundle: Path, scratch: Path, report: Report) -> None:
    report.try_out("size", lambda: _size(bundle))
    report.try_out("archive", lambda: _unpacked(bundle, scratch))
    placed = scratch / PLACE / NAME
    if not placed.is_dir():
        return
    before = _contents(placed)
    home = scratch / "home"
    home.mkdir()
    with virtual_screen() as screen:
        frozen = Frozen(placed, home, screen["DISPLAY"])
        material = trials.make_material(scratch / "material")
        for name, trial in trials.TRIALS.items():
            report.try_out(name, lambda trial=trial: trial(frozen, material))  # type: ignore[misc]
    report.try_out("leaves alone", lambda: _untouched(frozen, before))


def _size(bundle: Path) -> str:
    total_mb = sizes.measure(bundle).total() / sizes.MB
    if total_mb > LARGEST_MB:
        raise Failure(f"{total_mb:.0f} MB, and {LARGEST_MB} at most")
    return f"{total_mb:.0f} MB"


def _unpacked(bundle: Path, scratch: Path) -> str:
    """Pack the bundle and unpack it elsewhere."""
    (packed,) = archive.make(bundle, scratch, level=LEVEL)
    size_mb = packed.stat().st_size / sizes.MB
    if size_mb > LARGEST_PACKED_MB:
        raise Failure(f"{size_mb:.0f} MB, and {LARGEST_PACKED_MB} at most")
    place = scratch / PLACE
    place.mkdir()
    subprocess.run(["tar", "--zstd", "-xf", str(packed), "-C", str(place)], check=True)
    packed.unlink()
    return f"{size_mb:.0f} MB packed"


def _packaged(bundle: Path, scratch: Path) -> str:
    """Make a Debian package and try it on this system."""
    package = deb.make(bundle, scratch)
    size_mb = package.stat().st_size / sizes.MB
    check_deb.check(package)
    return f"{size_mb:.0f} MB, installed, used, removed"


def _contents(folder: Path) -> dict[str, tuple[int, int]]:
    """Return size and time of each file of a folder."""
    found = {}
    for path in folder.rglob("*"):
        status = path.lstat()
        found[path.relative_to(folder).as_posix()] = status.st_size, status.st_mtime_ns
    return found


def _untouched(frozen: Frozen, before: dict[str, tuple[int, int]]) -> str:
    """See that the program wrote into the person's folders and nowhere else."""
    if _contents(frozen.program.parent) != before:
        raise Failure("the program's own folder was changed")
    left = sorted(path.name for path in frozen.scratch.iterdir())
    if left:
        raise Failure(f"temporary files were left: {', '.join(left)}")
    expected = {frozen.data, frozen.home / "LabSight", frozen.scratch}
    strange = [
        path.relative_to(frozen.home)
        for path in frozen.home.rglob("*")
        if path.is_file() and expected.isdisjoint(path.parents)
    ]
    if strange:
        raise Failure(f"files outside its folders: {', '.join(map(str, strange[:5]))}")
    return ""


if __name__ == "__main__":
    sys.exit(main())
