"""`python -m installer.build`: from a checkout to a folder that runs without Python.

The standard library is all that is needed to begin. What the rest needs goes into `.venv`, as
`bootstrap.py` makes it, and is used from there.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import bootstrap
from bootstrap import Problem, say
from engine.version import NAME
from installer import sizes, stripping

ROOT = bootstrap.ROOT
REQUIREMENTS = ["requirements.txt", "installer/requirements.txt"]
WORK = ROOT / "build"
HEADLESS = WORK / "headless"
OPERATORS = ROOT / "ops" / "lib" / "manifest.json"
_STAGES = re.compile(r"module hook 'hook-(\w+)\.py'|Building (PYZ|EXE|COLLECT) because")
_TAIL = 25


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be built.

    Attributes:
        into: The folder that the bundle is made in.
        release: Whether the operators are compiled for every processor and card.
        agreed: Whether a download of gigabytes is agreed to.
    """

    into: Path
    release: bool
    agreed: bool

    @property
    def bundle(self) -> Path:
        """The folder that is made."""
        return self.into / NAME


def main(arguments: list[str] | None = None) -> int:
    """Build and return the exit code: 0 done, 1 failed, 130 interrupted."""
    order = _order(arguments)
    began = time.monotonic()
    steps: list[tuple[str, Callable[[Order], None]]] = [
        ("The environment", _prepare),
        ("Translations and operators", _compile),
        ("Notices and icons", _describe),
        ("OpenCV without windows of its own", _take_headless),
        ("The bundle, in some minutes", _bundle),
        ("Names that only debuggers read", _strip),
    ]
    try:
        for number, (title, step) in enumerate(steps, 1):
            say(f"[{number}/{len(steps)}] {title}")
            step(order)
    except KeyboardInterrupt:
        return 130
    except (Problem, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    say(f"\n{sizes.table(sizes.measure(order.bundle))}\n")
    say(f"{order.bundle}, after {time.monotonic() - began:.0f} s")
    return 0


def _order(arguments: list[str] | None) -> Order:
    parser = argparse.ArgumentParser(prog="python -m installer.build", description=__doc__)
    parser.add_argument("--into", type=Path, default=ROOT / "dist", help="folder (dist)")
    parser.add_argument("--release", action="store_true", help="operators for every machine")
    parser.add_argument("--yes", action="store_true", help="agree to a download of gigabytes")
    options = parser.parse_args(arguments)
    agreed = options.yes or os.environ.get("LABSIGHT_YES") == "1"
    return Order(options.into.resolve(), options.release, agreed)


def _prepare(order: Order) -> None:
    """Install what is needed into `.venv`."""
    with bootstrap.locked(ROOT):
        if not bootstrap.is_ready(ROOT, REQUIREMENTS):
            bootstrap.prepare(ROOT, REQUIREMENTS, order.agreed)


def _compile(order: Order) -> None:
    bootstrap.compile_translations(ROOT)
    if order.release:
        _python("-m", "ops.build", "--release", watch=_indented)
    else:
        bootstrap.compile_operators(ROOT)
    if not OPERATORS.exists():
        raise Problem("The operators were not compiled: install g++ or clang, then start again.")


def _describe(order: Order) -> None:
    WORK.mkdir(exist_ok=True)
    _python("-m", "installer.notices", "--out", str(WORK))
    _python("-m", "installer.icons", "--out", str(WORK))


def _take_headless(order: Order) -> None:
    """Fetch the twin of OpenCV that brings no Qt along; elsewhere than on Linux none brings it."""
    if sys.platform != "linux":
        return
    pins = (ROOT / "requirements.txt").read_text("utf-8")
    (version,) = re.findall(r"^opencv-python==(\S+)", pins, re.MULTILINE)
    if (HEADLESS / f"opencv_python_headless-{version}.dist-info").is_dir():
        return
    shutil.rmtree(HEADLESS, ignore_errors=True)
    wanted = f"opencv-python-headless=={version}"
    bootstrap.pip_install(ROOT, ["--no-deps", "--target", str(HEADLESS), wanted])


def _bundle(order: Order) -> None:
    command = ["-m", "PyInstaller", str(ROOT / "build.spec"), "--noconfirm"]
    command += ["--workpath", str(WORK / "pyinstaller"), "--distpath", str(order.into)]

    def watch(line: str) -> None:
        found = _STAGES.search(line)
        if found:
            say(f"      {found[1] or found[2]}")

    _python(*command, watch=watch)


def _strip(order: Order) -> None:
    if sys.platform == "linux":
        won = stripping.strip(order.bundle / sizes.INNER)
        say(f"      {won / sizes.MB:.0f} MB less")


def _python(*words: str, watch: Callable[[str], None] = lambda line: None) -> None:
    """Run the Python of `.venv`.

    Raises:
        Problem: It failed, with what it said last.
    """
    # Whatever looks for cv2 is to find the twin first.
    places = [str(HEADLESS), str(ROOT)]
    command = [str(bootstrap.venv_python(ROOT)), *words]
    code, output = bootstrap.run(command, watch, PYTHONPATH=os.pathsep.join(places))
    if code != 0:
        tail = "\n".join(output.splitlines()[-_TAIL:])
        raise Problem(f"{tail}\n\n{' '.join(words[:2])} failed with {code}.")


def _indented(line: str) -> None:
    say(f"      {line.rstrip()}")


if __name__ == "__main__":
    sys.exit(main())
