"""LabSight: the window, or with a command the same without one."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def main() -> int:
    """Set the switches that libraries read when they are imported, then hand over."""
    if getattr(sys, "frozen", False):
        from engine import bundle

        bundle.settle_in()
    # numpy's own threads would fight torch's for the same cores; its products here are small.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    arguments = sys.argv[1:]
    if arguments[:1] == ["--train-worker"] and len(arguments) == 2:
        # Before anything of Qt: a process that trains has no window.
        from engine.training.worker import main as train

        return train(Path(arguments[1]))
    if arguments[:1] == ["--train-check"] and len(arguments) == 2:
        from engine.training.checker import main as check

        return check(Path(arguments[1]))
    if arguments[:1] == ["--export-worker"] and len(arguments) == 2:
        from engine.conversion.worker import main as export

        return export(Path(arguments[1]))
    if arguments[:1] == ["self-test"] and "--window" in arguments:
        from desktop.self_test import main as drive_window

        return drive_window()
    from engine import display, invocation

    wanted = invocation.window(arguments)
    if wanted is not None and display.available():
        from desktop.app import main as show_window

        if wanted.language:
            os.environ["LABSIGHT_LANG"] = wanted.language
        return show_window(wanted.files)
    from engine.cli import run

    return run(arguments)


if __name__ == "__main__":
    sys.exit(main())
