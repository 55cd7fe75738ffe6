"""Libraries with a mistake in their sources, and whether it shows.

One with a mistake may write anywhere, so each is tried in a process of its own, forked from one
that has torch already: `judged` runs a module whose last line is `judge(agrees)`.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from engine import device
from ops import variants
from ops.build import compiler
from ops.manifest import OPS

ROOT = Path(__file__).resolve().parents[2]
LONGEST_S = 60
"""After which nothing more is expected of one."""
Mistake = tuple[str, str, str]
"""A file below ops, what is right in it and what is wrong; empty texts where nothing is."""
_SAME, _DIFFERS = 10, 11


def plant(folder: Path, files: Iterable[str], mistake: Mistake) -> None:
    """Copy files below ops into a new folder, with a mistake in one of them."""
    changed, right, wrong = mistake
    folder.mkdir()
    (folder / "common").symlink_to(OPS / "common")
    for file in files:
        text = (OPS / file).read_text("utf-8")
        if file == changed and right:
            assert text.count(right) == 1, right
            text = text.replace(right, wrong)
        (folder / file).parent.mkdir(exist_ok=True)
        (folder / file).write_text(text, "utf-8")


def library(units: Iterable[Path], file: Path) -> None:
    """Compile a library for this processor, sooner than one that is to be fast."""
    native, variant = compiler.native(), variants.here()[0]
    flags = ["-O1" if flag == "-O3" else flag for flag in (*variants.OPTIONS, *variant.flags)]
    compiler.run([native.command, *flags, *native.extra, "-shared", *units, "-o", file])


def judged(module: str, makers: Iterable[Callable[[], object]]) -> list[str]:
    """Return what became of what each maker makes: `same`, `differs` or `crashed`.

    Args:
        module: That ends with `judge`.
        makers: Return what it is given of each.
    """
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        made = [str(each) for each in pool.map(lambda maker: maker(), makers)]
    command = [sys.executable, "-m", module, *made]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    found: list[str] = json.loads(done.stdout)
    return found


def judge(agrees: Callable[[str], bool]) -> None:
    """Print what becomes of each argument of the program, a list in JSON."""
    device.prepare()
    import resource

    import torch

    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)  # It fills what is not written with NaN.
    found = []
    for each in sys.argv[1:]:
        child = os.fork()
        if not child:
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            signal.alarm(LONGEST_S)
            os._exit(_SAME if agrees(each) else _DIFFERS)
        _, status = os.waitpid(child, 0)
        code = os.waitstatus_to_exitcode(status)
        found.append({_SAME: "same", _DIFFERS: "differs"}.get(code, "crashed"))
    sys.stdout.write(json.dumps(found))
