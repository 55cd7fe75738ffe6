"""LabSight: the window, or with a command the same without one."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def main() -> int:
    """Set the switches that libraries read when they are imported, then hand over."""
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
    if arguments[:1] == ["--lang"] and len(arguments) == 2:
        os.environ["LABSIGHT_LANG"], arguments = arguments[1], []
    if not arguments:
        from engine import display

        if display.available():
            from desktop.app import main as show_window

            return show_window(arguments)
    from engine.cli import run

    return run(arguments)


if __name__ == "__main__":
    sys.exit(main())
