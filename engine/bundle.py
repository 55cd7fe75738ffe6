"""What is different in the installed program, which needs no Python."""

from __future__ import annotations

import os
import sys
from pathlib import Path

_PATH, _KEPT = "LD_LIBRARY_PATH", "LD_LIBRARY_PATH_ORIG"


def program() -> str:
    """Return what this program is called on a command line."""
    return Path(sys.argv[0]).name if getattr(sys, "frozen", False) else "main.py"


def settle_in() -> None:
    """Make the installed program ready to work, with its streams and its child processes."""
    import multiprocessing

    # Becomes a worker of torch's where this process was started to be one.
    multiprocessing.freeze_support()
    _open_streams()
    _free_children()


def _open_streams() -> None:
    """Give libraries something to write to: a program with a window has no console on Windows."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            nobody = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - as long as we live
            setattr(sys, name, nobody)


def _free_children() -> None:
    """Let programs that are started, such as the file manager, load the system's libraries.

    Those of the bundle were found when this process began. A child that is this program again
    looks for them anew.
    """
    if _PATH in os.environ:
        before = os.environ.pop(_KEPT, "")
        os.environ.pop(_PATH)
        if before:
            os.environ[_PATH] = before
    os.environ["PYINSTALLER_RESET_ENVIRONMENT"] = "1"
